"""What the server does every few seconds: a failure is told, and is never the end of it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from gateway.acts import House
from gateway.ground.vault.journal import Journal
from gateway.records.owed import store as owed
from gateway.server.health import Health
from gateway.server.rounds import ROUNDS, Round, going_round, repeat
from gateway.terms.refusal import Unavailable
from tests.contract.steps import agreed, list_stones
from tests.house import Scene, house_in
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
    named = {"expire", "seal_trace", "forget_spent", "forget_devices", "forget_apps", "forget_notices"}
    assert {each.name for each in ROUNDS} == named
    assert health.failing == set()
