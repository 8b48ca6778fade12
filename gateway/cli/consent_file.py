"""Reading a file of consents: CSV as spreadsheets in Vietnam write it, every fault told by its line and column.

What a row may hold, `ConsentRow` says; here it is only brought into that form: the mark at the file's beginning, commas
or semicolons, either end of line, either way to write a day.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO
from unicodedata import normalize

import orjson
from pydantic import ValidationError

from gateway.doors.admin.consents import ConsentRow
from gateway.terms.ids import base62

LIMIT_BYTES = 32 << 20
COLUMNS = tuple(ConsentRow.model_fields)
NEEDED = tuple(name for name, each in ConsentRow.model_fields.items() if each.is_required())
_DAYS = frozenset({"agreed_at", "ends_at"})
_IDS = frozenset({"account", "person"})
_LOCAL_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_ROUNDED = re.compile(r"\d+([.,]\d+)?[eE]\+?\d+")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where; a fault of a whole line names no column."""

    line: int
    column: str
    fault: str

    def __str__(self) -> str:
        """Write it for people."""
        return f"line {self.line}{', ' * bool(self.column)}{self.column}: {self.fault}"


@dataclass(frozen=True, slots=True)
class ConsentFile:
    """A file as it was read: its id, which follows from its bytes; its good rows by line; what is wrong with others.

    A row is kept as the JSON that it goes on as, a tenth of what the read one takes.
    """

    id: str
    rows: dict[int, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def list_rows(self, lines: Iterable[int]) -> list[dict[str, Any]]:
        """Return the rows of some lines, as the admin door takes them."""
        return [orjson.loads(self.rows[line]) for line in lines]


def read_consents(file: BinaryIO) -> ConsentFile:
    """Read a file, whole; of one that is too large no more than shows that."""
    content = file.read(LIMIT_BYTES + 1)
    read = ConsentFile("im_" + base62(int.from_bytes(hashlib.sha256(content).digest()[:16]), 22))
    if len(content) > LIMIT_BYTES:
        read.faults.append(Fault(1, "", f"larger than {LIMIT_BYTES >> 20} MiB: bring it in as several files"))
        return read
    seen: dict[bytes, int] = {}
    try:
        for number, cells in _list_lines(content):
            row = _read_row(number, cells, read.faults)
            if row is None:
                continue
            before = seen.setdefault(hashlib.sha256("\n".join(row.key).encode()).digest()[:16], number)
            if before != number:
                read.faults.append(Fault(number, "person", f"this person, app and ask stand in line {before} already"))
            read.rows[number] = row.model_dump_json(exclude_none=True).encode()
    except _Unreadable as unreadable:
        read.faults.append(Fault(unreadable.line, "", unreadable.fault))
    if not (read.rows or read.faults):
        read.faults.append(Fault(1, "", "the file holds no row"))
    return read


class _Unreadable(Exception):
    """From this line on nothing can be read."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line = line
        self.fault = fault


def _list_lines(content: bytes) -> Iterator[tuple[int, list[str] | dict[str, str]]]:
    """Yield each row by the line on which it begins: its cells by column, or as they are where they are not as many."""
    text = _decode(content)
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    header: list[str] | None = None
    while True:
        number = reader.line_num + 1
        try:
            cells = [normalize("NFC", cell).strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _Unreadable(number, f"no CSV: {error}") from None
        if not any(cells):
            continue
        if header is None:
            header = _read_header(number, cells)
            continue
        yield number, dict(zip(header, cells, strict=True)) if len(cells) == len(header) else cells


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(content[: error.start].count(b"\n") + 1, "not UTF-8: save it as CSV UTF-8") from None


def _read_header(number: int, cells: list[str]) -> list[str]:
    named = [cell.casefold() for cell in cells]
    wrong = [
        *(f"no column is named {name}" for name in named if name not in COLUMNS),
        *(f"the column {name} is missing" for name in NEEDED if name not in named),
        *(f"the column {name} stands twice" for name in dict.fromkeys(named) if named.count(name) > 1),
    ]
    if wrong:
        raise _Unreadable(number, "; ".join(wrong))
    return named


def _read_row(number: int, cells: list[str] | dict[str, str], faults: list[Fault]) -> ConsentRow | None:
    """Return the row; None where it is none, and its faults are noted."""
    if isinstance(cells, list):
        faults.append(Fault(number, "", f"{len(cells)} cells are not as many as the header names"))
        return None
    rounded = [Fault(number, name, _NOT_WHOLE) for name in sorted(_IDS) if _ROUNDED.fullmatch(cells[name])]
    faults += rounded
    said = {name: _day(cell) if name in _DAYS else cell for name, cell in cells.items() if cell}
    try:
        row = ConsentRow.model_validate(said)
    except ValidationError as error:
        faults += [Fault(number, str(each["loc"][0]), _sentence(each)) for each in error.errors()]
        return None
    return None if rounded else row


_NOT_WHOLE = "a spreadsheet rounded this id: make the column text, and enter it again"


def _sentence(error: Any) -> str:
    return "stands empty" if error["type"] == "missing" else str(error["msg"]).removeprefix("Value error, ")


def _day(cell: str) -> str:
    """Return a day as ISO writes it, where it stands as people in Vietnam do; else as it is, to be judged."""
    match = _LOCAL_DAY.fullmatch(cell)
    if match is None:
        return cell
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return cell
