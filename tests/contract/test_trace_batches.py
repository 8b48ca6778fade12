"""Trace lines enter the grant log in batches: sealed once, in order, and a change to any of them is found (I2, I7)."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gateway.acts.seal_trace import seal_trace
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.trace.store import find
from gateway.records.trace.types import ClosedLine, Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import AskId, TraceId, new_id
from tests.contract.steps import verified
from tests.house import Scene

PASSED = Ending(Outcome.PASSED, None, 200, 200, 3, 1)


async def trace(scene: Scene, *, is_closed: bool = True) -> TraceId:
    """Write one line, as a call does."""
    writer = TraceWriter(scene.house.storage, scene.clock)
    line = line_of(scene)
    await writer.open(line)
    if is_closed:
        await writer.close(line.id, PASSED)
    return line.id


def line_of(scene: Scene) -> Line:
    """Make a line of a call that begins now."""
    return Line(
        id=TraceId(new_id("tr", scene.house.entropy)),
        request_id="rq_1",
        app_id=scene.app.id,
        grant_id=None,
        account_id=scene.account.id,
        family_id=None,
        platform="zalo",
        route="zalo.user_detail",
        ask_ids=(AskId("crm_name"), AskId("crm_phone")),
        opened_at=scene.clock.now(),
    )


async def list_batches(scene: Scene) -> list[Record]:
    """List the batches in the log, newest first."""
    async with scene.house.storage.read() as connection:
        return await reading.list_records(connection, reading.Search(kinds=[Kind.TRACE_BATCH]), 10)


async def test_closed_lines_are_sealed_once(scene: Scene) -> None:
    """Each line stands in one batch; without new lines nothing is recorded; the log verifies."""
    ids = []
    for _ in range(3):
        ids.append(await trace(scene))
        scene.clock.advance(1)
    assert [await seal_trace(scene.house), await seal_trace(scene.house)] == [3, 0]
    ids.append(await trace(scene))
    assert await seal_trace(scene.house) == 1
    second, first = await list_batches(scene)
    assert (first.facts["lines"], first.facts["first"], first.facts["last"]) == (3, ids[0], ids[2])
    assert (second.facts["lines"], second.facts["first"]) == (1, ids[3])
    assert (await verified(scene.house)).bad == []


async def test_a_line_under_way_waits_and_one_left_open_by_a_kill_does_not_wait_for_ever(scene: Scene) -> None:
    """An open line is sealed when no call can still be running."""
    await trace(scene, is_closed=False)
    assert await seal_trace(scene.house) == 0
    scene.clock.advance(timedelta(hours=1, seconds=1))
    assert await seal_trace(scene.house) == 1
    assert (await verified(scene.house)).bad == []


async def test_a_line_that_is_closed_after_it_was_sealed_stays_as_it_was_sealed(scene: Scene) -> None:
    """The clock leapt, or a call outlived its hour: the late end is dropped, and the log verifies for good."""
    line_id = await trace(scene, is_closed=False)
    scene.clock.advance(timedelta(hours=2))
    assert await seal_trace(scene.house) == 1
    await TraceWriter(scene.house.storage, scene.clock).close(line_id, PASSED)
    assert (await verified(scene.house)).bad == []
    async with scene.house.storage.read() as connection:
        line = await find(connection, line_id)
    assert isinstance(line, ClosedLine)
    assert line.ending is None


async def test_a_row_that_cannot_be_written_fails_no_other_of_its_batch(scene: Scene) -> None:
    """Written together, each call hears of its own row alone."""
    writer = TraceWriter(scene.house.storage, scene.clock)
    first, second, third = line_of(scene), line_of(scene), line_of(scene)
    await writer.open(first)
    lines = (second, first, third)  # an id that is there already
    outcomes = await asyncio.gather(*[writer.open(line) for line in lines], return_exceptions=True)
    assert [type(each) for each in outcomes] == [type(None), IntegrityError, type(None)]
    async with scene.house.storage.read() as connection:
        assert all([await find(connection, line.id) for line in lines])


CHANGES = [
    "UPDATE trace_lines SET route = 'zalo.getoa'",
    "UPDATE trace_lines SET subjects = subjects + 1",
    "UPDATE trace_lines SET by_evidence = 0",
    "UPDATE trace_lines SET by_evidence = 1",
    "UPDATE trace_lines SET opened_at = opened_at - 1",
    "UPDATE trace_lines SET outcome = 'refused'",
    "UPDATE trace_lines SET app_id = 'giao-hang'",
    "UPDATE trace_lines SET ask_ids = '[]'",
    "UPDATE trace_lines SET reason = 'e\u0301'",
    "UPDATE trace_lines SET batch_seq = NULL",
    "DELETE FROM trace_lines",
]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_or_removed_line_is_found_at_its_batch(scene: Scene, change: str) -> None:
    """Whoever rewrites what an app did is found out, and the batch is named."""
    line_id = await trace(scene)
    await trace(scene)
    await seal_trace(scene.house)
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(text(f"{change} WHERE id = :id"), {"id": line_id})
        await unit.commit()
    (batch,) = await list_batches(scene)
    found = (await verified(scene.house)).bad
    assert [(each.seq, each.record_id) for each in found] == [(batch.seq, batch.record_id)]


async def test_a_line_smuggled_into_a_batch_is_found(scene: Scene) -> None:
    """A line that nobody sealed does not become one by its number."""
    await trace(scene)
    await seal_trace(scene.house)
    (batch,) = await list_batches(scene)
    line_id = await trace(scene)
    async with scene.house.storage.unit() as unit:
        changed = text("UPDATE trace_lines SET batch_seq = :seq WHERE id = :id")
        await unit.connection.execute(changed, {"seq": batch.seq, "id": line_id})
        await unit.commit()
    assert [each.seq for each in (await verified(scene.house)).bad] == [batch.seq]
