"""A trace line that was changed behind the gateway's back: every page stays, with that one line marked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import orjson

from gateway.records.trace.types import Outcome
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser
from tests.journeys.http.test_changed_log import DAMAGED

CHANGES = [
    "ask_ids = replace(ask_ids, ']', '}')",
    "outcome = 'passee'",
    "route = x'ff'",
    "platform = CAST(x'ff' AS TEXT)",
    "reason = 'e' || char(10)",
    "status = 'ok'",
    "subjects = -1",
    "withheld = 'many'",
    "opened_at = 9223372036854775807",
    "opened_at = 'now'",
    "opened_at = -1",
]
REASON = quote("trả lời khiếu nại số 192")


@contextmanager
def changed(path: Path, line_id: str, change: str) -> Iterator[None]:
    """Change a line behind the gateway's back for a while."""
    with closing(sqlite3.connect(path)) as database, database:
        (was,) = database.execute("SELECT * FROM trace_lines WHERE id = ?", [line_id])
        database.execute(f"UPDATE trace_lines SET {change} WHERE id = ?", [line_id])  # noqa: S608
    yield
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"REPLACE INTO trace_lines VALUES ({', '.join('?' * len(was))})", was)  # noqa: S608


async def test_a_changed_line_takes_no_page_away(consoles: Consoles, operator: Browser, tmp_path: Path) -> None:
    """Operators and the owner read every other line; of this one they are told its time, and that it was changed."""
    scene = consoles.scene
    decided = await agree(scene)
    kept, line_id = [(await consoles.call(decided, Outcome.PASSED)).id for _ in range(2)]
    async with consoles.signed_in(scene.owner) as owner:
        for change in CHANGES:
            with changed(tmp_path / "quyen.db", line_id, change):
                await check_operators(operator, line_id, kept, has_time="opened_at" not in change)
                traced = await owner.get("/permissions/trace")
                look = traced.text.split(f'data-trace="{line_id}"')[1].split("</li>")[0]
                assert ('data-result="damaged"' in look, DAMAGED in look) == (True, True), change
                assert ("Sổ bán hàng" in look, "<time" in look) == (False, "opened_at" not in change), change
                assert f'data-trace="{kept}"' in traced.text
                assert "1 lượt trong 30 ngày" in (await owner.get(f"/permissions/{decided.grant_id}")).words, change
                assert (await owner.get("/permissions")).status == 200, change
        assert DAMAGED not in (await owner.get("/permissions/trace")).words


async def check_operators(operator: Browser, line_id: str, kept: str, *, has_time: bool) -> None:
    """Look at the list, at both lines, and at an export."""
    listed = await operator.get("/operators/log")
    row = listed.text.split(f'data-record="{line_id}"')[1].split("</tr>")[0]
    assert (DAMAGED in row, "<time" in row, "so-ban-hang" in row) == (True, has_time, False)
    assert f'data-record="{kept}"' in listed.text
    assert "không còn như lúc được ghi" in (await operator.get(f"/operators/log/{line_id}")).words
    assert (await operator.get(f"/operators/log/{kept}")).status == 200
    exported = orjson.loads((await operator.get(f"/operators/log/export?format=json&reason={REASON}")).text)
    (line,) = [each for each in exported if each.get("record_id") == line_id]
    assert line.pop("at", None) is not None if has_time else "at" not in line
    assert line == {"source": "trace", "record_id": line_id, "action": "damaged", "outcome": "damaged"}


async def test_a_line_whose_id_is_none_can_be_listed_and_paged(
    consoles: Consoles, operator: Browser, tmp_path: Path
) -> None:
    """Bytes, text that is no UTF-8, and any length: nothing leads to the line, and cursors go on from it."""
    decided = await agree(consoles.scene)
    consoles.scene.clock.advance(60)
    lines = [(await consoles.call(decided, Outcome.PASSED)).id for _ in range(60)]
    for raw_id in ("x'ff'", "CAST(x'ff' AS TEXT)", "hex(zeroblob(200))"):
        with closing(sqlite3.connect(tmp_path / "quyen.db")) as database, database:
            database.execute(f"UPDATE trace_lines SET id = {raw_id}, withheld = -1 WHERE id = ?", [lines.pop()])  # noqa: S608
    async with consoles.signed_in(consoles.scene.owner) as owner:
        for browser, path in ((operator, "/operators/log"), (owner, "/permissions/trace")):
            first = await browser.get(path)
            older = await browser.get(f"{path}?cursor={first.text.rpartition('cursor=')[2].split(chr(34))[0]}")
            words = first.words + older.words
            assert (first.status, older.status, words.count(DAMAGED) >= 3) == (200, 200, True), path
            assert all(line_id in first.text + older.text for line_id in lines), path
