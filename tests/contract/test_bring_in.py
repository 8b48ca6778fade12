"""Consents that are brought in with evidence: what they open, whom they never overrule, and what the log keeps."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.expire import expire
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.open_request import ask_subject
from gateway.acts.pause import pause
from gateway.acts.recall_noes import recall_noes
from gateway.acts.show_request import show_request
from gateway.acts.withdraw import withdraw
from gateway.ground.web.local import HANOI
from gateway.records.accounts import store as accounts
from gateway.records.apps.tables import asks
from gateway.records.apps.types import Basis
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.tables import permissions
from gateway.records.grants.types import Grant, HeldBy, PermissionState
from gateway.records.ledger import reading
from gateway.records.ledger.attestation import Attested, find_attestation
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.log import Ledger
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.outbox import queue
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal
from tests.bringing import BY, EVIDENCE, FILE, bring, row_of, run
from tests.contract.steps import get_states, list_records, list_stones, verified
from tests.followers import (
    CHAT,
    NAME,
    PHONE,
    SENDING,
    decide_as,
    find_said,
    follow,
    object_as,
    say_yes,
    take_back,
    take_back_at_zalo,
    with_asking_app,
)
from tests.house import Scene, agree


async def find_grant(scene: Scene, person: str) -> Grant | None:
    """Find somebody's own grant."""
    async with scene.house.storage.read() as connection:
        profile = await accounts.find_external(connection, "zalo", f"{scene.account.external_id}/{person}")
        return None if profile is None else await grants.find_between(connection, profile.id, scene.app.id)


async def test_evidence_lets_pass_and_none_does_not(scene: Scene) -> None:
    """With it a person's data passes until the end; without it nothing does until a later file shows it."""
    scene = await with_asking_app(scene)
    rows = [row_of(scene, "1", NAME), row_of(scene, "1", PHONE, evidence=None), row_of(scene, "2", NAME, evidence="")]
    assert await bring(scene, *rows) == ["granted", "pending", "pending"]
    said = await find_said(scene, "1", "2", "3")
    assert said.agreed == said.by_evidence == {NAME: {"1"}}
    assert said.refused == {}
    assert said.assenting == {"1"}
    assert await bring(scene, *rows) == ["there", "there", "there"]
    assert await bring(scene, row_of(scene, "2", NAME), row_of(scene, "1", NAME)) == ["granted", "there"]
    assert (await find_said(scene, "1", "2")).agreed == {NAME: {"1", "2"}}
    assert (await verified(scene.house)).bad == []
    scene.clock.advance(timedelta(days=30))
    assert (await find_said(scene, "1", "2")).agreed == {}
    assert await expire(scene.house) == 2
    grant = await find_grant(scene, "1")
    assert grant is not None
    assert await get_states(scene.house, grant.id) == {NAME: "expired", PHONE: "pending"}
    assert await bring(scene, row_of(scene, "1", NAME)) == ["kept"]
    assert (await verified(scene.house)).bad == []


async def test_whoever_said_anything_keeps_their_word(scene: Scene) -> None:
    """Yes, no, taken back, paused, objected: an import leaves each as it was, and says so."""
    scene = await with_asking_app(scene, {CHAT: Basis.CONTRACT})
    asked = (NAME, PHONE)
    await say_yes(scene, "yes", [NAME], to=asked)
    await say_yes(scene, "no", [], to=asked)
    await take_back(scene, await say_yes(scene, "back", [NAME], to=[NAME]))
    paused = await say_yes(scene, "held", [NAME], to=[NAME])
    assert paused.grant_id is not None
    assert paused.request.person_id is not None
    await pause(scene.house, paused.grant_id, Actor(ActorKind.PERSON, paused.request.person_id))
    await object_as(scene, "against")
    before = await find_said(scene, "yes", "no", "back", "held", "against")
    size = len(await list_records(scene.house))
    people = ("yes", "no", "back", "held", "against")
    assert await bring(scene, *(row_of(scene, each, NAME) for each in people)) == ["kept"] * 5
    assert await find_said(scene, *people) == before
    assert len(await list_records(scene.house)) == size
    assert await bring(scene, row_of(scene, "back", PHONE), row_of(scene, "yes", PHONE)) == ["kept", "kept"]
    assert await bring(scene, row_of(scene, "held", PHONE)) == ["granted"]
    assert (await verified(scene.house)).bad == []


