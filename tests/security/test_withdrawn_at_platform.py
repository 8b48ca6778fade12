"""Somebody takes their consent back at Zalo itself: it ends here for every app, and each that had something hears."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from gateway.acts import House
from gateway.acts.profiles import lift_objection
from gateway.acts.withdraw import withdraw
from gateway.authority.bases import Asked, Said
from gateway.authority.in_flight import Call
from gateway.platforms.zalo.hooks import OLDEST
from gateway.records.accounts import store as accounts
from gateway.records.accounts.pairs import find_subject
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, Basis
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant, PermissionState
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Record
from gateway.records.outbox.keys import event_key_of, read_secret
from gateway.terms.ids import AskId, FamilyId
from tests.contract.letters import opened
from tests.contract.steps import verified
from tests.followers import (
    CHAT,
    NAME,
    PHONE,
    SENDING,
    decide_as,
    follow,
    object_as,
    say_yes,
    take_back,
    with_writing_app,
)
from tests.house import Scene, agree
from tests.ready import scene_in
from tests.security.test_events_native import is_zalos
from tests.security.test_events_out import events
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Receiver
from tests.telling import FOLLOWER, Teller, listen, telling, telling_of_askers

LOGIN = "8137520046001000239"
OTHER = "4620160001000000999"
ABOUT = {NAME, PHONE, CHAT}
PROFILE = AskId("oa_profile")


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock, receiver: Receiver) -> AsyncIterator[Teller]:
    """Yield Zalo, telling at a scene whose app asks each follower and listens; the owner agreed to it and another."""
    async with telling_of_askers(tmp_path, clock, receiver.url, others=True) as teller:
        yield teller


def withdrawal(teller: Teller, **changes: Any) -> dict[str, Any]:
    """Return what Zalo says when a follower takes their consent back; a member that is None is left out."""
    said = {
        "app_id": "upstream-app",
        "event_name": "user_withdraw",
        "oa_id": teller.scene.account.external_id,
        "user_id": FOLLOWER,
        "user_id_by_app": LOGIN,
        "timestamp": teller.stamp(),
    }
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


async def find_said(scene: Scene, app: App | None = None) -> Said:
    """Find what the follower said of an app."""
    about = Asked((app or scene.app).id, "zalo", scene.account.external_id, frozenset({FOLLOWER}))
    return await scene.house.words.find(about)


async def find_grant(scene: Scene, app: App | None = None) -> Grant | None:
    """Find the grant of the follower's profile about an app."""
    async with scene.house.storage.read() as connection:
        name = f"{scene.account.external_id}/{FOLLOWER}"
        profile = await accounts.find_external(connection, "zalo", name)
        return await grants.find_between(connection, profile.id, (app or scene.app).id) if profile else None


async def list_told(house: House) -> list[Record]:
    """List the records of what was taken back at the platform, newest first."""
    async with house.storage.read() as connection:
        wanted = reading.Search(kinds=[Kind.WITHDRAWN_AT_PLATFORM])
        return await reading.list_records(connection, wanted, 99)


