"""What somebody took back at the platform, on both databases: what ends, what the log says, and who races with it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import update

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.end_at_platform import Withdrawal, end_at_platform
from gateway.acts.expire import expire
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.open_request import ask_subject
from gateway.acts.parting_copies import Follower, Original
from gateway.acts.pause import pause
from gateway.acts.recall_noes import recall_noes
from gateway.acts.show_request import show_request
from gateway.acts.take_events import ToldEvent, take_events
from gateway.ground.storage.failures import DiskFull
from gateway.records.accounts.pairs import list_subjects, look_up_known_otherwise
from gateway.records.grants import store as grants
from gateway.records.grants.tables import permissions
from gateway.records.grants.types import PermissionState
from gateway.records.hooks import store as hooks
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.tables import ledger_records
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox import queue
from gateway.records.outbox.tables import event_copies
from gateway.terms.refusal import Refusal
from scopes import load_catalogue
from tests.bringing import bring, row_of, run
from tests.contract.steps import verified
from tests.followers import (
    ABOUT_PEOPLE,
    CHAT,
    NAME,
    PHONE,
    decide_as,
    find_said,
    follow,
    object_as,
    say_yes,
    with_asking_app,
)
from tests.house import Scene, agree

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database does in its own way."""
ON_POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""For what only happens where several write at once."""
CATALOGUE = load_catalogue()
EVENT = CATALOGUE.platforms["zalo"].events["consent_ended"]
BODY = b'{"event_name":"user_withdraw","timestamp":"5","user_id":"1"}'


def told(scene: Scene, name: str = "a", *people: str, body: bytes = BODY) -> Withdrawal:
    """Return that some followers of the scene's account (the first, if none is named) took it all back."""
    followers = [Follower(scene.account.id, each, f"login of {each}") for each in people or ("1",)]
    hashed = sha256(name.encode()).digest()
    return Withdrawal("zalo", "user_withdraw", hashed, followers, ABOUT_PEOPLE, Original(EVENT, body))


async def listening(scene: Scene) -> Scene:
    """Let the scene's app listen where nobody is, the owner having agreed to all that it asks."""
    await set_endpoint(scene.house, scene.app.id, "http://127.0.0.1:9/", Actor.system())
    await agree(scene)
    return scene


async def count_copies(scene: Scene) -> int:
    """Count the copies of events that wait."""
    async with scene.house.storage.read() as connection:
        return len((await connection.execute(event_copies.select())).all())


async def test_the_rows_and_the_log_agree(scene: Scene) -> None:
    """Nobody here decided it, what was paused ends too; the log folds to the rows, and no restore forgets it."""
    scene = await with_asking_app(await listening(scene))
    await agree(scene)
    yes = await say_yes(scene, "1", [NAME], to=[NAME])
    assert yes.grant_id is not None
    await pause(scene.house, yes.grant_id, Actor(ActorKind.PERSON, str(yes.request.person_id)))
    assert await end_at_platform(scene.house, told(scene)) == 2
    async with scene.house.storage.read() as connection:
        found = [each for each in await grants.list_all(connection) if each.account_id != scene.account.id]
        states = {(each.app_id, p.ask_id): (p.state, p.decided_by) for each in found for p in each.permissions}
    refused = PermissionState.REFUSED, None
    assert {ask: state for (app, ask), state in states.items() if app == "so-ban-hang"} == dict.fromkeys(
        [NAME, PHONE, CHAT], refused
    )
    own = {ask: state for (app, ask), state in states.items() if app == scene.app.id}
    assert {own[PHONE], own[CHAT]} == {refused}
    assert (own[NAME][0], own[NAME][1] is None) == (PermissionState.WITHDRAWN, False)  # the yes was somebody's
    assert (await verified(scene.house)).is_ok
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(permissions.delete().where(permissions.c.decided_by.is_(None)))
        await unit.commit()
    assert await recall_noes(scene.house, scene.house.journal.read()) == 5
    assert (await find_said(scene, "1")).refused.keys() == {NAME, PHONE, CHAT}


async def test_what_was_brought_in_ends_and_is_not_brought_in_again(scene: Scene) -> None:
    """Evidence of an earlier yes ends like a yes; what waited for evidence was never told, and neither comes back."""
    scene = await listening(await with_asking_app(scene))
    rows = row_of(scene, "1", NAME), row_of(scene, "1", PHONE, evidence=None)
    assert await bring(scene, *rows) == ["granted", "pending"]
    await end_at_platform(scene.house, told(scene))
    async with scene.house.storage.read() as connection:
        notices = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    (body,) = [each.body for each in notices if each.event == "quyen.grant.withdrawn"]
    assert (b'"ask":"crm_name"' in body, b"crm_phone" in body) == (True, False)
    assert await bring(scene, row_of(scene, "1", NAME), row_of(scene, "1", PHONE)) == ["kept", "kept"]
    assert (await find_said(scene, "1")).agreed == {}
    assert (await verified(scene.house)).is_ok


