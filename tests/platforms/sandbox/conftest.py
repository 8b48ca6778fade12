"""What the sandbox's tests share: a clock they move, randomness that repeats, a served stand-in and a caller of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from tests.platforms.sandbox.pos_fixtures import Pos, pos_config, serve_gateway, serve_pos
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller, zalo_config


@pytest.fixture
def clock() -> StillClock:
    """Return a clock that stands still until the test advances it."""
    return StillClock()


@pytest.fixture
def entropy() -> CountedEntropy:
    """Return randomness that never repeats within a test and is the same in every run."""
    return CountedEntropy()


@pytest.fixture
def config(tmp_path: Path) -> ZaloSandboxConfig:
    """Return the settings of a stand-in that keeps its state."""
    return zalo_config(tmp_path / "state" / "zalo.json")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client that follows nothing, keeps no cookie and decodes no body."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as session:
        yield session


@pytest.fixture
async def zalo(
    config: ZaloSandboxConfig, clock: StillClock, entropy: CountedEntropy, http: aiohttp.ClientSession
) -> AsyncIterator[ZaloCaller]:
    """Yield a caller of a served stand-in."""
    async with TestServer(build_zalo_sandbox(config, clock, entropy)) as server:
        yield ZaloCaller(http, str(server.make_url("/zalo")))


@pytest.fixture
async def token(zalo: ZaloCaller) -> str:
    """Return a live access token of the bakery."""
    return (await zalo.link())["access_token"]


@pytest.fixture
async def pos(zalo: ZaloCaller, clock: StillClock, entropy: CountedEntropy, tmp_path: Path) -> AsyncIterator[Pos]:
    """Yield the sample app between a browser and a gateway stand-in that calls the Zalo stand-in."""
    async with serve_gateway(zalo) as knobs:
        config = pos_config(knobs, tmp_path)
        async with serve_pos(config, clock, entropy) as browser:
            yield Pos(config, knobs, browser)
