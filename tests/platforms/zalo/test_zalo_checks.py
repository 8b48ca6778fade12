"""Nobody calls, and still a connection that Zalo ended is seen: judged by what the connection became."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.acts import House
from gateway.acts.renew import check_connection
from gateway.platforms import Trouble
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.server.checking import EVERY_SECONDS, FIRST_AFTER_SECONDS, Checks
from gateway.terms.refusal import Refusal, Unavailable
from tests.house import Scene, link_account
from tests.platforms.zalo.stage import PROFILE, Stage, zalo_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage of the test's own: it loses connections."""
    async with zalo_stage(tmp_path) as own:
        yield own


async def get_link(scene: Scene) -> Connection:
    """Read the connection of the scene's account."""
    async with scene.house.storage.read() as connection:
        link = await accounts.find_connection(connection, scene.account.id)
    assert link is not None
    return link


async def count_lost(house: House) -> int:
    """Count the records of lost connections."""
    async with house.storage.read() as connection:
        return len(await reading.list_entries(connection, reading.Search(kinds=[Kind.CONNECTION_LOST]), 10))


async def test_an_access_that_was_taken_back_is_seen_without_a_call(stage: Stage) -> None:
    """Zalo tells nobody that an OA removed the app; the next check does, once, and the next call says so."""
    await stage.zalo.switch(app_removed=True)
    for _ in range(2):
        await check_connection(stage.scene.house, stage.connector, await get_link(stage.scene))
    link = await get_link(stage.scene)
    assert (link.state, link.lost_reason) == (ConnectionState.LOST, Trouble.ACCESS_REMOVED)
    assert await count_lost(stage.scene.house) == 1
    await stage.zalo.switch()
    before = len(await stage.arrived())
    assert (await stage.app.call(PROFILE)).code == "connection_lost"
    assert len(await stage.arrived()) == before


async def test_a_dead_token_is_renewed_by_a_check(stage: Stage) -> None:
    """The refresh token is used before a call has to wait for it."""
    await stage.zalo.switch(tokens_dead=True)
    await check_connection(stage.scene.house, stage.connector, await get_link(stage.scene))
    link = await get_link(stage.scene)
    assert (link.state, link.generation) == (ConnectionState.LIVE, 2)


async def test_a_token_that_cannot_be_renewed_is_lost_by_a_check(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's no to a renewal ends the connection; its silence does not."""
    await stage.zalo.switch(tokens_dead=True)

    async def silent(_credential: object) -> None:
        raise Unavailable("zalo")

    with monkeypatch.context() as patched:
        patched.setattr(stage.connector, "renew", silent)
        await check_connection(stage.scene.house, stage.connector, await get_link(stage.scene))
    assert (await get_link(stage.scene)).state is ConnectionState.LIVE

    async def refused(_credential: object) -> None:
        raise Refusal("platform_refused")

    monkeypatch.setattr(stage.connector, "renew", refused)
    await check_connection(stage.scene.house, stage.connector, await get_link(stage.scene))
    assert (await get_link(stage.scene)).lost_reason == Trouble.CREDENTIAL_REFUSED


@pytest.mark.parametrize("switches", [{"server_error": True}, {"garbage": "not_json"}, {"refuse": -201}, {}])
async def test_anything_else_changes_nothing(stage: Stage, switches: dict[str, object]) -> None:
    """Trouble at the platform, a no that says nothing of the access, and a yes."""
    await stage.zalo.switch(**switches)
    before = await get_link(stage.scene)
    await check_connection(stage.scene.house, stage.connector, before)
    assert await get_link(stage.scene) == before


async def test_a_platform_that_is_slow_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop of the server waits for a check under way, so a check is short."""
    monkeypatch.setattr("gateway.acts.renew.CHECK_SECONDS", 0.05)
    await stage.zalo.switch(slow_seconds=5, app_removed=True)
    before = await get_link(stage.scene)
    await check_connection(stage.scene.house, stage.connector, before)
    assert await get_link(stage.scene) == before


async def test_every_live_connection_is_checked_one_after_the_other(stage: Stage) -> None:
    """Not at the start, each once, none for six hours; a lost one, or one to no platform of ours, is left out."""
    scene = stage.scene
    await link_account(scene.house, scene.owner.id, external_id="4000000000000099", platform="matrix")
    checks, before = Checks({"zalo": stage.connector}), len(await stage.arrived())

    async def asked(times: int) -> int:
        for _ in range(times):
            await checks.check_next(scene.house)
        return len(await stage.arrived()) - before

    assert await asked(3) == 0
    scene.clock.advance(FIRST_AFTER_SECONDS)
    assert await asked(5) == 2  # the scene's first account has a credential that Zalo never gave: it is lost
    scene.clock.advance(EVERY_SECONDS - 1)
    assert await asked(5) == 2
    await stage.zalo.switch(app_removed=True)
    scene.clock.advance(1)
    assert await asked(5) == 3
    scene.clock.advance(EVERY_SECONDS)
    assert await asked(5) == 3
