"""Somebody takes their consent back in a Mini App: signed in another way, about the id of their sign-in alone."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from gateway.acts.profiles import Met, keep_profile
from gateway.acts.register import NewPerson, add_person
from gateway.authority.bases import Asked, Said
from gateway.platforms.zalo.hooks import OLDEST, ZaloHooks
from gateway.platforms.zalo.login import login_issuer
from gateway.platforms.zalo.revocations import MiniApp, sign_values
from gateway.records.accounts.tables import revocations
from gateway.records.ledger.types import Actor
from gateway.records.people import identities
from gateway.records.people.identities import Identity
from gateway.records.people.types import Role
from tests.contract.steps import verified
from tests.followers import CHAT, NAME, PHONE, decide_as, say_yes
from tests.house import Scene, link_account
from tests.ready import scene_in
from tests.security.test_events_brought import MINE, bring, link
from tests.security.test_events_out import events
from tests.security.test_withdrawn_at_platform import LOGIN, list_told, notices
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Receiver
from tests.telling import FOLLOWER, KEY, UPSTREAM_APP, Teller, telling, telling_of_askers

MINI_APP, MINI_KEY = "2646373759294038927", "khoa-open-api"
SIGNED: dict[str, Any] = {
    "event": "user.revoke.consent",
    "appId": MINI_APP,
    "userId": "4047671499938107249",
    "timestamp": 1670553442564,
}


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock, receiver: Receiver) -> AsyncIterator[Teller]:
    """Yield Zalo, telling of a Mini App at a scene whose app asks each follower and listens."""
    hooks = {"zalo": ZaloHooks(UPSTREAM_APP, mini_app=MiniApp(MINI_APP, MINI_KEY))}
    async with telling_of_askers(tmp_path, clock, receiver.url, hooks=hooks) as teller:
        yield teller


async def revoke(teller: Teller, *, key: str = MINI_KEY, raw: bytes | None = None, **changes: Any) -> int:
    """Tell that somebody took their consent back in the Mini App; a member that is None is left out."""
    said = {**SIGNED, "userId": LOGIN, "timestamp": int(teller.stamp()), **changes}
    said = {name: value for name, value in said.items() if value is not None}
    body = json.dumps(said).encode()
    signature = sign_values({name: str(value) for name, value in said.items()}, key=key)
    return await teller.tell(body if raw is None else raw, X_ZEvent_Signature=signature)


async def find_said(scene: Scene, external_id: str = "") -> Said:
    """Find what the follower said of the scene's app, at its account or another."""
    account = external_id or scene.account.external_id
    return await scene.house.words.find(Asked(scene.app.id, "zalo", account, frozenset({FOLLOWER})))


def test_the_signature_is_that_of_the_docs() -> None:
    """All values in the order of their names, then the key, nothing between: appId, event, timestamp, userId."""
    content = f"{MINI_APP}user.revoke.consent16705534425644047671499938107249"
    expected = sha256(f"{content}{MINI_KEY}".encode()).hexdigest()
    assert sign_values({name: str(value) for name, value in SIGNED.items()}, key=MINI_KEY) == expected