@ON_SQLITE
async def test_a_yes_that_ran_out_is_told_and_refused(scene: Scene) -> None:
    """The app had something until its time ran out, so it hears; of what was refused all along it hears nothing."""
    scene = await with_asking_app(scene)
    await agree(scene, duration="P365D")
    await set_endpoint(scene.house, scene.app.id, "http://127.0.0.1:9/", Actor.system())
    await say_yes(scene, "1", [NAME])
    scene.clock.advance(timedelta(days=31))
    await expire(scene.house)
    await end_at_platform(scene.house, told(scene))
    async with scene.house.storage.read() as connection:
        notices = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    (body,) = [each.body for each in notices if each.event == "quyen.grant.withdrawn"]
    assert b'"ask":"crm_name"' in body
    assert b'"wanted":"erase"' in body
    assert b"crm_phone" not in body
    assert await count_copies(scene) == 0  # nothing passed any more


async def test_told_twice_at_once_it_is_done_once(scene: Scene) -> None:
    """The same telling from two requests, and two tellings of the same: one change to each grant, one copy."""
    await listening(scene)
    same = [end_at_platform(scene.house, told(scene)) for _ in range(3)]
    other = end_at_platform(scene.house, told(scene, "b"))
    assert sorted(await asyncio.gather(*same, other)) == [0, 0, 0, 1]
    assert await count_copies(scene) == 1
    assert (await verified(scene.house)).is_ok


