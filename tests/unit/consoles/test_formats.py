"""Exported files: well-formed whatever a line holds, and never a formula."""

import csv
import io
from collections.abc import AsyncIterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.doors.consoles.operators.export_formats import BOM, FORMATS, Format, Line, guard
from gateway.records.ledger.reasons import LONGEST_REASON, Reason
from gateway.terms.refusal import Refusal

LINES: tuple[Line, ...] = (
    {"source": "log", "seq": 1, "app": 'a,"b"\r\nc', "asks": ["x", "y"]},
    {"source": "trace", "app": "=1+1", "status": 403},
)


async def written(how: Format, lines: tuple[Line, ...]) -> bytes:
    """Return the whole file."""

    async def each() -> AsyncIterator[Line]:
        for line in lines:
            yield line

    return b"".join([chunk async for chunk in how.write(each())])


async def test_json_is_an_array_also_of_nothing() -> None:
    """No, one and two lines make a JSON array."""
    for count in range(3):
        assert orjson.loads(await written(FORMATS["json"], LINES[:count])) == list(LINES[:count])


async def test_ndjson_is_an_object_a_line() -> None:
    """Each line is an object, line breaks inside escaped."""
    content = await written(FORMATS["ndjson"], LINES)
    assert [orjson.loads(line) for line in content.splitlines()] == list(LINES)


async def test_csv_keeps_cells_apart() -> None:
    """Commas, quotation marks and line breaks stay inside their cell; it begins with the mark of UTF-8."""
    content = (await written(FORMATS["csv"], LINES)).decode()
    assert content.startswith(BOM)
    first, second = csv.DictReader(io.StringIO(content.removeprefix(BOM), newline=""))
    assert (first["app"], first["asks"], first["seq"]) == ('a,"b"\r\nc', "x y", "1")
    assert (second["app"], second["status"], second["seq"]) == ("'=1+1", "403", "")


@given(st.text())
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    """After the guard no cell begins with a sign that spreadsheets take for a formula, spaces before it or not."""
    assert guard(cell).lstrip(" \t\r\n\u3000\u00a0")[:1] not in set("=+-@＝＋－＠")
    assert guard(cell).endswith(cell)


@pytest.mark.parametrize("raw", ["", "  ", "\u200b", "...", "\u202e\u2800", "–", "x" * (LONGEST_REASON + 1)])
def test_a_reason_is_words(raw: str) -> None:
    """What a reader could not take for words is no reason."""
    with pytest.raises(Refusal, match="reason_required"):
        Reason.parse(raw)


def test_a_reason_is_one_plain_line() -> None:
    """Line breaks and unseen signs become spaces, letters are composed."""
    assert Reason.parse("  trả lo\u031b\u0300i\r\nkhiếu\u202e nại ").text == "trả lời khiếu nại"
