"""A device, its user's browser, and the two doors that they meet, over one house."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from gateway.records.apps.types import App, GrantType
from tests.journeys.http.origin import Browser, Origin, Page
from tests.journeys.http.origin import served as served_pages
from tests.protocol.wire import Reply, Wire, served
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

PATH = "/oauth/device_authorization"
GRANT_TYPES = (GrantType.CODE, GrantType.DEVICE, GrantType.REFRESH)
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Device:
    """A device of one app, and what it was told."""

    wire: Wire
    app: App
    codes: Mapping[str, Any]

    @property
    def user_code(self) -> str:
        """The code that it shows."""
        return str(self.codes["user_code"])

    async def poll(self, *, headers: Mapping[str, str] | None = None, **changes: str) -> Reply:
        """Ask what came of it."""
        right = {"grant_type": GrantType.DEVICE.value, "device_code": self.codes["device_code"]}
        fields = {**right, "client_id": self.app.id, **changes}
        return await self.wire.post("/oauth/token", fields, headers=headers)


@dataclass(frozen=True, slots=True)
class Stage:
    """The apps' door and the people's door of one gateway."""

    wire: Wire
    origin: Origin

    async def add_app(self, **changes: Any) -> App:
        """Register a public app for devices, new to everyone."""
        name = f"tivi-{next(_NUMBERS)}"
        asks = (
            (f"{name}_profile", "zalo.profile.read", "crm", False),
            (f"{name}_send", "zalo.message.send", "crm", False),
        )
        return await self.wire.add_app(name, asks, **{"grant_types": GRANT_TYPES, **changes})

    async def ask(
        self, app: App, changes: Mapping[str, str] | None = None, *, proof: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask as a device of this app."""
        return await self.wire.post(PATH, {"client_id": app.id, **(changes or {})}, headers=proof)

    async def start(self, app: App | None = None, **changes: str) -> Device:
        """Start a device, of a new app unless one is named."""
        app = app or await self.add_app()
        reply = await self.ask(app, changes)
        assert reply.status == 200, reply.body
        return Device(self.wire, app, reply.json)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """Open the owner's browser, signed in."""
        async with self.origin.browser() as browser:
            yield await browser.sign_in_as(self.wire.scene.owner)

    async def decide(self, browser: Browser, device: Device, *ticks: str, decision: str = "agree") -> Page:
        """Go the whole way from the code to the decision; return its answer."""
        screen = await confirm(browser, device.user_code)
        asks = [("ask", f"{device.app.id}_{tick}") for tick in ticks]
        fields = [*asks, ("account", self.wire.scene.account.id), ("duration", "P1D"), ("decision", decision)]
        return await browser.submit(screen.location, fields)


async def enter(browser: Browser, user_code: str, **fields: str) -> Page:
    """Type a code into the page for it."""
    return await browser.submit("/device", {"user_code": user_code, **fields})


async def confirm(browser: Browser, user_code: str) -> Page:
    """Say that the device that shows this code is one's own."""
    return await enter(browser, user_code, confirm="yes", decision="continue")


def request_id_of(page: Page) -> str:
    """Return the request that a consent path leads to."""
    found = re.fullmatch(r"/consent/(rq_[0-9A-Za-z]+)", page.location)
    assert found, page.location
    return found[1]


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Serve both doors over a fresh house."""
    clock = ManualClock()
    async with (
        scene_in(folder, clock, entropy=SeededEntropy()) as scene,
        served(scene) as wire,
        served_pages(scene) as origin,
    ):
        yield Stage(wire, origin)
