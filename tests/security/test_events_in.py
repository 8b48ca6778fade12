"""What platforms tell is believed by its signature alone: what is forged, stale, replayed or malformed is not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.acts.send_events import drop_stale
from gateway.acts.take_events import take_events
from gateway.authority.limits import Limit
from gateway.doors.events import hooks, intake
from gateway.platforms import Distrust
from gateway.platforms.zalo.hooks import OLDEST, ZaloHooks, sign
from gateway.records.accounts.pairs import find_subject
from gateway.records.accounts.tables import profile_pairs
from gateway.records.hooks.tables import hook_arrivals
from gateway.records.outbox.tables import event_copies
from gateway.terms.refusal import Unavailable
from scopes.events import LIMIT_BYTES
from tests.house import agree, house_in
from tests.ready import scene_in
from tests.stand_ins.clock import START, ManualClock
from tests.telling import KEY, UPSTREAM_APP, Teller, listen, telling

SAYS = b'{"app_id":"360846524940903967","event_name":"user_send_text","timestamp":"154390853474"}'
REMEMBERED = timedelta(hours=26)
SAID_MAC = "3e0156ef5f5421c37154eb1876074639202dccd1b4032c21d3f88decca0555d5"


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Teller]:
    """Yield Zalo, telling at a scene whose app may hear everything and never is reached."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await listen(scene, "http://127.0.0.1:9/")
        await agree(scene)
        yield teller


async def kept(teller: Teller) -> tuple[int, int]:
    """Count what is at rest: arrivals, and copies."""
    async with teller.scene.house.storage.read() as connection:
        arrivals = (await connection.execute(hook_arrivals.select())).all()
        copies = (await connection.execute(event_copies.select())).all()
    return len(arrivals), len(copies)


def test_the_published_vector() -> None:
    """The signature of the facts' example, with and without its prefix, in capitals too; one sign off is another."""
    assert sign("360846524940903967", SAYS, "154390853474", key="OA_SECRET_EXAMPLE") == SAID_MAC
    at = datetime.fromtimestamp(154390853.474, UTC)
    reader = ZaloHooks("360846524940903967")
    for given in (f"mac={SAID_MAC}", SAID_MAC, SAID_MAC.upper()):
        (heard,) = reader.read({"x-zevent-signature": given}, SAYS, "OA_SECRET_EXAMPLE", now=at)
        assert heard.name == "user_send_text"
    for given in ("", "mac=", f"mac={SAID_MAC[:-1]}4", f"sha256={SAID_MAC}", "mac=é", SAID_MAC[:-1]):
        with pytest.raises(Distrust, match="forged"):
            reader.read({"x-zevent-signature": given}, SAYS, "OA_SECRET_EXAMPLE", now=at)


async def test_the_signed_event_is_kept(teller: Teller) -> None:
    """The control of all that follows: what is signed, fresh and new is kept once, with a copy for the app."""
    assert await teller.tell(teller.message()) == 200
    assert await kept(teller) == (1, 1)


async def test_what_is_forged_changes_nothing(teller: Teller) -> None:
    """Unsigned, under another key, of other bytes, with another's app id: 401 each."""
    said = teller.message()
    assert await teller.tell(said, X_ZEvent_Signature="") == 401
    assert await teller.tell(said, key="khoa-khac") == 401
    changed = sha256(f"{UPSTREAM_APP}{{}}{said['timestamp']}{KEY}".encode()).hexdigest()
    assert await teller.tell(said, X_ZEvent_Signature=f"mac={changed}") == 401
    app_secret = sign("another-app", b"{}", said["timestamp"], key=KEY)
    assert await teller.tell(said, X_ZEvent_Signature=app_secret) == 401
    assert await kept(teller) == (0, 0)


@pytest.mark.parametrize("seconds", [-OLDEST.total_seconds() - 60, 6 * 60])
async def test_what_is_stale_changes_nothing(teller: Teller, seconds: float) -> None:
    """Signed long ago, or for a time that has not come."""
    assert await teller.tell(teller.message(timestamp=teller.stamp(seconds))) == 401
    assert await kept(teller) == (0, 0)


async def test_a_retry_within_zalos_schedule_is_fresh(teller: Teller) -> None:
    """What Zalo tells again after 1 h 51 min, the gateway having been away, is taken."""
    assert await teller.tell(teller.message(timestamp=teller.stamp(-111 * 60)), num_retry="5") == 200
    assert await kept(teller) == (1, 1)


