"""Refusals on the wire of the POST endpoints: one table, RFC 6749 section 5.2."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from gateway.doors import Handler
from gateway.doors.oauth.door import OAuthDoor
from gateway.terms.refusal import Refusal, Unavailable

DoorHandler = Callable[[OAuthDoor, web.Request], Awaitable[web.Response]]

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}
UNAVAILABLE = "the gateway cannot answer now; nothing was changed"
_HEADERS = {
    "retry_after_seconds": "Retry-After",
    "allow": "Allow",
    "challenge": "WWW-Authenticate",
    "dpop_nonce": "DPoP-Nonce",
}
_OUTSIDE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


@dataclass(frozen=True, slots=True)
class WireError:
    """OAuth's word for a refusal, and the status that goes with it."""

    error: str
    status: int


ERRORS: Mapping[str, WireError] = {
    "invalid_request": WireError("invalid_request", 400),
    "invalid_client": WireError("invalid_client", 401),
    "invalid_grant": WireError("invalid_grant", 400),
    "unauthorized_client": WireError("unauthorized_client", 400),
    "unsupported_grant_type": WireError("unsupported_grant_type", 400),
    "invalid_scope": WireError("invalid_scope", 400),
    "invalid_target": WireError("invalid_target", 400),
    "invalid_authorization_details": WireError("invalid_authorization_details", 400),
    "invalid_dpop_proof": WireError("invalid_dpop_proof", 400),
    "use_dpop_nonce": WireError("use_dpop_nonce", 400),
    "unsupported_response_type": WireError("unsupported_response_type", 400),
    "consent_required": WireError("consent_required", 400),
    "unmet_authentication_requirements": WireError("unmet_authentication_requirements", 400),
    "authorization_pending": WireError("authorization_pending", 400),
    "slow_down": WireError("slow_down", 400),
    "access_denied": WireError("access_denied", 400),
    "expired_token": WireError("expired_token", 400),
    "bad_client_document": WireError("invalid_client", 401),
    "invalid_client_metadata": WireError("invalid_client_metadata", 400),
    "invalid_redirect_uri": WireError("invalid_redirect_uri", 400),
    "unapproved_software_statement": WireError("unapproved_software_statement", 400),
    "bad_form": WireError("invalid_request", 400),
    "unsupported_media": WireError("invalid_request", 400),
    "too_large": WireError("invalid_request", 413),
    "wrong_method": WireError("invalid_request", 405),
    "limited": WireError("temporarily_unavailable", 429),
}


def answered(handle: DoorHandler, door: OAuthDoor) -> Handler:
    """Bind a handler to the door; what it refuses becomes OAuth's error JSON."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handle(door, request)
        except Refusal as refusal:
            return render_refusal(refusal)
        except Unavailable as unavailable:
            return render_unavailable(unavailable)

    return answer


def only(method: str) -> DoorHandler:
    """Return the handler for every other method of an endpoint."""

    async def refuse(_door: OAuthDoor, _request: web.Request) -> web.Response:
        raise Refusal("wrong_method", f"this endpoint takes {method} only", allow=method)

    return refuse


def render_json(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return JSON that nothing on the way may keep, unless the headers given say how long."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    told = {**NO_STORE, **(headers or {})}
    if told["Cache-Control"] != NO_STORE["Cache-Control"]:
        del told["Pragma"]
    return web.Response(body=body, status=status, content_type="application/json", headers=told)


def render_refusal(refusal: Refusal) -> web.Response:
    """Return the error of section 5.2. A reason without a row is a bug and raises KeyError."""
    row = ERRORS[refusal.reason]
    members = error_members(row.error, refusal.detail)
    return render_json(members, status=row.status, headers=fact_headers(refusal))


def render_unavailable(unavailable: Unavailable) -> web.Response:
    """Return 503: nothing was spent or ended, and the same request may be sent again."""
    headers = {"Retry-After": str(unavailable.retry_after_seconds)}
    return render_json(error_members("temporarily_unavailable", UNAVAILABLE), status=503, headers=headers)


def fact_headers(refusal: Refusal) -> dict[str, str]:
    """Return the headers that a refusal's facts ask for."""
    return {_HEADERS[name]: str(fact) for name, fact in refusal.facts.items() if name in _HEADERS}


def error_members(error: str, description: str) -> dict[str, str]:
    """Return `error` and, where there is something to say, `error_description` in the characters it may have."""
    members = {"error": error}
    return members | ({"error_description": _OUTSIDE.sub("?", description)} if description else {})
