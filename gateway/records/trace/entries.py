"""Reading trace lines, in the one place where that may find them changed: nothing else parses a stored line.

A page that shows lines must go on when one was changed behind the gateway's back, and show which: whoever lists or
finds lines gets an `Entry`, and says what it does with a `DamagedLine`. What no line of ours can hold is told twice:
here of a row that was read, and by `is_readable` to the database, which counts and seals by it. A change to something
that could have been written is for the line's batch to prove.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, RowMapping, Select, String, Text, and_, cast, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import Instant, Words, as_shown, as_stored
from gateway.records.trace.soundness import MOST, is_sound
from gateway.records.trace.tables import trace_lines
from gateway.records.trace.types import ClosedLine, Ending, Line, Outcome
from gateway.terms.ids import is_id
from gateway.terms.instants import EARLIEST, LATEST, microseconds, moment_of, nearest_moment

_COLUMNS: Final = [column for column in trace_lines.c if column.name != "batch_seq"]
_EARLIEST_US, _LATEST_US = microseconds(EARLIEST), microseconds(LATEST)


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that holds what no line of ours can: its id and time as the columns have them, believed in nothing.

    What can be no line's id is none, so that cursors and links hold.
    """

    id: str
    at: datetime


Entry = ClosedLine | DamagedLine


def lines_as_stored(connection: AsyncConnection) -> Select[Any]:
    """Select lines as the database holds them; PostgreSQL's driver would read JSON itself, and fails on deep ones."""
    query = as_stored(trace_lines)
    if connection.dialect.name == "sqlite":
        return query
    raw_asks = cast(trace_lines.c.ask_ids, Text).label("ask_ids")
    return query.with_only_columns(*(raw_asks if each.name == "ask_ids" else each for each in query.selected_columns))


def read_line(row: RowMapping) -> Entry:
    """Read a row, its values as they are stored, if each is one that its column can have been given."""
    try:
        return _closed({column.name: _read(column, row[column.name]) for column in _COLUMNS})
    except ValueError:
        return DamagedLine(_id_in(row), nearest_moment(row["opened_at"]))


def is_readable(connection: AsyncConnection) -> ColumnElement[bool]:
    """Choose in the database what `read_line` reads; nothing that stands in a column makes the question fail."""
    return _readable(on_sqlite=connection.dialect.name == "sqlite")


@cache
def _readable(*, on_sqlite: bool) -> ColumnElement[bool]:
    table = trace_lines.c
    sound = [or_(column.is_(None), is_sound(column, on_sqlite=on_sqlite)) for column in _COLUMNS]
    is_over = and_(table.outcome != Outcome.OPEN, table.closed_at.is_not(None))
    is_under_way = and_(table.outcome == Outcome.OPEN, table.closed_at.is_(None))
    return and_(*sound, table.outcome.in_(list(Outcome)), or_(is_over, is_under_way))


def read_words(raw: object) -> tuple[str, ...]:
    """Read a column of words as our writer spells it; raises ValueError for anything else."""
    raw_json = _read_text(raw)
    words = orjson.loads(raw_json)
    is_ours = isinstance(words, list) and all(isinstance(word, str) for word in words) and "\\" not in raw_json
    if is_ours and json.dumps(words) == raw_json:
        return tuple(words)
    raise ValueError("words that no line of ours holds")


def _id_in(row: RowMapping) -> str:
    shown = as_shown(row["id"])
    return shown if is_id(shown, "tr") else ""


def _read(column: Column[Any], raw: object) -> Any:
    """Read one value; raises ValueError for what its column cannot have been given."""
    if raw is None and column.nullable:
        return None
    if isinstance(column.type, Instant):
        if isinstance(raw, int) and _EARLIEST_US <= raw <= _LATEST_US:
            return moment_of(raw)
    elif isinstance(column.type, Words):
        return read_words(raw)
    elif isinstance(column.type, String):
        return _read_text(raw)
    elif isinstance(raw, int) and 0 <= raw <= MOST:
        return raw
    raise ValueError(f"{column.name} that no line of ours holds")


def _read_text(raw: object) -> str:
    if isinstance(raw, str) and raw.isascii() and raw.isprintable():
        return raw
    raise ValueError("text that no line of ours holds")


def _closed(read: Mapping[str, Any]) -> ClosedLine:
    line = Line(**{name: read[name] for name in Line.__slots__})
    outcome, closed_at = Outcome(read["outcome"]), read["closed_at"]
    if (outcome is Outcome.OPEN) is not (closed_at is None):
        raise ValueError("a line is closed at a time, or is open")
    if outcome is Outcome.OPEN:
        return ClosedLine(line, None, None)
    fields: dict[str, Any] = {name: read[name] for name in Ending.__slots__}
    counts = {name: read[name] or 0 for name in ("status", "by_evidence")}
    return ClosedLine(line, Ending(**fields | counts | {"outcome": outcome}), closed_at)