async def test_whom_the_pair_names_is_ended_everywhere(teller: Teller, receiver: Receiver) -> None:
    """At every OA that told of them; the apps that had something hear it by the notice, not by an id of the sign-in."""
    scene = teller.scene
    other = await link_account(scene.house, scene.owner.id, external_id="4000000000000002")
    await say_yes(scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    await teller.tell(teller.message(recipient={"id": other.external_id}))
    assert await revoke(teller) == 200
    assert (await find_said(scene)).refused.keys() == {NAME, PHONE, CHAT}
    assert {record.facts["event"] for record in await list_told(scene.house)} == {"user.revoke.consent"}
    await teller.bring()
    (notice,) = notices(receiver)
    assert notice["data"]["account"] == f"{scene.account.external_id}/{FOLLOWER}"
    assert {each["wanted"] for each in notice["data"]["asks"]} == {"erase"}
    assert events(receiver.came) == []
    assert LOGIN.encode() not in b"".join(each.body for each in receiver.came)
    assert await revoke(teller) == 200
    assert len(await list_told(scene.house)) == 1


async def test_whoever_came_by_that_sign_in_is_ended_too(teller: Teller) -> None:
    """A profile that they proved to be theirs, though no event told the pair through this app."""
    scene = teller.scene
    wanted = NewPerson("khach-zalo", "Khách (mẫu)", frozenset({Role.FOLLOWER}), None)
    person = await add_person(scene.house, wanted, Actor.system())
    issuer, now = login_issuer(UPSTREAM_APP), scene.house.clock.now()
    async with scene.house.storage.unit() as unit:
        await identities.add(unit.connection, Identity(issuer, LOGIN, person.id, "provider", now))
        await unit.commit()
    met = Met(FOLLOWER, "another id", "test")
    profile = await keep_profile(scene.house, scene.account, met, person_id=person.id)
    await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])
    assert await revoke(teller) == 200
    assert (await find_said(scene)).refused.keys() == {NAME, PHONE, CHAT}


async def test_of_somebody_unknown_nothing_changes(teller: Teller) -> None:
    """200, one honest line in the log, which names nobody; what is kept of them is no id either."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    with capture_logs() as lines:
        assert await revoke(teller) == 200
    assert [line["event"] for line in lines] == ["nobody here is known to have taken a consent back"]
    assert lines[0]["is_kept"]
    assert LOGIN not in str(lines)
    async with teller.scene.house.storage.read() as connection:
        (kept,) = (await connection.execute(select(revocations))).all()
    assert LOGIN not in str(kept)
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}
    assert await list_told(teller.scene.house) == []


async def test_it_ends_once_it_is_known_who_it_was(teller: Teller, receiver: Receiver) -> None:
    """The first event that tells the pair ends it before a word of that event passes; the app hears that it erases."""
    scene = teller.scene
    await say_yes(scene, FOLLOWER, [NAME, CHAT])
    assert await revoke(teller) == 200
    scene.clock.advance(timedelta(minutes=4))
    await teller.tell(teller.message(user_id_by_app="8137520046001000240"))  # of another sign-in
    assert (await find_said(scene)).agreed.keys() == {NAME, CHAT}
    assert await teller.tell(teller.message()) == 200
    assert (await find_said(scene)).refused.keys() == {NAME, PHONE, CHAT}
    (record,) = await list_told(scene.house)
    assert record.facts["event"] == "user.revoke.consent"
    await teller.bring()
    (notice,) = notices(receiver)
    assert {each["wanted"] for each in notice["data"]["asks"]} == {"erase"}
    assert events(receiver.came) == []
    assert (await verified(scene.house)).is_ok


async def test_who_becomes_known_at_the_same_moment_is_met(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told between the look for what is kept and the note of the pair, it finds nobody yet, and ends all the same."""
    keep = teller.door.intake.keep

    async def told_meanwhile(told: Any) -> None:
        assert await revoke(teller) == 200
        assert (await find_said(teller.scene)).agreed.keys() == {NAME}
        await keep(told)

    await say_yes(teller.scene, FOLLOWER, [NAME])
    monkeypatch.setattr(teller.door.intake, "keep", told_meanwhile)
    assert await teller.tell(teller.message()) == 200
    assert (await find_said(teller.scene)).agreed == {}


