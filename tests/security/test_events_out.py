"""What apps get of a platform's events: their own part, signed, in order, traced; nothing that ended (I1, I6, I7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from gateway.acts.pause import pause, resume
from gateway.acts.send_events import LONGEST, drop_stale
from gateway.acts.send_notices import send_again
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.upstream_apps import Brought, bring_upstream
from gateway.acts.withdraw import withdraw
from gateway.doors.events.parcels import Hold
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox.tables import event_copies, notice_keys
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal, Unavailable
from tests.house import Scene
from tests.house import agree as decide
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Came, Receiver, receiving
from tests.telling import FOLLOWER, Teller, listen, telling

CHAT, NAME, PHONE = AskId("chat_read"), AskId("crm_name"), AskId("crm_phone")


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Teller]:
    """Yield Zalo, telling at a scene."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        yield teller


async def agree(scene: Scene, asks: frozenset[AskId] | None = None, **options: Any) -> GrantId:
    """Let the owner agree; return the grant."""
    return GrantId(str((await decide(scene, asks, **options)).grant_id))


def owner(scene: Scene) -> Actor:
    """Return the owner, acting."""
    return Actor(ActorKind.PERSON, scene.owner.id)


def events(came: list[Came]) -> list[dict[str, Any]]:
    """Return the platform's words in what came; notices on the grant are left out."""
    bodies = [orjson.loads(each.body) for each in came]
    return [body["data"]["event"] for body in bodies if body["type"].startswith("zalo.")]


async def count_copies(scene: Scene) -> int:
    """Count the copies that are at rest."""
    async with scene.house.storage.read() as connection:
        return len((await connection.execute(event_copies.select())).all())


async def test_an_app_gets_its_part_signed(teller: Teller, receiver: Receiver) -> None:
    """A published library verifies it; it says what the asks open, under a CloudEvents type, and nothing else."""
    secret = await listen(teller.scene, receiver.url)
    grant_id = await agree(teller.scene, frozenset({AskId("oa_profile"), CHAT}))
    assert await teller.tell(teller.message("Còn bánh không?")) == 200
    await teller.bring()
    (came,) = receiver.came
    body = Webhook(secret).verify(came.body, came.headers)
    assert (body["type"], body["id"], body["subject"]) == (
        "zalo.user_message",
        came.headers["webhook-id"],
        grant_id,
    )
    assert body["data"]["account"] == teller.scene.account.external_id
    said = body["data"]["event"]
    assert said["message"] == {"msg_id": "m1", "text": "Còn bánh không?"}
    assert (said["sender"], sorted(said)) == (
        {"id": FOLLOWER},
        ["event_name", "message", "recipient", "sender", "timestamp"],
    )
    assert await teller.states() == ["delivered"]
    assert await count_copies(teller.scene) == 0


async def test_each_app_gets_what_its_own_asks_open(teller: Teller, receiver: Receiver) -> None:
    """Of one form with a name and a phone number one app gets both, the other the name alone."""
    scene = teller.scene
    await listen(scene, receiver.url)
    await agree(scene)
    async with receiving() as other:
        await listen(scene, other.url, scene.public_app)
        await agree(scene, frozenset({AskId("oa_profile"), NAME}), app=scene.public_app)
        info = {"name": "Trần Thị Ngọc Ánh (mẫu)", "phone": "84000000101", "address": "12 ngõ Hoa Mẫu", "zip": "1"}
        said = teller.message(event_name="user_submit_info", info=info)
        assert await teller.tell(said) == 200
        await teller.bring()
        (theirs,) = events(other.came)
    (ours,) = events(receiver.came)
    assert ours["info"] == {"name": info["name"], "phone": info["phone"]}
    assert theirs["info"] == {"name": info["name"]}
    assert "message" not in ours


@pytest.mark.parametrize("name", ["user_out_group", "user_send_group_text", "never_heard_of"])
async def test_an_event_that_is_not_listed_goes_nowhere(teller: Teller, receiver: Receiver, name: str) -> None:
    """It is taken, so that Zalo does not tell it again, and nothing of it is kept (I5)."""
    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    assert await teller.tell(teller.message(event_name=name)) == 200
    assert await count_copies(teller.scene) == 0
    assert await teller.states() == []


async def test_without_an_ask_or_an_endpoint_nothing_is_kept(teller: Teller, receiver: Receiver) -> None:
    """An app with an endpoint and no grant, one with other asks, and one with the ask and no endpoint."""
    assert await teller.tell(teller.message()) == 200
    await listen(teller.scene, receiver.url, teller.scene.public_app)
    await agree(teller.scene, frozenset({AskId("oa_profile")}), app=teller.scene.public_app)
    await agree(teller.scene)
    assert await teller.tell(teller.message()) == 200
    assert await count_copies(teller.scene) == 0