def notices(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the signed notices that came, read."""
    bodies = [orjson.loads(each.body) for each in receiver.came]
    return [body for body in bodies if body["type"].startswith("quyen.")]


async def test_what_they_agreed_to_ends_and_the_app_hears(teller: Teller, receiver: Receiver) -> None:
    """Withdrawn and refused at once, in the log as the platform's word; a notice to erase, and Zalo's own words."""
    scene = teller.scene
    await say_yes(scene, FOLLOWER, [NAME, PHONE], to=[NAME, PHONE])
    before = await find_grant(scene)
    assert before is not None
    assert await teller.tell(withdrawal(teller)) == 200
    said, grant = await find_said(scene), await find_grant(scene)
    assert said.agreed == {}
    assert said.refused.keys() == ABOUT
    assert said.has_only_refused(FOLLOWER)
    assert grant is not None
    withdrawn, refused = PermissionState.WITHDRAWN, PermissionState.REFUSED
    assert {each.ask_id: each.state for each in grant.permissions} == {NAME: withdrawn, PHONE: withdrawn, CHAT: refused}
    (record,) = [each for each in await list_told(scene.house) if each.app_id == scene.app.id]
    assert (record.actor.kind, record.actor.id, record.facts["event"]) == (ActorKind.PLATFORM, "zalo", "user_withdraw")
    assert (record.grant_id, record.version) == (grant.id, before.version + 1)
    dead = {each.id for each in before.permissions}
    assert dead <= {each for stone in scene.house.journal.read().tombstones for each in stone.permission_ids}
    await teller.bring()
    (notice,) = notices(receiver)
    (copy,) = events(receiver.came)
    assert (notice["type"], notice["subject"]) == ("quyen.grant.withdrawn", grant.id)
    assert notice["data"]["account"] == f"{scene.account.external_id}/{FOLLOWER}"
    assert {each["ask"]: (each["state"], each["wanted"]) for each in notice["data"]["asks"]} == dict.fromkeys(
        [NAME, PHONE], ("withdrawn", "erase")
    )
    named = {"event_name": "user_withdraw", "oa_id": scene.account.external_id, "user_id": FOLLOWER}
    assert {name: copy[name] for name in named} == named
    assert "user_id_by_app" not in copy
    assert await teller.states() == ["delivered"]
    assert (await verified(scene.house)).is_ok


async def test_an_app_that_only_writes_writes_to_them_no_more(teller: Teller, receiver: Receiver) -> None:
    """It asks nothing about people, so they object to its writing; it is told nothing, and they may lift that."""
    scene = teller.scene
    writer = await with_writing_app(scene)
    await agree(writer)
    assert await teller.tell(withdrawal(teller)) == 200
    said, grant = await find_said(scene, writer.app), await find_grant(scene, writer.app)
    assert said.has_only_refused(FOLLOWER)
    assert grant is not None
    assert {p.ask_id: (p.state, p.basis) for p in grant.permissions} == {
        SENDING: (PermissionState.REFUSED, Basis.CONTRACT)
    }
    assert {each.app_id for each in await list_told(scene.house)} >= {writer.app.id}
    assert await teller.tell(withdrawal(teller)) == 200  # told again, nothing of it is done again
    assert (await find_grant(scene, writer.app)) == grant
    await teller.bring()
    assert grant.id not in {notice["subject"] for notice in notices(receiver)}
    person, _ = await follow(scene, FOLLOWER)
    await lift_objection(scene.house, grant.id, Actor(ActorKind.PERSON, person.id), ask_ids=[SENDING])
    assert not (await find_said(scene, writer.app)).has_only_refused(FOLLOWER)
    assert (await verified(scene.house)).is_ok


async def test_what_was_granted_once_is_erased_too(teller: Teller, receiver: Receiver) -> None:
    """Granted, taken back, and refused when it was asked again: the app may hold it still, and hears of it."""
    person, profile = await follow(teller.scene, FOLLOWER)
    said = await decide_as(teller.scene, person, profile, ask_ids=[NAME, PHONE], to=[NAME, PHONE])
    await take_back(teller.scene, said, [PHONE])
    await decide_as(teller.scene, person, profile, ask_ids=[], to=[PHONE])
    assert await teller.tell(withdrawal(teller)) == 200
    await teller.bring()
    told = {each["ask"]: (each["state"], each["wanted"]) for each in notices(receiver)[-1]["data"]["asks"]}
    assert told == {NAME: ("withdrawn", "erase"), PHONE: ("refused", "erase")}


async def test_under_a_contract_they_object_and_the_app_hears(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """Who never decided anything objects by it; the app had what passed until now, and is told to erase it."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await agree(scene, frozenset(ask.id for ask in scene.asks if ask.id != PHONE))
        secret = await listen(scene, receiver.url)
        assert await teller.tell(withdrawal(teller)) == 200
        assert (await find_said(scene)).refused.keys() == ABOUT
        await teller.bring()
        notice, copy = [opened(came, secret) for came in receiver.came]
        told = {each["ask"]: (each["state"], each["wanted"]) for each in notice["data"]["asks"]}
        assert told == dict.fromkeys([NAME, CHAT], ("refused", "erase"))
        assert (copy["type"], copy["data"]["event"]["user_id"]) == ("zalo.consent_ended", FOLLOWER)


async def test_an_app_that_never_saw_them_hears_nothing(teller: Teller, receiver: Receiver) -> None:
    """Its asks are refused in their name all the same; that this person exists it does not learn (I10)."""
    await say_yes(teller.scene, OTHER, [NAME])
    assert await teller.tell(withdrawal(teller)) == 200
    assert (await find_said(teller.scene)).refused.keys() == ABOUT
    await teller.bring()
    assert receiver.came == []
    assert await teller.list_log() == []


async def test_what_they_took_back_before_is_erased_too(teller: Teller, receiver: Receiver) -> None:
    """Taken back by hand, the app was told to stop; at Zalo, to erase: once, in whatever bytes, until something new."""
    scene = teller.scene
    said = await say_yes(scene, FOLLOWER, [NAME, PHONE])
    await take_back(scene, said)
    told = withdrawal(teller)
    assert [await teller.tell(told) for _ in range(2)] == [200, 200]
    assert await teller.tell(withdrawal(teller, timestamp=teller.stamp(1))) == 200
    about = [record.app_id for record in await list_told(scene.house)]
    assert (len(about), {*about}) == (2, {scene.app.id, "so-ban-hang"})
    await teller.bring()
    stop, erase = notices(receiver)
    assert {each["wanted"] for each in stop["data"]["asks"]} == {"stop"}
    asks = {each["ask"]: (each["state"], each["wanted"]) for each in erase["data"]["asks"]}
    assert asks == dict.fromkeys([NAME, PHONE], ("withdrawn", "erase"))
    assert events(receiver.came) == []
    assert (await verified(scene.house)).is_ok


async def test_what_they_objected_to_before_is_erased_too(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """Until the objection the contract let it pass, so the app holds it; what they objected to first it never had."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await agree(scene, frozenset({PROFILE, NAME}))
        await listen(scene, receiver.url)
        await object_as(scene, FOLLOWER, NAME, PHONE)
        await agree(scene, frozenset({PROFILE, NAME, PHONE}), whole=True)
        assert await teller.tell(withdrawal(teller)) == 200
        assert await teller.tell(withdrawal(teller, timestamp=teller.stamp(1))) == 200
        await teller.bring()
        own = [body for body in notices(receiver) if body["data"]["account"].endswith(f"/{FOLLOWER}")]
        (asks,) = [body["data"]["asks"] for body in own]
        assert [(each["ask"], each["state"], each["wanted"]) for each in asks] == [(NAME, "refused", "erase")]


async def test_all_that_they_objected_to_before_is_erased_too(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """Nothing is left to end; that the app holds something is left, and it hears of just that."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await agree(scene, frozenset({PROFILE, NAME}))
        await listen(scene, receiver.url)
        await object_as(scene, FOLLOWER)
        assert await teller.tell(withdrawal(teller)) == 200
        assert await teller.tell(withdrawal(teller, timestamp=teller.stamp(1))) == 200
        await teller.bring()
        (asks,) = [body["data"]["asks"] for body in notices(receiver)]
        assert [(each["ask"], each["wanted"]) for each in asks] == [(NAME, "erase")]


async def test_what_a_contract_let_pass_that_is_over_is_erased_too(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """The shop took back what it gave, or its time ran out; what the app got until then it holds."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        decided = await agree(scene, frozenset({PROFILE, NAME, PHONE}))
        await listen(scene, receiver.url)
        assert decided.grant_id is not None
        await withdraw(scene.house, decided.grant_id, Actor(ActorKind.PERSON, scene.owner.id), ask_ids=[PHONE])
        assert await teller.tell(withdrawal(teller)) == 200
        await teller.bring()
        own = [body for body in notices(receiver) if body["data"]["account"].endswith(f"/{FOLLOWER}")]
        (asks,) = [body["data"]["asks"] for body in own]
        assert [(each["ask"], each["wanted"]) for each in asks] == [(NAME, "erase"), (PHONE, "erase")]


async def test_a_yes_after_it_stands_when_zalo_tells_again(teller: Teller) -> None:
    """Whoever decides anew is not undone by the same telling; their pages ask as after any no."""
    scene, told = teller.scene, withdrawal(teller)
    assert await teller.tell(told) == 200
    await say_yes(scene, FOLLOWER, [NAME])
    assert await teller.tell(told) == 200
    assert (await find_said(scene)).agreed.keys() == {NAME}


async def test_what_is_forged_stale_or_nobodys_changes_nothing(teller: Teller) -> None:
    """Another key, another age, another shop, nobody or two people in it: no record, and nothing of theirs ends."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    late = teller.stamp(-OLDEST.total_seconds() - 60)
    assert await teller.tell(withdrawal(teller), key="khoa-khac") == 401
    assert await teller.tell(withdrawal(teller), X_ZEvent_Signature="") == 401
    assert await teller.tell(withdrawal(teller, timestamp=late)) == 401
    for changes in (
        {"oa_id": "4999999999999999999"},
        {"user_id": None},
        {"user_id": [FOLLOWER]},
        {"user_id": ""},
        {"user_id": "4620\u202e160"},
        {"user_id": teller.scene.account.external_id},
        {"oa_id": None, "user_id_by_app": "1"},
        {"oa_id": None, "user_id_by_app": None},
    ):
        assert await teller.tell(withdrawal(teller, **changes)) == 200
    assert await list_told(teller.scene.house) == []
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}


async def test_without_the_oa_in_it_the_known_pair_says_whose_it_is(teller: Teller) -> None:
    """No source says that `oa_id` stands in the body: both ids of one person, told before, name the OA too."""
    await say_yes(teller.scene, FOLLOWER, [NAME])
    await teller.tell(teller.message())
    assert await teller.tell(withdrawal(teller, oa_id=None, user_id=OTHER)) == 200
    assert (await find_said(teller.scene)).agreed.keys() == {NAME}
    assert await teller.tell(withdrawal(teller, oa_id=None)) == 200
    assert (await find_said(teller.scene)).refused.keys() == ABOUT


async def test_without_the_oa_in_it_a_pair_that_is_told_later_says_whose_it_is(teller: Teller) -> None:
    """It is kept until an OA tells both ids; who signs in so and is another there was not meant."""
    scene = teller.scene
    await say_yes(scene, FOLLOWER, [NAME])
    await say_yes(scene, OTHER, [NAME])
    assert await teller.tell(withdrawal(teller, oa_id=None)) == 200
    await teller.tell(teller.message(sender={"id": OTHER}))
    assert (await find_said(scene)).agreed.keys() == {NAME}
    assert await list_told(scene.house) == []
    await teller.tell(teller.message())
    assert (await find_said(scene)).refused.keys() == ABOUT
    assert {record.facts["event"] for record in await list_told(scene.house)} == {"user_withdraw"}


async def test_what_waits_about_them_is_not_sent(teller: Teller, receiver: Receiver) -> None:
    """A message that waits is void, and behind it that they took it back goes out: no no of theirs stops that."""
    await say_yes(teller.scene, FOLLOWER, [CHAT])
    await teller.tell(teller.message())
    teller.scene.clock.advance(1)  # of two copies of one moment none is the older
    await teller.tell(withdrawal(teller))
    await teller.tell(teller.message())
    await teller.bring()
    assert [each["event_name"] for each in events(receiver.came)] == ["user_withdraw"]
    assert await teller.states() == ["void", "delivered"]
    (line,) = [each for each in await teller.list_lines() if each.line.route == "consent_ended"]
    assert line.ending is not None
    assert line.ending.subjects == 1


async def test_what_the_shop_ends_stops_the_copy(teller: Teller, receiver: Receiver) -> None:
    """The shop's own end of the grant holds for this copy as for any (I1); the notice is on its way all the same."""
    scene = teller.scene
    await say_yes(scene, FOLLOWER, [CHAT])
    decided = await agree(scene)
    await teller.tell(withdrawal(teller))
    assert decided.grant_id is not None
    await withdraw(scene.house, decided.grant_id, Actor(ActorKind.PERSON, scene.owner.id))
    await teller.bring()
    assert events(receiver.came) == []
    assert await teller.states() == ["void"]
    assert {each["data"]["account"] for each in notices(receiver)} >= {f"{scene.account.external_id}/{FOLLOWER}"}


async def test_a_call_about_them_is_cut_before_zalo_is_answered(teller: Teller) -> None:
    """What runs about them under any app of the shop is over when Zalo hears 200; what is about others runs on (I1)."""
    scene, cut = teller.scene, list[str]()
    await say_yes(scene, FOLLOWER, [NAME])

    def running(name: str, app: App, person: str) -> Call:
        whose = app.id, scene.account.id, FamilyId("fa"), b"", frozenset[Any]()
        return Call(*whose, lambda: cut.append(name), people={person})

    contract, in_flight = await find_contract_app(scene), scene.house.in_flight
    with (
        in_flight.registered(running("own", scene.app, FOLLOWER)),
        in_flight.registered(running("contract", contract, FOLLOWER)),
        in_flight.registered(running("other", scene.app, OTHER)),
    ):
        assert await teller.tell(withdrawal(teller)) == 200
        assert sorted(cut) == ["contract", "own"]


async def find_contract_app(scene: Scene) -> App:
    """Return the app that works for the shop under a contract."""
    async with scene.house.storage.read() as connection:
        found = await apps.find(connection, "so-ban-hang")
    assert found is not None
    return found


async def test_both_ids_are_known_afterwards(teller: Teller) -> None:
    """The event tells by which id they sign in: so whoever does finds what was done at their word."""
    await teller.tell(withdrawal(teller))
    house = teller.scene.house
    async with house.storage.read() as connection:
        known = await find_subject(connection, house.vault, teller.scene.account.id, login_subject=LOGIN)
    assert known == FOLLOWER


async def test_an_app_of_the_dialect_gets_zalos_own_form(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """A client that knows Zalo's webhooks alone verifies it, and finds whom to erase."""
    async with scene_in(tmp_path, clock) as scene, telling(scene, is_native=True) as teller:
        key = event_key_of(read_secret(await listen(scene, receiver.url)))
        await agree(scene)
        told = withdrawal(teller)
        await teller.tell(told)
        await teller.bring()
        (native,) = [came for came in receiver.came if "x-zevent-signature" in came.headers]
        assert is_zalos(native, scene.app.id, key)
        kept = {name: told[name] for name in ("event_name", "oa_id", "user_id", "timestamp")}
        assert json.loads(native.body) == {"app_id": scene.app.id, **kept}


async def test_a_tombstone_that_does_not_reach_the_disk_is_told_again(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, though it is in force; the same telling again writes what is owed, and only then is 200 (I4)."""
    scene = teller.scene
    await say_yes(scene, FOLLOWER, [NAME])
    told = withdrawal(teller)

    def broken(*_args: Any) -> None:
        raise PermissionError(13, "not now")

    with monkeypatch.context() as patch:
        patch.setattr(type(scene.house.journal), "append", broken)
        assert [await teller.tell(told) for _ in range(2)] == [503, 503]
    assert (await find_said(scene)).agreed == {}
    assert await teller.tell(told) == 200
    assert len(await list_told(scene.house)) == 2
    stones = scene.house.journal.read().tombstones
    assert any(stone.cause == "withdrawn_at_platform" for stone in stones)


async def test_a_copy_on_the_wire_is_not_cut_by_the_no_that_it_tells(teller: Teller, receiver: Receiver) -> None:
    """While the app's server still reads it, the follower says no once more: it arrives."""
    scene, came, go_on = teller.scene, asyncio.Event(), asyncio.Event()

    async def reading(_request: web.Request) -> web.StreamResponse:
        came.set()
        await go_on.wait()
        return web.Response()

    await say_yes(scene, FOLLOWER, [CHAT])
    await teller.tell(withdrawal(teller))
    receiver.answers += [200, reading]
    bringing = asyncio.create_task(teller.bring())
    await came.wait()
    scene.house.in_flight.cut_person(scene.app.id, scene.account.id, FOLLOWER)
    go_on.set()
    await bringing
    assert await teller.states() == ["delivered"]
    assert len(events(receiver.came)) == 1  # and was not sent anew


async def test_a_contract_of_the_shop_alone_is_not_touched(teller: Teller) -> None:
    """The shop's own grants stand as before, and other followers are seen as before."""
    async with teller.scene.house.storage.read() as connection:
        before = await grants.list_of_accounts(connection, [teller.scene.account.id])
    await teller.tell(withdrawal(teller))
    async with teller.scene.house.storage.read() as connection:
        assert await grants.list_of_accounts(connection, [teller.scene.account.id]) == before
    app = await find_contract_app(teller.scene)
    asked = Asked(app.id, "zalo", teller.scene.account.external_id, frozenset({FOLLOWER, OTHER}))
    said = await teller.scene.house.words.find(asked)
    assert said.list_passing(NAME, Basis.CONTRACT, asked.people) == {OTHER}
