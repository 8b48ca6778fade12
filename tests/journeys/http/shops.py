"""A shop on stage: two apps that ask its followers, the stand-in that they sign in at, and a follower's browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.authority.bases import Asked, Said
from gateway.doors.person.provider import SignInProvider
from gateway.platforms import Credential
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.platforms.zalo.followers import ZaloFollowers
from gateway.platforms.zalo.login import ZaloApp, ZaloLogin
from gateway.records.accounts.tables import connections
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.server.identity import FOLLOWERS
from gateway.terms.ids import AppId
from tests.followers import with_asking_app
from tests.house import Scene, agree, link_account
from tests.journeys.http.origin import Browser, Origin, Page, served
from tests.journeys.http.test_zalo_login import Fans
from tests.platforms.sandbox.zalo_caller import (
    APP_ID,
    APP_SECRET,
    CALLBACK,
    LOGIN_CALLBACK,
    ZaloCaller,
    zalo_config,
)
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FAN = BAKERY.followers[0]


@dataclass(frozen=True)
class Shop:
    """A shop with an app that asks each follower, another under a contract, and a browser of a follower's."""

    origin: Origin
    fans: Fans
    asking: Scene

    @property
    def name(self) -> str:
        """The shop's name, as people read it."""
        return self.asking.account.name

    def link(self, app_id: str = "giao-tan-nha", follower: str = FAN.user_id, **more: str) -> str:
        """Write the link as it goes into a chat; without a follower as it stands at the counter."""
        named = {"app": app_id, "account": BAKERY_ID, "follower": follower, **more}
        return "/ask?" + "&".join(f"{name}={quote(value)}" for name, value in named.items() if value)

    async def press(self, browser: Browser, link: str, **fields: str) -> Page:
        """Press a button of the page behind a link."""
        page = await browser.get(link)
        names = [pair for pair in dict.fromkeys(page.hidden) if pair[0] in {"app", "account", "follower", "asks"}]
        return await browser.post("/ask", [*names, *fields.items(), ("csrf_token", page.token)])

    async def find_said(self, app_id: str = "giao-tan-nha") -> Said:
        """Find what the follower said of an app."""
        return await self.asking.house.words.find(Asked(AppId(app_id), "zalo", BAKERY_ID, frozenset({FAN.user_id})))


@asynccontextmanager
async def open_shop(scene: Scene, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Shop]:
    """Open the shop; its owner agreed to everything that both apps ask."""
    async with (
        TestServer(build_zalo_sandbox(zalo_config(None), clock, entropy)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
    ):
        zalo = ZaloCaller(http, str(server.make_url("/zalo")))
        upstream = ZaloUpstream(zalo.base, zalo.base, APP_ID, APP_SECRET, CALLBACK)
        login = ZaloLogin(ZaloApp(zalo.base, zalo.base, APP_ID, APP_SECRET, LOGIN_CALLBACK), http, limit_seconds=2)
        pair = await zalo.link(BAKERY_ID)
        credential = Credential(pair["access_token"], pair["refresh_token"], clock.now() + timedelta(hours=25))
        account = await link_account(scene.house, scene.owner.id, external_id=BAKERY_ID, credential=credential)
        async with scene.house.storage.unit() as unit:
            theirs = connections.c.account_id == account.id
            await unit.connection.execute(connections.update().where(theirs).values(upstream_app=APP_ID))
            await unit.commit()
        scene = replace(scene, account=account)
        await agree(scene)
        asking = await with_asking_app(scene)
        await agree(asking)
        async with served(
            asking,
            {"zalo": ZaloConnector(upstream, http, clock=clock)},
            providers=(SignInProvider(login, "Zalo", "Zalo", FOLLOWERS),),
            followers={"zalo": ZaloFollowers(upstream, http)},
        ) as origin:
            yield Shop(origin, Fans(origin, zalo, login), asking)


@pytest.fixture
async def shop(scene: Scene, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Shop]:
    """Yield the shop."""
    async with open_shop(scene, clock, entropy) as opened:
        yield opened


@pytest.fixture
async def fan(shop: Shop) -> AsyncIterator[Browser]:
    """Yield the browser of a follower who is signed in by Zalo."""
    async with shop.origin.browser() as browser:
        await shop.fans.sign_in(browser)
        yield browser