async def test_an_app_with_its_own_upstream_app_hears_nothing_of_ours(teller: Teller, receiver: Receiver) -> None:
    """What is linked under the gateway's own app is not its affair any more: kept before or told since (ADR 0036)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    await agree(scene)
    assert await teller.tell(teller.message()) == 200
    await bring_upstream(scene.house, Brought(scene.app.id, "zalo", "5150000000000000001", "bí-mật"), Actor.system())
    assert await teller.tell(teller.message()) == 200
    await teller.bring()
    assert (receiver.came, await teller.states()) == ([], ["void"])


async def test_a_copy_is_sealed_for_its_grant(teller: Teller, receiver: Receiver) -> None:
    """No word of a message stands in the database, and a copy that is moved to another grant is never sent (I6, I8)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    await agree(scene)
    said = teller.message("Ghi tên bé Bông giúp chị")
    del said["user_id_by_app"]  # whom the platform knows by two ids is kept apart (ADR 0032)
    await teller.tell(said)
    for path in Path(scene.house.storage.url.removeprefix("sqlite+aiosqlite:///")).parent.glob("quyen.db*"):
        content = path.read_bytes()
        assert "bé Bông".encode() not in content
        assert FOLLOWER.encode() not in content
    other = await agree(scene, frozenset({AskId("oa_profile"), NAME}), app=scene.public_app)
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(event_copies.update().values(rests_on=f"{other}"))
        await unit.commit()
    await teller.bring()
    assert (receiver.came, await teller.states()) == ([], ["void"])


async def test_order_is_kept_while_one_fails(teller: Teller, receiver: Receiver) -> None:
    """A copy that is not taken holds up those behind it; then they come in the order in which Zalo told them."""
    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    receiver.answers += [200, 500]
    for number in range(4):
        await teller.tell(teller.message(f"tin {number}"))
    await teller.bring()
    assert [each["message"]["text"] for each in events(receiver.came)] == ["tin 0", "tin 1"]
    said = [line.ending and (line.ending.outcome, line.ending.reason) for line in await teller.list_lines()]
    left = (Outcome.FAILED, "not_sent")  # made ready beside the one that failed, and no byte of it was sent
    assert sorted(said, key=str) == sorted([(Outcome.PASSED, None), (Outcome.FAILED, "not_taken"), left, left], key=str)
    assert await teller.tell(teller.message("tin 4")) == 200
    await teller.bring()
    assert len(receiver.came) == 2
    teller.scene.clock.advance(timedelta(seconds=6))
    await teller.bring()
    assert [each["message"]["text"] for each in events(receiver.came)][2:] == ["tin 1", "tin 2", "tin 3", "tin 4"]
    assert receiver.came[1].headers["webhook-id"] == receiver.came[2].headers["webhook-id"]
    assert await teller.states() == ["delivered"] * 5
    assert sorted(each.tries for each in await teller.list_log()) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("how", ["withdraw", "pause", "suspend"])
async def test_what_ended_is_not_sent(teller: Teller, receiver: Receiver, how: str) -> None:
    """A copy that waits when its ask is withdrawn or paused, or its app suspended, never goes out (I1, I4)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    await teller.tell(teller.message())
    if how == "withdraw":
        await withdraw(scene.house, grant_id, owner(scene), ask_ids=[CHAT])
    elif how == "pause":
        await pause(scene.house, grant_id, owner(scene), ask_ids=[CHAT])
    else:
        await suspend_app(scene.house, scene.app.id, Actor.system(), reason="thử")
    if how != "suspend":
        assert await count_copies(scene) == 0
    await teller.bring()
    assert await teller.states() == ["void"]
    if how == "withdraw":
        await agree(scene)
    elif how == "pause":
        await resume(scene.house, grant_id, owner(scene), ask_ids=[CHAT])
    else:
        await resume_app(scene.house, scene.app.id, Actor.system())
    await teller.bring()
    assert events(receiver.came) == []
    assert await count_copies(scene) == 0


async def test_a_narrower_grant_gets_less_of_what_waits(teller: Teller, receiver: Receiver) -> None:
    """What was kept with a phone number goes out without it once that ask ended: filtered again at delivery (I6)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    info = {"name": "Lê Quang Huy (mẫu)", "phone": "84000000102"}
    await teller.tell(teller.message(event_name="user_submit_info", info=info))
    await withdraw(scene.house, grant_id, owner(scene), ask_ids=[PHONE])
    await teller.bring()
    assert [each["info"] for each in events(receiver.came)] == [{"name": info["name"]}]


