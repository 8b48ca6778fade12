"""What the server does every few seconds: a failure is told, and is never the end of it."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from gateway.acts import House
from gateway.acts.forget_apps import MOST_APPS, UNUSED_LASTS
from gateway.doors.oauth.client_metadata import ClientMetadata, app_of
from gateway.ground.vault.journal import Journal
from gateway.records.apps import store as apps
from gateway.records.apps.types import AppOrigin
from gateway.records.owed import store as owed
from gateway.server.health import Health
from gateway.server.rounds import ROUNDS, Round, going_round, repeat
from gateway.terms.ids import AppId
from gateway.terms.refusal import Unavailable
from tests.contract.steps import agreed, list_stones
from tests.house import REDIRECT_URI, Scene, house_in
from tests.stand_ins.clock import ManualClock


async def read_ready(health: Health) -> dict[str, Any]:
    """Ask whether the server is ready."""
    answer = await health.answer_ready(make_mocked_request("GET", "/readyz"))
    told: dict[str, Any] = json.loads(answer.text or "")
    return told


@pytest.mark.parametrize("failure", [Unavailable("journal", reason="not_settled"), RuntimeError("a bug")])
async def test_a_round_that_failed_is_told_and_goes_on(tmp_path: Path, clock: ManualClock, failure: Exception) -> None:
    """Any failure: logged, shown by `/readyz` until the next success, and tried again."""
    stopping, told = asyncio.Event(), []

    async def act(house: House) -> None:
        told.append((await read_ready(Health(house, failing=health.failing)))["failing"])
        if len(told) == 1:
            raise failure
        if len(told) == 3:
            stopping.set()

    async with house_in(tmp_path, clock) as house:
        health = Health(house)
        with capture_logs() as logs:
            await asyncio.wait_for(repeat(Round("act", 0, act), house, health, stopping=stopping), 10)
    assert told == [[], ["act"], []]
    assert [each["round"] for each in logs] == ["act"]


async def test_the_rounds_of_the_server_do_their_acts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran out is recorded without anyone asking; a stop waits for the act that it meets."""
    await agreed(scene, duration="P1D")
    scene.clock.advance(86_400)
    health = Health(scene.house)
    begun = asyncio.Event()
    append = Journal.append

    def note(journal: Journal, entries: Any) -> None:
        append(journal, entries)
        loop.call_soon_threadsafe(begun.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(Journal, "append", note)
    async with going_round(scene.house, health):
        await asyncio.wait_for(begun.wait(), 10)
    assert [stone.cause for stone in list_stones(scene.house)] == ["expired"]
    async with scene.house.storage.read() as connection:
        assert await owed.list_oldest(connection) == {}
    kinds = ("spent", "devices", "requests", "tokens", "apps", "revocations", "notices")
    forgotten = {f"forget_{what}" for what in kinds}
    assert {each.name for each in ROUNDS} == {"expire", "drop_stale_events", "seal_trace", *forgotten}
    assert health.failing == set()


async def test_unused_apps_leave_as_fast_as_they_may_come(tmp_path: Path, clock: ManualClock) -> None:
    """One round forgets all that is due, however many registered themselves since the last one."""
    said = ClientMetadata(redirect_uris=[REDIRECT_URI])
    (wanted,) = (each for each in ROUNDS if each.name == "forget_apps")
    async with house_in(tmp_path, clock) as house:
        async with house.storage.unit() as unit:
            for number in range(2 * MOST_APPS + 1):
                app_id = AppId(f"app_{number}")
                await apps.add(
                    unit.connection, app_of(app_id, said, origin=AppOrigin.ITSELF, host="", at=clock.now()), []
                )
            await unit.commit()
        clock.advance(UNUSED_LASTS + timedelta(seconds=1))
        await wanted.act(house)
        async with house.storage.read() as connection:
            assert await apps.list_all(connection) == []
