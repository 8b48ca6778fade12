"""Zalo's telling, on stage: the events' door served over a scene, a teller that signs as Zalo, what it left."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.acts.notice_endpoint import set_endpoint
from gateway.authority.limits import LocalLimits
from gateway.doors.events.carrier import Carrier
from gateway.doors.events.courier import Courier
from gateway.doors.events.hooks import EventsDoor, Point, endpoints
from gateway.doors.events.intake import Intake
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.platforms import Hooks
from gateway.platforms.zalo.hooks import FirstTerm, ZaloHooks, sign
from gateway.records.apps.types import App
from gateway.records.ledger.types import Actor
from gateway.records.outbox import queue
from gateway.records.outbox.types import Notice
from gateway.records.trace import store as traces
from gateway.records.trace.types import ClosedLine
from gateway.records.trace.writer import TraceWriter
from gateway.terms.clock import SystemClock
from scopes import load_catalogue
from tests.followers import with_asking_app
from tests.house import Scene, agree
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock

UPSTREAM_APP = "upstream-app"
KEY = "khoa-bi-mat-oa"
FOLLOWER = "4620160001000000137"


@dataclass(slots=True)
class Teller:
    """Zalo, telling the gateway what happens at the scene's OA."""

    scene: Scene
    url: str
    http: aiohttp.ClientSession
    door: EventsDoor
    courier: Courier
    trace: TraceWriter
    sent: int = field(default=0)

    def message(self, text: str = "Chào tiệm (mẫu)", **changes: Any) -> dict[str, Any]:
        """Return what Zalo says of a text message, each with an id of its own."""
        self.sent += 1
        said = {
            "app_id": UPSTREAM_APP,
            "sender": {"id": FOLLOWER},
            "recipient": {"id": self.scene.account.external_id},
            "user_id_by_app": "8137520046001000239",
            "event_name": "user_send_text",
            "message": {"text": text, "msg_id": f"m{self.sent}"},
            "timestamp": self.stamp(),
        }
        return {**said, **changes}

    def stamp(self, seconds: float = 0) -> str:
        """Return the time in milliseconds, as Zalo writes it, some seconds from now."""
        return str(int((self.scene.clock.now().timestamp() + seconds) * 1000))

    async def tell(
        self, said: Any, *, endpoint: str = UPSTREAM_APP, key: str = KEY, signed_as: str = UPSTREAM_APP, **headers: str
    ) -> int:
        """Tell something, signed; headers replace the signed ones. Returns the status of the answer."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        timestamp = str(said.get("timestamp", "")) if isinstance(said, dict) else ""
        signed = {"X-ZEvent-Signature": f"mac={sign(signed_as, body, timestamp, key=key)}"}
        signed |= {name.replace("_", "-"): value for name, value in headers.items()}
        signed["Content-Type"] = "application/json"
        async with self.http.post(f"{self.url}/hooks/zalo/{endpoint}", data=body, headers=signed) as answer:
            return answer.status

    async def bring(self) -> None:
        """Bring all that is due."""
        await self.courier.bring_due()

    async def list_log(self, app: App | None = None) -> list[Notice]:
        """Return an app's delivery log of events, oldest first."""
        async with self.scene.house.storage.read() as connection:
            found = await queue.list_of_app(connection, (app or self.scene.app).id, 500, before=None)
        return [each for each in found[::-1] if each.version is None]

    async def states(self) -> list[str]:
        """Return what became of each copy for the scene's app, oldest first."""
        return [each.state.value for each in await self.list_log()]

    async def list_lines(self) -> list[ClosedLine]:
        """Return the trace, newest first."""
        async with self.scene.house.storage.read() as connection:
            found = await traces.list_lines(connection, traces.Filter(), 100)
        return [line for line in found if isinstance(line, ClosedLine)]


@asynccontextmanager
async def telling(
    scene: Scene,
    *,
    is_native: bool = False,
    app_id: str = UPSTREAM_APP,
    first_term: FirstTerm = "app_id",
    hooks: Mapping[str, Hooks] | None = None,
) -> AsyncIterator[Teller]:
    """Serve the events' door over a scene. The wall clock is the machine's: receivers judge the time of a try.

    `is_native`: the scene's app, which is of Zalo's dialect, gets what it would get at Zalo. `app_id`: by which the
    platform knows the gateway's own app, where it is not the scene's. `hooks`: other platforms that tell.
    """
    scene.clock.skew(SystemClock().now() - scene.clock.now())
    house, catalogue = scene.house, load_catalogue()
    trace = TraceWriter(house.storage, house.clock)
    door = EventsDoor(
        house=house,
        catalogue=catalogue,
        limits=LocalLimits(house.clock),
        intake=Intake(house),
        hooks=hooks or {"zalo": ZaloHooks(app_id, first_term)},
        points={("zalo", app_id): Point(KEY, UPSTREAM_APP)},
    )
    app = web.Application()
    for each in endpoints(door):
        app.router.add_route(each.method, each.path, each.handler)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as http,
        opened_fetcher(allow_loopback=True) as fetcher,
    ):
        natives = door.hooks if is_native else {}
        carrier = Carrier(house, fetcher, catalogue, trace, natives, 10)
        courier = Courier(house, fetcher, try_seconds=10, carrier=carrier)
        yield Teller(scene, str(server.make_url("")).rstrip("/"), http, door, courier, trace)


@asynccontextmanager
async def telling_of_askers(
    tmp_path: Path, clock: ManualClock, url: str, *, others: bool = False, hooks: Mapping[str, Hooks] | None = None
) -> AsyncIterator[Teller]:
    """Serve it over a scene whose app asks each follower and listens at `url`; the owner agreed.

    `others`: to what the scene's first app does under contracts too.
    """
    async with scene_in(tmp_path, clock) as scene:
        asking = await with_asking_app(scene)
        async with telling(asking, hooks=hooks) as teller:
            for each in (scene, asking) if others else (asking,):
                await agree(each)
            await listen(asking, url)
            yield teller


async def listen(scene: Scene, url: str, app: App | None = None) -> str:
    """Set an app's endpoint; return its secret."""
    return await set_endpoint(scene.house, (app or scene.app).id, url, Actor.system()) or ""
