"""Trace lines that hold what no line of ours can: read as damaged, counted nowhere, found by verification (I2)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import text

from gateway.acts.seal_trace import seal_trace
from gateway.records.trace import store as trace
from gateway.records.trace.entries import DamagedLine, lines_as_stored
from gateway.records.trace.tables import trace_lines
from gateway.records.trace.types import ClosedLine, Outcome
from tests.contract.steps import verified
from tests.contract.test_trace_counts import MINE, NAME, Calls
from tests.house import Scene

ANYWHERE = [
    "outcome = 'passee'",
    "outcome = 'open'",
    "outcome = ''",
    "closed_at = NULL",
    "closed_at = -1",
    "opened_at = 9223372036854775807",
    "opened_at = -1",
    "opened_at = 0",
    "route = 'h\u1ed3 s\u01a1'",
    "platform = 'zalo\n'",
    "reason = 'e\u0301'",
    "status = -1",
    "upstream_status = -200",
    "subjects = -1",
    "withheld = -3",
    """ask_ids = '{"0": "crm_name"}'""",
    """ask_ids = '["crm_name", 1]'""",
    """ask_ids = '["crm_name", ["crm_name"]]'""",
    """ask_ids = '["crm_name", null]'""",
    """ask_ids = '"crm_name"'""",
    """ask_ids = '["crm_name\\u0000"]'""",
    """ask_ids = '["crm_name", "\\ud800"]'""",
    "ask_ids = '" + "[" * 900 + "]" * 900 + "'",
    "ask_ids = 'null'",
    """ask_ids = '["crm_name","x"]'""",
    """ask_ids = '["crm_name"]\n'""",
]
"""What both databases take."""
ON_SQLITE = [
    "ask_ids = replace(ask_ids, ']', '}')",
    "ask_ids = ''",
    """ask_ids = '["]'""",
    """ask_ids = '["", "]'""",
    """ask_ids = '["crm_name", ", "x"]'""",
    """ask_ids = '["crm_name"", "x"]'""",
    "ask_ids = 5",
    "ask_ids = x'ff'",
    "ask_ids = CAST(ask_ids AS BLOB)",
    """ask_ids = CAST(x'5b22ff225d' AS TEXT)""",
    "ask_ids = ask_ids || char(0) || 'x'",
    "route = x'ff'",
    "route = CAST(x'ff' AS TEXT)",
    "route = route || char(0) || 'x'",
    "platform = CAST(platform AS BLOB)",
    "request_id = CAST(x'c328' AS TEXT)",
    "opened_at = 'now'",
    "opened_at = x'ff'",
    "opened_at = opened_at + 0.5",
    "opened_at = 1e300",
    "closed_at = 'now'",
    "status = 'ok'",
    "status = 4294967296",
    "upstream_status = x''",
    "subjects = 'many'",
    "subjects = 9e999",
    "withheld = 9223372036854775807",
]
READABLE = ["subjects = 2147483647", "route = ''", "ask_ids = '[]'", """ask_ids = '["crm_name", "x", ""]'"""]
LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def changes_of(scene: Scene) -> list[str]:
    """List the changes that the scene's database takes."""
    return ANYWHERE + (ON_SQLITE if scene.house.storage.is_sqlite else [])


@asynccontextmanager
async def changed(scene: Scene, line_id: str, change: str) -> AsyncIterator[None]:
    """Change a line behind the gateway's back for a while."""
    columns = ", ".join(f"{column.name} = :{column.name}" for column in trace_lines.c)
    if not scene.house.storage.is_sqlite:
        columns = columns.replace(":ask_ids", "CAST(:ask_ids AS json)")
    async with scene.house.storage.read() as connection:
        query = lines_as_stored(connection).where(trace_lines.c.id == line_id)
        (was,) = (await connection.execute(query)).mappings()
    await run(scene, change, {"id": line_id})
    yield
    await run(scene, columns, was)


