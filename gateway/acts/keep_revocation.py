"""Keep what somebody took back at a platform until it is known who they are here (ADR 0047); forget it in its time."""

from typing import Final

from gateway.acts import House
from gateway.ground.storage.storage import ending, shielded
from gateway.records.accounts import revoked
from gateway.records.accounts.revoked import Revocation

MOST_REVOCATIONS: Final = 1000
"""How many are forgotten in one transaction."""


@shielded
@ending
async def keep_revocation(house: House, told: Revocation) -> None:
    """Keep it; on disk when this returns. Told again it changes nothing.

    Raises:
        Unavailable: it is not kept; the platform may tell it again.
    """
    async with house.storage.unit() as unit:
        await unit.is_added(revoked.add(unit.connection, house.vault, told))
        await unit.commit()


@shielded
async def forget_revocations(house: House) -> int:
    """Forget some of those whose time is over; return how many."""
    async with house.storage.unit() as unit:
        count = await revoked.forget(unit.connection, house.clock.now(), limit=MOST_REVOCATIONS)
        await unit.commit()
    return count
