"""Counting the trace by ask, exactly, on both databases."""

from datetime import datetime, timedelta

from sqlalchemy import insert, select, text

from gateway.records.trace import store as trace
from gateway.records.trace.tables import is_not_opened, trace_lines
from gateway.records.trace.types import CALL_NOT_OPENED, PLATFORM_REFUSED, Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import AppId, AskId, GrantId, TraceId
from tests.house import Scene

MINE, THEIRS = GrantId("gr_mine"), GrantId("gr_theirs")
NAME, PHONE, SEND = AskId("crm_name"), AskId("crm_phone"), AskId("order_send")


class Calls:
    """Leaves lines in the trace."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self.count = scene, 0
        self._writer = TraceWriter(scene.house.storage, scene.clock)

    async def add(
        self, grant_id: GrantId, *asks: AskId, outcome: Outcome = Outcome.PASSED, reason: str | None = None
    ) -> datetime:
        """Let a call be made a minute later; return when."""
        self.count += 1
        now = self._scene.clock.advance(timedelta(minutes=1))
        trace_id = TraceId(f"tr_{self.count:022}")
        line = Line(trace_id, "re", AppId("so-ban-hang"), grant_id, None, None, "zalo", "view_follower", asks, now)
        if outcome is Outcome.OPEN:
            await self._writer.open(line)
        else:
            await self._writer.note(line, Ending(outcome, reason, 200, None, 0, 0))
        return now


async def test_each_ask_of_each_grant_is_counted_by_itself(scene: Scene) -> None:
    """A call counts for every ask that it used; refused calls, earlier ones and other grants' do not."""
    calls = Calls(scene)
    await calls.add(MINE, NAME)
    since = await calls.add(MINE, NAME, PHONE)
    await calls.add(THEIRS, NAME)
    newest = await calls.add(MINE, NAME, outcome=Outcome.OPEN)
    cut = await calls.add(MINE, PHONE, outcome=Outcome.CUT)
    await calls.add(MINE, NAME, outcome=Outcome.REFUSED)
    await calls.add(MINE)
    async with scene.house.storage.read() as connection:
        counted = await trace.count_by_ask(connection, [MINE], since)
        both = await trace.count_by_ask(connection, [MINE, THEIRS], since)
        none = await trace.count_by_ask(connection, [], since)
    assert counted == {(MINE, NAME): (2, newest), (MINE, PHONE): (2, cut)}
    assert set(both) == {*counted, (THEIRS, NAME)}
    assert none == {}


async def test_what_was_never_sent_is_no_call(scene: Scene) -> None:
    """A copy that waited behind one that the app did not take has a line, and is counted when it goes out."""
    calls = Calls(scene)
    since = await calls.add(MINE, NAME)
    newest = await calls.add(MINE, NAME, outcome=Outcome.FAILED, reason="not_taken")
    await calls.add(MINE, NAME, outcome=Outcome.FAILED, reason="not_sent")
    async with scene.house.storage.read() as connection:
        assert await trace.count_by_ask(connection, [MINE], since) == {(MINE, NAME): (2, newest)}
        assert await trace.count_since(connection, [MINE], since) == {MINE: (2, newest)}


async def test_refused_calls_are_counted_since_each_asks_own_moment(scene: Scene) -> None:
    """One ask ended before the other; each counts what was refused after its own end, and no passed call."""
    calls = Calls(scene)
    first = await calls.add(MINE, NAME, PHONE, outcome=Outcome.REFUSED)
    second = await calls.add(MINE, NAME, PHONE, outcome=Outcome.REFUSED)
    await calls.add(THEIRS, NAME, outcome=Outcome.REFUSED)
    await calls.add(MINE, NAME, SEND)
    async with scene.house.storage.read() as connection:
        counted = await trace.count_refused(connection, MINE, {NAME: first, PHONE: second, SEND: first})
        nothing = await trace.count_refused(connection, MINE, {})
    assert counted == {NAME: 2, PHONE: 1}
    assert nothing == {}


async def test_many_calls_are_all_counted(scene: Scene) -> None:
    """A busy grant is not cut off at some number of lines."""
    calls = Calls(scene)
    since = scene.clock.now()
    async with scene.house.storage.unit() as unit:
        row = {
            "request_id": "re",
            "grant_id": MINE,
            "platform": "zalo",
            "route": "view_follower",
            "ask_ids": (NAME,),
            "opened_at": since,
            "closed_at": since,
            "outcome": Outcome.PASSED,
            "subjects": 0,
            "withheld": 0,
        }
        rows = [{**row, "id": f"tr_b{number:021}"} for number in range(2500)]
        await unit.connection.execute(insert(trace_lines), rows)
        await unit.commit()
    newest = await calls.add(MINE, NAME)
    async with scene.house.storage.read() as connection:
        assert await trace.count_by_ask(connection, [MINE], since) == {(MINE, NAME): (2501, newest)}


async def test_what_is_not_opened_is_so_until_it_is_answered(scene: Scene) -> None:
    """The newest of each route since a moment; an answer under any of the grants asked about, also a no, ends it."""
    calls = Calls(scene)

    async def shut(*grant_ids: GrantId) -> dict[str, tuple[GrantId, datetime]]:
        async with scene.house.storage.read() as connection:
            return await trace.list_not_opened(connection, grant_ids, since)

    since = await calls.add(MINE, NAME)
    assert await shut(MINE, THEIRS) == {}
    first = await calls.add(MINE, NAME, outcome=Outcome.FAILED, reason=CALL_NOT_OPENED)
    await calls.add(MINE, NAME, outcome=Outcome.FAILED, reason="connection_lost")
    assert await shut(MINE) == await shut(MINE, THEIRS) == {"view_follower": (MINE, first)}
    assert await shut(THEIRS) == await shut() == {}
    await calls.add(THEIRS, NAME, outcome=Outcome.FAILED, reason=PLATFORM_REFUSED)
    assert (await shut(MINE), await shut(MINE, THEIRS)) == ({"view_follower": (MINE, first)}, {})
    again = await calls.add(THEIRS, NAME, outcome=Outcome.FAILED, reason=CALL_NOT_OPENED)
    assert await shut(MINE, THEIRS) == {"view_follower": (THEIRS, again)}
    await calls.add(MINE, NAME)
    assert await shut(MINE, THEIRS) == {}
    since = again + timedelta(seconds=1)
    assert await shut(THEIRS) == {}


async def test_what_is_not_opened_is_found_by_its_own_index(scene: Scene) -> None:
    """A page asks it at each visit, of grants with many lines: those lines are not read."""
    async with scene.house.storage.read() as connection:
        if connection.dialect.name != "sqlite":
            return
        question = select(trace_lines.c.route).where(trace_lines.c.grant_id.in_([MINE, THEIRS]), is_not_opened)
        written = question.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        (plan,) = (await connection.execute(text(f"EXPLAIN QUERY PLAN {written}"))).all()
    assert "ix_trace_lines_not_opened (grant_id=?)" in str(plan)