async def test_a_person_takes_back_what_was_brought_in(scene: Scene) -> None:
    """Live or waiting, it is theirs to end: in force at once, with a tombstone, told to the app, and for good (I4)."""
    scene = await with_asking_app(scene)
    await set_endpoint(scene.house, scene.app.id, "https://app.example/hook", Actor.system())
    await bring(scene, row_of(scene, "1", NAME), row_of(scene, "1", PHONE, evidence=None))
    person, _ = await follow(scene, "1")
    grant = await find_grant(scene, "1")
    assert grant is not None
    settled = await withdraw(scene.house, grant.id, Actor(ActorKind.PERSON, person.id))
    assert {each.ask_id: each.state for each in settled.change.grant.permissions} == {
        NAME: PermissionState.WITHDRAWN,
        PHONE: PermissionState.REFUSED,
    }
    (live,) = [each.id for each in grant.permissions if each.ask_id == NAME]
    assert list_stones(scene.house)[-1].permission_ids == (live,)
    said = await find_said(scene, "1")
    assert said.agreed == {}
    assert said.refused == {NAME: {"1"}, PHONE: {"1"}}
    assert said.has_only_refused("1")
    async with scene.house.storage.read() as connection:
        (notice,) = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    assert b"withdrawn" in notice.body
    assert b"crm_phone" not in notice.body
    assert await bring(scene, row_of(scene, "1", NAME), row_of(scene, "1", CHAT)) == ["kept", "kept"]
    assert (await verified(scene.house)).bad == []


async def test_a_withdrawal_at_the_platform_ends_it_too(scene: Scene) -> None:
    """Live or waiting; the app is told to erase what it could have got, and nothing of what waited; it is kept."""
    scene = await with_asking_app(scene)
    await agree(scene)
    await set_endpoint(scene.house, scene.app.id, "https://app.example/hook", Actor.system())
    await bring(scene, row_of(scene, "1", NAME), row_of(scene, "1", PHONE, evidence=None))
    assert await take_back_at_zalo(scene, "1") == 1
    said = await find_said(scene, "1")
    assert said.agreed == {}
    assert said.refused[NAME] == said.refused[PHONE] == {"1"}
    async with scene.house.storage.read() as connection:
        (notice,) = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    assert b'"wanted":"erase"' in notice.body
    assert b"crm_name" in notice.body
    assert b"crm_phone" not in notice.body
    assert await bring(scene, row_of(scene, "1", NAME), row_of(scene, "1", PHONE)) == ["kept", "kept"]
    assert (await verified(scene.house)).bad == []


@pytest.mark.parametrize("evidence", [EVIDENCE, None])
@pytest.mark.parametrize("agrees", [True, False])
async def test_what_a_person_decides_on_their_screen_counts(
    scene: Scene, evidence: str | None, *, agrees: bool
) -> None:
    """Also where the consent was brought in while they looked: their yes is theirs, and their no ends it."""
    scene = await with_asking_app(scene)
    person, profile = await follow(scene, "1")
    request = await ask_subject(scene.house, profile.id, scene.app.id, person_id=person.id, ask_ids=(NAME,))
    await show_request(scene.house, request.id, person.id)
    scene.clock.advance(1)
    outcome = "granted" if evidence else "pending"
    assert await bring(scene, row_of(scene, "1", NAME, evidence=evidence)) == [outcome]
    scene.clock.advance(1)
    ticked = frozenset({NAME}) if agrees else frozenset[AskId]()
    answer = Answer(person.id, profile.id, ticked, DURATIONS["P1D"], "Chữ đã hiện (mẫu)", "vi")
    await decide(scene.house, request.id, answer)
    grant = await find_grant(scene, "1")
    assert grant is not None
    (now,) = grant.permissions
    said = await find_said(scene, "1")
    if agrees:
        assert (now.state, now.basis, now.decided_by) == (PermissionState.GRANTED, Basis.OWN_CONSENT, person.id)
        assert said.agreed == {NAME: {"1"}}
    else:
        assert said.refused == {NAME: {"1"}}
    assert await bring(scene, row_of(scene, "1", NAME)) == ["kept"]
    assert (await verified(scene.house)).bad == []


