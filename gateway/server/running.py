"""Running: open the house, listen on both origins and the local socket, drain and close when asked to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, web
from redis.asyncio import Redis

from gateway.acts import House
from gateway.acts.expire import expire
from gateway.acts.seal_trace import MOST_LINES, seal_trace
from gateway.acts.spend_assertion import forget_spent
from gateway.authority.limits import Limits, LocalLimits, RedisLimits
from gateway.doors.admin.commands import AdminDoor
from gateway.doors.admin.socket import listening
from gateway.doors.calls.listener import CallsRunner
from gateway.ground.vault.passwords import Passwords
from gateway.server.doors import Parts, build_api, build_public, tell_people
from gateway.server.health import Health
from gateway.server.house import admin_socket_path, opened_house
from gateway.server.platforms import list_connectors
from gateway.settings import Settings
from gateway.terms.refusal import Unavailable
from scopes import load_catalogue

EXPIRY_SECONDS = 5
FORGETTING_SECONDS = 600
SEAL_SECONDS = 30
DRAIN_SECONDS = 20
_CONNECTOR_TIMEOUT = ClientTimeout(total=20, connect=3)

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        AlreadyRunning: another server holds the database.
        OSError: an address cannot be listened on.
        Unavailable: the database gave no answer at the start.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(opened_house(settings))
        parts = await _parts(stack, settings, house)
        if house.ledger.checked is not None and house.ledger.checked.faults:
            log.error("the grant log does not verify", faults=len(house.ledger.checked.faults))
        path = admin_socket_path(settings)
        if path is not None:
            door = AdminDoor(house, parts.catalogue, parts.passwords)
            await stack.enter_async_context(listening(door, path))
        origins = (
            (build_public(parts), tell_people(parts), settings.listen),
            (build_api(parts), None, settings.api_listen),
        )
        for app, tell, address in origins:
            runner = CallsRunner(app, house.entropy, tell, handle_signals=False, shutdown_timeout=DRAIN_SECONDS)
            await stack.enter_async_context(_listening(runner, address))
        await stack.enter_async_context(_recording(house))
        await stopping.wait()
        parts.health.is_draining = True


async def _parts(stack: AsyncExitStack, settings: Settings, house: House) -> Parts:
    http = await stack.enter_async_context(
        ClientSession(timeout=_CONNECTOR_TIMEOUT, cookie_jar=DummyCookieJar(), auto_decompress=False, trust_env=False)
    )
    passwords = Passwords(house.entropy)
    stack.callback(passwords.close)
    return Parts(
        settings=settings,
        house=house,
        catalogue=load_catalogue(settings.catalogue),
        connectors=list_connectors(settings, http, house.clock),
        limits=await _limits(stack, settings, house),
        passwords=passwords,
        health=Health(house),
    )


async def _limits(stack: AsyncExitStack, settings: Settings, house: House) -> Limits:
    if settings.redis_url is None:
        return LocalLimits(house.clock)
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=1, socket_connect_timeout=1, retry=None
    )
    stack.push_async_callback(redis.aclose)
    return RedisLimits(redis, house.clock)


@asynccontextmanager
async def _listening(runner: web.AppRunner, address: str) -> AsyncIterator[None]:
    await runner.setup()
    host, _, port = address.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _recording(house: House) -> AsyncIterator[None]:
    """Record what time has ended and what was called, every few seconds; verdicts do not wait for it."""

    async def every(seconds: float, act: Callable[[House], Awaitable[int]]) -> None:
        while True:
            try:
                while await act(house) == MOST_LINES:
                    pass  # more of the trace waits
            except Unavailable as unavailable:
                log.warning("what time did could not be recorded", what=unavailable.what)
            await asyncio.sleep(seconds)

    often = {expire: EXPIRY_SECONDS, seal_trace: SEAL_SECONDS, forget_spent: FORGETTING_SECONDS}
    tasks = [asyncio.create_task(every(seconds, act)) for act, seconds in often.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
