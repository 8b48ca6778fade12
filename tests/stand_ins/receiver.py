"""Someone else's server on loopback, that answers as a test tells it and remembers what came."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Came:
    """One request that came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Receiver:
    """What came, and what is answered next: `answers` in order, then `status` for good."""

    url: str = ""
    status: int = 200
    answers: list[int | Answering] = field(default_factory=list)
    came: list[Came] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Remember the request and answer it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append(Came(request.method, request.path_qs, headers, await request.read()))
        answer = self.answers.pop(0) if self.answers else self.status
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)


@asynccontextmanager
async def receiving(context: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of loopback, with TLS where a context is given."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=context)
    try:
        await site.start()
        port = runner.addresses[0][1]
        receiver.url = f"{'https' if context else 'http'}://{host}:{port}/hook"
        yield receiver
    finally:
        await runner.cleanup()


async def never(request: web.Request) -> web.StreamResponse:
    """Take the request and say nothing."""
    await asyncio.sleep(60)
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    """Say 200, then send a body that never ends."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65536)


async def dripping(request: web.Request) -> web.StreamResponse:
    """Say 200, then send a byte now and then, for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.02)


async def hanging_up(request: web.Request) -> web.StreamResponse:
    """Take the request and close the connection."""
    request.transport.abort()  # type: ignore[union-attr]
    return web.Response()


def redirecting(target: str, status: int = 302) -> Answering:
    """Answer with a redirect to `target`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": target, "Set-Cookie": "a=b"})

    return answer


def saying(body: bytes, **headers: str) -> Answering:
    """Answer 200 with a body."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer
