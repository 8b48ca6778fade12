"""Ends and narrowings on both databases: what stops, for whom, what is cut, what is on disk when the act returns."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.acts import Settled
from gateway.acts.decide import decide
from gateway.acts.expire import expire
from gateway.acts.pause import pause, resume
from gateway.acts.revoke import revoke
from gateway.acts.shorten import shorten
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.authority.facts import TokenFacts
from gateway.ground.storage.failures import DiskFull
from gateway.ground.vault.journal import Journal
from gateway.records.accounts.types import STANDING_LASTS
from gateway.records.grants import store as grants
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AppId, AskId, FamilyId, GrantId
from gateway.terms.refusal import Refusal, Unavailable
from tests.contract.asking import WHOLE
from tests.contract.asking import shown as asked_anew
from tests.contract.steps import (
    NAME,
    PHONE,
    PROFILE,
    SEND,
    SYSTEM,
    Agreed,
    agreed,
    calls_under_way,
    find_facts,
    get_grant,
    get_permission,
    get_states,
    list_records,
    list_stones,
    live_asks,
    other_owner,
    owner,
    refreshed,
    verified,
)
from tests.contract.test_decide import answer
from tests.house import Scene, agree, end_standing, link_account

DAY = timedelta(days=1)
ALL = {"oa_profile", "crm_name", "crm_phone", "order_send", "chat_read"}
GRANT_ACTS: dict[str, Callable[[Scene, GrantId, Actor], Awaitable[object]]] = {
    "withdraw": lambda scene, grant_id, actor: withdraw(scene.house, grant_id, actor),
    "pause": lambda scene, grant_id, actor: pause(scene.house, grant_id, actor),
    "resume": lambda scene, grant_id, actor: resume(scene.house, grant_id, actor),
    "shorten": lambda scene, grant_id, actor: shorten(scene.house, grant_id, actor, lasts=DAY),
}


async def get_facts(scene: Scene, raw_token: str) -> TokenFacts:
    """Read what is known of a token that exists."""
    facts = await find_facts(scene, raw_token)
    assert facts is not None
    return facts


@pytest.mark.parametrize("asks", [[SEND], [NAME, PHONE], None], ids=["one", "some", "all"])
async def test_what_is_withdrawn_is_over_when_the_act_returns(scene: Scene, asks: list[Any] | None) -> None:
    """State, token, families, tombstone and record all say the same, for one ask, some or the whole app."""
    given = await agreed(scene)
    settled = await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=asks, request_id="rq-1")
    gone = set(asks or ALL)
    states = await get_states(scene.house, given.grant_id)
    assert {ask for ask, state in states.items() if state == "withdrawn"} == gone
    assert await live_asks(scene, given.access_token) == ALL - gone
    assert (await get_facts(scene, given.access_token)).is_ended is (asks is None)
    (stone,) = list_stones(scene.house)
    assert (stone.grant_id, stone.version, stone.cause, len(stone.permission_ids)) == (
        given.grant_id,
        2,
        "withdrawn",
        len(gone),
    )
    record = (await list_records(scene.house, request_id="rq-1"))[0]
    assert (record.seq, record.kind, record.version) == (settled.recorded.seq, Kind.WITHDRAWN, 2)
    assert (record.actor.id, record.app_id, record.account_id) == (scene.owner.id, scene.app.id, scene.account.id)


async def test_nothing_is_withdrawn_twice(scene: Scene) -> None:
    """The second time, and an ask that was never granted, are refused and leave no record."""
    given = await agreed(scene, PROFILE, NAME)
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
    for asks in ([NAME], [SEND]):
        with pytest.raises(Refusal, match="nothing_to_change"):
            await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=asks)
    assert len(await list_records(scene.house, kinds=[Kind.WITHDRAWN])) == 1


async def test_pausing_holds_back_and_resuming_lets_through(scene: Scene) -> None:
    """A pause ends nothing: no permission is in the journal, the family lives, the token works again after."""
    given = await agreed(scene)
    await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
    assert await live_asks(scene, given.access_token) == ALL - {NAME}
    await pause(scene.house, given.grant_id, owner(scene))
    assert await live_asks(scene, given.access_token) == set()
    await resume(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
    assert await live_asks(scene, given.access_token) == {NAME}
    await resume(scene.house, given.grant_id, owner(scene))
    assert await live_asks(scene, given.access_token) == ALL
    assert {stone.permission_ids for stone in list_stones(scene.house)} == {()}
    records = await list_records(scene.house, grant_ids=[given.grant_id])
    assert [each.kind for each in records] == [Kind.RESUMED] * 2 + [Kind.PAUSED] * 2 + [Kind.DECIDED]


async def test_shortening_brings_the_end_nearer_for_every_token(scene: Scene) -> None:
    """After a day nothing is live, before any record of the expiry; lengthening is no act."""
    given = await agreed(scene)
    await shorten(scene.house, given.grant_id, owner(scene), lasts=DAY)
    with pytest.raises(Refusal, match="nothing_to_change"):
        await shorten(scene.house, given.grant_id, owner(scene), lasts=2 * DAY)
    scene.clock.advance(DAY - timedelta(minutes=1))
    token = (await refreshed(scene, given.refresh_token))["access_token"]
    assert await live_asks(scene, token) == ALL
    scene.clock.advance(timedelta(minutes=1))
    assert await live_asks(scene, token) == set()
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, given.refresh_token)


@pytest.mark.parametrize("name", GRANT_ACTS)
async def test_a_grant_is_for_those_who_may_decide(scene: Scene, name: str) -> None:
    """Without standing, or with one that lapsed, and for an unknown grant, the answer is `not_found`."""
    given = await agreed(scene)
    before = await get_states(scene.house, given.grant_id)
    with pytest.raises(Refusal, match="not_found"):
        await GRANT_ACTS[name](scene, given.grant_id, other_owner(scene))
    with pytest.raises(Refusal, match="not_found"):
        await GRANT_ACTS[name](scene, GrantId("gr_unknown"), SYSTEM)
    await end_standing(scene, scene.owner.id)
    with pytest.raises(Refusal, match="not_found"):
        await GRANT_ACTS[name](scene, given.grant_id, owner(scene))
    assert await get_states(scene.house, given.grant_id) == before


@pytest.mark.parametrize("kind", ["second owner", "operator", "system"])
async def test_others_who_may_end_it_do(scene: Scene, kind: str) -> None:
    """A second holder of the account, an operator and the command line end what the first holder gave."""
    given = await agreed(scene)
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    operator = Actor(ActorKind.OPERATOR, scene.other_owner.id)
    actor = {"second owner": other_owner(scene), "operator": operator, "system": SYSTEM}[kind]
    settled = await withdraw(scene.house, given.grant_id, actor)
    assert await live_asks(scene, given.access_token) == set()
    (record,) = await list_records(scene.house, kinds=[Kind.WITHDRAWN])
    assert (record.seq, record.actor) == (settled.recorded.seq, actor)


async def test_what_runs_is_cut_before_the_act_returns(scene: Scene) -> None:
    """Calls that use what ended or was held back are cut, once; others run on (I1)."""
    given = await agreed(scene)
    facts = await get_facts(scene, given.access_token)
    calls = {"name": (facts, [NAME]), "name and send": (facts, [NAME, SEND]), "send": (facts, [SEND])}
    with calls_under_way(scene, calls) as cuts:
        await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
        assert set(cuts.cut) == {"name", "name and send"}
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
        assert len(cuts.cut) == 2
        await shorten(scene.house, given.grant_id, owner(scene), lasts=DAY)
        assert cuts.cut[2:] == ["send"]


async def test_the_end_of_the_whole_grant_cuts_calls_of_its_families(scene: Scene) -> None:
    """A call that rests on nothing named (introspection, for example) goes with its family; other apps' calls stay."""
    given = await agreed(scene, PROFILE)
    facts = await get_facts(scene, given.access_token)
    other = replace(facts, app_id=scene.public_app.id, family_id=FamilyId("fm_other"), reach=())
    with calls_under_way(scene, {"bare": (facts, []), "another app's": (other, [])}) as cuts:
        await withdraw(scene.house, given.grant_id, owner(scene))
        assert cuts.cut == ["bare"]


