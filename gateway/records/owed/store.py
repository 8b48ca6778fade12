"""Owing the journal an entry, and knowing what is owed."""

from collections.abc import Collection

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.vault.entries import Entry, entry_of, to_bytes
from gateway.records.owed.tables import owed_entries

_BATCH = 500


async def add(connection: AsyncConnection, *entries: Entry) -> None:
    """Owe some entries, at least one, in the transaction of the change that they tell of."""
    await connection.execute(insert(owed_entries), [{"entry": to_bytes(each)} for each in entries])


async def list_oldest(connection: AsyncConnection) -> dict[int, Entry]:
    """List what is owed by number, in the order in which it came to be; some hundreds at a time."""
    rows = await connection.execute(select(owed_entries).order_by(owed_entries.c.number).limit(_BATCH))
    return {row.number: entry_of(row.entry) for row in rows}


async def remove(connection: AsyncConnection, numbers: Collection[int]) -> None:
    """Forget what the journal has by now."""
    await connection.execute(delete(owed_entries).where(owed_entries.c.number.in_(numbers)))
