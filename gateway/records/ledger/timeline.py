"""The log by time, for the pages that merge it with other lists; a record that was changed stands in its place."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.records.ledger.entries import Entry, read_entries, read_entry
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.reading import Search, narrowed
from gateway.records.ledger.tables import ledger_parts, ledger_records
from gateway.records.ledger.types import IDENTITY, Record
from gateway.terms.ids import PersonId

Place = tuple[datetime, int]
"""Where a page ends: time and number of the last record seen."""
Moment = tuple[datetime, str]
"""The same by id, for lists that are merged with others."""


async def list_by_time(connection: AsyncConnection, wanted: Search, limit: int, *, before: Place | None) -> list[Entry]:
    """List records, newest first by time, then by number."""
    table = ledger_records.c
    query = narrowed(as_stored(ledger_records), wanted).order_by(table.at.desc(), table.seq.desc()).limit(limit)
    if before is not None:
        at, seq = before
        query = query.where(or_(table.at < at, and_(table.at == at, table.seq < seq)))
    return await read_entries(connection, (await connection.execute(query)).mappings().all())


async def list_looks(
    connection: AsyncConnection,
    person_id: PersonId,
    limit: int | None,
    *,
    since: datetime | None,
    before: Moment | None,
) -> list[Record]:
    """List the look-ups of a person, newest first by time, then by id; one that was changed is left to verification.

    One of which only a sealed part was changed stays: who reads it finds that out when opening it. The identity part is
    of whoever looked.
    """
    table = ledger_records.c
    about = select(ledger_parts.c.record_id).where(
        ledger_parts.c.person_id == person_id, ledger_parts.c.name != IDENTITY
    )
    query = as_stored(ledger_records).where(table.kind == Kind.LOOKED_UP.value, table.record_id.in_(about))
    if since is not None:
        query = query.where(table.at >= since)
    if before is not None:
        at, record_id = before
        query = query.where(or_(table.at < at, and_(table.at == at, table.record_id < record_id)))
    query = query.order_by(table.at.desc(), table.record_id.desc()).limit(limit)
    entries = [read_entry(row) for row in (await connection.execute(query)).mappings()]
    return [entry for entry in entries if isinstance(entry, Record)]
