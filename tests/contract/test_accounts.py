"""Accounts and standings on both databases."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from gateway.acts.expire import expire
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import STANDING_LASTS, Account
from gateway.terms.ids import AccountId, ConnectionId
from tests.house import Scene, agree, link_account


async def is_held(scene: Scene, account: Account) -> bool:
    """Say whether anyone may decide for an account; the list of all accounts must agree."""
    async with scene.house.storage.read() as connection:
        now = scene.clock.now()
        held = await accounts.has_standing(connection, account.id, now)
        assert held == (account.id not in (await connection.scalars(accounts.lapsed(now))).all())
    return held


async def test_an_account_has_standing_as_long_as_one_holds(scene: Scene) -> None:
    """Each holder alone keeps an account; another account's holder does not; the last lapse leaves it to nobody."""
    elsewhere = await link_account(scene.house, scene.other_owner.id, external_id="4000000000000009")
    scene.clock.advance(STANDING_LASTS / 2)
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    scene.clock.advance(STANDING_LASTS / 2)
    assert await is_held(scene, scene.account)
    assert not await is_held(scene, elsewhere)
    scene.clock.advance(STANDING_LASTS / 2)
    assert not await is_held(scene, scene.account)


async def test_an_account_that_nobody_knows_has_no_standing(scene: Scene) -> None:
    """An id of nothing is held by nobody."""
    async with scene.house.storage.read() as connection:
        assert not await accounts.has_standing(connection, AccountId("ac_none"), scene.clock.now())


async def test_a_grant_outlives_the_first_holder(scene: Scene) -> None:
    """While a second person may decide, the end of the first one's standing changes no grant."""
    await agree(scene, duration="P365D")
    scene.clock.advance(STANDING_LASTS / 2)
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    scene.clock.advance(STANDING_LASTS / 2)
    assert await expire(scene.house) == 0
    scene.clock.advance(STANDING_LASTS / 2)
    assert await expire(scene.house) == 1


async def test_an_account_has_one_connection_through_each_upstream_app(scene: Scene) -> None:
    """A second one through the gateway's own, whatever it is called at the platform, is not stored."""
    await agree(scene)
    async with scene.house.storage.unit() as unit:
        known = await accounts.find_connection(unit.connection, scene.account.id)
        assert known is not None
        second = replace(known, id=ConnectionId("cn_2"), upstream_app="another")
        assert not await unit.is_added(accounts.add_connection(unit.connection, second))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_linked_accounts_and_followers_are_found_without_reading_everybody(scene: Scene) -> None:
    """A search lists a few shops among hundreds of thousands of followers: by an index, also where nothing was counted.

    PostgreSQL plans by how much there is.
    """
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((f"EXPLAIN QUERY PLAN {statement}", parameters))

    async with scene.house.storage.read() as connection:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert [each.id for each in await accounts.list_linked(connection, ["zalo", "x"])] == [scene.account.id]
            await connection.execute(accounts.profiles_of(scene.account.id))
            await connection.execute(accounts.counted_for_apps())
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        plans = [(await connection.exec_driver_sql(*each)).all() for each in asked]
    found = [[step.detail.rpartition("INDEX ")[2] for step in plan] for plan in plans]
    by = "ix_accounts_parent_id_platform (parent_id=?"
    assert found == [[f"{by} AND platform=?)"], [f"{by})"], [f"{by})"]]
