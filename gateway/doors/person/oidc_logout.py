"""Back-channel logout: the provider tells that somebody signed out there, and their sessions here end too."""

import structlog
from aiohttp import web

from gateway.acts.identities import end_by_provider
from gateway.doors.person.door import PersonDoor
from gateway.ground.identity.provider import Provider
from gateway.ground.web.forms import read_form
from gateway.ground.web.request_ids import request_id_of
from gateway.terms.refusal import Refusal, Unavailable

_NO_STORE = {"Cache-Control": "no-store"}
_log = structlog.get_logger(__name__)


async def log_out(provider: Provider, door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /sign-in/oidc/logout` (Back-Channel Logout 1.0, sections 2.5 and 2.8): 200, 400, or 503 for another try."""
    try:
        raw_token = (await read_form(request)).get_one("logout_token")
        told = await provider.read_logout(raw_token)
        ended = await end_by_provider(door.house, told)
    except Refusal as refusal:
        _log.warning(
            "logout refused", reason=refusal.reason, detail=refusal.log_detail, request_id=request_id_of(request)
        )
        return web.json_response({"error": "invalid_request"}, status=400, headers=_NO_STORE)
    except Unavailable as missing:
        _log.warning("logout delayed", what=missing.what, request_id=request_id_of(request))
        headers = _NO_STORE | {"Retry-After": str(missing.retry_after_seconds)}
        return web.json_response({"error": "temporarily_unavailable"}, status=503, headers=headers)
    _log.info("logout by the provider", sessions=ended, request_id=request_id_of(request))
    return web.Response(status=200, headers=_NO_STORE)
