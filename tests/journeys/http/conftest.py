"""A fresh gateway with the person's door served, the Zalo stand-in, and browsers, for each test."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.platforms import Connector
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from tests.house import PUBLIC_URL, Scene
from tests.journeys.http.consoles_origin import consoles, developer, operator
from tests.journeys.http.oidc_stage import Stage, staged
from tests.journeys.http.origin import Browser, Origin, served
from tests.journeys.http.our_script import run_script
from tests.journeys.http.shops import fan, shop
from tests.platforms.sandbox.zalo_caller import OTHERS
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.provider import LyingProvider, lying_provider

__all__ = [
    "consoles",
    "developer",
    "fan",
    "operator",
    "run_script",
    "shop",
]  # fixtures that stand beside what they serve
CALLBACK = f"{PUBLIC_URL}/connections/zalo/callback"
APP_ID, APP_SECRET = "1122334455667788990", "sandbox-app-secret"


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Scene]:
    """Yield a house on SQLite with people and apps in it."""
    async with scene_in(tmp_path, clock, entropy=entropy) as scene:
        yield scene


@pytest.fixture
async def zalo(clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[str]:
    """Yield the address of a served Zalo stand-in."""
    config = ZaloSandboxConfig(app_id=APP_ID, app_secret=APP_SECRET, callback_urls=(CALLBACK,), others=OTHERS)
    async with TestServer(build_zalo_sandbox(config, clock, entropy)) as server:
        yield str(server.make_url("/zalo"))


@pytest.fixture
async def connectors(zalo: str, clock: ManualClock) -> AsyncIterator[Mapping[str, Connector]]:
    """Yield the connectors of this gateway: Zalo, towards the stand-in."""
    upstream = ZaloUpstream(zalo, zalo, APP_ID, APP_SECRET, CALLBACK)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http:
        yield {"zalo": ZaloConnector(upstream, http, clock=clock)}


@pytest.fixture
async def origin(scene: Scene, connectors: Mapping[str, Connector]) -> AsyncIterator[Origin]:
    """Yield the served origin."""
    async with served(scene, connectors) as origin:
        yield origin


@pytest.fixture
async def browser(origin: Origin) -> AsyncIterator[Browser]:
    """Yield the first owner's browser, signed in."""
    async with origin.browser() as browser:
        yield await browser.sign_in_as(origin.scene.owner)


@pytest.fixture
async def other_browser(origin: Origin) -> AsyncIterator[Browser]:
    """Yield the second owner's browser, signed in; that owner has no account yet."""
    async with origin.browser() as browser:
        yield await browser.sign_in_as(origin.scene.other_owner)


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[LyingProvider]:
    """Yield an OpenID Provider on loopback."""
    async with lying_provider(clock) as provider:
        yield provider


@pytest.fixture
async def stage(scene: Scene, provider: LyingProvider) -> AsyncIterator[Stage]:
    """Yield the people's origin with that provider."""
    async with staged(scene, provider) as stage:
        yield stage


@pytest.fixture
async def stranger(stage: Stage) -> AsyncIterator[Browser]:
    """Yield a browser at that origin in which nobody is signed in."""
    async with stage.origin.browser() as browser:
        yield browser
