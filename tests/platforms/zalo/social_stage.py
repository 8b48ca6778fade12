"""A person's own Zalo account on stage: linked through Zalo's page, called by an app through the gateway's door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp.test_utils import TestServer

from gateway.acts.link import finish_link, start_link
from gateway.doors.calls.server import build_calls
from gateway.doors.calls.upstream import open_session
from gateway.platforms.zalo.connector import ZaloUpstream
from gateway.platforms.zalo.social import ZaloSocialConnector
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Connection
from gateway.records.trace import store as traces
from gateway.records.trace.types import ClosedLine
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.people import Follower
from gateway.sandbox.zalo.seeds import BAKERY
from tests.house import PUBLIC_URL, Scene
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, ZaloCaller
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import AppCaller, CallsServer, door_of, open_socket
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

PERSON, MINOR = BAKERY.followers[0], BAKERY.followers[8]
OWN_CALLBACK = f"{PUBLIC_URL}/connections/zalosocial/callback"
ME = "/zalosocial/v2.0/me?fields=id,name,picture"
ID, NAME = "zalosocial.id.read", "zalosocial.profile.read"


@dataclass(frozen=True, slots=True)
class SocialStage:
    """Everything; the scene's owner is the person, and its account is theirs. `app` holds both scopes."""

    scene: Scene
    zalo: ZaloCaller
    connector: ZaloSocialConnector
    app: AppCaller

    async def me(self, app: AppCaller | None = None, target: str = ME) -> Any:
        """Let an app ask whose account it is."""
        return await (app or self.app).call(target)

    async def arrived(self) -> list[dict[str, Any]]:
        """Return what reached the Social API."""
        return [one for one in await self.zalo.received() if one["target"].startswith("/v2.0/me")]

    async def get_link(self) -> Connection:
        """Read the connection of the person's account."""
        async with self.scene.house.storage.read() as connection:
            link = await accounts.find_connection(connection, self.scene.account.id)
        assert link is not None
        return link

    async def list_lines(self) -> list[ClosedLine]:
        """Return the trace, newest first."""
        async with self.scene.house.storage.read() as connection:
            found = await traces.list_lines(connection, traces.Filter(), 100)
        return [line for line in found if isinstance(line, ClosedLine)]


async def agree_at_zalo(zalo: ZaloCaller, person: Follower, url: str) -> dict[str, str]:
    """Agree on the page behind a link as somebody; return the callback's query."""
    form = dict(parse_qsl(urlsplit(url).query)) | {"person": person.id_by_app, "allow": "1"}
    status, headers, body = await zalo.raw("POST", "/v4/permission", data=form)
    assert status == 302, body
    return dict(parse_qsl(urlsplit(headers["Location"]).query, strict_parsing=True))


async def link_own(scene: Scene, zalo: ZaloCaller, connector: ZaloSocialConnector, person: Follower) -> Account:
    """Let the scene's owner link somebody's account as their own."""
    journey = await start_link(scene.house, connector, scene.owner.id, return_to="/x")
    back = await agree_at_zalo(zalo, person, journey.url)
    done = await finish_link(scene.house, connector, scene.owner.id, raw_state=back["state"], raw_code=back["code"])
    return done.account


@asynccontextmanager
async def social_stage(folder: Path, person: Follower = PERSON) -> AsyncIterator[SocialStage]:
    """Set the stage."""
    clock = ManualClock()
    config = ZaloSandboxConfig(
        app_id=APP_ID, app_secret=APP_SECRET, callback_urls=(CALLBACK,), login_callback_urls=(OWN_CALLBACK,)
    )
    async with (
        scene_in(folder, clock, entropy=SeededEntropy("house")) as ready,
        TestServer(build_zalo_sandbox(config, clock, SeededEntropy("zalo"))) as sandbox,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
        open_session(8) as connector_http,
    ):
        zalo = ZaloCaller(http, str(sandbox.make_url("/zalo")))
        upstream = ZaloUpstream(zalo.base, zalo.base, APP_ID, APP_SECRET, OWN_CALLBACK)
        connector = ZaloSocialConnector(upstream, connector_http, clock=clock)
        scene = replace(ready, account=await link_own(ready, zalo, connector, person))
        door = door_of(ready.house, {"zalosocial": connector})
        async with CallsServer(build_calls(door), socket_factory=open_socket) as gateway:
            base = str(gateway.make_url("")).rstrip("/")
            nobody = SocialStage(scene, zalo, connector, AppCaller(http, base, token=""))
            yield replace(nobody, app=await app_with(nobody, ID, NAME))


def read_headers(arrived: dict[str, Any]) -> dict[str, str]:
    """Return the headers of what arrived, by lower-case names."""
    return {name.lower(): value for name, value in arrived["headers"].items()}
