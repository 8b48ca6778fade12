"""Notices on their way, over real HTTP on loopback: order, tries, endpoints that fail in every manner, restarts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from gateway.acts.notice_endpoint import rotate_key, set_endpoint
from gateway.acts.pause import pause, resume
from gateway.acts.send_notices import LEASE, close_notice, send_again, send_test, take_notices
from gateway.acts.withdraw import withdraw
from gateway.doors.events.courier import MOST_OF_ONE, Courier
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.records.ledger.kinds import Kind
from gateway.records.outbox.schedule import DELAYS, JITTER, find_delay
from gateway.records.outbox.tables import notice_keys
from gateway.records.outbox.types import Tried
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Unavailable
from tests.contract.letters import (
    find_endpoint,
    is_signed_by,
    list_notices,
    listen_at,
    opened,
    outcomes,
    public_keys,
    versions,
)
from tests.contract.steps import NAME, PHONE, SYSTEM, agreed, list_records, owner, verified
from tests.house import Scene, house_in, link_account, set_scene
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.receiver import Receiver, dripping, endless, hanging_up, never, receiving, redirecting


@asynccontextmanager
async def courier_of(scene: Scene, *, try_seconds: float = 10, allow_loopback: bool = True) -> AsyncIterator[Courier]:
    """Open a courier for the scene's house."""
    async with opened_fetcher(allow_loopback=allow_loopback) as fetcher:
        yield Courier(scene.house, fetcher, try_seconds=try_seconds)


async def bring(scene: Scene, *, try_seconds: float = 10, allow_loopback: bool = True) -> None:
    """Bring all that is due."""
    async with courier_of(scene, try_seconds=try_seconds, allow_loopback=allow_loopback) as courier:
        await courier.bring_due()


async def pause_and_resume(scene: Scene, grant_id: GrantId, times: int) -> None:
    """Make `times` notices of one grant."""
    for number in range(times):
        await (resume if number % 2 else pause)(scene.house, grant_id, owner(scene))


async def test_a_withdrawal_arrives_signed(scene: Scene) -> None:
    """The published library verifies it with the secret, cryptography with the public key; nobody else's keys do."""
    async with receiving() as receiver:
        secret = await listen_at(scene, receiver.url)
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[PHONE])
        await bring(scene)
    (came,) = receiver.came
    body = opened(came, secret)
    (public_key,) = await public_keys(scene)
    assert is_signed_by(came, public_key)
    assert (came.method, came.headers["content-type"]) == ("POST", "application/cloudevents+json; charset=utf-8")
    assert (body["id"], body["type"]) == (came.headers["webhook-id"], "quyen.grant.withdrawn")
    assert await outcomes(scene) == [(2, "delivered", 1, "200")]


async def test_after_a_rotation_both_keys_sign(scene: Scene) -> None:
    """A receiver that knows only the old secret, and one that knows only the new, both verify; the oldest is over."""
    async with receiving() as receiver:
        first = await listen_at(scene, receiver.url)
        second = await rotate_key(scene.house, scene.app.id, SYSTEM)
        old_public = (await public_keys(scene))[1]
        await send_test(scene.house, scene.app.id)
        await bring(scene)
        third = await rotate_key(scene.house, scene.app.id, SYSTEM)
        await send_test(scene.house, scene.app.id)
        await bring(scene)
    one, two = receiver.came
    assert opened(one, first) == opened(one, second)
    assert is_signed_by(one, old_public)
    assert opened(two, second) == opened(two, third)
    assert not is_signed_by(two, old_public)
    with pytest.raises(Exception, match="No matching signature"):
        opened(two, first)


async def test_notices_of_a_grant_come_in_order_one_at_a_time(scene: Scene) -> None:
    """A receiver never sees a later version before an earlier one, nor two at once."""
    under_way: list[int] = []

    async def slowly(request: web.Request) -> web.StreamResponse:
        under_way.append(1)
        most.append(len(under_way))
        await asyncio.sleep(0.03)
        under_way.pop()
        return web.Response()

    most: list[int] = []
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        given = await agreed(scene)
        receiver.answers += [slowly] * 5
        await pause_and_resume(scene, given.grant_id, 5)
        await bring(scene)
    assert (versions(receiver.came), max(most)) == ([2, 3, 4, 5, 6], 1)


async def test_a_late_notice_is_let_go_when_a_later_one_arrived(scene: Scene) -> None:
    """One that waits for its next try holds up no withdrawal, and is not sent after it."""
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        given = await agreed(scene)
        receiver.answers += [500]
        await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
        await bring(scene)
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[PHONE])
        await bring(scene)
        scene.clock.advance(timedelta(days=1))
        await bring(scene)
    assert versions(receiver.came) == [2, 3]
    assert await outcomes(scene) == [(2, "superseded", 1, "500"), (3, "delivered", 1, "200")]


