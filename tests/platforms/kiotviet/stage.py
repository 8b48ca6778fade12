"""A whole gateway with the served KiotViet stand-in as its upstream, one shop linked, the calls' door on a real socket.

What a test judges by is `arrived`: what reached the platform, never the status of an answer alone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from gateway.acts.link import link_by_form
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.server import build_calls
from gateway.doors.calls.upstream import open_session
from gateway.platforms.kiotviet.connector import KiotVietConnector, KiotVietUpstream
from gateway.sandbox.kiotviet.app import ROOM, build_kiotviet_sandbox
from gateway.sandbox.kiotviet.state import Row
from tests.house import Scene
from tests.platforms.sandbox.kiotviet_caller import KEY, KiotVietCaller, kiotviet_config
from tests.platforms.zalo.stage import AppCaller, CallsServer, door_of, open_socket
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

ANSWERS = {"retailer": KEY.retailer, "client_id": KEY.client_id, "client_secret": KEY.client_secret}


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything in a test of the proxy; `app` holds no token, `app_with` makes apps that do.

    `rows` is what the shop holds at KiotViet, by list: to be added to where no call can.
    """

    scene: Scene
    door: CallsDoor
    kiot: KiotVietCaller
    app: AppCaller
    connector: KiotVietConnector
    rows: dict[str, list[Row]]

    async def arrived(self) -> list[dict[str, Any]]:
        """Return what reached the platform's API (not its token host)."""
        return [one for one in await self.kiot.received() if one["target"] != "/connect/token"]


@asynccontextmanager
async def kiotviet_stage(folder: Path, *, base_url: str = "", **door_settings: Any) -> AsyncIterator[Stage]:
    """Set the stage: the owner's shop is linked for real. `base_url` puts something else in the place of the API."""
    clock = ManualClock()
    stand_in = build_kiotviet_sandbox(kiotviet_config(), clock, SeededEntropy("kiotviet"))
    async with (
        scene_in(folder, clock, entropy=SeededEntropy("house")) as ready,
        TestServer(stand_in) as sandbox,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
        open_session(8) as connector_http,
    ):
        kiot = KiotVietCaller(http, str(sandbox.make_url("/kiotviet")))
        honest = KiotVietConnector(KiotVietUpstream(kiot.base, kiot.base), connector_http, clock=clock)
        account = await link_by_form(ready.house, honest, ready.owner.id, answers=ANSWERS)
        scene = replace(ready, account=account)
        upstream = KiotVietUpstream(base_url or kiot.base, kiot.base)
        connector = KiotVietConnector(upstream, connector_http, clock=clock)
        door = door_of(ready.house, {"kiotviet": connector}, **door_settings)
        async with CallsServer(build_calls(door), socket_factory=open_socket) as gateway:
            app = AppCaller(http, str(gateway.make_url("")).rstrip("/"), token="none")
            yield Stage(scene, door, kiot, app, connector, stand_in[ROOM].state.snapshot.shops[KEY.retailer].rows)
