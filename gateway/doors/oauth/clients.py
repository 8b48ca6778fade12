"""Client authentication: none for public apps, a secret or a key for confidential ones (OAuth 2.1, section 2.4)."""

import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote_plus

import structlog
from aiohttp import web

from gateway.authority.limits import Limit
from gateway.doors.oauth.assertions import ASSERTION_TYPE, find_subject, is_proven
from gateway.doors.oauth.client_metadata import METHODS
from gateway.doors.oauth.documents import read_document
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.parameters import Parameters
from gateway.ground.vault.tokens import is_token
from gateway.ground.web.addresses import address_of, is_within
from gateway.records.apps import callers
from gateway.records.apps.types import App, AppSecret, AuthMethod
from gateway.records.families import credentials
from gateway.records.families.types import Credential
from gateway.terms.refusal import Refusal

CONFIDENTIAL_METHODS = tuple(name for name, method in METHODS.items() if method is not AuthMethod.NONE)
CHALLENGE = 'Basic realm="quyen", charset="UTF-8"'
WRONG_SECRETS = Limit(10, timedelta(minutes=15))
_VISIBLE = re.compile(r"[\x20-\x7e]+")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Presented:
    """Who a caller says it is, and what it shows for it. `is_challenged`: it used the header, or nothing at all."""

    unverified_id: str
    is_challenged: bool
    raw_secret: str | None = None
    raw_assertion: str | None = None

    @property
    def shows_nothing(self) -> bool:
        """Say whether it only says its name, as a public app does."""
        return self.raw_secret is None and self.raw_assertion is None


async def authenticate(door: OAuthDoor, request: web.Request, parameters: Parameters) -> App:
    """Return the app that is calling: a confidential one has proven itself, a public one has only said its name.

    A suspended app is let through to be refused by what it wants to do. An unknown app, a wrong and a missing secret
    are one answer, after the same look-ups.

    Raises:
        Refusal: `invalid_client`, `invalid_request` (two methods), `limited` (10 wrong secrets or assertions in 15
            minutes for this client from this address; then one more each 90 seconds); those of `read_document`.
        Unavailable: the register gave no answer.
    """
    presented = present(request, parameters)
    key = f"client-secret {address_of(request)} {presented.unverified_id}"
    await _check_limit(door, key)
    await _read_document(door, request, presented)
    app = await callers.find_app(door.house.storage, presented.unverified_id)
    secrets = await callers.list_live_secrets(door.house.storage, presented.unverified_id)
    if app is not None and app.auth_method is AuthMethod.NONE and presented.shows_nothing:
        return app
    is_right = _is_secret(presented.raw_secret or "", secrets)
    if app is not None and app.auth_method is AuthMethod.KEY and presented.raw_assertion is not None:
        try:
            is_right = await is_proven(door, app, presented.raw_assertion)
        except Refusal:
            await door.limits.count(key, WRONG_SECRETS)
            raise
    if app is None or not app.is_confidential or not is_right:
        if not presented.shows_nothing:
            await door.limits.count(key, WRONG_SECRETS)
        raise _unknown(is_challenged=presented.is_challenged)
    await _check_limit(door, key)
    if app.addresses is not None and not is_within(request, app.addresses):
        _log.warning("client_from_elsewhere", app=app.id)
        await door.limits.count(key, WRONG_SECRETS)
        raise _unknown(is_challenged=presented.is_challenged)
    return app


async def _read_document(door: OAuthDoor, request: web.Request, presented: Presented) -> None:
    """Read the caller's document; whoever used the header hears of the header, also where nothing came of it (5.2)."""
    try:
        await read_document(door, request, presented.unverified_id)
    except Refusal as refusal:
        if presented.is_challenged and refusal.reason == "bad_client_document":
            raise Refusal(refusal.reason, refusal.detail, challenge=CHALLENGE) from refusal
        raise