async def test_what_was_kept_before_goes_out_under_no_later_decision(teller: Teller, receiver: Receiver) -> None:
    """A phone number whose ask was withdrawn stays away, though the owner agreed anew before the copy went out (I4)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    info = {"name": "Lê Quang Huy (mẫu)", "phone": "84000000102"}
    await teller.tell(teller.message(event_name="user_submit_info", info=info))
    await withdraw(scene.house, grant_id, owner(scene), ask_ids=[PHONE])
    await agree(scene)
    await teller.tell(teller.message(event_name="user_submit_info", info=info))
    await teller.bring()
    assert [each["info"] for each in events(receiver.came)] == [{"name": info["name"]}, info]


async def test_a_withdrawal_while_a_copy_waits_for_a_connection_stops_it(
    teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last check stands where the connection is in hand: what ended a moment before sends no byte (I1)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    await teller.tell(teller.message())
    opened = teller.trace.open

    async def open_then_withdraw(line: Any) -> None:
        await opened(line)
        await withdraw(scene.house, grant_id, owner(scene), ask_ids=[CHAT])

    monkeypatch.setattr(teller.trace, "open", open_then_withdraw)
    await teller.bring()
    assert events(receiver.came) == []
    (line,) = await teller.list_lines()
    assert line.ending is not None
    assert (line.ending.outcome, line.ending.reason) == (Outcome.CUT, "ended")


async def test_a_part_that_ends_while_a_copy_waits_for_a_connection_does_not_go_out(
    teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What still opens the event does not carry what no longer may pass: that body is never sent (I1)."""
    scene = teller.scene
    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    info = {"name": "Lê Quang Huy (mẫu)", "phone": "84000000102"}
    await teller.tell(teller.message(event_name="user_submit_info", info=info))
    opened = teller.trace.open

    async def open_then_withdraw(line: Any) -> None:
        await opened(line)
        monkeypatch.setattr(teller.trace, "open", opened)
        await withdraw(scene.house, grant_id, owner(scene), ask_ids=[PHONE])

    monkeypatch.setattr(teller.trace, "open", open_then_withdraw)
    await teller.bring()
    await teller.bring()
    assert info["phone"].encode() not in b"".join(each.body for each in receiver.came)


async def test_a_withdrawal_cuts_a_copy_on_the_wire(teller: Teller, receiver: Receiver) -> None:
    """While the app's server still reads, the withdrawal ends the connection before it returns."""
    scene = teller.scene
    came, gone = asyncio.Event(), asyncio.Event()

    async def reading(request: web.Request) -> web.StreamResponse:
        came.set()
        try:
            await asyncio.sleep(30)
        finally:
            gone.set()
        return web.Response()

    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    receiver.answers.append(reading)
    await teller.tell(teller.message())
    bringing = asyncio.create_task(teller.bring())
    await came.wait()
    assert len(scene.house.in_flight) == 1
    await withdraw(scene.house, grant_id, owner(scene), ask_ids=[CHAT])
    async with asyncio.timeout(5):
        await gone.wait()
        await bringing
    assert await teller.states() == ["void"]
    assert len(scene.house.in_flight) == 0


async def test_each_try_has_a_line_before_its_first_byte(teller: Teller, receiver: Receiver) -> None:
    """Which app, grant, event and asks, how it went; open while the bytes go, one line for each try (I7)."""
    scene = teller.scene
    open_lines: list[bool] = []

    async def look(request: web.Request) -> web.StreamResponse:
        open_lines.extend(line.ending is None for line in (await teller.list_lines())[:1])
        return web.Response(status=500)

    await listen(scene, receiver.url)
    grant_id = await agree(scene)
    receiver.answers.append(look)
    await teller.tell(teller.message())
    await teller.bring()
    scene.clock.advance(timedelta(seconds=6))
    await teller.bring()
    second, first = await teller.list_lines()
    assert open_lines == [True]
    assert first.ending is not None
    assert second.ending is not None
    assert (first.ending.outcome, first.ending.reason, first.ending.status) == (Outcome.FAILED, "not_taken", 500)
    assert (second.ending.outcome, second.ending.status, second.ending.subjects) == (Outcome.PASSED, 200, 1)
    assert (second.line.grant_id, second.line.app_id) == (grant_id, scene.app.id)
    assert (second.line.platform, second.line.route, second.line.ask_ids) == ("zalo", "user_message", (CHAT,))


