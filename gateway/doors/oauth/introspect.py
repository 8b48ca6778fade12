"""The introspection endpoint (RFC 7662): an app asks about its own tokens; of anything else it learns nothing."""

from datetime import timedelta
from typing import Any

import structlog
from aiohttp import web

from gateway.authority.limits import Limit
from gateway.doors.oauth.clients import authenticate_confidential
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import render_json
from gateway.doors.oauth.known import KnownToken, find_known
from gateway.doors.oauth.own_affairs import describe_own
from gateway.doors.oauth.parameters import read_parameters
from gateway.records.apps.types import App
from gateway.records.families.minting import details_of, token_type, unique
from gateway.terms.refusal import Refusal

INACTIVE = {"active": False}
STRANGE_TOKENS = Limit(100, timedelta(minutes=15))
_log = structlog.get_logger(__name__)


async def answer_introspection(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer POST /oauth/introspect: what the token opens now, or exactly `{"active": false}`.

    `token_type_hint` is not needed: a token's hash finds it whatever its kind.

    Raises:
        Refusal: a row of `errors.ERRORS`; `limited` for a token of others, once the app asked about 100 of these.
        Unavailable: no answer; the caller must take that for no.
    """
    parameters = await read_parameters(request)
    app = await authenticate_confidential(door, request, parameters)
    raw_token = parameters.get("token")
    own = await describe_own(door, app, raw_token)
    if own is not None:
        return render_json(own)
    token = await find_known(door.house, raw_token, door.house.clock.now())
    if token is None or token.app_id != app.id:
        await _count_strange(door, app)
        return render_json(INACTIVE)
    return render_json(describe(door, token) if token.live else INACTIVE)


async def _count_strange(door: OAuthDoor, app: App) -> None:
    """Count a token that is not the app's own; for what others make it ask, its own tokens are still answered."""
    key = f"introspect {app.id}"
    wait = await door.limits.wait_seconds(key, STRANGE_TOKENS)
    if wait:
        _log.warning("introspection_limited", app=app.id, wait_seconds=wait)
        raise Refusal("limited", "too many tokens of others", retry_after_seconds=wait)
    await door.limits.count(key, STRANGE_TOKENS)


def describe(door: OAuthDoor, token: KnownToken) -> dict[str, Any]:
    """Return the members about a token that opens something now.

    `sub` is the gateway's own id of the account that granted; `exp` is when the token opens nothing any more, be it by
    its own time or by that of the last ask. A refresh token is for this server alone, and says so by its `aud` and by
    having no `token_type`, so that nobody takes it for an access token.
    """
    ends_at = min(token.expires_at, max(held.ends_at for held in token.live))
    members: dict[str, Any] = {
        "active": True,
        "scope": " ".join(unique(held.scope for held in token.live)),
        "client_id": token.app_id,
        "sub": token.account_id,
        "aud": door.resource(token.platform) if token.is_access else door.issuer,
        "iss": door.issuer,
        "iat": int(token.created_at.timestamp()),
        "exp": int(ends_at.timestamp()),
        "grant_id": token.grant_id,
        "authorization_details": details_of(token.live, token.external_id),
    }
    if token.jkt is not None:
        members["cnf"] = {"jkt": token.jkt}
    return members | _sign_in_of(token) | ({"token_type": token_type(token.jkt)} if token.is_access else {})


def _sign_in_of(token: KnownToken) -> dict[str, Any]:
    """Return when and how the person signed in whose decision the token rests on (RFC 9470 section 6)."""
    at, acr = token.authenticated_at, token.acr
    return ({"auth_time": int(at.timestamp())} if at else {}) | ({"acr": acr} if acr else {})