async def test_giving_a_token_back_cuts_its_calls(scene: Scene) -> None:
    """An app that gives up its refresh token has no call under way afterwards."""
    given = await agreed(scene)
    facts = await get_facts(scene, given.access_token)
    with calls_under_way(scene, {"call": (facts, [NAME])}) as cuts:
        await revoke(scene.house, scene.app, given.refresh_token)
        assert cuts.cut == ["call"]
    await revoke(scene.house, scene.app, given.refresh_token)
    assert len(await list_records(scene.house, kinds=[Kind.FAMILY_ENDED])) == 1


async def test_suspending_an_app_stops_it_and_lifting_revives_nothing_that_ended(scene: Scene) -> None:
    """Everything of the app is cut and refused at once; what was withdrawn meanwhile stays withdrawn (I4)."""
    given = await agreed(scene)
    facts = await get_facts(scene, given.access_token)
    with calls_under_way(scene, {"call": (facts, [NAME])}) as cuts:
        await suspend_app(scene.house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)")
        assert cuts.cut == ["call"]
    assert await live_asks(scene, given.access_token) == set()
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    await resume_app(scene.house, scene.app.id, Actor(ActorKind.OPERATOR, scene.other_owner.id))
    assert await live_asks(scene, given.access_token) == ALL - {SEND}


