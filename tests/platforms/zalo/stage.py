"""The proxy on stage: a whole gateway, the served Zalo stand-in as its upstream, the calls' door on a real socket.

What a test judges by is `arrived`: what reached the platform, never the status of an answer alone.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from gateway.acts import House
from gateway.acts.redeem import Redemption, redeem
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.limits import LocalLimits
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.server import build_calls
from gateway.doors.calls.upstream import open_session
from gateway.ground.web.runner import StrictRunner
from gateway.platforms import Connector, Credential
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.records.trace import store as traces
from gateway.records.trace.types import ClosedLine
from gateway.records.trace.writer import TraceWriter
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.terms.ids import AskId
from scopes import load_catalogue
from tests.house import API_URL, PUBLIC_URL, REDIRECT_URI, VERIFIER, Scene, agree, link_account
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, OTHERS, ZaloCaller
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FOLLOWER = BAKERY.followers[0]
DETAIL = f"/zalo/v3.0/oa/user/detail?data={quote(json.dumps({'user_id': FOLLOWER.user_id}))}"
PROFILE = "/zalo/v2.0/oa/getoa"
SEND = "/zalo/v3.0/oa/message/cs"
MESSAGE = {"recipient": {"user_id": FOLLOWER.user_id}, "message": {"text": "Chào bạn (mẫu)"}}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the app got."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """Return the body parsed."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """Return the problem's code, in whichever dialect it was told."""
        if "Quyen-Error" in self.headers:
            return self.headers["Quyen-Error"]
        is_problem = self.headers.get("Content-Type", "").startswith("application/problem+json")
        return str(self.json["code"]) if is_problem else None


class AppCaller:
    """An app that calls the gateway's API origin."""

    def __init__(self, http: aiohttp.ClientSession, base: str, *, token: str) -> None:
        self._http = http
        self.base = base
        self.token = token

    async def call(self, target: str, method: str = "GET", **options: Any) -> Reply:
        """Make one call with a Bearer token, unless the headers say otherwise."""
        headers = options.pop("headers", {"Authorization": f"Bearer {self.token}"})
        url = URL(self.base + target, encoded=True)
        async with self._http.request(method, url, headers=headers, allow_redirects=False, **options) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.read())

    async def raw(self, request: bytes, *, breaks_off: bool = False) -> bytes:
        """Send bytes as they are on a fresh connection; return what comes until the gateway closes it.

        `breaks_off`: close our side of it right after.
        """
        parts = URL(self.base)
        reader, writer = await asyncio.open_connection(parts.host, parts.port)
        writer.write(request)
        if breaks_off:
            writer.write_eof()
        try:
            return await asyncio.wait_for(reader.read(), 5)
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything in a test of the proxy. `token` of `app` holds every ask of the scene's first app."""

    scene: Scene
    door: CallsDoor
    zalo: ZaloCaller
    app: AppCaller
    connector: ZaloConnector
    grant_id: Any

    async def arrived(self) -> list[dict[str, Any]]:
        """Return what reached the platform's open API (not its OAuth host)."""
        return [one for one in await self.zalo.received() if not one["target"].startswith("/v4/")]

    async def list_lines(self) -> list[ClosedLine]:
        """Return the trace, newest first."""
        async with self.scene.house.storage.read() as connection:
            found = await traces.list_lines(connection, traces.Filter(), 100)
        return [line for line in found if isinstance(line, ClosedLine)]


async def mint_token(
    scene: Scene, asks: frozenset[AskId] | None = None, *, jkt: str | None = None, **options: Any
) -> tuple[str, Any]:
    """Let the owner agree and the app redeem, proving a key if one is named; return its access token and the grant."""
    decided = await agree(scene, asks, **options)
    assert decided.raw_code is not None
    app = options.get("app") or scene.app
    answer = json.loads(await redeem(scene.house, Redemption(app, decided.raw_code, VERIFIER, REDIRECT_URI, jkt)))
    return answer["access_token"], decided.grant_id


def open_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Open the listening socket with a small send buffer: what the kernel has not taken can still be cut."""
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    opened.bind((host, port))
    return opened


class CallsServer(TestServer):
    """A test server that listens as the gateway does."""

    async def _make_runner(self, **settings: Any) -> StrictRunner:
        settings.pop("debug", None)
        return StrictRunner(self.app, SeededEntropy("listener"), **settings)


@asynccontextmanager
async def patient_gateway(stage: Stage) -> AsyncIterator[None]:
    """Serve the stage's door so that calls go on when their app hangs up, as the gateway does."""
    runner = StrictRunner(build_calls(stage.door), SeededEntropy("patient"), handler_cancellation=False)
    await runner.setup()
    try:
        await web.SockSite(runner, open_socket("127.0.0.1", 0, socket.AF_INET)).start()
        stage.app.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield
    finally:
        await runner.cleanup()


def door_of(house: House, connectors: Mapping[str, Connector], **settings: Any) -> CallsDoor:
    """Return the calls' door of a house."""
    return CallsDoor(
        house=house,
        **{
            "catalogue": load_catalogue(),
            "connectors": connectors,
            "trace": TraceWriter(house.storage, house.clock),
            "proofs": LocalProofMemory(house.clock, house.entropy),
            "issuer": PUBLIC_URL,
            "api_url": API_URL,
            "limits": LocalLimits(house.clock),
            "budgets": Budgets(house.clock),
            **settings,
        },
    )


@asynccontextmanager
async def zalo_stage(
    folder: Path,
    *,
    asks: frozenset[AskId] | None = None,
    jkt: str | None = None,
    base_url: str = "",
    **door_settings: Any,
) -> AsyncIterator[Stage]:
    """Set the stage: the owner's OA is linked for real, the app holds a token for `asks` (default: all).

    `jkt`: the key that it is bound to. `base_url` puts something else in the place of the platform's open API.
    """
    clock = ManualClock()
    config = ZaloSandboxConfig(app_id=APP_ID, app_secret=APP_SECRET, callback_urls=(CALLBACK,), others=OTHERS)
    async with (
        scene_in(folder, clock, entropy=SeededEntropy("house")) as ready,
        TestServer(build_zalo_sandbox(config, clock, SeededEntropy("zalo"))) as sandbox,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
        open_session(8) as connector_http,
    ):
        zalo = ZaloCaller(http, str(sandbox.make_url("/zalo")))
        upstream = ZaloUpstream(base_url or zalo.base, zalo.base, APP_ID, APP_SECRET, CALLBACK)
        connector = ZaloConnector(upstream, connector_http, clock=clock)
        pair = await zalo.link(BAKERY_ID)
        credential = Credential(pair["access_token"], pair["refresh_token"], clock.now() + timedelta(hours=25))
        house = ready.house
        account = await link_account(house, ready.owner.id, external_id=BAKERY_ID, credential=credential)
        scene = replace(ready, account=account)
        token, grant_id = await mint_token(scene, asks, jkt=jkt)
        door = door_of(house, {"zalo": connector}, **door_settings)
        async with CallsServer(build_calls(door), socket_factory=open_socket) as gateway:
            app = AppCaller(http, str(gateway.make_url("")).rstrip("/"), token=token)
            yield Stage(scene, door, zalo, app, connector, grant_id)


async def wait_until(is_true: Callable[[], Any], seconds: float = 5) -> None:
    """Let the loop turn until something is so; fail if it never is."""
    async with asyncio.timeout(seconds):
        while True:
            found = is_true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.005)
