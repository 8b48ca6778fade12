"""KiotViet's token host, as its clients speak it: a key for a token. Here the key is a grant-bound credential."""

from typing import Any, cast

from aiohttp import web

from gateway.doors import Endpoint
from gateway.doors.oauth.credentials import exchange_credential
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import answered, only, render_json
from gateway.doors.oauth.parameters import Parameters, read_parameters
from gateway.records.apps.dialects import KEY_PATHS
from gateway.terms.refusal import Refusal
from scopes.strict_json import parse

PLATFORM = "kiotviet"
PATH = KEY_PATHS[PLATFORM]
BY_SECRET = "the connection key's secret in the form"
SCOPE = "PublicApi.Access"

_EXCHANGING = {"grant_type": "grant_type", "client_id": "client_id", "client_secret": "client_secret"}
_SCOPES = ("scopes", "scope")
"""KiotViet documents the first, some of its clients send the second or neither."""
_TOLD = ("access_token", "expires_in", "token_type")


def endpoints(door: OAuthDoor) -> list[Endpoint]:
    """Return the one address; how KiotViet says no there is documented nowhere, so it is OAuth's errors."""
    return [
        Endpoint("POST", PATH, answered(answer_token, door), own_check=BY_SECRET),
        Endpoint("*", PATH, answered(only("POST"), door), public=True),
    ]


async def answer_token(door: OAuthDoor, request: web.Request) -> web.Response:
    """Exchange a connection key for all that it reaches; only KiotViet's three members are told.

    Raises:
        Refusal, Unavailable: as `exchange_credential`; `invalid_scope`; `invalid_dpop_proof`: no key is proven here.
    """
    sent = await read_parameters(request)
    if "DPoP" in request.headers:
        raise Refusal("invalid_dpop_proof", "this dialect knows bearer tokens only")
    if any(sent.find(name) not in {None, SCOPE} for name in _SCOPES):
        raise Refusal("invalid_scope", f"the one scope of this dialect is {SCOPE}")
    given = parse(await exchange_credential(door, request, _meant(door, sent), dialect=PLATFORM))
    answer = cast("dict[str, Any]", given)
    return render_json({name: answer[name] for name in _TOLD})


def _meant(door: OAuthDoor, sent: Parameters) -> Parameters:
    return sent.renamed(_EXCHANGING).with_one({"resource": door.resource(PLATFORM)})