async def test_the_tries_follow_the_schedule_and_then_end(scene: Scene) -> None:
    """Ten tries: at once, then as the papers say, never earlier and at most a tenth later, under one id."""
    async with receiving() as receiver, courier_of(scene) as courier:
        receiver.status = 503
        await listen_at(scene, receiver.url)
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene))
        await courier.bring_due()
        for number, delay in enumerate(DELAYS, start=1):
            scene.clock.advance(delay - timedelta(seconds=1))
            await courier.bring_due()
            assert len(receiver.came) == number
            scene.clock.advance(delay * JITTER + timedelta(seconds=1))
            await courier.bring_due()
            assert len(receiver.came) == number + 1
        scene.clock.advance(timedelta(days=30))
        await courier.bring_due()
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert len({came.headers["webhook-timestamp"] for came in receiver.came}) == len(receiver.came) == 10
    assert await outcomes(scene) == [(2, "given_up", 10, "503")]


@pytest.mark.parametrize("tries", range(1, 10))
def test_a_wait_is_jittered_and_heeds_what_was_asked(tries: int) -> None:
    """Waits differ by up to a tenth; Retry-After lengthens them, to a day at most."""
    entropy, delay = SeededEntropy(), DELAYS[tries - 1]
    waits = [find_delay(tries, entropy) or timedelta() for _ in range(20)]
    assert all(delay <= wait <= delay * (1 + JITTER) for wait in waits)
    assert len(set(waits)) > 10
    wished = find_delay(tries, entropy, wish_seconds=10**6) or timedelta()
    assert timedelta(days=1) <= wished <= timedelta(days=1) * (1 + JITTER)


def test_after_the_tenth_try_there_is_none() -> None:
    """Nine waits stand between ten tries, and between the ten that follow one that is asked for by hand."""
    assert find_delay(10, SeededEntropy()) is None
    assert find_delay(11, SeededEntropy()) == find_delay(1, SeededEntropy())
    assert find_delay(20, SeededEntropy()) is None


async def test_retry_after_is_heeded(scene: Scene) -> None:
    """An endpoint that says when it wants to be asked again is not asked before."""

    async def busy(request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "600"})

    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        receiver.answers.append(busy)
        await send_test(scene.house, scene.app.id)
        await bring(scene)
        scene.clock.advance(timedelta(seconds=590))
        await bring(scene)
        assert len(receiver.came) == 1
        scene.clock.advance(timedelta(seconds=11))
        await bring(scene)
    assert len(receiver.came) == 2


async def test_410_marks_the_endpoint_gone_until_it_is_set_again(scene: Scene) -> None:
    """What waits is let go, later changes are written down unsent, and the log says that it went."""
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        given = await agreed(scene)
        receiver.answers.append(410)
        await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
        await send_test(scene.house, scene.app.id)
        await pause(scene.house, given.grant_id, owner(scene), ask_ids=[PHONE])
        await bring(scene)
        endpoint = await find_endpoint(scene)
        assert endpoint is not None
        assert endpoint.state == "gone"
        await withdraw(scene.house, given.grant_id, owner(scene))
        scene.clock.advance(timedelta(days=3))
        before = len(receiver.came)
        await bring(scene)
        assert len(receiver.came) == before
        assert {state for _, state, _, _ in await outcomes(scene)} <= {"gone", "delivered"}
        assert len(await list_records(scene.house, kinds=[Kind.NOTICES_GONE])) == 1
        await set_endpoint(scene.house, scene.app.id, receiver.url, SYSTEM)
        last = max(await list_notices(scene), key=lambda notice: notice.version or 0)
        await send_again(scene.house, scene.app.id, last.id)
        await bring(scene)
    assert receiver.came[-1].body == last.body
    assert (await outcomes(scene))[-1] == (4, "delivered", 1, "200")
    assert (await verified(scene.house)).bad == []


async def test_410_of_an_address_that_was_changed_meanwhile_ends_nothing(scene: Scene) -> None:
    """The developer set another endpoint while the try was under way: the answer is the old one's."""
    async with receiving() as receiver:
        await listen_at(scene, "http://127.0.0.1:1/old")
        await send_test(scene.house, scene.app.id)
        (errand,) = await take_notices(scene.house, {}, most=1, most_of_one=1)
        scene.clock.advance(1)
        await set_endpoint(scene.house, scene.app.id, receiver.url, SYSTEM)
        await close_notice(scene.house, errand, Tried(410))
        scene.clock.advance(6)
        await bring(scene)
    assert len(receiver.came) == 1
    assert await outcomes(scene) == [(0, "delivered", 2, "200")]