async def test_an_app_is_suspended_and_resumed_once(scene: Scene) -> None:
    """Eight suspensions at once leave one record; an unknown app is not found; an active one is not resumed."""
    tries = [suspend_app(scene.house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)") for _ in range(8)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [each.reason for each in outcomes if isinstance(each, Refusal)] == ["nothing_to_change"] * 7
    assert len(await list_records(scene.house, kinds=[Kind.APP_SUSPENDED])) == 1
    with pytest.raises(Refusal, match="not_found"):
        await suspend_app(scene.house, AppId("unknown"), SYSTEM, reason="kiểm tra (mẫu)")
    with pytest.raises(Refusal, match="nothing_to_change"):
        await resume_app(scene.house, scene.public_app.id, SYSTEM)


async def test_time_ends_without_a_record_and_the_record_follows(scene: Scene) -> None:
    """Verdicts know the minute; `expire` writes it down once, with the time it had, and a tombstone."""
    given = await agreed(scene, PROFILE, NAME, duration="P1D")
    ends_at = (await get_permission(scene.house, given.grant_id, NAME)).ends_at
    scene.clock.advance(DAY)
    assert await expire(scene.house) == 1
    permission = await get_permission(scene.house, given.grant_id, NAME)
    assert (permission.state.value, permission.ended_at) == ("expired", ends_at)
    assert [stone.cause for stone in list_stones(scene.house)] == ["expired"]
    assert await expire(scene.house) == 0
    assert len(await list_records(scene.house, kinds=[Kind.EXPIRED])) == 1


async def test_expiry_that_two_record_at_once_is_recorded_once(scene: Scene) -> None:
    """Eight at once: one record, and nobody fails."""
    await agreed(scene, duration="P1D")
    scene.clock.advance(DAY)
    assert sum(await asyncio.gather(*[expire(scene.house) for _ in range(8)])) == 1
    assert len(await list_records(scene.house, kinds=[Kind.EXPIRED])) == 1


async def test_a_paused_permission_runs_out_too(scene: Scene) -> None:
    """Resuming after its time is refused, recorded or not."""
    given = await agreed(scene, PROFILE, duration="P1D")
    await pause(scene.house, given.grant_id, owner(scene))
    scene.clock.advance(DAY)
    with pytest.raises(Refusal, match="nothing_to_change"):
        await resume(scene.house, given.grant_id, owner(scene))
    assert await expire(scene.house) == 1
    assert (await get_states(scene.house, given.grant_id))["oa_profile"] == "expired"


async def test_the_last_standing_takes_the_grant_with_it(scene: Scene) -> None:
    """While one of two holders is left all goes on; with the last it is over at once, and `reconfirm` follows."""
    given = await agreed(scene)
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    await end_standing(scene, scene.owner.id)
    assert await expire(scene.house) == 0
    assert await live_asks(scene, given.access_token) == ALL
    await end_standing(scene, scene.other_owner.id)
    assert await live_asks(scene, given.access_token) == set()
    assert await expire(scene.house) == 1
    assert set((await get_states(scene.house, given.grant_id)).values()) == {"reconfirm"}
    assert Because.of((await list_records(scene.house))[0]) == Because(Cause.STANDING_LAPSED)
    await link_account(scene.house, scene.owner.id, external_id=scene.account.external_id)
    assert await live_asks(scene, given.access_token) == set()
    assert await expire(scene.house) == 0


async def test_standing_that_nobody_proves_again_lapses_by_time(scene: Scene) -> None:
    """After ninety days a grant of a year stops."""
    given = await agreed(scene, duration="P365D")
    for _ in range(3):
        scene.clock.advance(timedelta(days=29))
        given = Agreed(given.grant_id, *_tokens(await refreshed(scene, given.refresh_token)))
    scene.clock.advance(STANDING_LASTS - timedelta(days=87))
    given = Agreed(given.grant_id, *_tokens(await refreshed(scene, given.refresh_token)))
    assert (await get_facts(scene, given.access_token)).expires_at > scene.clock.now()
    assert await live_asks(scene, given.access_token) == set()


def _tokens(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["access_token"], answer["refresh_token"]


def _full_disk(*_given: object) -> None:
    raise OSError(28, "No space left on device")


async def test_an_end_whose_tombstone_is_not_on_disk_is_not_acknowledged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`not_settled`: recorded and cut, yet the caller must not believe that it outlives a restore (I4)."""
    given = await agreed(scene)
    facts = await get_facts(scene, given.access_token)
    monkeypatch.setattr(Journal, "append", _full_disk)
    with calls_under_way(scene, {"call": (facts, [NAME])}) as cuts:
        with pytest.raises(Unavailable) as caught:
            await withdraw(scene.house, given.grant_id, owner(scene))
        assert cuts.cut == ["call"]
    assert caught.value.reason == "not_settled"
    assert await live_asks(scene, given.access_token) == set()
    assert (await verified(scene.house)).is_ok


ENDED_AGAIN: dict[str, Callable[[Scene, GrantId], Awaitable[object]]] = {
    "by the person": lambda scene, grant_id: withdraw(scene.house, grant_id, owner(scene)),
    "by the next act": lambda scene, _grant: decide_elsewhere(scene),
    "by the clock's round": lambda scene, _grant: expire(scene.house),
}


async def decide_elsewhere(scene: Scene) -> None:
    """Decide about another app: an act that owes nothing to the grant that ended."""
    await agree(scene, app=scene.public_app)


@pytest.mark.parametrize("name", ENDED_AGAIN)
async def test_a_tombstone_that_is_owed_is_written_before_anything_else_is_acknowledged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Tried again while the disk is full: still `not_settled`. Once it is not, the tombstone is there, once (I4)."""
    given = await agreed(scene)
    with monkeypatch.context() as full:
        full.setattr(Journal, "append", _full_disk)
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await withdraw(scene.house, given.grant_id, owner(scene))
            assert caught.value.reason == "not_settled"
    assert list_stones(scene.house) == ()
    with suppress(Refusal):
        await ENDED_AGAIN[name](scene, given.grant_id)
    (stone,) = list_stones(scene.house)
    assert (stone.grant_id, stone.version, len(stone.permission_ids)) == (given.grant_id, 2, len(ALL))
    with pytest.raises(Refusal, match="nothing_to_change"):
        await withdraw(scene.house, given.grant_id, owner(scene))
    assert len(list_stones(scene.house)) == 1


async def test_a_decision_that_ended_something_is_not_called_decided_while_its_tombstone_is_owed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends the form again hears `decided` only once what was unticked outlives a restore."""
    await agreed(scene)
    scene.clock.advance(1)
    request = await asked_anew(scene, wishes=WHOLE)
    with monkeypatch.context() as full:
        full.setattr(Journal, "append", _full_disk)
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await decide(scene.house, request.id, answer(scene, PROFILE))
            assert caught.value.reason == "not_settled"
    with pytest.raises(Refusal, match="decided"):
        await decide(scene.house, request.id, answer(scene, PROFILE))
    (stone,) = list_stones(scene.house)
    assert len(stone.permission_ids) == len(ALL) - 1


async def test_a_database_that_goes_away_before_the_tombstone_settles_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is committed, and whoever asked is told that it is not settled; the next round writes it."""
    given = await agreed(scene)

    def gone(*_given: object) -> None:
        raise Unavailable("database")

    with monkeypatch.context() as broken:
        broken.setattr(scene.house.storage, "read", gone)
        with pytest.raises(Unavailable) as caught:
            await withdraw(scene.house, given.grant_id, owner(scene))
    assert (caught.value.what, caught.value.reason) == ("database", "not_settled")
    assert await expire(scene.house) == 0
    assert len(list_stones(scene.house)) == 1


async def test_a_journal_that_was_taken_away_settles_nothing(scene: Scene) -> None:
    """A file that vanished is never begun anew: what was in it is lost."""
    given = await agreed(scene)
    journal = scene.house.ledger.path.parents[1] / "journal" / "tombstones.jsonl"
    journal.unlink()
    with pytest.raises(Unavailable) as caught:
        await withdraw(scene.house, given.grant_id, owner(scene))
    assert (caught.value.what, caught.value.reason) == ("journal", "not_settled")
    assert not journal.exists()


async def test_a_pause_leaves_its_version_in_the_journal(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore must not lift a pause: the journal tells that the grant moved on, and is waited for."""
    given = await agreed(scene)
    await pause(scene.house, given.grant_id, owner(scene))
    stone = list_stones(scene.house)[-1]
    assert (stone.grant_id, stone.permission_ids) == (given.grant_id, ())
    assert stone.version == (await get_grant(scene.house, given.grant_id)).version
    await resume(scene.house, given.grant_id, owner(scene))
    monkeypatch.setattr(Journal, "append", _full_disk)
    with pytest.raises(Unavailable, match="journal"):
        await pause(scene.house, given.grant_id, owner(scene))
    assert await live_asks(scene, given.access_token) == set()


@pytest.mark.parametrize("asks", [[NAME], [SEND]])
async def test_a_caller_that_goes_away_leaves_the_act_whole(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, asks: list[AskId]
) -> None:
    """Cancelled while the tombstone is being written, and before the first step: it is done all the same."""
    given = await agreed(scene)
    begun, written = asyncio.Event(), asyncio.Event()
    loop, append = asyncio.get_running_loop(), Journal.append

    def slow(journal: Journal, entries: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        append(journal, entries)
        loop.call_soon_threadsafe(written.set)

    monkeypatch.setattr(Journal, "append", slow)
    act = asyncio.ensure_future(withdraw(scene.house, given.grant_id, owner(scene), ask_ids=asks))
    await (begun.wait() if asks == [NAME] else asyncio.sleep(0))
    act.cancel()
    with pytest.raises(asyncio.CancelledError):
        await act
    await asyncio.wait_for(written.wait(), 10)
    await scene.house.write_owed()  # it waits for the act, which forgets what it owed
    assert asks[0] not in await live_asks(scene, given.access_token)
    assert [stone.cause for stone in list_stones(scene.house)] == ["withdrawn"]
    assert (await verified(scene.house)).is_ok


async def test_eight_at_once_leave_one_history(scene: Scene) -> None:
    """Twenty rounds of withdrawals, pauses, resumptions and a shortening: ended stays ended, a record each version."""
    given = await agreed(scene)
    for round_ in range(20):
        scene.clock.advance(1)
        given = await agreed(scene)
        before = (await get_grant(scene.house, given.grant_id)).version
        acts = [withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND]) for _ in range(2)]
        acts += [pause(scene.house, given.grant_id, owner(scene)) for _ in range(3)]
        acts += [resume(scene.house, given.grant_id, owner(scene)) for _ in range(2)]
        acts += [shorten(scene.house, given.grant_id, owner(scene), lasts=DAY)]
        outcomes = await asyncio.gather(*acts[round_ % 8 :], *acts[: round_ % 8], return_exceptions=True)
        refused = [each.reason for each in outcomes if isinstance(each, Refusal)]
        assert set(refused) <= {"nothing_to_change"}, round_
        assert sum(isinstance(each, Settled) for each in outcomes) == 8 - len(refused), round_
        assert (await get_states(scene.house, given.grant_id))["order_send"] == "withdrawn"
        assert SEND not in await live_asks(scene, given.access_token)
        assert (await get_grant(scene.house, given.grant_id)).version == before + 8 - len(refused)
    versions = [each.version for each in await list_records(scene.house, grant_ids=[given.grant_id])]
    assert versions == list(range(len(versions), 0, -1))
    assert (await verified(scene.house)).bad == []


async def test_a_disk_that_is_full_before_anything_is_known_denies_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the grant was read: what should have ended is not known, so the caller hears it and all goes on."""
    given = await agreed(scene)

    async def find(*_given: object, **_named: object) -> None:
        raise DiskFull("database")

    with monkeypatch.context() as patched:
        patched.setattr(grants, "find", find)
        with pytest.raises(DiskFull):
            await withdraw(scene.house, given.grant_id, owner(scene))
    assert scene.house.in_flight.denied == set()
    assert await live_asks(scene, given.access_token) == ALL