async def test_a_no_that_only_the_journal_knows_is_kept(scene: Scene) -> None:
    """The database was put back to before the person refused: an import neither passes nor makes it forgotten (I4)."""
    scene = await with_asking_app(scene)
    person, profile = await follow(scene, "1")
    await decide_as(scene, person, profile, ask_ids=[], to=[NAME])
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(permissions.delete().where(permissions.c.decided_by == person.id))
        await unit.commit()
    assert await recall_noes(scene.house, scene.house.journal.read()) == 1
    assert await bring(scene, row_of(scene, "1", NAME), row_of(scene, "1", PHONE)) == ["kept", "kept"]
    assert await bring(scene, row_of(scene, "2", NAME)) == ["granted"]
    said = await find_said(scene, "1", "2")
    assert said.agreed == {NAME: {"2"}}
    assert said.refused == {NAME: {"1"}}
    assert await recall_noes(scene.house, scene.house.journal.read()) == 1


async def test_the_record_says_by_whom_and_seals_the_evidence(scene: Scene) -> None:
    """Who brought it in and what proves it rest sealed under the import's key; nothing of it stands in a row (R70)."""
    scene = await with_asking_app(scene)
    await bring(scene, row_of(scene, "1", NAME), row_of(scene, "2", NAME), row_of(scene, "1", PHONE, evidence=None))
    records = await list_records(scene.house, kinds=[Kind.BROUGHT_IN])
    assert [(each.actor, each.facts["import"], each.version) for each in records] == [
        (Actor.command_line(), FILE, 1)
    ] * 2
    (first,) = [each for each in records if len(each.facts["permissions"]) == 2]
    assert {each["basis"] for each in first.facts["permissions"]} == {"imported"}
    async with scene.house.storage.read() as connection:
        opened = await reading.open_parts(connection, first, scene.house.ledger.person_keys)
        key = scene.house.ledger.verifier_key
        found = [await find_attestation(connection, each.canonical, seq=each.seq, key=key) for each in records]
    assert [(each.state, each.proof and each.proof.size) for each in found] == [(Attested.HOLDS, records[0].seq)] * 2
    row = row_of(scene, "1", NAME)
    told = {"agreed_on": row["agreed_at"]}
    asks = {NAME: told | {"evidence": EVIDENCE}, PHONE: told | {"evidence": ""}}
    assert opened == {"evidence": {"entered_by": BY, "asks": asks}}
    files = [path for path in scene.house.ledger.path.parents[1].rglob("*") if path.is_file()]
    for word in (BY, EVIDENCE):
        assert not [path.name for path in files if word.encode() in path.read_bytes()]
    assert [path.name for path in files if path.name.startswith("im_")] == [f"{FILE}.key"]
    scene.house.ledger.person_keys.destroy(FILE, "evidence")
    assert (await verified(scene.house)).bad == []


async def test_two_who_bring_in_the_same_meet_no_deadlock(scene: Scene) -> None:
    """In whatever order their files stand, and while people say no: each is done once, and nobody is overruled."""
    scene = await with_asking_app(scene)
    people = [str(number) for number in range(12)]
    met = [await follow(scene, each) for each in people[:4]]
    rows = [row_of(scene, each, ask) for each in people for ask in (NAME, PHONE)]
    done = await asyncio.gather(
        run(scene, "consent import", *rows),
        run(scene, "consent import", *reversed(rows), file="im_" + "1" * 22),
        *[decide_as(scene, person, profile, ask_ids=[], to=[NAME, PHONE]) for person, profile in met],
    )
    first, second = (each["outcomes"] for each in done[:2] if isinstance(each, dict))
    both = {frozenset(pair) for pair in zip(first, reversed(second), strict=True)}
    assert both <= {frozenset({"granted", "there"}), frozenset({"granted", "kept"}), frozenset({"kept"})}
    said = await find_said(scene, *people)
    assert said.agreed == {NAME: set(people[4:]), PHONE: set(people[4:])}
    assert said.refused == {NAME: set(people[:4]), PHONE: set(people[:4])}
    assert (await verified(scene.house)).bad == []


