"""Recall noes: at start, what people said no to and the database does not know, because it was put back (I4)."""

from gateway.acts import House
from gateway.authority.bases import list_noes
from gateway.ground.vault.journal import Reading
from gateway.records.accounts.noes import keys_of


async def recall_noes(house: House, kept: Reading) -> int:
    """Hold what the journal alone knows against every call, until its person decides anew; return how many asks.

    Raises:
        Unavailable: the database did not answer; nothing is served.
    """
    names = set(kept.list_barred("person"))
    if not names:
        return 0
    async with house.storage.read() as connection:
        known = await list_noes(connection)
    for platform, profile, app_id, ask_id in known:
        names -= {f"{key}/{ask_id}" for key in keys_of(house.vault, app_id, platform, profile=profile)}
    house.in_flight.recall(names)
    return len(names)
