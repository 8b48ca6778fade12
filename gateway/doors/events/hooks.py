"""`/hooks/{platform}/{endpoint}`: what platforms tell. Believed by its signature alone, kept, then answered."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import structlog
from aiohttp import web

from gateway.acts import House
from gateway.acts.take_events import ToldEvent
from gateway.authority.limits import Limit, Limits, check_pace
from gateway.doors import Endpoint
from gateway.doors.events.intake import Intake
from gateway.doors.events.withdrawals import Through, Withdrawals
from gateway.ground.web.addresses import address_of
from gateway.platforms import Distrust, Heard, Hooks
from gateway.records.accounts import store as accounts
from gateway.records.apps.upstreams import event_key_place, look_up_telling
from gateway.records.hooks.store import look_up_point
from gateway.records.hooks.types import secret_place
from gateway.terms.ids import GATEWAYS_OWN, AccountId, AppId, UpstreamAppId, is_id
from gateway.terms.refusal import Refusal, Unavailable
from scopes import Catalogue, Event
from scopes.events import LIMIT_BYTES

BY_SIGNATURE = "the platform's signature on the body's very bytes"
ANSWER_SECONDS: Final = 1.8
"""Zalo waits two seconds, KiotViet five."""
BY_ENDPOINT = Limit(20_000, timedelta(seconds=10))
WITHDRAWALS = Limit(600, timedelta(minutes=15))
"""For each app that brought an upstream app: who has its key may name anybody, and what ends is kept for good."""
WITHOUT_TIME = timedelta(days=30)
"""How long a telling is known again that bears no time: it would be believed for ever."""
DISTRUSTED = Limit(60, timedelta(minutes=1))
"""For each address: beyond it forgeries are told to stop, and written down no more.

What is signed is heard all the same: behind one proxy the platform may have a forger's address.
"""
DISTRUSTED_BYTES: Final = 16 * 1024
"""Of such an address: to judge a body it may have to be read, and one as small costs less than the request itself."""
STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "taken": 200,
        "malformed": 200,
        "forged": 401,
        "stale": 401,
        "unknown_endpoint": 404,
        "too_large": 413,
        "limited": 429,
        "not_kept": 503,
    }
)
"""What a platform is told; of a signed body that cannot be read nothing is kept, and it would be no better told again.

One for which a no ends all telling hears of these only that it may try again."""
_TRY_AGAIN = frozenset({"unknown_endpoint", "not_kept"})
_UPSTREAM_APP = re.compile(r"[1-9][0-9]{0,31}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Point:
    """One address at which a platform tells.

    Args:
        key: what it signs with there.
        upstream_app: through which the accounts are linked that it may tell of; "" where it is one account's own.
        account_id: whose own it is.
        remembered: for how long what it tells is known again.
        brought_id: the upstream app, where an app brought it: who has its key may be anybody to the accounts.
        for_app: the app that brought it, which alone it tells.
    """

    key: str = field(repr=False)
    upstream_app: str = ""
    account_id: AccountId | None = None
    remembered: timedelta = timedelta(hours=26)
    brought_id: UpstreamAppId = GATEWAYS_OWN
    for_app: AppId | None = None


@dataclass(frozen=True, slots=True)
class EventsDoor:
    """The parts of the door.

    Args:
        hooks: how each platform tells.
        points: by platform and endpoint, those of the gateway's own upstream apps, each for all accounts; where each
            account has its own, and where an app brought its own, they stand in the records.
    """

    house: House
    catalogue: Catalogue
    limits: Limits
    intake: Intake
    hooks: Mapping[str, Hooks]
    points: Mapping[tuple[str, str], Point]


def endpoints(door: EventsDoor) -> list[Endpoint]:
    """Return the door's table; none where no platform tells here."""
    if not door.hooks:
        return []

    async def answer(request: web.Request) -> web.Response:
        return await answer_hook(door, request)

    return [Endpoint("POST", "/hooks/{platform}/{endpoint}", answer, own_check=BY_SIGNATURE)]


async def answer_hook(door: EventsDoor, request: web.Request) -> web.Response:
    """Answer one telling."""
    platform, endpoint = request.match_info["platform"], request.match_info["endpoint"]
    hooks = door.hooks.get(platform)
    if hooks is None:
        return _render("unknown_endpoint")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            find = _find_own if hooks.is_asked else _find_brought
            point = door.points.get((platform, endpoint)) or await find(door, hooks, endpoint)
            said = "unknown_endpoint" if point is None else await _take(door, request, hooks, point)
    except Refusal as refusal:
        if refusal.reason not in STATUS:
            raise
        said = refusal.reason
    except (Unavailable, TimeoutError) as error:
        log.warning("an event was not kept", platform=platform, what=type(error).__name__)
        said = "not_kept"
    return _render("taken" if hooks.is_silent and said not in _TRY_AGAIN else said)


