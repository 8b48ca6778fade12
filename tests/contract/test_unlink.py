"""A person takes their own account away: what was granted ends first, then the connection, with its key and name."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from gateway.acts import House
from gateway.acts.link import finish_link, start_link
from gateway.acts.renew import renew
from gateway.acts.unlink import unlink
from gateway.ground.storage.failures import DiskFull
from gateway.ground.vault.entries import SealedCredential
from gateway.ground.vault.journal import Journal
from gateway.platforms import Profile
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import standing_facts
from gateway.records.accounts.types import SELF, STANDING_LASTS, Account, Connection, Standing
from gateway.records.grants import store as grants
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.terms.ids import AccountId, GrantId, PersonId, StandingId, new_id
from gateway.terms.refusal import Refusal, Unavailable
from tests.contract.asking import answered, shown
from tests.contract.platform import StandInPlatform
from tests.contract.steps import (
    NAME,
    PROFILE,
    agreed,
    calls_under_way,
    find_facts,
    get_grant,
    get_states,
    list_records,
    list_stones,
    live_asks,
    owner,
)
from tests.followers import follow
from tests.house import Scene


async def make_own(scene: Scene, *people: PersonId) -> None:
    """Let the scene's account be the own account of these people."""
    now = scene.clock.now()
    async with scene.house.storage.unit() as unit:
        for person_id in people or (scene.owner.id,):
            standing_id = StandingId(new_id("st", scene.house.entropy))
            ends_at = now + STANDING_LASTS
            proven = Standing(standing_id, scene.account.id, person_id, SELF, "test", now, ends_at)
            kept = await accounts.save_standing(unit.connection, proven)
            facts = {"standings": [standing_facts(kept)]}
            draft = Draft(Kind.LINKED, now, Actor.system(), facts, account_id=scene.account.id)
            await scene.house.ledger.append(unit.connection, draft)
        await unit.commit()


async def look(scene: Scene) -> tuple[Account, Connection | None, int]:
    """Return the account as it is, its connection, and how many people may decide for it."""
    async with scene.house.storage.read() as connection:
        account = await accounts.find(connection, scene.account.id)
        assert account is not None
        link = await accounts.find_connection(connection, scene.account.id)
        return account, link, await accounts.count_standings(connection, scene.account.id, scene.clock.now())


def list_keys(journal: Journal) -> list[str]:
    """Name the connections whose credential the journal holds."""
    return [each.connection_id for each in journal.read().entries if isinstance(each, SealedCredential)]


async def test_everything_of_it_ends(scene: Scene) -> None:
    """Tokens are dead when it returns, key and name are gone, what stood waits to be confirmed, and the log says so."""
    await make_own(scene)
    given = await agreed(scene, PROFILE, NAME)
    record_id = await unlink(scene.house, scene.account.id, scene.owner.id)
    account, link, holders = await look(scene)
    assert (account.name, link, holders) == ("", None, 0)
    assert await live_asks(scene, given.access_token) == set()
    states = await get_states(scene.house, given.grant_id)
    assert (states[PROFILE], states[NAME]) == ("reconfirm", "reconfirm")
    assert [stone.grant_id for stone in list_stones(scene.house)] == [given.grant_id]
    (record,) = await list_records(scene.house, kinds=[Kind.UNLINKED])
    assert (record.record_id, record.account_id, record.actor) == (record_id, scene.account.id, owner(scene))
    assert record.facts["unconnected"] == {"account": scene.account.id}


async def test_it_is_linked_again_as_a_new_connection(scene: Scene) -> None:
    """The account is the same, its name comes back, and nothing that stood before lives again by itself (I4)."""
    await make_own(scene)
    given = await agreed(scene, PROFILE)
    await unlink(scene.house, scene.account.id, scene.owner.id)
    platform = StandInPlatform(profile=Profile(scene.account.external_id, "Tên mới (mẫu)", SELF))
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/x")
    await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="c")
    account, link, holders = await look(scene)
    assert (account.name, link is not None, holders) == ("Tên mới (mẫu)", True, 1)
    assert await live_asks(scene, given.access_token) == set()
    assert (await get_states(scene.house, given.grant_id))[PROFILE] == "reconfirm"


async def test_a_followers_profile_is_no_account_of_theirs(scene: Scene) -> None:
    """What a shop knows of somebody is theirs to decide about, and nothing that they could unlink."""
    person, profile = await follow(scene, "1")
    with pytest.raises(Refusal, match="not_found"):
        await unlink(scene.house, profile.id, person.id)


