"""The edges of acts and records: what is asked for and is not there, and what cannot be unless something is broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import event, func, select

from gateway.acts.found_log import get_signer
from gateway.acts.link import finish_link, start_link
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.acts.revoke import revoke
from gateway.acts.shorten import shorten
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.records.accounts import store as accounts
from gateway.records.apps.types import GrantType
from gateway.records.families import store as families
from gateway.records.families.tables import refresh_tokens
from gateway.records.families.types import Family
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.ledger import keys
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import FamilyId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.platform import StandInPlatform
from tests.contract.steps import SEND, agreed, get_grant, list_records, live_asks, owner, refreshed
from tests.house import REDIRECT_URI, VERIFIER, Scene, agree


def returning(value: object) -> Callable[..., Any]:
    """Return a coroutine function that answers `value`, whatever it is asked."""

    async def answer(*_given: object, **_named: object) -> object:
        return value

    return answer


async def test_an_app_that_may_not_refresh_gets_an_access_token_alone(scene: Scene) -> None:
    """The answer has no refresh token, and the access token works."""
    decided = await agree(scene)
    app = replace(scene.app, grant_types=(GrantType.CODE,))
    answer = orjson.loads(await redeem(scene.house, Redemption(app, str(decided.raw_code), VERIFIER, REDIRECT_URI)))
    assert "refresh_token" not in answer
    assert await live_asks(scene, answer["access_token"])


async def test_the_kept_answer_of_a_grant_that_ran_out_is_not_given_again(scene: Scene) -> None:
    """Its tokens would open nothing: the app hears that it is over."""
    given = await agreed(scene)
    await refreshed(scene, given.refresh_token)
    await shorten(scene.house, given.grant_id, owner(scene), lasts=timedelta(hours=1))
    scene.clock.advance(3600)
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, given.refresh_token)


async def test_an_operator_whom_nobody_knows_acts_without_a_sealed_part(scene: Scene) -> None:
    """The record names the id; there is no person whose key could seal more."""
    await suspend_app(scene.house, scene.app.id, Actor(ActorKind.OPERATOR, "ps_gone"), reason="kiểm tra (mẫu)")
    (record,) = await list_records(scene.house, kinds=[Kind.APP_SUSPENDED])
    assert record.actor.id == "ps_gone"


async def test_a_family_that_reaches_nothing_is_ended_with_the_next_change(scene: Scene) -> None:
    """It can be written and found, and no change of its grant leaves it alive; an unknown one is none."""
    given = await agreed(scene)
    bare = Family(
        FamilyId("fa_bare"), given.grant_id, scene.app.id, scene.owner.id, frozenset(), scene.clock.now(), None
    )
    async with scene.house.storage.unit() as unit:
        await families.add(unit.connection, bare)
        assert await families.find(unit.connection, bare.id) == bare
        assert await families.find(unit.connection, FamilyId("fa_unknown")) is None
        await unit.commit()
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    async with scene.house.storage.read() as connection:
        assert await families.find(connection, bare.id) == replace(bare, ended_at=scene.clock.now())
    assert await live_asks(scene, given.access_token)


async def test_grants_are_listed_by_account_and_all(scene: Scene) -> None:
    """Each with its current permissions; an unknown one is none."""
    given = await agreed(scene)
    other = await agree(scene, app=scene.public_app)
    async with scene.house.storage.read() as connection:
        everyone = await grants.list_all(connection)
        assert {each.id for each in everyone} == {given.grant_id, other.grant_id}
        of_account = await grants.list_of_accounts(connection, [scene.account.id])
        assert {each.id for each in of_account} == {each.id for each in everyone}
        assert await get_grant(scene.house, given.grant_id) in of_account
        assert await grants.list_of_accounts(connection, []) == []
        assert await grants.find(connection, GrantId("gr_unknown")) is None


async def test_a_grant_that_moved_meanwhile_is_never_overwritten(scene: Scene) -> None:
    """Were the lock ever lost, the second writer fails and writes nothing."""
    given = await agreed(scene)
    stale = await get_grant(scene.house, given.grant_id)
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    with pytest.raises(AssertionError, match="under its lock"):
        async with scene.house.storage.unit() as unit:
            await grants.save(unit.connection, transitions.pause(stale, None, scene.clock.now()))
    assert (await get_grant(scene.house, given.grant_id)).version == 2


async def test_a_refresh_token_that_was_spent_by_a_broken_lock_gives_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The conditional update has the last word (I3)."""
    given = await agreed(scene)
    monkeypatch.setattr(families, "use_refresh", returning(False))
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, given.refresh_token)


async def linked(scene: Scene) -> object:
    """Link the account of the scene again."""
    platform = StandInPlatform()
    platform.profile = replace(platform.profile, external_id=scene.account.external_id)
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/")
    return await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="x")


async def founded(scene: Scene) -> object:
    """Ask for the log's signer once more."""
    house = scene.house
    return await get_signer(house.storage, house.vault, origin="x", clock=house.clock, entropy=house.entropy)


BROKEN: dict[str, tuple[Any, str, object, Callable[[Scene], Any]]] = {
    "an account that collides and is not there": (accounts, "find_external", None, linked),
    "a connection that moves under its lock": (accounts, "renew_connection", False, linked),
    "a key that collides and is not there": (keys, "find_signer", None, founded),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_cannot_be_is_a_bug_and_never_an_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A store that lies is met with an error that nobody catches, and nothing is written."""
    store, function, answer, step = BROKEN[name]
    before = len(await list_records(scene.house))
    with monkeypatch.context() as broken:
        broken.setattr(accounts, "find_connection", accounts.find_connection)  # put back, whatever a step does to it
        broken.setattr(store, function, returning(answer))
        with pytest.raises(AssertionError):
            await step(scene)
    assert len(await list_records(scene.house)) == before


async def test_a_family_without_its_grant_is_a_bug(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is given back where nothing can be locked."""
    given = await agreed(scene)
    with monkeypatch.context() as broken:
        broken.setattr(grants, "find", returning(None))
        with pytest.raises(AssertionError):
            await revoke(scene.house, scene.app, given.refresh_token)
    assert await live_asks(scene, given.access_token)


async def test_what_ends_all_or_reads_all_names_no_rows(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database takes some ten thousand parameters, and a gateway has more families, sessions and grants than that."""
    given = await agreed(scene)
    await refresh(scene.house, Renewal(scene.app, given.refresh_token, None))
    for _ in range(4):
        scene.clock.advance(1)
        await agreed(scene)
    await agree(scene, app=scene.public_app)
    counted: list[int] = []

    def count(_connection: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, _many: bool) -> None:  # noqa: FBT001
        counted.append(len(parameters))

    monkeypatch.setattr("gateway.records.grants.store._AT_ONCE", 1)
    event.listen(scene.house.storage.writer.sync_engine, "before_cursor_execute", count)
    async with scene.house.storage.unit() as unit:
        assert await families.end_every(unit.connection, scene.clock.now()) == 6
        assert len(await grants.list_all(unit.connection)) == 2
        assert {len(each.permissions) for each in await grants.list_all(unit.connection)} == {2, 5}
        every = [each.id for each in await grants.list_all(unit.connection)]
        assert [each.id for each in await grants.list_named(unit.connection, every)] == every
        kept = select(func.count()).where(refresh_tokens.c.sealed_answer.is_not(None))
        assert (await unit.connection.execute(kept)).scalar_one() == 0
    assert max(counted) <= 2