async def test_what_is_told_again_changes_nothing(teller: Teller, tmp_path: Path) -> None:
    """The same bytes, and the same message in other bytes; also at the same moment, and by what is on disk alone."""
    said = teller.message()
    again = {**said, "timestamp": teller.stamp(1)}
    assert [await teller.tell(each) for each in (said, said, again)] == [200, 200, 200]
    assert await kept(teller) == (1, 1)
    other = teller.message()
    assert await asyncio.gather(*(teller.tell(other) for _ in range(5))) == [200] * 5
    assert await kept(teller) == (2, 2)


async def test_an_arrival_is_remembered_over_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    """The memory is the database's: a gateway that starts again takes nothing twice."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await listen(scene, "http://127.0.0.1:9/")
        await agree(scene)
        said = teller.message()
        assert await teller.tell(said) == 200
    async with house_in(tmp_path, clock) as house:
        scene = type(scene)(**{**{name: getattr(scene, name) for name in scene.__slots__}, "house": house})
        async with telling(scene) as teller:
            assert await teller.tell(said) == 200
            assert await kept(teller) == (1, 1)


async def test_the_memory_is_bounded(teller: Teller) -> None:
    """Arrivals are forgotten once anything as old is stale, and not before."""
    assert REMEMBERED > OLDEST
    assert await teller.tell(teller.message()) == 200
    teller.scene.clock.advance(OLDEST + timedelta(minutes=5))
    await drop_stale(teller.scene.house)
    assert (await kept(teller))[0] == 1
    teller.scene.clock.advance(REMEMBERED)
    await drop_stale(teller.scene.house)
    assert await kept(teller) == (0, 0)


@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 401),
        (b"not json", 401),
        (b"[]", 401),
        (b'{"event_name":"user_send_text"}', 401),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 401),
        (b'{"event_name":["user_send_text"],"timestamp":"NOW"}', 200),
        (b'{"event_name":"follow","timestamp":"1","timestamp":"NOW"}', 200),
        (b'\xef\xbb\xbf{"event_name":"follow","timestamp":"NOW"}', 200),
        (b'{"event_name":"\xff","timestamp":"NOW"}', 200),
        (b'{"a":' + b"[" * 400 + b"]" * 400 + b',"event_name":"follow","timestamp":"NOW"}', 200),
        (b'{"event_name":"follow","timestamp":"NOW","x":"' + b"x" * LIMIT_BYTES + b'"}', 413),
    ],
    ids=["empty", "words", "list", "no time", "pit", "name", "twice", "mark", "not utf-8", "deep", "large"],
)
async def test_what_is_malformed_changes_nothing(
    teller: Teller, monkeypatch: pytest.MonkeyPatch, body: bytes, status: int
) -> None:
    """Unsigned as far as anyone can tell; or signed, and dropped without being held against the platform."""
    body = body.replace(b"NOW", teller.stamp().encode())
    signature = sign(UPSTREAM_APP, body, teller.stamp(), key=KEY)
    monkeypatch.setattr(hooks, "DISTRUSTED", Limit(1, timedelta(minutes=1)))
    assert await teller.tell(body, X_ZEvent_Signature=signature) == status
    assert await kept(teller) == (0, 0)
    assert await teller.tell(teller.message(), key="khoa-khac") == (429 if status == 401 else 401)


@pytest.mark.parametrize("timestamp", ["", "-1", "1e12", "١٢٣", "9" * 15, " 1"])
async def test_a_time_that_is_none_is_refused(teller: Teller, timestamp: str) -> None:
    """Signed, but with a time in no form that Zalo writes."""
    assert await teller.tell(teller.message(timestamp=timestamp)) == 200
    assert await kept(teller) == (0, 0)


async def test_an_event_of_another_account_is_nobodys(teller: Teller) -> None:
    """Of an OA that is not linked, or through another upstream app; or named where the catalogue does not look."""
    assert await teller.tell(teller.message(recipient={"id": "9"})) == 200
    account = teller.scene.account.external_id
    assert await teller.tell(teller.message(recipient={"id": "9"}, oa_id=account, sender={"id": account})) == 200
    teller.door.points[("zalo", "other")] = hooks.Point(KEY, "other")  # type: ignore[index]
    assert await teller.tell(teller.message(), endpoint="other") == 200
    assert await kept(teller) == (0, 0)


@pytest.mark.parametrize("path", ["/hooks/zalo/another", "/hooks/kiotviet/upstream-app"])
async def test_there_are_no_other_addresses(teller: Teller, path: str) -> None:
    """An endpoint that is none of ours answers 404, whatever is sent there."""
    async with teller.http.post(teller.url + path, data=b"{}") as answer:
        assert answer.status == 404


async def test_a_receipt_of_a_template_names_no_phone_number(teller: Teller) -> None:
    """By a header or members of ZNS alone it is another event: its recipient, a phone number, never passes."""
    account = teller.scene.account.external_id
    said = teller.message(event_name="user_received_message", sender={"id": account}, recipient={"id": "84000000101"})
    assert await teller.tell(said, X_ZEvent_Server="ZNS") == 200
    for mark in ({"delivery_time": "1795226400000"}, {"tracking_id": None}):  # the header is signed by nobody
        assert await teller.tell({**said, "message": {"msg_id": "m", **mark}}) == 200
    assert (await kept(teller))[1] == 0


async def test_who_is_not_believed_is_soon_not_heard(teller: Teller) -> None:
    """A flood of forgeries is told to stop, and a minute later is judged anew; nothing of it is kept."""
    said = teller.message()
    forged = [await teller.tell(said, key="khoa-khac") for _ in range(hooks.DISTRUSTED.times + 1)]
    assert forged == [401] * hooks.DISTRUSTED.times + [429]
    assert await teller.tell(said, X_ZEvent_Signature="") == 429
    teller.scene.clock.advance(60)
    assert await teller.tell(said, key="khoa-khac") == 401
    assert await kept(teller) == (0, 0)


async def test_what_is_signed_is_heard_amid_forgeries_of_the_same_address(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a shared hop the forger and the platform are one address: no forgery keeps out what is signed."""
    monkeypatch.setattr(hooks, "DISTRUSTED", Limit(2, timedelta(minutes=1)))
    forged, signed = [], []
    for _ in range(4):
        forged.append(await teller.tell(teller.message(), key="khoa-khac"))
        signed.append(await teller.tell(teller.message()))
    assert (forged, signed) == ([401, 401, 429, 429], [200] * 4)
    assert await kept(teller) == (4, 4)