@pytest.mark.parametrize(
    "answer, outcome",
    [(301, "301"), (308, "308"), (404, "404"), (500, "500"), (hanging_up, "unreachable"), (never, "timeout")],
)
async def test_what_is_no_2xx_is_a_failure(scene: Scene, answer: object, outcome: str) -> None:
    """A redirect, an error, silence and a closed connection are tried again."""
    async with receiving() as receiver:
        receiver.answers.append(answer)  # type: ignore[arg-type]
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        await bring(scene, try_seconds=0.5)
    assert await outcomes(scene) == [(0, "waiting", 1, outcome)]


async def test_a_redirect_is_not_followed(scene: Scene) -> None:
    """A developer's server cannot send the gateway on to where it may not go by itself."""
    async with receiving() as inside, receiving() as receiver:
        receiver.answers.append(redirecting(inside.url, 307))
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        await bring(scene)
    assert (len(receiver.came), inside.came) == (1, [])
    assert await outcomes(scene) == [(0, "waiting", 1, "307")]


async def test_a_body_without_end_is_not_read(scene: Scene) -> None:
    """The head says 2xx: taken, whatever follows."""
    async with receiving() as receiver:
        receiver.answers += [endless, dripping]
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        await send_test(scene.house, scene.app.id)
        await bring(scene, try_seconds=5)
    assert await outcomes(scene) == [(0, "delivered", 1, "200")] * 2


async def test_loopback_is_refused_to_a_gateway_that_is_not_there(scene: Scene) -> None:
    """In production an endpoint that leads inside is a failed try, and the server there hears nothing."""
    async with receiving() as receiver:
        for host in ("127.0.0.1", "localhost"):
            await listen_at(scene, receiver.url.replace("http:", "https:").replace("127.0.0.1", host))
            await send_test(scene.house, scene.app.id)
            await bring(scene, allow_loopback=False)
    assert receiver.came == []
    assert {outcome for _, _, _, outcome in await outcomes(scene)} == {"refused_address"}


async def test_nobody_there_is_a_failed_try(scene: Scene) -> None:
    """A port that refuses is tried again; when the server is back it hears."""
    async with receiving() as receiver:
        url = receiver.url
    await listen_at(scene, url)
    await send_test(scene.house, scene.app.id)
    await bring(scene)
    assert await outcomes(scene) == [(0, "waiting", 1, "unreachable")]


async def test_a_crash_between_sending_and_marking_sends_again_under_the_same_id(scene: Scene) -> None:
    """The lease holds others off for a minute; then the notice goes out anew, and the receiver knows it by its id."""
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        async with courier_of(scene) as courier:
            (errand,) = await take_notices(scene.house, {}, most=1, most_of_one=1)
            await courier._try(errand)  # and here it dies
        await bring(scene)
        assert len(receiver.came) == 1
        scene.clock.advance(LEASE)
        await bring(scene)
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert (len(receiver.came), await outcomes(scene)) == (2, [(0, "delivered", 1, "200")])


async def test_two_workers_take_a_notice_on_once(scene: Scene) -> None:
    """Replicas that look at the same moment share the work: each notice is sent once."""
    async with receiving() as receiver, courier_of(scene) as one, courier_of(scene) as other:
        await listen_at(scene, receiver.url)
        for _ in range(12):
            await send_test(scene.house, scene.app.id)
        await asyncio.gather(one.bring_due(), other.bring_due())
    ids = [came.headers["webhook-id"] for came in receiver.came]
    assert (len(ids), len(set(ids))) == (12, 12)


async def test_a_slow_endpoint_delays_its_own_app_alone(scene: Scene) -> None:
    """However much waits for one endpoint, few of it are under way, and another app's notice arrives."""
    async with receiving() as slow, receiving() as quick, courier_of(scene, try_seconds=1) as courier:
        await listen_at(scene, slow.url)
        await set_endpoint(scene.house, scene.public_app.id, quick.url, SYSTEM)
        slow.answers += [never] * 40
        for _ in range(20):
            await send_test(scene.house, scene.app.id)
        scene.clock.advance(1)
        await send_test(scene.house, scene.public_app.id)
        async with courier.running():
            await _until_came(quick, 1)
            assert len(slow.came) == MOST_OF_ONE


