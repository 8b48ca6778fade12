"""A tap on the wire between the gateway and the homeserver: relays everything untouched and keeps what came past.

It is the oracle of "nothing reached the homeserver": the gateway knows no other way there.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiohttp import ClientResponse, ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer
from yarl import URL

_OF_THE_HOP = frozenset({"connection", "host", "keep-alive", "transfer-encoding", "date", "server"})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that reached the homeserver: `target` is path and query, byte for byte."""

    method: str
    target: str
    authorization: str = field(repr=False)
    body: bytes = field(repr=False)


class Tap:
    """Relays to one homeserver.

    Args:
        http: the way to it; decodes nothing.
        homeserver: its address.
    """

    def __init__(self, http: ClientSession, homeserver: str) -> None:
        self._http = http
        self._homeserver = homeserver
        self._arrived: list[Arrival] = []
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._came = asyncio.Event()
        self.url = ""

    @contextmanager
    def watched(self) -> Iterator[list[Arrival]]:
        """Yield a list that holds, after the block, what arrived while it ran."""
        first, seen = len(self._arrived), list[Arrival]()
        try:
            yield seen
        finally:
            seen += self._arrived[first:]

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[asyncio.Event]:
        """Hold every answer back while the block runs; yield an event that is set when a request arrives."""
        self._is_open.clear()
        self._came.clear()
        try:
            yield self._came
        finally:
            self._is_open.set()

    async def relay(self, request: web.Request) -> web.StreamResponse:
        """Note one request, pass it on, pass the answer back."""
        body = await request.read()
        self._arrived.append(Arrival(request.method, request.raw_path, request.headers.get("Authorization", ""), body))
        self._came.set()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_HOP}
        url = URL(self._homeserver + request.raw_path, encoded=True)
        async with self._http.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            return await self._pass_back(answer)

    async def _pass_back(self, answer: ClientResponse) -> web.Response:
        body = await answer.read()
        await self._is_open.wait()
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_THE_HOP}
        headers.pop("Content-Length", None)
        return web.Response(status=answer.status, headers=headers, body=body)


@asynccontextmanager
async def tapped(homeserver: str) -> AsyncIterator[Tap]:
    """Serve a tap on the wire to this homeserver."""
    async with ClientSession(
        cookie_jar=DummyCookieJar(), auto_decompress=False, skip_auto_headers=("Accept", "User-Agent", "Content-Type")
    ) as http:
        tap = Tap(http, homeserver)
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{tail:.*}", tap.relay)
        async with TestServer(app) as server:
            tap.url = str(server.make_url("")).rstrip("/")
            yield tap