async def test_while_somebody_else_holds_it_only_the_standing_goes(scene: Scene) -> None:
    """The other decides on; when they go too, the rest goes, also what was ended before."""
    await make_own(scene, scene.owner.id, scene.other_owner.id)
    given = await agreed(scene, PROFILE)
    await unlink(scene.house, scene.account.id, scene.other_owner.id)
    account, link, holders = await look(scene)
    assert (account.name, link is None, holders) == (scene.account.name, False, 1)
    assert await live_asks(scene, given.access_token) == {PROFILE}
    await unlink(scene.house, scene.account.id, scene.owner.id)
    assert (await look(scene))[1:] == (None, 0)
    with pytest.raises(Refusal, match="not_found"):
        await unlink(scene.house, scene.account.id, scene.owner.id)


async def test_only_ones_own_account_is_taken_away(scene: Scene) -> None:
    """An admin's OA, another's account and one that is none: nothing changes."""
    before = await look(scene)
    for account_id, person_id in (
        (scene.account.id, scene.owner.id),
        (scene.account.id, scene.other_owner.id),
        (AccountId("ac_unknown"), scene.owner.id),
    ):
        with pytest.raises(Refusal, match="not_found"):
            await unlink(scene.house, account_id, person_id)
    assert await look(scene) == before


async def test_of_eight_at_once_one_takes_it_away(scene: Scene) -> None:
    """The others find nothing of theirs any more; a renewal under way brings no key back."""
    await make_own(scene)
    await agreed(scene, PROFILE)
    seen = (await look(scene))[1]
    assert seen is not None
    platform = StandInPlatform()
    platform._live = "upstream-refresh"

    async def take_away() -> None:
        outcomes = await asyncio.gather(
            *[unlink(scene.house, scene.account.id, scene.owner.id) for _ in range(8)], return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in outcomes) == ["Refusal"] * 7 + ["str"]
        assert {each.reason for each in outcomes if isinstance(each, Refusal)} == {"not_found"}

    platform.in_between = take_away
    with pytest.raises(Refusal, match="connection_lost"):
        await renew(scene.house, platform, replace(seen))
    assert (await look(scene))[1] is None
    assert len(await list_records(scene.house, kinds=[Kind.UNLINKED])) == 1


async def test_its_key_is_kept_nowhere(scene: Scene) -> None:
    """Not in the journal either; where that cannot be written anew at once, the next start does it."""
    await make_own(scene)
    platform = StandInPlatform(profile=Profile(scene.account.external_id, "Tên (mẫu)", SELF))
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/x")
    await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="c")
    link = (await look(scene))[1]
    assert link is not None
    assert list_keys(scene.house.journal) == [link.id]
    await unlink(scene.house, scene.account.id, scene.owner.id)
    assert list_keys(scene.house.journal) == []
    assert scene.house.journal.read().list_barred("connection") == [link.id]


