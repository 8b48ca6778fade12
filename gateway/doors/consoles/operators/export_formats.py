"""What an exported line holds, and the formats that it is written in. No line holds a name, login or content."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.doors.consoles.operators.rows import app_title, asks_of, outcome_of
from gateway.doors.consoles.operators.searching import Found, Result
from gateway.ground.web.plain import plain
from gateway.records.ledger.entries import Damaged
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.trace.entries import DamagedLine
from gateway.records.trace.types import ClosedLine
from gateway.terms.instants import is_credible, write_instant

Line = dict[str, Any]
COLUMNS: Final = (
    "source",
    "record_id",
    "seq",
    "at",
    "action",
    "outcome",
    "reason",
    "app_id",
    "app",
    "account_id",
    "grant_id",
    "version",
    "asks",
    "actor_kind",
    "actor_id",
    "platform",
    "route",
    "status",
    "subjects",
    "withheld",
    "request_id",
    "leaf_hash",
)
BOM: Final = "\ufeff"
# What makes spreadsheets take a cell for a formula, in both widths; and what makes them look past the cell's beginning.
_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name (also the file's ending), its media type, and how lines become bytes."""

    name: str
    media_type: str
    write: Callable[[AsyncIterator[Line]], AsyncIterator[bytes]]


def line_of(found: Found, names: Result) -> Line:
    """Write down one row; what does not apply is absent."""
    if isinstance(found, Damaged | DamagedLine):
        return _damaged_line(found)
    return _call_line(found, names) if isinstance(found, ClosedLine) else _record_line(found, names)


async def write_csv(lines: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    """Write a table that spreadsheets read as UTF-8 and take for text."""
    yield (BOM + _csv_row(COLUMNS)).encode()
    async for line in lines:
        yield _csv_row([guard(_cell(line.get(column))) for column in COLUMNS]).encode()


async def write_ndjson(lines: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    """Write an object a line."""
    async for line in lines:
        yield orjson.dumps(line) + b"\n"


async def write_json(lines: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    """Write one array."""
    separator = b"["
    async for line in lines:
        yield separator + b"\n" + orjson.dumps(line)
        separator = b","
    yield b"[]\n" if separator == b"[" else b"\n]\n"


def guard(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip()[:1] in _FORMULA or cell[:1] in _FORMULA else cell


FORMATS: Final = {
    "csv": Format("csv", "text/csv; charset=utf-8", write_csv),
    "ndjson": Format("ndjson", "application/x-ndjson", write_ndjson),
    "json": Format("json", "application/json", write_json),
}


def _damaged_line(found: Damaged | DamagedLine) -> Line:
    if isinstance(found, DamagedLine):
        line: Line = {"source": "trace", "record_id": found.id}
    else:
        line = {"source": "log", "seq": found.seq, "record_id": plain(found.record_id)}
    at = {"at": write_instant(found.at)} if is_credible(found.at) else {}
    return _without_gaps({**line, "action": "damaged", "outcome": "damaged", **at})


def _record_line(record: Record, names: Result) -> Line:
    line: Line = {
        "source": "log",
        "record_id": record.record_id,
        "seq": record.seq,
        "at": write_instant(record.at),
        "action": record.kind.value,
        "outcome": "refused" if record.kind is Kind.REFUSED else "done",
        "app_id": record.app_id,
        "app": app_title(names, record.app_id),
        "account_id": record.account_id,
        "grant_id": record.grant_id,
        "version": record.version or None,
        "asks": asks_of(record),
        "actor_kind": record.actor.kind.value,
        "actor_id": record.actor.id,
        "request_id": record.request_id,
        "leaf_hash": record.leaf_hash.hex(),
    }
    return _without_gaps(line)


def _call_line(closed: ClosedLine, names: Result) -> Line:
    called, ending = closed.line, closed.ending
    line: Line = {
        "source": "trace",
        "record_id": called.id,
        "at": write_instant(called.opened_at),
        "action": "call",
        "outcome": outcome_of(closed).value,
        "app_id": called.app_id,
        "app": app_title(names, called.app_id),
        "account_id": called.account_id,
        "grant_id": called.grant_id,
        "asks": list(called.ask_ids),
        "platform": called.platform,
        "route": called.route,
        "request_id": called.request_id,
    }
    if ending is not None:
        counts = {"subjects": ending.subjects, "withheld": ending.withheld}
        line |= {"reason": ending.reason, "status": ending.status or None, **counts}
    return _without_gaps(line)


def _without_gaps(line: Line) -> Line:
    return {name: value for name, value in line.items() if value is not None and value not in ("", [])}


def _csv_row(cells: Any) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return "" if value is None else str(value)
