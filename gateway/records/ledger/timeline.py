"""The log by time, for pages that must go on when records were changed behind the gateway's back.

Everything else that reads a record may fail on one that is not what was written; an operator who looks for the fault
must see it in its place.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import RowMapping, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.records.ledger.canonical import CanonicalRecord, NotCanonical
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.reading import Search, narrowed, read_record
from gateway.records.ledger.tables import ledger_parts, ledger_records
from gateway.records.ledger.tree import leaf_hash
from gateway.records.ledger.types import EVIDENCE, Record
from gateway.records.ledger.verification import columns_of
from gateway.terms.ids import PersonId
from gateway.terms.instants import microseconds, moment_of

_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that is not what was written: its number, id and time as the columns have them, believed in nothing."""

    seq: int
    record_id: str
    at: datetime


Entry = Record | Damaged
Place = tuple[datetime, int]
"""Where a page ends: time and number of the last record seen."""
Moment = tuple[datetime, str]
"""The same by id, for lists that are merged with others."""


async def list_entries(connection: AsyncConnection, wanted: Search, limit: int, *, before: Place | None) -> list[Entry]:
    """List records, newest first by time, then by number."""
    table = ledger_records.c
    query = narrowed(as_stored(ledger_records), wanted).order_by(table.at.desc(), table.seq.desc()).limit(limit)
    if before is not None:
        at, seq = before
        query = query.where(or_(table.at < at, and_(table.at == at, table.seq < seq)))
    return [_entry(row) for row in (await connection.execute(query)).mappings()]


async def list_looks(
    connection: AsyncConnection, person_id: PersonId, limit: int, *, since: datetime | None, before: Moment | None
) -> list[Record]:
    """List the look-ups of a person, newest first by time, then by id; one that was changed is left to verification."""
    table = ledger_records.c
    about = select(ledger_parts.c.record_id).where(
        ledger_parts.c.person_id == person_id, ledger_parts.c.name == EVIDENCE
    )
    query = as_stored(ledger_records).where(table.kind == Kind.LOOKED_UP.value, table.record_id.in_(about))
    if since is not None:
        query = query.where(table.at >= since)
    if before is not None:
        at, record_id = before
        query = query.where(or_(table.at < at, and_(table.at == at, table.record_id < record_id)))
    query = query.order_by(table.at.desc(), table.record_id.desc()).limit(limit)
    entries = [_entry(row) for row in (await connection.execute(query)).mappings()]
    return [entry for entry in entries if isinstance(entry, Record)]


async def find_entry(connection: AsyncConnection, record_id: str) -> Entry | None:
    """Find one record."""
    query = as_stored(ledger_records).where(ledger_records.c.record_id == record_id)
    row = (await connection.execute(query)).mappings().first()
    return _entry(row) if row else None


def _entry(row: RowMapping) -> Entry:
    """Read a row as its bytes say, if every column says the same."""
    canonical = row["canonical"] if isinstance(row["canonical"], bytes) else b""
    try:
        told = CanonicalRecord.decode(canonical)
        columns = {**columns_of(told), "at": told.at_us, "leaf_hash": leaf_hash(canonical)}
        if all(row[name] == value for name, value in columns.items()):
            return read_record({**row, "at": moment_of(told.at_us)})
    except (NotCanonical, ValueError):
        pass
    return Damaged(int(row["seq"]), str(row["record_id"]), _shown(row["at"]))


def _shown(raw_at: object) -> datetime:
    """Return a time that pages can show and cursors can go on from; what is no time stands where it is sorted."""
    if isinstance(raw_at, int):
        return moment_of(min(max(raw_at, microseconds(_FIRST)), microseconds(_LAST)))
    return _LAST
