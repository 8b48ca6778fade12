"""The world that a life is lived in: the served Zalo stand-in, and a gateway before it that can stop and start."""

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp.test_utils import TestServer

from gateway.acts.link import finish_link, start_link
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.limits import LocalLimits
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.server import build_calls
from gateway.doors.calls.upstream import open_session
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.records.apps import store as apps
from gateway.records.apps.types import App
from gateway.records.trace.writer import TraceWriter
from gateway.sandbox.zalo.app import ROOM, build_zalo_sandbox
from gateway.sandbox.zalo.seeds import BAKERY
from scopes import load_catalogue
from tests.contract.life.calls import Outcome, Seen, Way, list_fields, seen_in
from tests.house import API_URL, PUBLIC_URL, Scene, end_standing, house_in, set_scene
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, ZaloCaller, zalo_config
from tests.platforms.zalo.stage import AppCaller, CallsServer, open_socket
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

CATALOGUE = load_catalogue()


class World:
    """A platform that goes on, and a gateway on files of its own.

    Args:
        folder: holds a migrated database already.
        clock: of everybody.
    """

    scene: Scene
    _zalo: ZaloCaller
    _connector: ZaloConnector
    _app: AppCaller

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self._folder, self._clock = folder, clock
        self._platform, self._gateway = AsyncExitStack(), AsyncExitStack()
        self._sandbox = TestServer(build_zalo_sandbox(zalo_config(None), clock, SeededEntropy("zalo")))
        self._starts = 0
        self._last_seen = 0

    async def open(self) -> None:
        """Serve the platform and a fresh gateway with people and an app in it; nothing is linked yet."""
        await self._platform.enter_async_context(self._sandbox)
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        await self._platform.enter_async_context(http)
        self._zalo = ZaloCaller(http, str(self._sandbox.make_url("/zalo")))
        self._app = AppCaller(http, "", token="")
        await self._start(None)

    async def close(self) -> None:
        """Stop everything."""
        await self._gateway.aclose()
        await self._platform.aclose()

    async def restart(self) -> None:
        """Stop the gateway and start it on the same files; the platform notices nothing."""
        await self._gateway.aclose()
        await self._start(self.scene)

    async def _start(self, scene: Scene | None) -> None:
        self._starts += 1
        enter = self._gateway.enter_async_context
        entropy = SeededEntropy(f"start {self._starts}")
        house = await enter(house_in(self._folder, self._clock, entropy=entropy))
        self.scene = replace(scene, house=house) if scene else await set_scene(house, self._clock)
        upstream = ZaloUpstream(self._zalo.base, self._zalo.base, APP_ID, APP_SECRET, CALLBACK)
        self._connector = ZaloConnector(upstream, await enter(open_session(8)), clock=self._clock)
        trace = TraceWriter(house.storage, self._clock)
        proofs, limits = LocalProofMemory(self._clock, house.entropy), LocalLimits(self._clock)
        own = PUBLIC_URL, API_URL, limits, Budgets(self._clock)
        door = CallsDoor(house, CATALOGUE, {"zalo": self._connector}, trace, proofs, *own)
        served = await enter(CallsServer(build_calls(door), socket_factory=open_socket))
        self._app.base = str(served.make_url("")).rstrip("/")

    async def link(self) -> None:
        """Let the owner link the account: out to the platform's own page, and back with its code."""
        house, person_id = self.scene.house, self.scene.owner.id
        journey = await start_link(house, self._connector, person_id, return_to="/")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(journey.url).query).items()}
        answer = await self._zalo.consent(state=asked["state"], code_challenge=asked["code_challenge"])
        linked = await finish_link(
            house, self._connector, person_id, raw_state=answer["state"], raw_code=answer["code"]
        )
        self.scene = replace(self.scene, account=linked.account)
        assert [seen.path.rsplit("/")[-1] for seen in self.list_arrived()] == ["permission", "access_token", "getoa"]

    async def lapse(self) -> None:
        """End the owner's standing at once; of grants nothing is recorded yet."""
        await end_standing(self.scene, self.scene.owner.id)

    async def find_app(self) -> App:
        """Return the app as it is registered now."""
        async with self.scene.house.storage.read() as connection:
            app = await apps.find(connection, self.scene.app.id)
        assert app is not None
        return app

    async def forget_tokens(self, *, keeps_refresh: bool) -> None:
        """Let the platform end the tokens that it gave the gateway."""
        wanted = {"oa_id": BAKERY.oa_id, "keeps_refresh": keeps_refresh}
        await self._zalo.json("POST", "/_sandbox/revoke", json=wanted)

    async def call(self, raw_token: str, way: Way, user: str, *, is_dialect: bool = False) -> Outcome:
        """Let the app call, by either header; say what the platform received meanwhile, and what the app saw."""
        self._hear_from(user)
        headers = {"access_token": raw_token} if is_dialect else {"Authorization": f"Bearer {raw_token}"}
        reply = await self._app.call(way.target(user), way.method, headers=headers, json=way.body(user))
        shown = frozenset() if reply.code else list_fields(json.loads(reply.body))
        return Outcome(tuple(self.list_arrived()), shown, reply.code)

    def list_arrived(self) -> list[Seen]:
        """Take what the platform received since this was asked last; the app's own token is never in it."""
        arrived = self._sandbox.app[ROOM].received.list_after(self._last_seen)
        self._last_seen += len(arrived)
        assert not any("qat_" in str(each) for each in arrived)
        return [seen_in(each.method, each.target, each.body) for each in arrived]

    def _hear_from(self, user: str) -> None:
        """Let a follower write to the account: the platform lets nobody be written to who did not lately."""
        chat = self._sandbox.app[ROOM].chat
        chat.add_message(chat.draft(BAKERY, user, is_from_user=True, text="Xin chào (mẫu)"))
