"""Lanes of copies on both databases: order, leases, races of two processes, what is void and what is forgotten."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.acts import send_events
from gateway.acts.send_events import LEASE, LINES_KEPT, close_lane, drop_stale, take_lanes
from gateway.acts.take_events import ToldEvent, take_events
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.acts.withdraw import withdraw
from gateway.authority.holders import find_holder
from gateway.ground.storage.storage import Storage, UnitOfWork
from gateway.records.apps.upstreams import look_up_telling
from gateway.records.ledger.log import Ledger
from gateway.records.outbox import lanes, queue
from gateway.records.outbox.lanes import Ended, LaneEnd
from gateway.records.outbox.tables import event_copies, event_lanes
from gateway.records.outbox.types import Copy, Lane, NoticeState, Tried
from gateway.terms.ids import GATEWAYS_OWN, GrantId
from gateway.terms.refusal import Unavailable
from scopes import load_catalogue
from tests.contract.steps import CHAT, PHONE, SYSTEM, agreed, owner
from tests.house import Scene
from tests.telling import listen

EVENT = load_catalogue().platforms["zalo"].events["user_message"]
NOWHERE = "http://127.0.0.1:9/"


def told(scene: Scene, *names: str) -> list[ToldEvent]:
    """Return events that the platform told, in this order."""
    body = b'{"event_name":"user_send_text","message":{"text":"%s"}}'
    return [
        ToldEvent(scene.account.id, name.encode().rjust(32, b"."), EVENT, body % name.encode(), ("9",))
        for name in names
    ]


async def listening(scene: Scene) -> GrantId:
    """Let the app listen and hold every ask."""
    await listen(scene, NOWHERE)
    return (await agreed(scene)).grant_id


async def take(scene: Scene) -> list[Lane]:
    """Take on what is due."""
    return await take_lanes(scene.house, {}, most=16, most_of_one=4)


async def states(scene: Scene) -> list[str]:
    """Return the states of the lines of copies, sorted."""
    async with scene.house.storage.read() as connection:
        found = await queue.list_of_app(connection, scene.app.id, 500, before=None)
    return sorted(each.state.value for each in found if each.version is None)


async def test_a_lane_is_taken_by_one_in_its_order(scene: Scene) -> None:
    """Two processes at once: one gets the lane, with its copies in the order of their telling; then its lease ends."""
    await listening(scene)
    await take_events(scene.house, told(scene, "a", "b"))
    await take_events(scene.house, told(scene, "c"))
    found = await asyncio.gather(take(scene), take(scene), take(scene))
    (lane,) = [lane for taken in found for lane in taken]
    assert [copy.number for copy in lane.copies] == [1, 2, 3]
    assert await take(scene) == []
    scene.clock.advance(LEASE)
    (again,) = await take(scene)
    assert again.copies == lane.copies


async def test_one_app_takes_its_share_of_lanes(scene: Scene) -> None:
    """Of many lanes that are due four are taken on, and fewer where something of the app is under way already."""
    await listening(scene)
    async with scene.house.storage.unit() as unit:
        for number in range(7):
            grant_id, now = GrantId(f"gr_{number}"), scene.clock.now()
            await lanes.add(unit.connection, grant_id, scene.app.id)
            assert await lanes.hold_end(unit.connection, grant_id, now) == LaneEnd(0, 0)
            copy = Copy(f"nt_{number}", grant_id, 0, frozenset(), b"sealed", EVENT.type, now)
            await lanes.append(unit.connection, scene.app.id, [copy], after=0)
        await unit.commit()
    first = await take(scene)
    assert [lane.grant_id for lane in first] == ["gr_0", "gr_1", "gr_2", "gr_3"]
    second = await take_lanes(scene.house, {scene.app.id: 2}, most=16, most_of_one=4)
    assert [lane.grant_id for lane in second] == ["gr_4", "gr_5"]


async def test_each_way_has_its_own_listeners(scene: Scene) -> None:
    """What either upstream app was told goes to who uses that way; of the one that is taken back it is void."""
    grant_id = await listening(scene)
    brought = Brought(scene.app.id, "zalo", "2233445566778899001", "a-secret", "a-key")
    await bring_upstream(scene.house, brought, SYSTEM)
    found = await look_up_telling(scene.house.storage, "zalo", brought.external_id)
    assert found is not None
    assert await look_up_telling(scene.house.storage, "zalo", "1") is None
    through = [replace(each, brought_id=found.id) for each in told(scene, "b")]
    await asyncio.gather(take_events(scene.house, told(scene, "a")), take_events(scene.house, through))
    assert await states(scene) == ["queued"]
    holder = await find_holder(scene.house.storage, grant_id)
    assert (holder and holder.brought_id) == found.id
    await remove_upstream(scene.house, scene.app.id, "zalo", SYSTEM)
    assert await states(scene) == ["void"]
    holder = await find_holder(scene.house.storage, grant_id)
    assert (holder and holder.brought_id) == GATEWAYS_OWN


async def test_a_new_lane_is_added_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first events of a grant at two processes: whoever comes second finds the lane, and adds to it."""
    await listening(scene)
    hold_end, asked = lanes.hold_end, 0

    async def is_late(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            await lanes.add(args[0], args[1], scene.app.id)
            return None
        return await hold_end(*args)

    monkeypatch.setattr(lanes, "hold_end", is_late)
    await take_events(scene.house, told(scene, "a"))
    assert (asked, await states(scene)) == (2, ["queued"])


async def test_what_is_told_twice_at_once_is_kept_once(scene: Scene) -> None:
    """The same telling at several processes in one moment, and beside it another."""
    await listening(scene)
    await asyncio.gather(*(take_events(scene.house, told(scene, "same", f"own {n}", "same")) for n in range(4)))
    async with scene.house.storage.read() as connection:
        assert len((await connection.execute(event_copies.select())).all()) == 5


async def test_a_late_close_leaves_the_lane_to_whoever_holds_it(scene: Scene) -> None:
    """One whose lease ran out writes down what it sent, and neither frees nor puts off what another took on since."""
    await listening(scene)
    await take_events(scene.house, told(scene, "a", "b"))
    (late,) = await take(scene)
    scene.clock.advance(LEASE)
    (now,) = await take(scene)
    await close_lane(scene.house, late, [Ended(late.copies[0].id, NoticeState.DELIVERED, "200")], None)
    assert await take(scene) == []
    await close_lane(scene.house, now, [], (now.copies[0], Tried(500)))
    assert (await states(scene)) == ["delivered", "queued"]
    assert await take(scene) == []
    scene.clock.advance(timedelta(seconds=6))
    (last,) = await take(scene)
    assert [copy.number for copy in last.copies] == [2]


async def test_an_act_that_keeps_events_needs_one_connection(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it holds one it asks for no other: as many at once as the pool has connections would wait for ever."""
    await listening(scene)

    async def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("another connection")

    with monkeypatch.context() as patched:
        patched.setattr(Storage, "point", fail)
        patched.setattr(Storage, "read", fail)
        await take_events(scene.house, told(scene, "a"))
    assert await states(scene) == ["queued"]


async def test_the_head_of_the_log_is_held_last(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that is gone lets go of its lines and its lane first: an act that ends a grant holds them so too."""
    held: list[str] = []

    def noted(name: str, act: Any) -> Any:
        async def run(*args: Any, **options: Any) -> Any:
            held.append(name)
            return await act(*args, **options)

        return run

    grant_id = await listening(scene)
    await take_events(scene.house, told(scene, "a"))
    (lane,) = await take(scene)
    holding = noted("lines", queue.hold_lines)
    monkeypatch.setattr("gateway.records.outbox.queue.hold_lines", holding)
    monkeypatch.setattr("gateway.records.outbox.lanes.hold_lines", holding)
    monkeypatch.setattr(lanes, "release", noted("lane", lanes.release))
    monkeypatch.setattr(Ledger, "append", noted("head", Ledger.append))
    await close_lane(scene.house, lane, [], (lane.copies[0], Tried(410)))
    assert held == ["lines", "lane", "head"]
    assert await states(scene) == ["gone"]
    await listen(scene, NOWHERE)
    await take_events(scene.house, told(scene, "b"))
    held.clear()
    await withdraw(scene.house, grant_id, owner(scene))
    assert held == ["lines", "head"]


async def test_an_empty_lane_rests_until_something_comes(scene: Scene) -> None:
    """Nothing is due once all is over; what comes after makes it due again."""
    await listening(scene)
    await take_events(scene.house, told(scene, "a"))
    (lane,) = await take(scene)
    await close_lane(scene.house, lane, [Ended(lane.copies[0].id, NoticeState.DELIVERED, "200")], None)
    async with scene.house.storage.read() as connection:
        (row,) = (await connection.execute(event_lanes.select())).mappings()
    assert (row["next_try_at"], row["leased_until"], row["newest"]) == (None, None, 1)
    await take_events(scene.house, told(scene, "b"))
    (lane,) = await take(scene)
    assert [copy.number for copy in lane.copies] == [2]


async def test_copies_of_what_ended_go_with_the_act(scene: Scene) -> None:
    """The withdrawal destroys, in its own transaction, what rests on nothing else; the rest of the lane stays."""
    grant_id = await listening(scene)
    info = load_catalogue().platforms["zalo"].events["info_submitted"]
    body = b'{"event_name":"user_submit_info","info":{"name":"A","phone":"84"}}'
    await take_events(scene.house, [*told(scene, "a"), ToldEvent(scene.account.id, b"i" * 32, info, body, ("9",))])
    await withdraw(scene.house, grant_id, owner(scene), ask_ids=[CHAT, PHONE])
    assert await states(scene) == ["queued", "void"]
    (lane,) = await take(scene)
    assert [copy.event for copy in lane.copies] == ["zalo.info_submitted"]
    await withdraw(scene.house, grant_id, owner(scene))
    assert await states(scene) == ["void", "void"]
    await close_lane(scene.house, lane, [Ended(lane.copies[0].id, NoticeState.DELIVERED, "200")], None)
    assert await states(scene) == ["void", "void"]


async def test_a_copy_kept_beside_a_withdrawal_goes_with_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is first: after a withdrawal that came while an event was being kept, no copy is at rest (I6)."""
    grant_id = await listening(scene)
    append, withdrawing = lanes.append, asyncio.create_task(asyncio.sleep(0))

    async def withdraw_beside(*args: Any, **options: Any) -> None:
        nonlocal withdrawing
        withdrawing = asyncio.create_task(_withdraw(scene, grant_id))
        await asyncio.sleep(0.3)
        await append(*args, **options)

    monkeypatch.setattr(lanes, "append", withdraw_beside)
    await take_events(scene.house, told(scene, "a"))
    await withdrawing
    assert await states(scene) == ["void"]
    async with scene.house.storage.read() as connection:
        assert (await connection.execute(event_copies.select())).all() == []


async def _withdraw(scene: Scene, grant_id: GrantId) -> None:
    await withdraw(scene.house, grant_id, owner(scene))


async def test_a_lane_in_which_nothing_is_left_is_put_to_rest(scene: Scene) -> None:
    """What was due when its copies were destroyed is taken on once, found empty, and rests."""
    grant_id = await listening(scene)
    await take_events(scene.house, told(scene, "a"))
    await withdraw(scene.house, grant_id, owner(scene))
    assert await take(scene) == []
    async with scene.house.storage.read() as connection:
        (row,) = (await connection.execute(event_lanes.select())).mappings()
    assert (row["next_try_at"], row["leased_until"]) == (None, None)


async def test_what_is_too_much_is_not_kept_and_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane holds so many copies and no more; the log says of each beyond that it was not kept."""
    monkeypatch.setattr("gateway.acts.queueing.MOST_WAITING", 3)
    await listening(scene)
    await take_events(scene.house, told(scene, "a", "b"))
    await take_events(scene.house, told(scene, "c", "d", "e"))
    await take_events(scene.house, told(scene, "f"))
    assert await states(scene) == ["given_up"] * 3 + ["queued"] * 3


async def test_lines_are_forgotten_after_a_day(scene: Scene) -> None:
    """The delivery log tells of a copy for a day after it was over; of what waits, until it is over."""
    await listening(scene)
    await take_events(scene.house, told(scene, "a", "b"))
    (lane,) = await take(scene)
    await close_lane(scene.house, lane, [Ended(lane.copies[0].id, NoticeState.DELIVERED, "200")], None)
    scene.clock.advance(LINES_KEPT - timedelta(minutes=1))
    await drop_stale(scene.house)
    assert await states(scene) == ["delivered", "queued"]
    scene.clock.advance(timedelta(minutes=2))
    assert await drop_stale(scene.house) == 1
    assert await states(scene) == ["given_up"]


async def test_what_is_to_be_forgotten_is_forgotten_whole(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass says that there is more for lines and for arrivals too, which come faster than copies are given up."""
    monkeypatch.setattr(send_events, "MOST_AT_ONCE", 2)
    await listening(scene)
    await take_events(scene.house, told(scene, "a", "b", "c", "d", "e"))
    (lane,) = await take(scene)
    await close_lane(scene.house, lane, [Ended(each.id, NoticeState.DELIVERED, "200") for each in lane.copies], None)
    scene.clock.advance(LINES_KEPT + timedelta(minutes=1))
    assert [await drop_stale(scene.house) for _ in range(4)] == [2, 2, 1, 0]
    scene.clock.advance(timedelta(hours=3))
    assert [await drop_stale(scene.house) for _ in range(4)] == [2, 2, 1, 0]


async def test_what_others_take_again_and_again_is_left_to_them(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another process is always a moment ahead nothing is kept here, and the platform is told to try again."""

    async def is_there(_unit: UnitOfWork, adding: Coroutine[None, None, None]) -> bool:
        adding.close()
        return False

    await listening(scene)
    monkeypatch.setattr(UnitOfWork, "is_added", is_there)
    with pytest.raises(Unavailable):
        await take_events(scene.house, told(scene, "a"))
    assert await states(scene) == []