async def test_evidence_that_comes_while_people_say_no_overrules_nobody(scene: Scene) -> None:
    """Grants that are there already: each is read under its lock, so that a withdrawal of the same moment stands."""
    scene = await with_asking_app(scene)
    people = [str(number) for number in range(12)]
    met = [await follow(scene, each) for each in people]
    await run(scene, "consent import", *[row_of(scene, each, NAME, evidence=None) for each in people])
    async with scene.house.storage.read() as connection:
        found = [await grants.find_between(connection, profile.id, scene.app.id) for _, profile in met]
    rows = [row_of(scene, each, NAME) for each in people]
    await asyncio.gather(
        run(scene, "consent import", *rows, file="im_" + "1" * 22),
        run(scene, "consent import", *reversed(rows), file="im_" + "2" * 22),
        *[
            withdraw(scene.house, grant.id, Actor(ActorKind.PERSON, person.id))
            for grant, (person, _) in zip(found, met, strict=True)
            if grant is not None
        ],
    )
    assert (await find_said(scene, *people)).agreed == {}
    assert (await verified(scene.house)).bad == []


async def test_rows_that_somebody_else_made_meanwhile_are_used(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile or grant that came after the look-up collides; it is taken, and those beside it are made too."""
    scene = await with_asking_app(scene)
    await follow(scene, "1")
    await say_yes(scene, "2", [CHAT], to=[CHAT])
    looks = {"list_external": accounts.list_external, "list_between": grants.list_between}

    def blind_once(name: str, owner: Any) -> None:
        async def look(*_given: Any) -> Any:
            monkeypatch.setattr(owner, name, looks[name])
            return {}

        monkeypatch.setattr(owner, name, look)

    blind_once("list_external", accounts)
    blind_once("list_between", grants)
    rows = [row_of(scene, each, NAME) for each in "123"]
    assert (await run(scene, "consent import", *rows))["outcomes"] == ["granted"] * 3
    assert (await find_said(scene, *"123")).agreed == {NAME: set("123"), CHAT: {"2"}}
    assert (await verified(scene.house)).bad == []


async def test_several_grants_move_from_the_version_that_they_were_read_at(scene: Scene) -> None:
    """One of them that moved on meanwhile stops all of it: nothing is written over another's change."""
    scene = await with_asking_app(scene)
    await bring(scene, *(row_of(scene, each, NAME) for each in "12"))
    found = [await find_grant(scene, each) for each in "12"]
    now = scene.clock.now()
    changes = [transitions.pause(each, None, now) for each in found if each is not None]
    await pause(scene.house, changes[0].grant.id, Actor.system())
    with pytest.raises(AssertionError, match="under its lock"):
        async with scene.house.storage.unit() as unit:
            await grants.save_all(unit.connection, changes)
    assert (await verified(scene.house)).bad == []


async def test_people_are_counted_by_what_lets_their_data_pass(scene: Scene) -> None:
    """By own decision, by evidence, waiting; who ended it counts nowhere, nor do the shop's own permissions."""
    scene = await with_asking_app(scene)
    await agree(scene)
    await say_yes(scene, "1", [NAME], to=[NAME])
    await take_back(scene, await say_yes(scene, "2", [NAME], to=[NAME]))
    rows = [row_of(scene, "3", NAME), row_of(scene, "4", NAME, evidence=None), row_of(scene, "5", NAME)]
    await bring(scene, *rows, row_of(scene, "3", CHAT, evidence=None))
    async with scene.house.storage.read() as connection:
        among = accounts.profiles_of(scene.account.id)
        counted = await grants.count_people(connection, scene.app.id, scene.clock.now(), among=among)
    assert counted == {
        NAME: {Basis.OWN_CONSENT: HeldBy(1, 0), Basis.IMPORTED: HeldBy(2, 1)},
        CHAT: {Basis.IMPORTED: HeldBy(0, 1)},
    }


async def test_it_ends_with_its_last_day_in_vietnam(scene: Scene) -> None:
    """`ends_at` is the last day, whole; never later than a year from now; `duration` counts from now."""
    scene = await with_asking_app(scene)
    now = scene.clock.now()
    today = now.astimezone(HANOI).date()
    days = {"1": today, "2": today + timedelta(days=9), "3": today + timedelta(days=365)}
    rows = [row_of(scene, each, NAME, ends_at=day.isoformat(), duration=None) for each, day in days.items()]
    await bring(scene, *rows, row_of(scene, "4", NAME, duration="P365D"))
    found = [await find_grant(scene, each) for each in "1234"]
    ends = [each.permissions[0].ends_at for each in found if each is not None]
    local = [each.astimezone(HANOI) for each in ends if each is not None]
    assert [(each.date(), each.hour) for each in local[:2]] == [
        (today + timedelta(days=1), 0),
        (today + timedelta(days=10), 0),
    ]
    assert ends[2:] == [now + timedelta(days=365)] * 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "changes,column,fault",
    [
        ({"account": "4000000000000009"}, "account", "no account 4000000000000009 of zalo was ever linked here"),
        ({"account": "4000000000000001/known"}, "account", "was ever linked here"),
        ({"app": "nobody"}, "app", "there is no app nobody"),
        ({"ask": "crm_email"}, "ask", "the app has no ask crm_email"),
        ({"ask": "oa_profile"}, "ask", "it is not about people"),
        ({"ask": CHAT}, "ask", "it rests on a contract"),
        ({"agreed_at": "2999-01-01"}, "agreed_at", "a day in the future"),
        ({"ends_at": "2020-01-01", "duration": None}, "ends_at", "a day in the past"),
        ({"ends_at": "2999-01-01", "duration": None}, "ends_at", "later than 365 days from today"),
        ({"duration": None}, "ends_at", "either this or duration"),
        ({"ends_at": "2020-01-01"}, "ends_at", "either this or duration"),
    ],
)
async def test_a_row_that_does_not_fit_is_told_and_nothing_is_done(
    scene: Scene, changes: dict[str, object], column: str, fault: str
) -> None:
    """Each fault by its row and column; the good row beside it is not brought in either."""
    scene = await with_asking_app(scene, {CHAT: Basis.CONTRACT})
    await follow(scene, "known")
    rows = [row_of(scene, "1", NAME), row_of(scene, "2", NAME) | changes]
    told = (await run(scene, "consent check", *rows))["faults"][0]
    assert (told["row"], told["column"]) == (1, column)
    assert fault in told["fault"]
    with pytest.raises(Refusal, match="bad_arguments") as refused:
        await run(scene, "consent import", *rows)
    assert f"rows.1.{column}: " in refused.value.detail
    assert await find_grant(scene, "1") is None
    assert await list_records(scene.house, kinds=[Kind.BROUGHT_IN]) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_same_row_twice_and_an_ask_of_another_platform_are_told(scene: Scene) -> None:
    """Within one command too; and what is no row at all is refused by its place."""
    scene = await with_asking_app(scene)
    row = row_of(scene, "1", NAME)
    (told,) = (await run(scene, "consent check", row, row))["faults"]
    assert (told["row"], told["column"]) == (1, "person")
    async with scene.house.storage.unit() as unit:
        moved = asks.update().where(asks.c.app_id == scene.app.id, asks.c.id == PHONE)
        await unit.connection.execute(moved.values(scope="kiotviet.customer.phone.read"))
        await unit.commit()
    (told,) = (await run(scene, "consent check", row_of(scene, "1", PHONE)))["faults"]
    assert (told["column"], told["fault"]) == ("ask", "it is about kiotviet, and not zalo")
    for wrong in (
        {"platform": "kiotviet"},
        {"agreed_at": 20260105},
        {"person": "có dấu"},
        {"evidence": "x" * 201},
        {"extra": "x"},
    ):
        with pytest.raises(Refusal, match="bad_arguments"):
            await run(scene, "consent check", row_of(scene, "1", SENDING) | wrong)


async def test_a_batch_is_done_whole_or_not_at_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails in its midst leaves nothing of it, so that it can be run again; batches before stay."""
    scene = await with_asking_app(scene)
    first = [row_of(scene, str(number), NAME) for number in range(3)]
    second = [row_of(scene, str(number), NAME) for number in range(3, 6)]
    await bring(scene, *first)

    async def failing(*_given: Any, **_named: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="killed"):
        broken.setattr(Ledger, "_sign", failing)
        await run(scene, "consent import", *second)
    assert (await find_said(scene, *"012345")).agreed == {NAME: set("012")}
    assert (await verified(scene.house)).bad == []
    assert await bring(scene, *first, *second) == ["there"] * 3 + ["granted"] * 3
    assert (await verified(scene.house)).bad == []