async def test_what_cannot_be_ended_lets_no_event_pass(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and nothing of the event is kept; told again it ends, is on disk, and the event is taken."""
    scene = teller.scene

    def broken(*_args: Any) -> None:
        raise PermissionError(13, "not now")

    await say_yes(scene, FOLLOWER, [NAME, CHAT])
    assert await revoke(teller) == 200
    message = teller.message()
    with monkeypatch.context() as patch:
        patch.setattr(type(scene.house.journal), "append", broken)
        assert [await teller.tell(message) for _ in range(2)] == [503, 503]
    assert await teller.list_log() == []
    assert await teller.tell(message) == 200
    assert (await find_said(scene)).agreed == {}
    stones = scene.house.journal.read().tombstones
    assert any(stone.cause == "withdrawn_at_platform" for stone in stones)


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"key": KEY}, 401),
        ({"key": ""}, 401),
        ({"raw": b"{}"}, 401),
        ({"raw": b'{"event":"user.revoke.consent"}'}, 401),
        ({"raw": b'{"event":"user.revoke.consent","event":1}'}, 401),
        ({"raw": b'["event"]'}, 401),
        ({"appId": "1"}, 200),
        ({"userId": ""}, 200),
        ({"userId": f"{LOGIN}x"}, 200),
        ({"timestamp": None}, 200),
        ({"timestamp": "167055344256"}, 200),
        ({"more": "1"}, 200),
        ({"event": "versions.review.done", "userId": None, "status": -1}, 200),
    ],
    ids=[
        "the OA's key",
        "no key",
        "empty",
        "unsigned",
        "twice",
        "list",
        "another app",
        "nobody",
        "no id",
        "no time",
        "short time",
        "more",
        "another event",
    ],
)
async def test_what_is_forged_or_malformed_changes_nothing(
    teller: Teller, changes: dict[str, Any], status: int
) -> None:
    """A digit that wanders from one value into the next keeps the signature right: so each has one spelling alone."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    assert await revoke(teller, **changes) == status
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}


async def test_what_is_stale_changes_nothing(teller: Teller) -> None:
    """Signed long ago, or for a time that has not come."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    for seconds in (-OLDEST.total_seconds() - 60, 6 * 60):
        assert await revoke(teller, timestamp=int(teller.stamp(seconds))) == 401
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}


async def test_a_digit_that_wanders_is_another_time(teller: Teller) -> None:
    """The signature covers both bodies alike; the second says another person and no time of today's."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    stamp = teller.stamp()
    signed = sign_values({**SIGNED, "userId": LOGIN, "timestamp": stamp}, key=MINI_KEY)
    moved = {**SIGNED, "timestamp": int(stamp[:-1]), "userId": stamp[-1] + LOGIN}
    assert await teller.tell(json.dumps(moved).encode(), X_ZEvent_Signature=signed) == 200
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}


async def test_a_name_that_stands_twice_is_no_signed_body(teller: Teller) -> None:
    """Readers differ in which of the two they take; the signature is right for one of these readings."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    said = {**SIGNED, "userId": LOGIN, "timestamp": teller.stamp()}
    signed = sign_values({name: str(value) for name, value in said.items()}, key=MINI_KEY)
    body = b'{"userId":"1",' + json.dumps(said).encode()[1:]
    assert await teller.tell(body, X_ZEvent_Signature=signed) == 401
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}


async def test_an_address_that_an_app_brought_hears_no_mini_app(teller: Teller) -> None:
    """The gateway's own Mini App tells at the gateway's own address alone, however rightly it is signed."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    await bring(teller.scene)
    await link(teller.scene)
    said = {**SIGNED, "userId": LOGIN, "timestamp": teller.stamp()}
    signed = sign_values({name: str(value) for name, value in said.items()}, key=MINI_KEY)
    assert await teller.tell(json.dumps(said).encode(), endpoint=MINE, X_ZEvent_Signature=signed) == 401
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}


async def test_without_its_key_nothing_of_a_mini_app_is_believed(tmp_path: Path, clock: ManualClock) -> None:
    """Where the operator entered none, no signature of one is right, under whatever key."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await teller.tell(teller.message())
        for key in (MINI_KEY, KEY, ""):
            assert await revoke(teller, key=key) == 401
        assert await list_told(scene.house) == []
