"""People's own words on apps: profiles, what they agree and object to, and the one look-up, on both databases."""

from datetime import timedelta

import orjson
import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.expire import expire
from gateway.acts.make_credential import NewCredential, make_credential
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.open_request import Asked as AskedByApp
from gateway.acts.open_request import ask_subject, open_request, reconsider
from gateway.acts.pause import pause
from gateway.acts.profiles import Objection, keep_profile, lift_objection, object_to
from gateway.acts.recall_noes import recall_noes
from gateway.acts.show_request import show_request
from gateway.authority.bases import Asked, Said
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import NEVER
from gateway.records.apps import store as apps
from gateway.records.apps.tables import asks
from gateway.records.apps.types import Basis
from gateway.records.grants import store as grants
from gateway.records.grants.tables import permissions
from gateway.records.grants.types import AskTally, PermissionState
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox import queue
from gateway.terms.ids import AccountId, AppId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.steps import verified
from tests.followers import (
    CHAT,
    NAME,
    PHONE,
    SENDING,
    decide_as,
    find_said,
    follow,
    met,
    object_as,
    say_yes,
    take_back,
    with_asking_app,
)
from tests.house import CHALLENGE, REDIRECT_URI, Scene, agree


async def test_words_are_found_as_they_were_said(scene: Scene) -> None:
    """Agreed, refused, paused, ended, run out, never asked; odd ids find nobody and break nothing."""
    scene = await with_asking_app(scene)
    await say_yes(scene, "1", [NAME])
    await say_yes(scene, "2", [])
    taken_back = await say_yes(scene, "3", [NAME, PHONE])
    await take_back(scene, taken_back, [PHONE])
    paused = await say_yes(scene, "4", [CHAT])
    assert paused.grant_id is not None
    assert paused.request.person_id is not None
    await pause(scene.house, paused.grant_id, Actor(ActorKind.PERSON, paused.request.person_id))
    said = await find_said(scene, "1", "2", "3", "4", "5", "6'\"", "a\x00b", "\ud800", "đ")
    assert said.agreed == {NAME: {"1", "3"}}
    assert said.refused == {NAME: {"2", "4"}, PHONE: {"1", "2", "3", "4"}, CHAT: {"1", "2", "3"}}
    assert said.assenting == {"1", "3", "4"}
    assert [person for person in "12345" if said.has_only_refused(person)] == ["2"]
    scene.clock.advance(timedelta(days=31))
    over = await find_said(scene, "1", "2", "3", "4")
    assert (over.agreed, over.refused) == ({}, said.refused)
    assert [person for person in "1234" if over.has_only_refused(person)] == ["2"]
    assert await find_said(scene) == Said()


async def test_passing_follows_from_the_basis() -> None:
    """Under a contract everyone passes but who objected; under any other, or none, only who agreed."""
    said = Said({NAME: frozenset("1")}, {NAME: frozenset("2")})
    people = frozenset("123")
    assert said.list_passing(NAME, Basis.CONTRACT, people) == frozenset("13")
    for basis in (Basis.OWN_CONSENT, None, "anything"):
        assert said.list_passing(NAME, basis, people) == frozenset("1")
        assert said.list_passing(PHONE, basis, people) == frozenset()


async def test_a_person_s_word_is_of_one_app_and_one_account(scene: Scene) -> None:
    """The same id beside another account, and another app, are others."""
    asking = await with_asking_app(scene)
    await say_yes(asking, "1", [NAME])
    assert (await find_said(asking, "1")).agreed == {NAME: {"1"}}
    assert await find_said(scene, "1") == Said()
    words, one = scene.house.words, frozenset({"1"})
    assert await words.find(Asked(asking.app.id, "zalo", "4000000000000002", one)) == Said()
    assert await words.find(Asked(asking.app.id, "matrix", scene.account.external_id, one)) == Said()


async def test_what_could_not_be_written_down_is_a_no(scene: Scene) -> None:
    """A permission that somebody ended while the disk was full counts as ended."""
    scene = await with_asking_app(scene)
    decided = await say_yes(scene, "1", [NAME])
    async with scene.house.storage.read() as connection:
        grant = await grants.find(connection, decided.grant_id or GrantId(""))
    assert grant is not None
    scene.house.in_flight.deny([permission.id for permission in grant.permissions])
    assert (await find_said(scene, "1")).agreed == {}


async def test_a_profile_is_its_person_s_alone(scene: Scene) -> None:
    """Kept once, with a standing that does not lapse; who proves it later takes it over, and the shop has none."""
    person, profile = await follow(scene, "1")
    again = await keep_profile(scene.house, scene.account, met("1"), person_id=person.id)
    assert (again.id, again.parent_id, again.subject_id) == (profile.id, scene.account.id, "1")
    assert again.parent_external_id == scene.account.external_id
    scene.clock.advance(timedelta(days=900))
    other = await keep_profile(scene.house, scene.account, met("1"), person_id=scene.other_owner.id)
    now = scene.clock.now()
    async with scene.house.storage.read() as connection:
        assert await accounts.find_standing(connection, other.id, person.id, now) is None
        standing = await accounts.find_standing(connection, other.id, scene.other_owner.id, now)
        assert await accounts.find_standing(connection, other.id, scene.owner.id, now) is None
    assert standing is not None
    assert (standing.role, standing.lapses_at) == ("self", NEVER)


