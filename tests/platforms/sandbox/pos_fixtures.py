"""The sample app served beside both stand-ins (gateway, Zalo), and a browser without scripts to visit it."""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp.test_utils import TestServer, unused_port
from multidict import CIMultiDictProxy

from gateway.sandbox.sample_app.app import build_sample_app
from gateway.sandbox.sample_app.config import ClientConfig, SampleAppConfig
from tests.platforms.sandbox.gateway_stand_in import CONFIDENTIAL, PUBLIC, SECRET, Knobs, allow, build_gateway
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller

RESULT = re.compile(r'<pre id="result"[^>]*>(.*?)</pre>', re.DOTALL)
CELL = re.compile(r'<td [^>]*class="(\w+)"[^>]*>(.*?)</td>', re.DOTALL)
ROW = re.compile(r'<tr [^>]*data-user-id="(\d+)">(.*?)</tr>', re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One answer as a person's browser has it."""

    status: int
    headers: CIMultiDictProxy[str]
    text: str

    def result(self) -> str:
        """The raw answer of the gateway, as it was before it was escaped."""
        found = RESULT.search(self.text)
        assert found is not None, self.text
        return html.unescape(found[1])

    def result_json(self) -> Any:
        """The raw answer, parsed."""
        return json.loads(self.result())

    def rows(self) -> dict[str, dict[str, str]]:
        """The follower table: id to cells."""
        return {
            row[1]: {cell[1]: html.unescape(cell[2]) for cell in CELL.finditer(row[2])}
            for row in ROW.finditer(self.text)
        }


class Browser:
    """Keeps cookies, follows nothing by itself, runs no script."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self.base = session, base

    async def get(self, path: str, **headers: str) -> Page:
        """Open a page."""
        async with self._session.get(self.base + path, headers=headers, allow_redirects=False) as answer:
            return Page(answer.status, answer.headers, await answer.text())

    async def post(self, path: str, form: dict[str, str], **headers: str) -> Page:
        """Send a form."""
        async with self._session.post(self.base + path, data=form, headers=headers, allow_redirects=False) as answer:
            return Page(answer.status, answer.headers, await answer.text())


@dataclass(frozen=True)
class Pos:
    """The served sample app, its gateway's knobs, and one browser."""

    config: SampleAppConfig
    knobs: Knobs
    browser: Browser

    async def start(self, client_id: str = CONFIDENTIAL) -> dict[str, str]:
        """Press the link; returns what the authorize request asks."""
        page = await self.browser.get(f"/connect?app={client_id}")
        assert page.status == 303
        return dict(parse_qsl(urlsplit(page.headers["Location"]).query))

    async def connect(self, client_id: str = CONFIDENTIAL) -> Page:
        """Press the link and agree at the gateway."""
        asked = await self.start(client_id)
        page = await self.browser.get("/callback?" + allow(self.knobs, asked))
        assert page.status == 303, page.text
        return page


@asynccontextmanager
async def serve_pos(config: SampleAppConfig, clock: StillClock, entropy: CountedEntropy) -> AsyncIterator[Browser]:
    """Serve the sample app and open a browser."""
    port = urlsplit(config.public_url).port
    server = TestServer(build_sample_app(config, clock, entropy=entropy), port=port)
    jar = aiohttp.CookieJar(unsafe=True)
    async with server, aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session, config.public_url)


@asynccontextmanager
async def serve_gateway(zalo: ZaloCaller) -> AsyncIterator[Knobs]:
    """Serve the gateway stand-in, linked to the first OA."""
    knobs = Knobs(upstream=zalo.base, upstream_token=(await zalo.link())["access_token"])
    async with TestServer(build_gateway(knobs, zalo.http)) as server:
        knobs.issuer = str(server.make_url("")).rstrip("/")
        yield knobs


def pos_config(knobs: Knobs, folder: Path) -> SampleAppConfig:
    """A confidential client of the Zalo dialect and a public one without."""
    public_url = f"http://127.0.0.1:{unused_port()}"
    callback = f"{public_url}/callback"
    return SampleAppConfig(
        listen=public_url.removeprefix("http://"),
        public_url=public_url,
        issuer=knobs.issuer,
        api_url=knobs.issuer,
        state_path=folder / "pos" / "state.json",
        apps=(
            ClientConfig(
                client_id=CONFIDENTIAL,
                client_secret=SECRET,
                name="Sổ bán hàng (mẫu)",
                dialect="zalo",
                redirect_uri=callback,
            ),
            ClientConfig(client_id=PUBLIC, name="Giao hàng (mẫu)", redirect_uri=callback),
        ),
    )


def move(config: SampleAppConfig, **changed: object) -> SampleAppConfig:
    """The same settings at another free address."""
    return config.model_copy(update={"public_url": f"http://127.0.0.1:{unused_port()}", **changed})


async def open_all(browser: Browser, paths: list[str]) -> list[Page]:
    """Open pages at once."""
    return await asyncio.gather(*(browser.get(path) for path in paths))