async def run(scene: Scene, change: str, values: Mapping[str, Any]) -> None:
    """Update one line."""
    statement = text(f"UPDATE trace_lines SET {change} WHERE id = :id")  # noqa: S608
    async with scene.house.storage.unit() as unit:
        assert (await unit.connection.execute(statement, dict(values))).rowcount == 1
        await unit.commit()


async def read(scene: Scene) -> tuple[list[type], list[int]]:
    """Read all lines by type, newest first, and what is counted: by grant, by ask, and refused."""
    async with scene.house.storage.read() as connection:
        found = await trace.list_lines(connection, trace.Filter(grant_ids=[MINE]), 10)
        for each in found:
            assert await trace.find(connection, each.id) == each
        passed = await trace.list_lines(connection, trace.Filter(grant_ids=[MINE], outcome=Outcome.FAILED), 10)
        assert {type(each) for each in passed} <= {DamagedLine}
        by_grant = await trace.count_since(connection, [MINE], LONG_AGO)
        by_ask = await trace.count_by_ask(connection, [MINE], LONG_AGO)
        refused = await trace.count_refused(connection, MINE, {NAME: LONG_AGO})
    return [type(each) for each in found], [
        by_grant.get(MINE, (0, None))[0],
        by_ask.get((MINE, NAME), (0, None))[0],
        refused.get(NAME, 0),
    ]


async def test_what_no_line_can_hold_is_marked_and_counted_nowhere(scene: Scene) -> None:
    """Whatever stands in a column, the lists go on with that one line marked, and no count fails or takes it in."""
    calls = Calls(scene)
    await calls.add(MINE, NAME)
    await calls.add(MINE, NAME)
    await calls.add(MINE, NAME, outcome=Outcome.REFUSED)
    await calls.add(MINE, NAME, outcome=Outcome.REFUSED)
    passed, refused = f"tr_{2:022}", f"tr_{3:022}"
    asks = [(refused, change, [3, 2, 1]) for change in changes_of(scene) if change.startswith("ask_ids")]
    for line_id, change, left in [(passed, change, [3, 1, 2]) for change in changes_of(scene)] + asks:
        async with changed(scene, line_id, change):
            types, counts = await read(scene)
        assert (types.count(DamagedLine), types.count(ClosedLine), counts) == (1, 3, left), change
    for change in READABLE:
        async with changed(scene, f"tr_{1:022}", change):
            assert (await read(scene))[0] == [ClosedLine] * 4, change
    assert await read(scene) == ([ClosedLine] * 4, [4, 2, 2])


async def test_a_damaged_line_is_found_at_its_batch(scene: Scene) -> None:
    """Verification goes on past anything that stands in a column, and names the batch and nothing else."""
    calls = Calls(scene)
    await calls.add(MINE, NAME)
    await calls.add(MINE, NAME)
    assert await seal_trace(scene.house) == 2
    for change in [*changes_of(scene), *READABLE]:
        async with changed(scene, f"tr_{1:022}", change):
            found = await verified(scene.house)
        assert [(each.seq, each.reason) for each in found.bad] == [
            (found.size, "its trace lines are not those that were sealed")
        ], change
    assert (await verified(scene.house)).is_ok


async def test_a_line_that_was_damaged_before_it_was_sealed_is_named_and_keeps_no_other_from_sealing(
    scene: Scene,
) -> None:
    """No batch vouches for it, and those beside it are sealed; once it is as it was, so is it."""
    calls = Calls(scene)
    for change in changes_of(scene)[::4]:
        await calls.add(MINE, NAME)
        await calls.add(MINE, NAME)
        damaged = f"tr_{calls.count - 1:022}"
        async with changed(scene, damaged, change):
            assert await seal_trace(scene.house) == 1, change
            found = (await verified(scene.house)).bad
        assert [each.reason for each in found] == [f"trace line {damaged} was changed before it was sealed"], change
        assert await seal_trace(scene.house) == 1
    assert (await verified(scene.house)).is_ok