async def test_nobody_decides_for_another_s_profile(scene: Scene) -> None:
    """Not the shop's owner for a follower (R70); not for an account that is no profile; not on an app's request."""
    scene = await with_asking_app(scene)
    person, profile = await follow(scene, "1")
    owner, asked = scene.owner.id, (NAME,)
    for about, who in ((profile.id, owner), (scene.account.id, owner), (AccountId("ac_none"), person.id)):
        with pytest.raises(Refusal, match="not_found"):
            await ask_subject(scene.house, about, scene.app.id, person_id=who, ask_ids=asked)
        with pytest.raises(Refusal, match="not_found"):
            await object_to(scene.house, Objection(about, scene.app.id), who)
    request = await open_request(scene.house, AskedByApp(scene.app.id, asked, REDIRECT_URI, "s", CHALLENGE))
    await show_request(scene.house, request.id, person.id)
    answer = Answer(person.id, profile.id, frozenset(asked), DURATIONS["P1D"], "Chữ (mẫu)", "vi")
    with pytest.raises(Refusal, match="account_required"):
        await decide(scene.house, request.id, answer)


async def test_a_follower_is_asked_of_their_own_profile_alone(scene: Scene) -> None:
    """Somebody who has a shop too does not decide for it on a follower's screen."""
    scene = await with_asking_app(scene)
    profile = await keep_profile(scene.house, scene.account, met("1"), person_id=scene.owner.id)
    request = await ask_subject(scene.house, profile.id, scene.app.id, person_id=scene.owner.id, ask_ids=(NAME,))
    await show_request(scene.house, request.id, scene.owner.id)
    answer = Answer(scene.owner.id, scene.account.id, frozenset({NAME}), DURATIONS["P1D"], "Chữ (mẫu)", "vi")
    with pytest.raises(Refusal, match="account_required"):
        await decide(scene.house, request.id, answer)


async def test_a_contract_asks_nobody(scene: Scene) -> None:
    """What rests on a contract is never agreed to on a follower's screen (R83)."""
    person, profile = await follow(scene, "1")
    with pytest.raises(Refusal, match="unknown_ask"):
        await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])


async def test_an_ask_from_before_there_were_bases_asks_each_person(scene: Scene) -> None:
    """What stood before it named any: who agrees passes, on the owner's old permission too; the log folds."""
    scene = await with_asking_app(scene)
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(asks.update().where(asks.c.app_id == scene.app.id).values(basis=None))
        await unit.commit()
    decided = await agree(scene)
    async with scene.house.storage.read() as connection:
        above = await grants.find(connection, decided.grant_id or GrantId(""))
    assert above is not None
    assert {each.basis for each in above.permissions} == {None}
    await say_yes(scene, "1", [NAME])
    said = await find_said(scene, "1", "2")
    assert said.list_passing(NAME, None, frozenset("12")) == {"1"}
    assert (await verified(scene.house)).is_ok


async def test_a_follower_s_consent_gives_no_tokens(scene: Scene) -> None:
    """Neither a code for the app nor a key for the person: nobody calls as a follower's profile."""
    scene = await with_asking_app(scene)
    decided = await say_yes(scene, "1", [NAME])
    assert (decided.raw_code, decided.error) == (None, None)
    assert decided.grant_id is not None
    assert decided.request.person_id is not None
    with pytest.raises(Refusal, match="nothing_to_change"):
        await make_credential(scene.house, NewCredential(decided.grant_id, decided.request.person_id, "x (mẫu)"))


async def test_an_app_hears_what_people_take_back_and_counts_none_of_them(scene: Scene) -> None:
    """What it held of a follower and holds no more it is told (R33), and a yes anew; no first yes, no mere no (I10)."""
    scene, house = await with_asking_app(scene), scene.house
    await set_endpoint(house, scene.app.id, "https://app.example/notices", Actor.system())
    await agree(scene, duration="P365D")
    person, profile = await follow(scene, "1")
    paused = await decide_as(scene, person, profile, ask_ids=[NAME, PHONE], to=[NAME, PHONE, CHAT])
    refused = await say_yes(scene, "2", [])
    assert None not in {paused.grant_id, paused.request.person_id, refused.grant_id}
    await pause(house, paused.grant_id or GrantId(""), Actor(ActorKind.PERSON, paused.request.person_id or ""))
    await take_back(scene, paused, [NAME])
    await decide_as(scene, person, profile, ask_ids=[CHAT], to=[CHAT])  # the first yes to it
    await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])
    await say_yes(scene, "3", [NAME])
    scene.clock.advance(timedelta(days=40))
    await expire(house)
    now, shops = scene.clock.now(), accounts.counted_for_apps()
    async with house.storage.read() as connection:
        notices = await queue.list_of_app(connection, scene.app.id, 9, before=None)
        (listed,) = await grants.list_of_app(connection, scene.app.id, 9, before=None, among=shops)
        tallies = await grants.count_by_ask(connection, scene.app.id, now, among=shops)
        live = await grants.count_live(connection, [scene.app.id], now, among=shops)
    bodies = [orjson.loads(each.body) for each in notices]
    told = sorted((body["type"].rpartition(".")[2], body["data"]["account"]) for body in bodies)
    first, third = (f"{scene.account.external_id}/{person}" for person in "13")
    assert told == [
        *[("expired", first), ("expired", third), ("paused", first)],
        *[("renewed", first), ("withdrawn", first)],
    ]
    assert listed.account_id == scene.account.id
    assert tallies == dict.fromkeys([ask.id for ask in scene.asks], AskTally(live=1))
    assert live == {scene.app.id: 1}