@ON_SQLITE
async def test_a_telling_that_another_process_takes_in_between_does_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name was free when it was looked for, and is not when it is to be written: a yes of meanwhile stands."""

    async def none(*_args: Any) -> set[bytes]:
        return set()

    scene = await with_asking_app(scene)
    await agree(scene)
    assert await end_at_platform(scene.house, told(scene)) == 1
    await say_yes(scene, "1", [NAME])
    monkeypatch.setattr(hooks, "list_known", none)
    assert await end_at_platform(scene.house, told(scene)) == 0
    assert (await find_said(scene, "1")).agreed == {NAME: {"1"}}


async def test_a_decision_that_races_never_outlives_it(scene: Scene) -> None:
    """Whoever is first: a screen that was seen before it gives nothing after it."""
    scene = await with_asking_app(scene)
    await agree(scene)
    person, profile = await follow(scene, "1")
    request = await ask_subject(scene.house, profile.id, scene.app.id, person_id=person.id, ask_ids=(NAME, PHONE))
    await show_request(scene.house, request.id, person.id)
    scene.clock.advance(1)
    answer = Answer(person.id, profile.id, frozenset({NAME}), DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    ended = end_at_platform(scene.house, told(scene))
    deciding = decide(scene.house, request.id, answer)
    _, outcome = await asyncio.gather(ended, deciding, return_exceptions=True)
    assert not isinstance(outcome, BaseException) or isinstance(outcome, Refusal)
    assert (await find_said(scene, "1")).agreed == {}
    await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])
    assert (await find_said(scene, "1")).agreed == {NAME: {"1"}}
    assert (await verified(scene.house)).is_ok


async def test_events_that_come_meanwhile_lock_nobody_out(scene: Scene) -> None:
    """Messages of the same people, told at the same moment, wait or go first; none is lost, none stands in the way."""
    await listening(scene)
    message = CATALOGUE.platforms["zalo"].events["user_message"]

    def message_of(person: str) -> ToldEvent:
        name, body = sha256(f"m{person}".encode()).digest(), b'{"event_name":"user_send_text","message":{"text":"a"}}'
        pair = f"login of {person}", person
        return ToldEvent(scene.account.id, name, message, body, (person,), pair)

    people = [str(number) for number in range(1, 6)]
    ends = [end_at_platform(scene.house, told(scene, each, each)) for each in people]
    takes = [take_events(scene.house, [message_of(each), message_of(f"{each}0")]) for each in people]
    await asyncio.gather(*ends, *takes)
    assert (await find_said(scene, *people)).refused[NAME] == set(people)
    assert 10 <= await count_copies(scene) <= 15


async def test_several_accounts_know_one_person(scene: Scene) -> None:
    """All that one telling names end together; where there is no app to ask, only the profile is made."""
    await listening(scene)
    assert await end_at_platform(scene.house, told(scene, "a", "1", "2")) == 2
    assert (await find_said(scene, "1", "2")).refused[NAME] == {"1", "2"}
    async with scene.house.storage.read() as connection:
        met = [
            await list_subjects(connection, scene.house.vault, login, platform="zalo", upstream_app=upstream_app)
            for login, upstream_app in (
                ("login of 1", "upstream-app"),
                ("login of 1", "another"),
                ("x", "upstream-app"),
            )
        ]
    assert met == [[(scene.account.id, "1")], [], []]
    logins = "login of 1", "1", "login of another"
    known = await look_up_known_otherwise(scene.house.storage, scene.house.vault, scene.account.id, logins)
    assert known == {"login of 1"}


@ON_SQLITE
async def test_nothing_asked_nothing_ended(scene: Scene) -> None:
    """Before the shop let any app in there is nothing to refuse; an app that comes later starts on its own basis."""
    assert await end_at_platform(scene.house, replace(told(scene), original=None)) == 0
    await agree(scene)
    assert (await find_said(scene, "1")).refused == {}


@ON_SQLITE
async def test_an_objection_from_before_stays_as_it_was(scene: Scene) -> None:
    """What they objected to by hand is not decided again; it passed until then, so the app hears of it too."""
    await listening(scene)
    await object_as(scene, "1", NAME)
    await end_at_platform(scene.house, told(scene))
    async with scene.house.storage.read() as connection:
        (own,) = [each for each in await grants.list_all(connection) if each.account_id != scene.account.id]
        notices = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    by = {each.ask_id: each.decided_by is None for each in own.permissions}
    assert by == {NAME: False, PHONE: True, CHAT: True}
    assert own.version == 2
    (body,) = [each.body for each in notices if each.event == "quyen.grant.withdrawn"]
    assert all(ask in body for ask in (b"crm_phone", b"crm_name", b"chat_read"))


@ON_SQLITE
async def test_where_the_log_was_changed_all_that_may_be_held_is_told(scene: Scene) -> None:
    """Nobody can say any more what passed before they objected: then the app hears of all that it had by contract."""
    await listening(scene)
    await object_as(scene, "1")
    async with scene.house.storage.unit() as unit:
        decided = ledger_records.c.kind == Kind.DECIDED.value
        await unit.connection.execute(update(ledger_records).where(decided).values(version=99))
        await unit.commit()
    assert await end_at_platform(scene.house, told(scene)) == 1
    async with scene.house.storage.read() as connection:
        notices = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    (body,) = [each.body for each in notices if each.event == "quyen.grant.withdrawn"]
    assert all(ask in body for ask in (b"crm_phone", b"crm_name", b"chat_read"))


@ON_SQLITE
async def test_a_form_that_is_not_declared_ends_it_all_the_same(scene: Scene) -> None:
    """Nothing of such a body goes on to anybody; what was taken back is over."""
    await listening(scene)
    assert await end_at_platform(scene.house, told(scene, body=b'{"event_name":["user_withdraw"]}')) == 1
    assert await count_copies(scene) == 0
    assert (await find_said(scene, "1")).refused.keys() == {NAME, PHONE, CHAT}


@ON_SQLITE
async def test_what_the_disk_has_no_room_for_is_denied_in_memory(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written; calls about the person pass nothing for as long as this process lives."""

    async def full(*_args: Any) -> None:
        raise DiskFull("database")

    await listening(scene)
    with monkeypatch.context() as patch:
        patch.setattr(hooks, "add", full)
        with pytest.raises(DiskFull):
            await end_at_platform(scene.house, told(scene))
    assert (await find_said(scene, "1", "2")).refused == {each: {"1"} for each in (NAME, PHONE, CHAT)}
    assert await end_at_platform(scene.house, told(scene)) == 1
    assert not any(scene.house.in_flight.recalled.values())


@ON_POSTGRES
async def test_a_file_that_brings_the_same_people_in_meets_no_deadlock(scene: Scene, rounds: int) -> None:
    """Whichever comes first, both are done and everybody's no stands, whether or not they were known before."""
    first = await with_asking_app(scene)
    second = await with_asking_app(scene, called=("Tích điểm (mẫu)", "tich-diem"))
    for each in (first, second):
        await agree(each)
    for round_ in range(rounds - 15):  # each is many acts: five of them, and 185 at length
        people = [f"{round_}00{number}" for number in range(5)]
        rows = [row_of(each, person, ask) for person in people for each in (first, second) for ask in (NAME, PHONE)]
        if round_ % 2:
            await run(scene, "consent import", *[row | {"evidence": ""} for row in rows], file="im_" + "1" * 22)
        tellings = [told(scene, f"{round_}", *reversed(people)), told(scene, f"{round_} again", *people[:2])]
        endings = [end_at_platform(scene.house, replace(each, original=None)) for each in tellings]
        await asyncio.gather(run(scene, "consent import", *rows[::-1]), *endings)
        for each in (first, second):
            assert (await find_said(each, *people)).agreed == {}, round_
    assert (await verified(scene.house)).bad == []
