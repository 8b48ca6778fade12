"""A fresh gateway with its OAuth door served, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.house import Scene, house_in, set_scene
from tests.protocol.wire import Wire, served
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Scene]:
    """Yield a house on SQLite with people and apps in it."""
    async with house_in(tmp_path, clock, entropy=entropy) as house:
        yield await set_scene(house, clock)


@pytest.fixture
async def wire(scene: Scene) -> AsyncIterator[Wire]:
    """Yield the scene's OAuth door, served."""
    async with served(scene) as wire:
        yield wire