async def test_a_journal_that_cannot_be_written_anew_fails_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is taken away is away, and the next start forgets the key."""
    await make_own(scene)
    link = (await look(scene))[1]
    assert link is not None
    scene.house.journal.append([SealedCredential(link.id, 1, link.sealed_credential, scene.clock.now())])

    def fail(_journal: Journal) -> None:
        raise OSError(28, "injected")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "compact", fail)
        await unlink(scene.house, scene.account.id, scene.owner.id)
    assert (await look(scene))[1:] == (None, 0)
    scene.house.journal.compact()
    assert list_keys(scene.house.journal) == []


async def test_what_lapses_says_why(scene: Scene) -> None:
    """The screen that asks again reads it: nobody could decide any more."""
    await make_own(scene)
    await agreed(scene, PROFILE)
    await unlink(scene.house, scene.account.id, scene.owner.id)
    (record,) = await list_records(scene.house, kinds=[Kind.RECONFIRM])
    assert (Because.of(record), record.actor) == (Because(Cause.STANDING_LAPSED), owner(scene))


async def test_the_last_two_holders_unlink_at_once(scene: Scene) -> None:
    """One of them is the last: what stood lapses, once, and the call under way is cut before both hear success (I1)."""
    await make_own(scene, scene.owner.id, scene.other_owner.id)
    given = await agreed(scene, PROFILE)
    facts = await find_facts(scene, given.access_token)
    assert facts is not None
    with calls_under_way(scene, {"call": (facts, {PROFILE})}) as cuts:
        people = scene.owner.id, scene.other_owner.id
        await asyncio.gather(*[unlink(scene.house, scene.account.id, person_id) for person_id in people])
        assert cuts.cut == ["call"]
    account, link, holders = await look(scene)
    assert (account.name, link, holders) == ("", None, 0)
    assert (await get_states(scene.house, given.grant_id))[PROFILE] == "reconfirm"
    assert [stone.grant_id for stone in list_stones(scene.house)] == [given.grant_id]
    assert len(await list_records(scene.house, kinds=[Kind.RECONFIRM])) == 1


async def test_two_who_hold_nothing_but_the_account_unlink_at_once(scene: Scene) -> None:
    """Without a grant and a connection there is still a name, which goes with the last of them."""
    await make_own(scene, scene.owner.id, scene.other_owner.id)
    async with scene.house.storage.unit() as unit:
        await accounts.remove_connections_of(unit.connection, scene.account.id)
        await unit.commit()
    people = scene.owner.id, scene.other_owner.id
    await asyncio.gather(*[unlink(scene.house, scene.account.id, person_id) for person_id in people])
    assert (await look(scene))[0].name == ""


async def test_a_decision_beside_it_does_not_outlive_it(scene: Scene) -> None:
    """A second tab agrees while the account is taken away, whichever is first: nothing stands afterwards."""
    for place in range(6):  # the first time nothing was ever decided on this app
        await make_own(scene)
        scene.clock.advance(1)
        request = await shown(scene)
        acts = [unlink(scene.house, scene.account.id, scene.owner.id), answered(scene, request, PROFILE, NAME)]
        outcomes = await asyncio.gather(*acts[:: -1 if place % 2 else 1], return_exceptions=True)
        wrong = [each for each in outcomes if isinstance(each, BaseException)]
        assert [each.reason for each in wrong if isinstance(each, Refusal)] == ["account_required"] * len(wrong)
        async with scene.house.storage.read() as connection:
            given = await grants.list_of_accounts(connection, [scene.account.id])
        assert not [p for grant in given for p in grant.permissions if p.is_standing(scene.clock.now())], place


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_decision_that_waited_for_it_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    """It saw the standing before the account was taken away, and the grant only after that."""
    if not is_first:
        await agreed(scene, PROFILE)
    await make_own(scene)
    scene.clock.advance(1)
    request = await shown(scene)
    seen, gone, found = asyncio.Event(), asyncio.Event(), grants.find_between

    async def wait(*given: Any, **named: Any) -> Any:
        seen.set()
        await gone.wait()
        return await found(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(grants, "find_between", wait)
        deciding = asyncio.ensure_future(answered(scene, request, PROFILE, NAME))
        await asyncio.wait_for(seen.wait(), 30)
        try:
            await unlink(scene.house, scene.account.id, scene.owner.id)
        finally:
            gone.set()
        with pytest.raises(Refusal, match="account_required"):
            await deciding


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_first_decision_that_came_before_is_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its grant is there and nobody else sees it yet: what it gives lapses as the rest does."""
    await make_own(scene)
    request = await shown(scene)
    added, go_on, record = asyncio.Event(), asyncio.Event(), House.record_change

    async def wait(*given: Any, **named: Any) -> Any:
        if named["kind"] is Kind.DECIDED:
            added.set()
            await go_on.wait()
        return await record(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(House, "record_change", wait)
        deciding = asyncio.ensure_future(answered(scene, request, PROFILE))
        await asyncio.wait_for(added.wait(), 30)
        unlinking = asyncio.ensure_future(unlink(scene.house, scene.account.id, scene.owner.id))
        await asyncio.wait([unlinking], timeout=0.3)  # it waits for the database, which tells nobody
        go_on.set()
        await asyncio.gather(deciding, unlinking)
    assert (await get_states(scene.house, GrantId(str(deciding.result().grant_id))))[PROFILE] == "reconfirm"


async def test_a_database_without_an_answer_ends_nothing_silently(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a grant cannot be ended all stays as it was, and who asked is told."""
    await make_own(scene)
    given = await agreed(scene, PROFILE)

    async def fail(*_args: object, **_more: object) -> None:
        raise Unavailable("database")

    with monkeypatch.context() as patched:
        patched.setattr(House, "record_change", fail)
        with pytest.raises(Unavailable):
            await unlink(scene.house, scene.account.id, scene.owner.id)
    assert (await look(scene))[1:] != (None, 0)
    assert await live_asks(scene, given.access_token) == {PROFILE}


async def test_a_full_disk_denies_what_should_have_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, and nothing passes all the same, until it is done."""
    await make_own(scene)
    given = await agreed(scene, PROFILE)

    async def fail(*_args: object, **_more: object) -> None:
        raise DiskFull("database")

    with monkeypatch.context() as patched:
        patched.setattr(accounts, "remove_connections_of", fail)
        with pytest.raises(DiskFull):
            await unlink(scene.house, scene.account.id, scene.owner.id)
    assert (await look(scene))[1:] != (None, 0)
    live = (await get_grant(scene.house, given.grant_id)).live(scene.clock.now())
    assert {p.id for p in live} == scene.house.in_flight.denied != set()
    await unlink(scene.house, scene.account.id, scene.owner.id)
    assert scene.house.in_flight.denied == set()
