"""Zalo's OAuth of Official Accounts (v4), as its SDKs speak it: two addresses, other names, HTTP 200 for everything."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from gateway.doors import Endpoint, Handler
from gateway.doors.oauth.authorize import begin, refuse_method
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import UNAVAILABLE, answered, fact_headers, render_json
from gateway.doors.oauth.parameters import Parameters, parse_query, read_parameters
from gateway.doors.oauth.token import exchange
from gateway.records.apps.types import GrantType
from gateway.terms.refusal import Refusal, Unavailable
from scopes.strict_json import parse

PLATFORM = "zalo"
PATH = "/dialect/zalo/v4/oa"
BY_SECRET = "the app's secret in the header secret_key"
SECRET_HEADER = "secret_key"

_ASKING = {"app_id": "client_id", "redirect_uri": "redirect_uri", "code_challenge": "code_challenge", "state": "state"}
_EXCHANGING = {
    "app_id": "client_id",
    "grant_type": "grant_type",
    "code": "code",
    "code_verifier": "code_verifier",
    "refresh_token": "refresh_token",
}
_BAD_APP, _BAD_SECRET, _BAD_CODE, _BAD_REFRESH, _BAD_GRANT_TYPE = -14002, -14004, -14005, -14014, -14018
_LIMITED, _FAILED = -32, -200
_NAMES: Mapping[int, str] = {
    _BAD_APP: "Invalid appId",
    _BAD_SECRET: "Invalid secret key",
    _BAD_CODE: "Invalid authorization code",
    _BAD_REFRESH: "Invalid refresh token.",
    _BAD_GRANT_TYPE: "Invalid grant type",
    _LIMITED: "Your application reached limit call api",
    _FAILED: "Request failed",
}
_CODES: Mapping[str, int] = {
    "invalid_client": _BAD_SECRET,
    "unauthorized_client": _BAD_APP,
    "unsupported_grant_type": _BAD_GRANT_TYPE,
    "limited": _LIMITED,
}
_OF_GRANT_TYPE: Mapping[str, int] = {GrantType.CODE.value: _BAD_CODE, GrantType.REFRESH.value: _BAD_REFRESH}


def endpoints(door: OAuthDoor) -> list[Endpoint]:
    """Return the two addresses."""
    return [
        Endpoint("GET", f"{PATH}/permission", answered(ask_permission, door), public=True, notes=True),
        Endpoint("*", f"{PATH}/permission", answered(refuse_method, door), public=True),
        Endpoint("*", f"{PATH}/access_token", _answer_tokens(door), own_check=BY_SECRET),
    ]


async def ask_permission(door: OAuthDoor, request: web.Request) -> web.Response:
    """Ask a person for everything that the app registered with Zalo; the dialect has no scopes, and S256 alone."""

    def read() -> Parameters:
        asked = parse_query(request).renamed(_ASKING)
        fixed = {"response_type": "code", "code_challenge_method": "S256", "resource": door.resource(PLATFORM)}
        return asked.with_one(fixed)

    return await begin(door, request, read, dialect=PLATFORM)


def _answer_tokens(door: OAuthDoor) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        parameters: Parameters | None = None
        try:
            parameters = await _read(request)
            return render_json(await _exchange(door, request, parameters))
        except Refusal as refusal:
            return _tell(_code_of(refusal, parameters), refusal.reason, refusal.detail, fact_headers(refusal))
        except Unavailable as unavailable:
            headers = {"Retry-After": str(unavailable.retry_after_seconds)}
            return _tell(_FAILED, unavailable.reason, UNAVAILABLE, headers)

    return answer


async def _read(request: web.Request) -> Parameters:
    if request.method != "POST":
        raise Refusal("unsupported_grant_type", "this endpoint takes POST only")
    return (await read_parameters(request)).renamed(_EXCHANGING)


async def _exchange(door: OAuthDoor, request: web.Request, parameters: Parameters) -> dict[str, str]:
    """Exchange a code or a refresh token, and say what came of it in Zalo's members: `expires_in` is a string."""
    if parameters.find("grant_type") not in _OF_GRANT_TYPE:
        raise Refusal("unsupported_grant_type", "grant_type is authorization_code or refresh_token")
    if "DPoP" in request.headers:
        raise Refusal("invalid_dpop_proof", "this dialect knows bearer tokens only")
    secrets = request.headers.getall(SECRET_HEADER, [])
    if len(secrets) != 1 or not secrets[0]:
        raise Refusal("invalid_client", "the app's secret stands once, in the header secret_key")
    proven = parameters.with_one({"client_secret": secrets[0]})
    given = cast("dict[str, Any]", parse(await exchange(door, request, proven, dialect=PLATFORM)))
    told: dict[str, str] = {name: given[name] for name in ("access_token", "refresh_token") if name in given}
    return {**told, "expires_in": str(given["expires_in"])}


def _code_of(refusal: Refusal, parameters: Parameters | None) -> int:
    """Find Zalo's code: an app_id that is missing is told apart from a wrong secret, an unknown one is not."""
    if parameters is None:  # the form itself cannot be read
        return _CODES.get(refusal.reason, _FAILED)
    if not parameters.has_any(("client_id",)):
        return _BAD_APP
    grant_types = parameters.list("grant_type")
    of_grant = _OF_GRANT_TYPE.get(grant_types[0], _BAD_GRANT_TYPE) if grant_types else _BAD_GRANT_TYPE
    return _CODES.get(refusal.reason, of_grant)


def _tell(code: int, reason: str, detail: str, headers: Mapping[str, str]) -> web.Response:
    content = {
        "error": code,
        "error_name": _NAMES[code],
        "error_description": detail,
        "error_reason": reason,
        "ref_doc": "",
    }
    return render_json(content, headers={**headers, "Quyen-Error": reason})
