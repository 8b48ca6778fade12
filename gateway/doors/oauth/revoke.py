"""The revocation endpoint (RFC 7009)."""

from aiohttp import web

from gateway.acts.give_own_token import end_own_token
from gateway.acts.revoke import revoke
from gateway.doors.oauth.clients import authenticate
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import NO_STORE
from gateway.doors.oauth.parameters import read_parameters


async def answer_revocation(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer POST /oauth/revoke: 200 once the token is dead, or was never the caller's to end.

    A foreign token is left alone and not told apart from an unknown one; `token_type_hint` is not needed, because a
    token's hash finds it whatever its kind.

    Raises:
        Refusal: a row of `errors.ERRORS`.
        Unavailable: the token lives on.
    """
    parameters = await read_parameters(request)
    app = await authenticate(door, request, parameters)
    await revoke(door.house, app, parameters.get("token"))
    await end_own_token(door.house, app.id, parameters.get("token"))
    return web.Response(headers=NO_STORE)