async def test_no_verdict_is_no_end(teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last check gets no answer nothing is sent, and the line says that, not that something ended."""

    async def fail(_hold: Any, _transport: Any) -> None:
        raise Unavailable("database")

    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    await teller.tell(teller.message())
    monkeypatch.setattr(Hold, "check_last", fail)
    await teller.bring()
    (line,) = await teller.list_lines()
    assert line.ending is not None
    assert (line.ending.outcome, line.ending.reason) == (Outcome.FAILED, "no_verdict")
    assert (receiver.came, await teller.states()) == ([], ["queued"])


async def test_no_line_no_byte(teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the trace cannot be written, or a bug is in the way, nothing is sent, and the copy waits."""

    async def fail(line: Any) -> None:
        raise Unavailable("database")

    async def stumble(line: Any) -> None:
        raise RuntimeError("a bug")

    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    await teller.tell(teller.message())
    for broken in (fail, stumble):
        with monkeypatch.context() as patched:
            patched.setattr(teller.trace, "open", broken)
            await teller.bring()
        assert (receiver.came, [each.outcome for each in await teller.list_log()]) == ([], ["not_sent"])
        teller.scene.clock.advance(timedelta(minutes=6))
    await teller.bring()
    assert await teller.states() == ["delivered"]


async def test_nothing_goes_out_unsigned(teller: Teller, receiver: Receiver) -> None:
    """A key that does not open, and an endpoint without any: the copy waits."""
    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    await teller.tell(teller.message())
    async with teller.scene.house.storage.unit() as unit:
        await unit.connection.execute(notice_keys.update().values(sealed_secret=b"x" * 60))
        await unit.commit()
    await teller.bring()
    async with teller.scene.house.storage.unit() as unit:
        await unit.connection.execute(notice_keys.update().values(ended_at=teller.scene.clock.now()))
        await unit.commit()
    teller.scene.clock.advance(timedelta(seconds=6))
    await teller.bring()
    (line,) = await teller.list_log()
    assert (receiver.came, line.tries, line.outcome) == ([], 2, "no_key")


async def test_a_line_that_cannot_be_closed_sends_nothing_twice(
    teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken was taken: the line stays open, which reads as it is."""

    async def fail(*_: Any) -> None:
        raise Unavailable("database")

    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    await teller.tell(teller.message())
    monkeypatch.setattr(teller.trace, "close", fail)
    await teller.bring()
    (line,) = await teller.list_lines()
    assert (await teller.states(), line.ending, len(receiver.came)) == (["delivered"], None, 1)


async def test_after_a_day_a_copy_is_gone(teller: Teller, receiver: Receiver) -> None:
    """Tried on the schedule of notices until a day is over; then destroyed, whatever the endpoint says (I6)."""
    scene = teller.scene
    receiver.status = 503
    await listen(scene, receiver.url)
    await agree(scene, duration="P90D")
    await teller.tell(teller.message("một"))
    await teller.tell(teller.message("hai"))
    started = scene.clock.now()
    while scene.clock.now() - started < LONGEST:
        await teller.bring()
        scene.clock.advance(timedelta(minutes=10))
    await drop_stale(scene.house)
    assert await count_copies(scene) == 0
    assert await teller.states() == ["given_up", "given_up"]
    texts = [each["message"]["text"] for each in events(receiver.came)]
    assert texts[:8] == [*["một"] * 7, "hai"]


async def test_410_destroys_what_waits(teller: Teller, receiver: Receiver) -> None:
    """An endpoint that is gone keeps nothing waiting, and no more is kept for it until it is set again."""
    scene = teller.scene
    await listen(scene, receiver.url)
    await agree(scene)
    receiver.answers.append(410)
    for _ in range(3):
        await teller.tell(teller.message())
    await teller.bring()
    assert await teller.states() == ["gone"] * 3
    assert await count_copies(scene) == 0
    await teller.tell(teller.message())
    assert len(await teller.states()) == 3
    await listen(scene, receiver.url)
    await teller.tell(teller.message())
    await teller.bring()
    assert sorted(await teller.states()) == ["delivered", "gone", "gone", "gone"]


async def test_an_event_cannot_be_sent_again(teller: Teller, receiver: Receiver) -> None:
    """What the app got was destroyed: the log's line is all that is left."""
    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    await teller.tell(teller.message())
    await teller.bring()
    (line,) = await teller.list_log()
    assert line.body == b""
    with pytest.raises(Refusal, match="nothing_to_change"):
        await send_again(teller.scene.house, teller.scene.app.id, line.id)