async def test_an_objection_stands_until_it_is_taken_back(scene: Scene) -> None:
    """Objected to once, for the asks of a contract alone; lifted, it is gone; the log folds to the rows all along."""
    settled = await object_as(scene, "1", NAME)
    grant = settled.change.grant
    assert [(each.ask_id, each.state) for each in grant.permissions] == [(NAME, PermissionState.REFUSED)]
    assert (await find_said(scene, "1")).refused == {NAME: {"1"}}
    by = grant.permissions[0].decided_by
    assert by is not None
    actor, about = Actor(ActorKind.PERSON, by), Objection(grant.account_id, scene.app.id, frozenset({NAME, SENDING}))
    with pytest.raises(Refusal, match="nothing_to_change"):
        await object_to(scene.house, about, by)
    all_of_it = await object_to(scene.house, Objection(grant.account_id, scene.app.id), by)
    assert {each.ask_id for each in all_of_it.change.grant.permissions} == {NAME, PHONE, CHAT}
    request = await reconsider(scene.house, grant.id, by, (NAME,))
    await show_request(scene.house, request.id, by)
    answer = Answer(by, grant.account_id, frozenset({NAME}), DURATIONS["P1D"], "Chữ (mẫu)", "vi")
    with pytest.raises(Refusal, match="unknown_ask"):
        await decide(scene.house, request.id, answer)
    with pytest.raises(Refusal, match="nothing_to_change"):
        await lift_objection(scene.house, grant.id, actor, ask_ids=[SENDING])
    lifted = await lift_objection(scene.house, grant.id, actor, ask_ids=[NAME])
    assert {each.ask_id for each in lifted.change.grant.permissions} == {PHONE, CHAT}
    assert (await find_said(scene, "1")).refused == {PHONE: {"1"}, CHAT: {"1"}}
    await object_to(scene.house, about, by)
    with pytest.raises(Refusal, match="not_found"):
        await object_to(scene.house, Objection(grant.account_id, AppId("none")), by)
    assert (await verified(scene.house)).is_ok


async def test_the_owner_s_permission_keeps_the_basis_it_was_decided_on(scene: Scene) -> None:
    """Another basis is another ask: what stands is asked anew, and until then the old one is judged by."""
    decided = await agree(scene)
    async with scene.house.storage.unit() as unit:
        before = {each.id: each for each in await apps.list_asks(unit.connection, scene.app.id)}
        assert (before[NAME].basis, before[NAME].agreement is None, before[SENDING].basis) == ("contract", False, None)
        changed = asks.update().where(asks.c.app_id == scene.app.id, asks.c.id == NAME)
        await unit.connection.execute(changed.values(basis="own_consent", agreement=None))
        await unit.commit()
    again = await agree(scene)
    async with scene.house.storage.read() as connection:
        grant = await grants.find(connection, again.grant_id or GrantId(""))
    assert grant is not None
    assert again.grant_id == decided.grant_id
    assert {each.ask_id: each.basis for each in grant.permissions if each.ask_id in {NAME, PHONE}} == {
        NAME: "own_consent",
        PHONE: "contract",
    }
    assert (await verified(scene.house)).is_ok


async def test_a_decision_made_anew_ends_what_the_journal_recalls(scene: Scene) -> None:
    """A no of the gap is held until its person decides again; a later start has nothing to recall."""
    scene = await with_asking_app(scene)
    person, profile = await follow(scene, "1")
    await decide_as(scene, person, profile, ask_ids=[], to=[NAME, PHONE])
    async with scene.house.storage.unit() as unit:
        gone = permissions.delete().where(permissions.c.decided_by == person.id)
        await unit.connection.execute(gone)
        await unit.commit()
    assert await recall_noes(scene.house, scene.house.journal.read()) == 2
    assert (await find_said(scene, "1", "2")).refused == {NAME: {"1"}, PHONE: {"1"}}
    await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])
    said = await find_said(scene, "1")
    assert said.agreed == {NAME: {"1"}}
    assert said.refused == {PHONE: {"1"}}
    assert await recall_noes(scene.house, scene.house.journal.read()) == 1
