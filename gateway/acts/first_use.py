"""First use: a token of a refresh answer was used, so the answer arrived and its kept copy is destroyed (I3)."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.families import store as families


@shielded
async def note_first_use(house: House, parent_hash: bytes) -> None:
    """Destroy the kept answer of the refresh token with this hash.

    Raises:
        Unavailable: it could not be destroyed; the use must not go on.
    """
    async with house.storage.unit() as unit:
        await families.destroy_answer(unit.connection, parent_hash)
        await unit.commit()
