"""Linking where the platform has no page of its own: a password that is used once, and guesses at it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import aiohttp
import pytest

from gateway.authority.limits import Limit, LocalLimits
from gateway.platforms import Connector
from gateway.platforms.matrix.connector import MatrixConnector, MatrixUpstream
from tests.journeys.http.origin import Browser, Origin, served_door
from tests.platforms.matrix.homeserver import PASSWORD, USER_ID, Homeserver, served_homeserver
from tests.stand_ins.clock import ManualClock


class DistantLimits(LocalLimits):
    """Limits that answer after a while, as shared ones do: meanwhile other requests go on."""

    async def wait_seconds(self, key: str, limit: Limit) -> int:
        """Answer after the others had their turn."""
        wait = await super().wait_seconds(key, limit)
        await asyncio.sleep(0.01)
        return wait


@pytest.fixture
async def homeserver() -> AsyncIterator[Homeserver]:
    """Yield a served stand-in."""
    async with served_homeserver() as served:
        yield served


@pytest.fixture
async def connectors(homeserver: Homeserver, clock: ManualClock) -> AsyncIterator[Mapping[str, Connector]]:
    """Yield the connectors of this gateway: Matrix, towards the stand-in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http:
        yield {"matrix": MatrixConnector(MatrixUpstream(homeserver.url), http, clock=clock)}


async def try_to_link(browser: Browser, token: str, password: str) -> int:
    """Send the form; return the answer's status."""
    fields = {"platform": "matrix", "user_id": USER_ID, "password": password, "csrf_token": token}
    return (await browser.post("/connections", fields)).status


async def test_the_right_password_links(other_browser: Browser) -> None:
    """The account stands on the page, and the password nowhere."""
    token = (await other_browser.get("/connections")).token
    assert await try_to_link(other_browser, token, "sai (mẫu)") == 400
    assert await try_to_link(other_browser, token, PASSWORD) == 303
    page = await other_browser.get("/connections")
    assert USER_ID in page.words
    assert PASSWORD not in page.text


async def test_of_many_guesses_at_once_ten_reach_the_platform(origin: Origin, homeserver: Homeserver) -> None:
    """The right password beside ten wrong ones is not tried, however slowly the limits answer."""
    door = replace(origin.door, limits=DistantLimits(origin.scene.clock))
    async with served_door(origin.scene, door) as slow, slow.browser() as browser:
        await browser.sign_in_as(origin.scene.other_owner)
        token = (await browser.get("/connections")).token
        guesses = [*(f"sai {number}" for number in range(14)), PASSWORD]
        statuses = await asyncio.gather(*(try_to_link(browser, token, guess) for guess in guesses))
        assert sorted(statuses) == [400] * 10 + [429] * 5
        assert statuses[-1] == 429
    assert [one.path.rpartition("/")[2] for one in homeserver.arrived] == ["login"] * 10