async def test_what_runs_hears_of_new_notices_and_of_late_tries(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running courier is woken by an act, and looks by itself for tries that came due."""
    monkeypatch.setattr("gateway.doors.events.courier.LOOK_SECONDS", 30)
    async with receiving() as receiver, courier_of(scene) as courier:
        await listen_at(scene, receiver.url)
        given = await agreed(scene)
        async with courier.running():
            await asyncio.sleep(0.05)
            await withdraw(scene.house, given.grant_id, owner(scene))
            await _until_came(receiver, 1)
    assert versions(receiver.came) == [2]


async def test_a_database_that_is_silent_stops_no_courier(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither taking on nor writing down that fails ends the run; the notice is there when the database is back."""
    fails = [Unavailable("database"), Unavailable("database")]

    async def take(*args: object, **kwargs: object) -> object:
        if fails:
            raise fails.pop()
        return await take_notices(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.doors.events.courier.take_notices", take)
    monkeypatch.setattr("gateway.doors.events.courier.LOOK_SECONDS", 0.02)
    async with receiving() as receiver, courier_of(scene) as courier:
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        async with courier.running():
            await _until_came(receiver, 1)
    assert fails == []


async def test_a_mark_that_cannot_be_made_is_a_notice_sent_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver took it and the database did not: it comes once more, under the same id; nothing is lost."""
    fails = [Unavailable("database"), RuntimeError("a bug")]

    async def close(*args: object, **kwargs: object) -> None:
        if fails:
            raise fails.pop()
        await close_notice(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.doors.events.courier.close_notice", close)
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        for _ in range(3):
            await bring(scene)
            scene.clock.advance(LEASE)
    assert len(receiver.came) == 3
    assert await outcomes(scene) == [(0, "delivered", 1, "200")]


async def test_a_key_that_does_not_open_sends_nothing_unsigned(scene: Scene) -> None:
    """A row that someone changed behind the gateway's back is a failed try; no notice leaves without its signature."""
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        await send_test(scene.house, scene.app.id)
        async with scene.house.storage.unit() as unit:
            await unit.connection.execute(notice_keys.update().values(sealed_secret=b"\x01" * 60))
            await unit.commit()
        await bring(scene)
    assert receiver.came == []
    assert await outcomes(scene) == [(0, "waiting", 1, "no_key")]


async def test_a_replay_by_hand_keeps_id_and_body(scene: Scene) -> None:
    """What was delivered can be sent once more, byte for byte, signed anew."""
    async with receiving() as receiver:
        secret = await listen_at(scene, receiver.url)
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene))
        await bring(scene)
        scene.clock.advance(10)
        await send_again(scene.house, scene.app.id, (await list_notices(scene))[0].id)
        await bring(scene)
    first, second = receiver.came
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert opened(second, secret)


async def test_tries_go_on_counting_after_a_replay_by_hand(scene: Scene) -> None:
    """The log tells all that was tried, and how it ended last; one that failed before 410 ended the rest says so."""
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        given = await agreed(scene)
        receiver.answers += [500, 410, 200, 200]
        await pause(scene.house, given.grant_id, owner(scene))
        await bring(scene)
        await withdraw(scene.house, given.grant_id, owner(scene))
        await bring(scene)
        assert await outcomes(scene) == [(2, "gone", 1, "500"), (3, "gone", 1, "410")]
        await set_endpoint(scene.house, scene.app.id, receiver.url, SYSTEM)
        last = max(await list_notices(scene), key=lambda notice: notice.version or 0)
        for _ in range(2):
            await send_again(scene.house, scene.app.id, last.id)
            assert (await outcomes(scene))[-1][1] == "waiting"
            await bring(scene)
    assert (await outcomes(scene))[-1] == (3, "delivered", 3, "200")


async def test_grants_of_one_app_go_side_by_side(scene: Scene) -> None:
    """One account's trouble holds up no other account's notice."""
    other = await link_account(scene.house, scene.owner.id, external_id="4000000000000002")
    async with receiving() as receiver:
        await listen_at(scene, receiver.url)
        first = await agreed(scene)
        second = await agreed(Scene(**{name: getattr(scene, name) for name in scene.__slots__} | {"account": other}))
        receiver.answers += [never]
        await withdraw(scene.house, first.grant_id, owner(scene))
        await withdraw(scene.house, second.grant_id, owner(scene))
        await bring(scene, try_seconds=0.5)
    assert sorted(state for _, state, _, _ in await outcomes(scene)) == ["delivered", "waiting"]


async def test_a_restart_goes_on_where_it_was(tmp_path: Path, clock: ManualClock) -> None:
    """The outbox is in the database: another process of the same gateway brings what the first wrote down."""
    async with receiving() as receiver:
        async with house_in(tmp_path, clock) as house:
            scene = await set_scene(house, clock)
            secret = await listen_at(scene, receiver.url)
            given = await agreed(scene)
            await withdraw(house, given.grant_id, owner(scene))
        async with house_in(tmp_path, clock) as house, opened_fetcher(allow_loopback=True) as fetcher:
            await Courier(house, fetcher).bring_due()
    assert opened(receiver.came[0], secret)["subject"] == given.grant_id


async def _until_came(receiver: Receiver, number: int) -> None:
    async with asyncio.timeout(20):
        while len(receiver.came) < number:  # noqa: ASYNC110 - the receiver is someone else's server
            await asyncio.sleep(0.01)