async def _find_own(door: EventsDoor, _hooks: Hooks, endpoint: str) -> Point | None:
    """Find an account's own point, where the platform is asked through each connection."""
    if not is_id(endpoint, "hk"):
        return None
    found = await look_up_point(door.house.storage, endpoint)
    if found is None:
        return None
    key = door.house.vault.open(found.sealed_secret, secret_place(found.id)).decode()
    return Point(key, account_id=found.account_id, remembered=WITHOUT_TIME)


async def _find_brought(door: EventsDoor, hooks: Hooks, endpoint: str) -> Point | None:
    """Find the point of an upstream app that an app brought, by its id at the platform."""
    if _UPSTREAM_APP.fullmatch(endpoint) is None:
        return None
    found = await look_up_telling(door.house.storage, hooks.platform, endpoint)
    if found is None or found.sealed_event_key is None:
        return None
    key = door.house.vault.open(found.sealed_event_key, event_key_place(found.id)).decode()
    return Point(key, found.external_id, brought_id=found.id, for_app=found.app_id)


async def _take(door: EventsDoor, request: web.Request, hooks: Hooks, point: Point) -> str:
    pace = f"hooks {hooks.platform} {point.account_id or point.upstream_app}"
    if await door.limits.wait_seconds(pace, BY_ENDPOINT):
        return "limited"
    address = f"hooks {address_of(request)}"
    is_distrusted = bool(await door.limits.wait_seconds(address, DISTRUSTED))
    # What a silent platform is not heard on is lost, and its body need not be read to be judged.
    is_small = is_distrusted and not hooks.is_silent
    body = await _read(request, DISTRUSTED_BYTES if is_small else LIMIT_BYTES)
    if body is None:
        return "limited" if is_small else "too_large"
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        listener = hooks.as_app(point.upstream_app) if point.brought_id else hooks
        heard = listener.read(headers, body, point.key, now=door.house.clock.now())
    except Distrust as distrust:
        if distrust.why == "forged" and is_distrusted:
            return "limited"
        if distrust.why == "forged":  # what is signed is the platform's, which must not lose its way in
            await door.limits.count(address, DISTRUSTED)
        log.warning("an event was not believed", platform=hooks.platform, why=distrust.why)
        return distrust.why
    await door.limits.count(pace, BY_ENDPOINT)
    told = [each for one in heard if (each := await _hear(door, hooks.platform, one, point)) is not None]
    if told:
        withdrawals = Withdrawals(door.house, door.catalogue, hooks.platform, _through(point))
        await withdrawals.end_kept(told)
        await door.intake.keep(told)
        await withdrawals.end_kept(told)  # what was taken back meanwhile did not find them yet
    return "taken"


async def _hear(door: EventsDoor, platform: str, heard: Heard, point: Point) -> ToldEvent | None:
    """Do what it asks of the gateway itself, at once; else return it, for those who may hear of it.

    Raises:
        Refusal: `limited`: of an upstream app that was brought too many withdrawals came.
    """
    event = door.catalogue.platforms[platform].find_event(heard.name)
    if heard.revoked_by is not None or (event is not None and event.ends_consent):
        if point.brought_id:
            await check_pace(door.limits, {f"withdrawals told for {point.for_app}": WITHDRAWALS}, "withdrawals")
        await Withdrawals(door.house, door.catalogue, platform, _through(point)).end(heard, event)
        return None
    return None if event is None else await _told(door, event, heard, point)


def _through(point: Point) -> Through:
    return Through(point.upstream_app, point.brought_id, point.for_app)


async def _told(door: EventsDoor, event: Event, heard: Heard, point: Point) -> ToldEvent | None:
    """Say whose event it is; None where it is nobody's here."""
    if point.account_id is not None:
        return _told_of(point.account_id, "", event, heard=heard, point=point)
    for external_id in event.list_accounts(heard.parsed):
        found = await accounts.look_up_linked(
            door.house.storage,
            event.platform_id,
            external_id,
            upstream_app=point.upstream_app,
            brought_id=point.brought_id,
        )
        if found is not None:
            return _told_of(found, external_id, event, heard=heard, point=point)
    return None


def _told_of(account_id: AccountId, external_id: str, event: Event, *, heard: Heard, point: Point) -> ToldEvent:
    whose = account_id.encode() + point.brought_id.encode()  # each upstream app tells the same thing for itself
    name = sha256(b"%s\n%s\n%s" % (event.platform_id.encode(), whose, heard.told_as)).digest()
    subjects = tuple(event.list_subjects(heard.parsed, external_id))
    # To another upstream app a person's id is another one, and only the gateway's own is taken at its word on people.
    pair = None if point.brought_id else event.find_pair(heard.parsed, external_id)
    return ToldEvent(account_id, name, event, heard.body, subjects, pair, point.remembered, point.brought_id)


async def _read(request: web.Request, limit_bytes: int) -> bytes | None:
    """Read the body; None where it is too large, or whoever sent it is gone and hears no answer."""
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit_bytes:
                return None
    except (web.RequestPayloadError, OSError):
        return None
    return bytes(body)


def _render(said: str) -> web.Response:
    return web.json_response({"status": said}, status=STATUS[said], headers={"Cache-Control": "no-store"})