async def authenticate_confidential(door: OAuthDoor, request: web.Request, parameters: Parameters) -> App:
    """Return the app that is calling and has proven itself.

    Raises:
        Refusal, Unavailable: as `authenticate`; also `invalid_client` for a public app.
    """
    app = await authenticate(door, request, parameters)
    if not app.is_confidential:
        raise _unknown(is_challenged=True)
    return app


async def authenticate_credential(door: OAuthDoor, request: web.Request, presented: Presented) -> Credential:
    """Return the grant-bound credential whose secret was shown; an unknown one and a wrong secret are one answer.

    Raises:
        Refusal, Unavailable: as `authenticate`.
    """
    key = f"client-secret {address_of(request)} {presented.unverified_id}"
    await _check_limit(door, key)
    async with door.house.storage.read() as connection:
        credential = await credentials.find(connection, presented.unverified_id)
    if credential is None or not is_token(presented.raw_secret or "", credential.hashed_secret):
        await door.limits.count(key, WRONG_SECRETS)
        raise _unknown(is_challenged=presented.is_challenged)
    await _check_limit(door, key)
    return credential


def present(request: web.Request, parameters: Parameters) -> Presented:
    """Read the one way in which the caller shows who it is.

    Raises:
        Refusal: `invalid_client` (nothing, nothing readable, or a method that there is not), `invalid_request` (two).
    """
    headers = request.headers.getall("Authorization", [])
    if len(headers) > 1:
        raise Refusal("invalid_request", "the Authorization header stands more than once")
    named, raw_secret = parameters.find("client_id"), parameters.find("client_secret")
    if parameters.has_any(("client_assertion", "client_assertion_type")):
        if headers or raw_secret is not None:
            raise Refusal("invalid_request", "one way of authentication for each request")
        return _present_assertion(parameters, named)
    if not headers:
        if named is None or not _VISIBLE.fullmatch(named):
            raise _unknown(is_challenged=named is None)
        return Presented(named, is_challenged=False, raw_secret=raw_secret)
    client_id, header_secret = _parse_basic(headers[0])
    if raw_secret is not None:
        raise Refusal("invalid_request", "one way of authentication for each request")
    if named not in {None, client_id}:
        raise Refusal("invalid_request", "client_id differs from the one in the Authorization header")
    return Presented(client_id, is_challenged=True, raw_secret=header_secret or None)


def _present_assertion(parameters: Parameters, named: str | None) -> Presented:
    raw_assertion = parameters.find("client_assertion") or ""
    subject = find_subject(raw_assertion)
    if parameters.find("client_assertion_type") != ASSERTION_TYPE or subject is None or named not in {None, subject}:
        raise _unknown(is_challenged=False)
    if not _VISIBLE.fullmatch(subject):
        raise _unknown(is_challenged=False)
    return Presented(subject, is_challenged=False, raw_assertion=raw_assertion)


def _is_secret(raw_secret: str, secrets: Iterable[AppSecret]) -> bool:
    return any([is_token(raw_secret, secret.hashed_secret) for secret in secrets])  # noqa: C419 - all, always


def _parse_basic(header: str) -> tuple[str, str]:
    """Read `Basic base64(form-encoded id : form-encoded secret)` (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise _unknown(is_challenged=True)
    try:
        raw_id, separator, raw_secret = b64decode(credentials.strip(), validate=True).decode().partition(":")
        client_id, secret = unquote_plus(raw_id, errors="strict"), unquote_plus(raw_secret, errors="strict")
    except ValueError:
        raise _unknown(is_challenged=True) from None
    if not separator or not _VISIBLE.fullmatch(client_id):
        raise _unknown(is_challenged=True)
    return client_id, secret


async def _check_limit(door: OAuthDoor, key: str) -> None:
    wait = await door.limits.wait_seconds(key, WRONG_SECRETS)
    if wait:
        _log.warning("client_secrets_limited", wait_seconds=wait)
        raise Refusal("limited", "too many failed client authentications", retry_after_seconds=wait)


def _unknown(*, is_challenged: bool) -> Refusal:
    facts = {"challenge": CHALLENGE} if is_challenged else {}
    return Refusal("invalid_client", "client authentication failed", **facts)
