"""Client ID Metadata Documents: a client_id that is an https address, and the document there is the registration.

Source: draft-ietf-oauth-client-id-metadata-document. A document is read when it is first named, and again when its
time is over, wherever its app comes to this door. What was read wrongly is never kept. Where its host gives no answer
the last good reading counts for a day; an answer that says otherwise counts at once.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

import structlog
from aiohttp import web

from gateway.acts.adopt import adopt
from gateway.authority.limits import Limit, check_pace
from gateway.doors.oauth.client_metadata import ClientMetadata, app_of, check_metadata, parse_metadata
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import shown_scope
from gateway.ground.fetching.fetcher import Fetched, Fetcher, FetchFailed, Why
from gateway.ground.fetching.urls import check_fetchable
from gateway.ground.web.addresses import address_of
from gateway.records.apps import statements
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import AppOrigin
from gateway.terms.ids import AppId, new_id
from gateway.terms.refusal import Refusal

SCHEME = "https://"
LIMIT_BYTES = 5 * 1024
SECONDS = 5.0
SHORTEST, USUAL, LONGEST = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24)
"""For how long a reading counts: at least, where its server says nothing, and at most."""
BY_ADDRESS = Limit(60, timedelta(minutes=1))
BY_HOST = Limit(30, timedelta(minutes=1))
BY_ALL = Limit(1000, timedelta(hours=1))
"""How often one caller makes us read what is new, and anyone at one host; the latter also for one known app.

However many addresses and hosts a stranger has, the register grows no faster than by the last."""
_TOO_MANY = "too many client documents to read"
_SILENT = frozenset({Why.UNREACHABLE, Why.TIMEOUT})
_SHARED = frozenset({"client_secret", "client_secret_expires_at"})
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?([0-9]{1,9})\"?\s*(?:,|$)", re.IGNORECASE)
_UNKEPT = re.compile(r"(?:^|,)\s*(?:no-store|no-cache)\b", re.IGNORECASE)
_log = structlog.get_logger(__name__)


class _Silent(Exception):
    """The document's host gave no answer of its own."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A document that holds, and how long it may be kept."""

    said: ClientMetadata
    lasts: timedelta


async def read_document(door: OAuthDoor, request: web.Request, unverified_id: str) -> None:
    """Bring the register up to date with the document at a client_id; any other client_id is left alone.

    Raises:
        Refusal: `bad_client_document`: no such address, not a document that holds, or nothing came of it; `limited`.
        Unavailable: what was read could not be kept.
    """
    if not unverified_id.startswith(SCHEME):
        return
    now = door.house.clock.now()
    async with door.house.storage.read() as connection:
        known = await statements.find_current(connection, unverified_id)
    if door.dynamic.fetcher is None:
        raise Refusal("bad_client_document", "no client_id is an address here")
    if known is not None and known.is_fresh(now):
        return
    check_address(unverified_id)
    try:
        await _check_limits(door, request, unverified_id, is_known=known is not None)
        reading = await _read(door.dynamic.fetcher, unverified_id)
    except _Silent:
        if known is not None and now < known.read_at + LONGEST:
            return
        raise Refusal("bad_client_document", "the client document's host gave no answer") from None
    if known is None:
        await check_pace(door.limits, {"documents": BY_ALL}, _TOO_MANY)
    await _adopt(door, unverified_id, reading, now)


def check_address(unverified_id: str) -> None:
    """Check that a client_id is an address of a document, before anything is fetched.

    Raises:
        Refusal: `bad_client_document`.
    """
    try:
        parts = check_fetchable(unverified_id, allow_loopback=False)
    except ValueError:
        raise Refusal("bad_client_document", "client_id is not an https address that can be read") from None
    segments = unquote(parts.path).split("/")
    if not parts.path or {".", ".."} & set(segments):
        raise Refusal("bad_client_document", "client_id has a path, without dot segments")


async def _read(fetcher: Fetcher, url: str) -> _Reading:
    try:
        fetched = await fetcher.get(
            url, limit_bytes=LIMIT_BYTES, seconds=SECONDS, headers={"Accept": "application/json"}
        )
    except FetchFailed as failure:
        _log.info("client_document_unread", client=url, why=failure.why.value)
        if failure.why in _SILENT:
            raise _Silent from failure
        raise Refusal("bad_client_document", f"the client document cannot be read: {failure.why.value}") from None
    if fetched.status >= 500:
        raise _Silent
    return _Reading(_check_document(fetched, url), _lasts(fetched))


def _check_document(fetched: Fetched, url: str) -> ClientMetadata:
    media = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
    if fetched.status != 200:
        raise Refusal("bad_client_document", f"the client document's host answered {fetched.status}")
    if media != "application/json" and not re.fullmatch(r"application/[a-z0-9!#$&^_.-]+\+json", media):
        raise Refusal("bad_client_document", "the client document is not JSON by its type")
    try:
        raw = parse_metadata(fetched.body)
        said = check_metadata({"token_endpoint_auth_method": "none", **raw})
    except Refusal as refusal:
        raise Refusal("bad_client_document", f"the client document does not hold: {refusal.detail}") from None
    if raw.get("client_id") != url:
        raise Refusal("bad_client_document", "the client document names another client_id")
    if said.token_endpoint_auth_method not in {"none", "private_key_jwt"} or _SHARED & raw.keys():
        raise Refusal("bad_client_document", "a client document holds no shared secret")
    return said


def _lasts(fetched: Fetched) -> timedelta:
    """Read how long the document may be kept (RFC 9111), within our own bounds."""
    control = fetched.headers.get("cache-control", "")
    if _UNKEPT.search(control):
        return SHORTEST
    found = _MAX_AGE.search(control)
    if found is None:
        return USUAL
    age = fetched.headers.get("age", "")
    spent = int(age) if re.fullmatch(r"[0-9]{1,9}", age) else 0
    return max(SHORTEST, min(timedelta(seconds=int(found[1]) - spent), LONGEST))


async def _adopt(door: OAuthDoor, url: str, reading: _Reading, now: datetime) -> None:
    app_id = AppId(url)
    asks = door.dynamic.asks_for(app_id, reading.said.scope or "")
    content = {"client_id": url, **reading.said.to_content(shown_scope(asks))}
    statement_id = new_id("cs", door.house.entropy)
    statement = Statement.of(statement_id, app_id, content, at=now, fresh_until=now + reading.lasts)
    app = app_of(app_id, reading.said, origin=AppOrigin.DOCUMENT, host=urlsplit(url).netloc, at=now)
    await adopt(door.house, app, asks, statement=statement)


async def _check_limits(door: OAuthDoor, request: web.Request, url: str, *, is_known: bool) -> None:
    """A stranger names the address, so neither they nor all together may turn us against a host.

    A known app is read again on an account of its own: strangers who exhaust the limits do not shut it out.
    """
    paces = {f"document at {urlsplit(url).hostname}": BY_HOST, f"document {address_of(request)}": BY_ADDRESS}
    try:
        await check_pace(door.limits, {f"document at {url}": BY_HOST} if is_known else paces, _TOO_MANY)
    except Refusal as refusal:
        if is_known:
            raise _Silent from refusal
        raise