async def test_a_flood_makes_nobody_read_much(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """To judge a body it is read: of an address of forgeries only small ones, and a large one is told to come back."""
    monkeypatch.setattr(hooks, "DISTRUSTED", Limit(1, timedelta(minutes=1)))
    large = teller.message(message={"msg_id": "m", "text": "x" * hooks.DISTRUSTED_BYTES})
    assert await teller.tell(teller.message(), key="khoa-khac") == 401
    assert await teller.tell(large) == 429
    assert await kept(teller) == (0, 0)
    teller.scene.clock.advance(60)
    assert await teller.tell(large) == 200


async def test_a_flood_at_one_address_is_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its pace even what is signed is told to come back; nothing of it is lost by that, nor kept."""
    monkeypatch.setattr(hooks, "BY_ENDPOINT", Limit(3, timedelta(seconds=10)))
    answers = [await teller.tell(teller.message()) for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert await kept(teller) == (3, 3)


async def test_what_cannot_be_kept_is_not_said_to_be(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that gives no answer, or not in time: 503, and Zalo tells it again."""

    async def fail(*_: Any) -> None:
        raise Unavailable("database")

    async def dawdle(*_: Any) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(hooks, "ANSWER_SECONDS", 0.05)
    for broken in (fail, dawdle):
        with monkeypatch.context() as patched:
            patched.setattr(intake, "take_events", broken)
            assert await teller.tell(teller.message()) == 503
    assert await kept(teller) == (0, 0)


async def test_what_was_answered_is_not_kept_afterwards(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is silent only so many wait, and who was told 503 in the meantime waits no more."""
    monkeypatch.setattr(intake, "MOST_WAITING", 2)
    monkeypatch.setattr(hooks, "ANSWER_SECONDS", 0.3)
    begun, going_on, taken = asyncio.Event(), asyncio.Event(), 0

    async def take(_house: Any, told: Any) -> None:
        nonlocal taken
        taken += len(told)
        begun.set()
        await going_on.wait()

    monkeypatch.setattr(intake, "take_events", take)
    first = asyncio.create_task(teller.tell(teller.message()))
    await begun.wait()
    assert await asyncio.gather(first, *(teller.tell(teller.message()) for _ in range(4))) == [503] * 5
    assert (taken, len(teller.door.intake._waiting)) == (1, 2)
    going_on.set()
    monkeypatch.setattr(intake, "MOST_WAITING", 3)
    assert await teller.tell(teller.message()) == 200
    assert taken == 2


async def test_one_event_that_cannot_be_kept_takes_no_other_with_it(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug that one event meets is its own: those told at the same moment are kept."""
    failing = teller.message("lỗi")

    async def fail_for_one(house: Any, told: Any) -> None:
        if any("lỗi".encode() in each.body or b"l\\u1ed7i" in each.body for each in told):
            raise RuntimeError("a bug")
        await take_events(house, told)

    monkeypatch.setattr(intake, "take_events", fail_for_one)
    answers = await asyncio.gather(teller.tell(teller.message()), teller.tell(failing), teller.tell(teller.message()))
    assert list(answers) == [200, 500, 200]
    assert await kept(teller) == (2, 2)


async def test_an_event_in_another_form_than_declared_is_dropped(teller: Teller) -> None:
    """A number where a text is declared: taken, so that it is not told again, and passed to nobody (I5)."""
    assert await teller.tell(teller.message(message={"text": 5, "msg_id": "m"})) == 200
    assert (await kept(teller))[1] == 0


def test_the_first_term_may_be_the_oas_id() -> None:
    """Where the setting says so, the signature begins with the OA's id, whichever side of the event it stands on."""
    body = b'{"event_name":"follow","oa_id":"44","timestamp":"1000"}'
    at = START.replace(year=1970, month=1, day=1)
    reader = ZaloHooks("app", "oa_id")
    signed = {"x-zevent-signature": sign("44", body, "1000", key="k")}
    assert reader.read(signed, body, "k", now=at)[0].name == "follow"
    with pytest.raises(Distrust):
        reader.read({"x-zevent-signature": sign("app", body, "1000", key="k")}, body, "k", now=at)
    with pytest.raises(Distrust):
        reader.read(
            {"x-zevent-signature": sign("", b"{}", "1000", key="k")},
            b'{"event_name":"f","timestamp":"1000"}',
            "k",
            now=at,
        )


async def test_the_door_stands_on_the_api_origin(teller: Teller) -> None:
    """Only where some platform tells: without one there is no address at all."""
    empty = hooks.EventsDoor(
        teller.scene.house, teller.door.catalogue, teller.door.limits, teller.door.intake, hooks={}, points={}
    )
    assert hooks.endpoints(empty) == []
    assert [each.path for each in hooks.endpoints(teller.door)] == ["/hooks/{platform}/{endpoint}"]
    async with aiohttp.ClientSession() as http, http.get(f"{teller.url}/hooks/zalo/{UPSTREAM_APP}") as answer:
        assert answer.status == 405


async def test_a_signed_event_tells_who_a_follower_is(teller: Teller) -> None:
    """The platform's word on one person's two ids is kept, the newest of it; a forged one, and an odd one, are not."""
    shop, vault = teller.scene.account.id, teller.scene.house.vault

    async def known() -> list[str | None]:
        async with teller.scene.house.storage.read() as connection:
            return [await find_subject(connection, vault, shop, login_subject=each) for each in ("77", "78")]

    assert await teller.tell(teller.message(user_id_by_app="77"), key="khoa-khac") == 401
    assert await known() == [None, None]
    said = teller.message(user_id_by_app="77")
    assert await teller.tell(said) == 200
    sender = said["sender"]["id"]
    assert await known() == [sender, None]
    await teller.tell(teller.message(user_id_by_app="77"))
    await teller.tell(teller.message(user_id_by_app="78", sender={"id": "9999"}))
    assert await known() == [sender, "9999"]
    await teller.tell(teller.message(user_id_by_app="78", sender={"id": "9998"}))
    assert await known() == [sender, "9998"]
    for odd in ({"x": 1}, None, ["79"]):
        assert await teller.tell(teller.message(user_id_by_app=odd)) == 200
    assert await known() == [sender, "9998"]
    async with teller.scene.house.storage.read() as connection:
        rows = (await connection.execute(profile_pairs.select())).all()
    assert len(rows) == 2
    assert not [row for row in rows if {row.login_subject, row.subject_id} & {"77", "78", sender, "9998"}]
