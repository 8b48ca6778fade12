"""How the people's origin listens, as the server listens: bounded in time and number, and without a name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from gateway.ground.web import forms, runner
from gateway.ground.web.runner import StrictRunner
from tests.journeys.http.consoles_origin import Consoles, served_consoles
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FORM = b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
async def gateway(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Consoles]:
    """Yield a served gateway."""
    async with served_consoles(tmp_path, clock, entropy) as consoles:
        yield consoles


async def send(base: str, raw: bytes) -> bytes:
    """Send bytes on a fresh connection and return what comes until it is closed."""
    reader, writer = await asyncio.open_connection(URL(base).host, URL(base).port)
    writer.write(raw)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_no_answer_names_what_the_server_is_made_of(gateway: Consoles) -> None:
    """Pages, redirects, files, refusals; of what could not be read the answer says our own name."""
    async with gateway.signed_in(None) as browser:
        for path in ("/", "/permissions", "/nowhere", "/healthz", "/.well-known/oauth-authorization-server"):
            assert "Server" not in (await browser.get(path)).headers
        assert "Server" not in (await browser.post("/sign-in", "x", headers={})).headers
    unread = await send(gateway.base, b"GET / HTTP/1.1\r\n bad\r\n\r\n")
    assert b"aiohttp" not in unread
    assert b"Python" not in unread


async def test_a_form_that_trickles_is_not_waited_for(gateway: Consoles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announced and never sent: 400 after a bound, and the connection ends."""
    monkeypatch.setattr(forms, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(runner, "LINGER_SECONDS", 0.2)
    answer = await send(gateway.base, FORM + b"Content-Length: 100\r\n\r\nlogin=")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"bad_form" in answer


@asynccontextmanager
async def small_server(limit: int) -> AsyncIterator[str]:
    """Serve an application that holds at most `limit` connections."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="heard")

    app = web.Application()
    app.router.add_get("/", answer)
    strict = StrictRunner(app, SeededEntropy("listening"), limit_connections=limit, shutdown_timeout=1)
    await strict.setup()
    site = web.TCPSite(strict, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{strict.addresses[0][1]}"
    finally:
        await strict.cleanup()


async def test_connections_are_bounded_and_those_that_are_open_go_on() -> None:
    """One more than the bound is closed unheard; when one leaves, the next is heard."""
    heard = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with small_server(2) as base:
        held = [await asyncio.open_connection(URL(base).host, URL(base).port) for _ in range(2)]
        for _, writer in held:
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for reader, _ in held:
            assert (await reader.readuntil(b"heard")).startswith(b"HTTP/1.1 200")
        assert await send_or_reset(base, heard) == b""
        held[0][1].close()
        await held[0][1].wait_closed()
        async with asyncio.timeout(10):
            while b"heard" not in await send_or_reset(base, heard):
                pass  # the server has not seen yet that one left
        held[1][1].write(heard)
        assert b"heard" in await held[1][0].read()
        held[1][1].close()


async def send_or_reset(base: str, raw: bytes) -> bytes:
    """Send bytes; a reset is nothing heard."""
    try:
        return await send(base, raw)
    except ConnectionError:
        return b""
