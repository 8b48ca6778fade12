"""A fresh gateway with its OAuth door served, and its client of an OpenID Provider, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.ground.identity.provider import Provider
from tests.house import Scene
from tests.protocol.oidc_client import client_of
from tests.protocol.publisher import Publisher, publishing
from tests.protocol.wire import Wire, served
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.provider import LyingProvider, lying_provider


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Scene]:
    """Yield a house on SQLite with people and apps in it."""
    async with scene_in(tmp_path, clock, entropy=entropy) as scene:
        yield scene


@pytest.fixture
async def wire(scene: Scene) -> AsyncIterator[Wire]:
    """Yield the scene's OAuth door, served."""
    async with served(scene) as wire:
        yield wire


@pytest.fixture
async def liar(clock: ManualClock) -> AsyncIterator[LyingProvider]:
    """Yield an OpenID Provider that tells the truth so far."""
    async with lying_provider(clock) as provider:
        yield provider


@pytest.fixture
def relying(liar: LyingProvider, clock: ManualClock) -> Provider:
    """Return the gateway's client of that provider."""
    return client_of(liar, clock)


@pytest.fixture(scope="module")
async def shared_publisher(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Publisher]:
    """Yield one publisher for all tests of a file."""
    async with publishing(tmp_path_factory.mktemp("house")) as publisher:
        yield publisher


@pytest.fixture
def publisher(shared_publisher: Publisher) -> Publisher:
    """Return it with all limits free again and nothing published."""
    shared_publisher.begin()
    return shared_publisher
