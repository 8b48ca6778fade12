"""Reading rows of the log, in the one place where that may find them changed: nothing else parses a stored record.

A page that shows records must go on when one was changed behind the gateway's back, and show which: whoever lists or
finds records gets an `Entry`, and says what it does with a `Damaged` one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_shown
from gateway.records.ledger.canonical import CanonicalRecord, NotCanonical, parse_canonical_json
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.parts import find_faults, list_parts
from gateway.records.ledger.tree import leaf_hash
from gateway.records.ledger.types import Actor, ActorKind, Record
from gateway.terms.instants import moment_of, nearest_moment


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that is not what was written: its number, id and time as the columns have them, believed in nothing.

    `unverified_bytes` may still lead to what was signed, where only a column was changed: that is for others to prove.
    """

    seq: int
    record_id: str
    at: datetime
    unverified_bytes: bytes


Entry = Record | Damaged


def read_entry(row: RowMapping) -> Entry:
    """Read a row, its values as they are stored, as its bytes say, if every column says the same."""
    canonical = row["canonical"] if isinstance(row["canonical"], bytes) else b""
    try:
        told = CanonicalRecord.decode(canonical)
        columns = columns_of(told) | {"leaf_hash": leaf_hash(canonical)}
        if all(row[name] == value for name, value in columns.items()):
            return _record({**row, "at": moment_of(told.at_us)}, told)
    except (NotCanonical, ValueError, OverflowError):  # of a time that is none
        pass
    seq = row["seq"] if isinstance(row["seq"], int) else 0
    return Damaged(seq, as_shown(row["record_id"]), nearest_moment(row["at"]), canonical)


async def read_entries(connection: AsyncConnection, rows: Iterable[RowMapping]) -> list[Entry]:
    """Read rows with their sealed parts: a record whose parts are not those that it names was changed too."""
    entries = [read_entry(row) for row in rows]
    parts = await list_parts(connection, [entry.record_id for entry in entries if isinstance(entry, Record)])
    return [
        Damaged(entry.seq, entry.record_id, entry.at, entry.canonical)
        if isinstance(entry, Record) and find_faults(entry.part_digests, parts[entry.record_id])
        else entry
        for entry in entries
    ]


def columns_of(record: CanonicalRecord) -> dict[str, Any]:
    """Return what each column must hold as it is stored, by the record's own bytes."""
    plain = ("seq", "record_id", "kind", "version", "actor_kind", "actor_id", "request_id")
    optional = ("grant_id", "app_id", "account_id")
    return {
        **{name: getattr(record, name) for name in plain},
        **{name: getattr(record, name) or None for name in optional},
        "at": record.at_us,
    }


def _record(row: Mapping[str, Any], told: CanonicalRecord) -> Record:
    facts = parse_canonical_json(told.facts)
    if not isinstance(facts, dict):
        raise NotCanonical("facts are an object")
    plain = ("seq", "record_id", "at", "grant_id", "version", "app_id", "account_id", "request_id")
    return Record(
        **{name: row[name] for name in plain},
        kind=Kind(row["kind"]),
        actor=Actor(ActorKind(row["actor_kind"]), row["actor_id"]),
        facts=facts,
        canonical=row["canonical"],
        leaf_hash=row["leaf_hash"],
    )
