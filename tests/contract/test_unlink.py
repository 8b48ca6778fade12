"""A person takes their own account away: what was granted ends first, then the connection, with its key and name."""

import asyncio
from dataclasses import replace

import pytest

from gateway.acts.link import finish_link, start_link
from gateway.acts.renew import renew
from gateway.acts.unlink import unlink
from gateway.platforms import Profile
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import SELF, STANDING_LASTS, Account, Connection, Standing
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import AccountId, PersonId, StandingId, new_id
from gateway.terms.refusal import Refusal, Unavailable
from tests.contract.platform import StandInPlatform
from tests.contract.steps import NAME, PROFILE, agreed, get_states, list_records, list_stones, live_asks, owner
from tests.house import Scene


async def make_own(scene: Scene, *people: PersonId) -> None:
    """Let the scene's account be the own account of these people."""
    now = scene.clock.now()
    async with scene.house.storage.unit() as unit:
        for person_id in people or (scene.owner.id,):
            standing_id = StandingId(new_id("st", scene.house.entropy))
            ends_at = now + STANDING_LASTS
            await accounts.save_standing(
                unit.connection, Standing(standing_id, scene.account.id, person_id, SELF, "test", now, ends_at)
            )
        await unit.commit()


async def look(scene: Scene) -> tuple[Account, Connection | None, int]:
    """Return the account as it is, its connection, and how many people may decide for it."""
    async with scene.house.storage.read() as connection:
        account = await accounts.find(connection, scene.account.id)
        assert account is not None
        link = await accounts.find_connection(connection, scene.account.id)
        return account, link, await accounts.count_standings(connection, scene.account.id, scene.clock.now())


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


async def test_a_database_without_an_answer_ends_nothing_silently(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a grant cannot be ended the connection stays, and who asked is told."""
    await make_own(scene)
    given = await agreed(scene, PROFILE)

    async def fail(*_args: object, **_more: object) -> None:
        raise Unavailable("database")

    with monkeypatch.context() as patched:
        patched.setattr(type(scene.house), "change_grant", fail)
        with pytest.raises(Unavailable):
            await unlink(scene.house, scene.account.id, scene.owner.id)
    assert (await look(scene))[1] is not None

    async def refuse(*_args: object, **_more: object) -> None:
        raise Refusal("not_found")

    with monkeypatch.context() as patched:
        patched.setattr(type(scene.house), "change_grant", refuse)
        with pytest.raises(Refusal, match="not_found"):
            await unlink(scene.house, scene.account.id, scene.owner.id)
    assert await live_asks(scene, given.access_token) == {PROFILE}
