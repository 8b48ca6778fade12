"""Running: open the house, listen on both origins and the local socket, drain and close when asked to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from resource import RLIMIT_NOFILE, getrlimit
from typing import Any

import structlog
from aiohttp import web
from redis.asyncio import Redis

from gateway.acts import House
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory, ProofMemory, RedisProofMemory
from gateway.authority.limits import Limits, LocalLimits, RedisLimits
from gateway.doors.admin.commands import AdminDoor
from gateway.doors.admin.of_age import Desk
from gateway.doors.admin.socket import listening
from gateway.doors.events.carrier import Carrier
from gateway.doors.events.courier import Courier
from gateway.ground.fetching.fetcher import Fetcher, opened_fetcher
from gateway.ground.storage.disk import DiskBroken
from gateway.ground.vault.passwords import Passwords
from gateway.ground.web.runner import LIMIT_CONNECTIONS, StrictRunner, tell_unreadable
from gateway.records.trace.writer import TraceWriter
from gateway.server.checking import Checks
from gateway.server.doors import Parts, build_api, build_public, tell_people
from gateway.server.health import Health
from gateway.server.house import opened_house
from gateway.server.identity import list_providers
from gateway.server.log_lines import configure_log, log_loop_error
from gateway.server.places import admin_socket_path
from gateway.server.platforms import (
    list_connectors,
    list_followers,
    list_hooks,
    list_registrars,
    opened_http,
    own_apps,
)
from gateway.server.rounds import Round, going_round
from gateway.server.watching import HookWatch
from gateway.settings import Settings
from scopes import Catalogue, load_catalogue

DRAIN_SECONDS = 20
NOTICE_SECONDS = 2
"""How long `/readyz` says no while calls are still taken, so that whoever sends them here can stop first."""
_MOST_NAMED = 10

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        AlreadyRunning: another server holds the database.
        Damaged: the database was not closed, and is not whole.
        CatalogueError: the catalogue does not hold; nothing was opened.
        OSError: an address cannot be listened on.
        Unavailable: the database gave no answer at the start.
        DiskBroken: an fsync failed; what runs was denied.
    """
    configure_log()
    asyncio.get_running_loop().set_exception_handler(log_loop_error)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    catalogue = load_catalogue(settings.catalogue)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(opened_house(settings))
        parts = await _parts(stack, settings, house, catalogue=catalogue)
        if house.ledger.checked is not None and house.ledger.checked.faults:
            faults = house.ledger.checked.faults
            log.error("the grant log does not verify", faults=len(faults), first=faults[:_MOST_NAMED])
        desk, own = Desk(parts.connectors, parts.followers, parts.budgets), own_apps(settings)
        door = AdminDoor(house, parts.catalogue, parts.passwords, settings.is_on_loopback, own, desk)
        await stack.enter_async_context(listening(door, admin_socket_path(settings)))
        origins = (
            (build_public(parts), tell_people(parts), settings.listen),
            (build_api(parts), tell_unreadable, settings.api_listen),
        )
        for app, tell, address in origins:
            bounds: dict[str, Any] = {"shutdown_timeout": DRAIN_SECONDS, "limit_connections": _share_of_files()}
            runner = StrictRunner(app, house.entropy, tell=tell, handle_signals=False, **bounds)
            await stack.enter_async_context(_listening(runner, address))
        checks = Round("check_connections", 5, Checks(parts.connectors).check_next)
        watch = HookWatch(catalogue, parts.connectors, parts.registrars, api_url=settings.api_url)
        hooks = Round("watch_hooks", 10, watch.look)
        await stack.enter_async_context(going_round(house, parts.health, further=[checks, hooks]))
        await stack.enter_async_context((await _courier(stack, parts)).running())
        await _first_of(stopping, house.storage.broken)
        parts.health.is_draining = True
        if house.storage.broken.is_set():
            log.critical("a disk did not keep what it was given: nothing is answered any more")
            raise DiskBroken(
                "a disk did not keep what it was given (a failed fsync): look at it before you start again"
            )
        await asyncio.sleep(NOTICE_SECONDS)


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def _parts(stack: AsyncExitStack, settings: Settings, house: House, *, catalogue: Catalogue) -> Parts:
    http = await stack.enter_async_context(opened_http())
    redis, connectors = _open_redis(stack, settings), list_connectors(settings, http, house.clock)
    passwords = Passwords(house.entropy)
    stack.callback(passwords.close)
    return Parts(
        settings=settings,
        house=house,
        catalogue=catalogue,
        connectors=connectors,
        registrars=list_registrars(connectors, http),
        limits=_limits(redis, house),
        proofs=_proofs(redis, house),
        passwords=passwords,
        health=Health(house),
        budgets=Budgets(house.clock),
        providers=list_providers(settings, http, house.clock),
        followers=list_followers(settings, http),
        documents=await _open_fetcher(stack, settings) if settings.client_documents else None,
    )


async def _courier(stack: AsyncExitStack, parts: Parts) -> Courier:
    """Return who brings notices and copies of events, each by a way out of its own."""
    house, trace = parts.house, TraceWriter(parts.house.storage, parts.house.clock)
    fetcher = await _open_fetcher(stack, parts.settings)
    own_way, natives = await _open_fetcher(stack, parts.settings), list_hooks(parts.settings)
    carrier = Carrier(house, own_way, parts.catalogue, trace, natives)
    return Courier(house, fetcher, carrier=carrier)


async def _open_fetcher(stack: AsyncExitStack, settings: Settings) -> Fetcher:
    """Open a way out to where strangers said; each use has its own, so that none waits for another's slow hosts."""
    return await stack.enter_async_context(
        opened_fetcher(allow_loopback=settings.is_on_loopback, ca_pem=settings.fetch_ca)
    )


def _open_redis(stack: AsyncExitStack, settings: Settings) -> Redis | None:
    if settings.redis_url is None:
        return None
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=1, socket_connect_timeout=1, retry=None
    )
    stack.push_async_callback(redis.aclose)
    return redis


def _limits(redis: Redis | None, house: House) -> Limits:
    return LocalLimits(house.clock) if redis is None else RedisLimits(redis, house.clock)


def _proofs(redis: Redis | None, house: House) -> ProofMemory:
    if redis is None:
        return LocalProofMemory(house.clock, house.entropy)
    return RedisProofMemory(redis, house.clock, house.entropy)


def _share_of_files() -> int:
    """Return how many connections one origin may hold: a third of the files that we may open is left over."""
    return min(LIMIT_CONNECTIONS, getrlimit(RLIMIT_NOFILE)[0] // 3)


@asynccontextmanager
async def _listening(runner: web.AppRunner, address: str) -> AsyncIterator[None]:
    await runner.setup()
    host, _, port = address.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        yield
    finally:
        await runner.cleanup()
