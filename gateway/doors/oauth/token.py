"""The token endpoint: a code, a device's code, a refresh token or `client_credentials` for tokens."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from gateway.acts.poll_device import Poll, poll_device
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.doors.oauth.clients import authenticate, present
from gateway.doors.oauth.credentials import check_exchanges, exchange_credential, is_credential
from gateway.doors.oauth.details import NAME, check_named, find_details
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import render_json
from gateway.doors.oauth.known import find_refresh
from gateway.doors.oauth.own_affairs import exchange_own
from gateway.doors.oauth.parameters import Parameters, read_parameters
from gateway.doors.oauth.proving import find_proven_key
from gateway.doors.oauth.scope_names import narrow
from gateway.doors.oauth.targets import find_platform
from gateway.ground.vault.tokens import hashed
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, GrantType
from gateway.records.families.pace import find_family_id
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated app (or a public one that said its name), the key that it proved, the platform that it named.

    `details` are what it wants of what it has (RFC 9396 section 6); None: it did not say.
    """

    app: App
    jkt: str | None
    platform: str | None
    details: Details | None = None


_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


async def answer_token(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer POST /oauth/token.

    Raises:
        Refusal: a row of `errors.ERRORS`. `invalid_grant` may have ended a family; every other spent nothing.
        Unavailable: nothing was spent.
    """
    return render_json(await exchange(door, request, await read_parameters(request)))


async def exchange(
    door: OAuthDoor, request: web.Request, parameters: Parameters, *, dialect: str | None = None
) -> bytes:
    """Exchange what the parameters hold for a token answer, JSON.

    Args:
        door: the door.
        request: whose headers and address count.
        parameters: under the names of OAuth.
        dialect: in which it was asked; an app that was not registered for it gets nothing there.

    Raises:
        Refusal, Unavailable: as `answer_token`.
    """
    if is_credential(present(request, parameters).unverified_id):
        return await exchange_credential(door, request, parameters)
    app = await authenticate(door, request, parameters)
    if dialect not in {None, app.dialect}:
        raise Refusal("unauthorized_client", "the app is not registered for this dialect")
    way = GRANT_TYPES.get(parameters.get("grant_type"))
    if way is None:
        raise Refusal("unsupported_grant_type", "grant_type is not one that this server knows")
    jkt = await find_proven_key(door, request)
    if jkt is None and app.binds_tokens:
        raise Refusal("invalid_dpop_proof", "this app registered to prove a key with each request for tokens")
    if way is exchange_client:
        return await way(door, Caller(app, jkt, None), parameters)
    details = await _find_details(door, app, parameters)
    caller = Caller(app, jkt, find_platform(door.resources, parameters), details)
    return await way(door, caller, parameters)


async def _find_details(door: OAuthDoor, app: App, parameters: Parameters) -> Details | None:
    if parameters.find(NAME) is None:
        return None
    async with door.house.storage.read() as connection:
        return find_details(parameters, app, await apps.list_asks(connection, app.id), door.kinds)


async def exchange_code(door: OAuthDoor, caller: Caller, parameters: Parameters) -> bytes:
    """Redeem a code. A verifier that no challenge can belong to is refused before it counts as a try."""
    raw_code, raw_verifier = parameters.get("code"), parameters.get("code_verifier")
    if not _VERIFIER.fullmatch(raw_verifier):
        raise Refusal("invalid_request", "code_verifier must be 43 to 128 unreserved characters")
    redirect_uri = parameters.find("redirect_uri")
    whose = caller.jkt, caller.platform, caller.details
    return await redeem(door.house, Redemption(caller.app, raw_code, raw_verifier, redirect_uri, *whose))


async def exchange_refresh(door: OAuthDoor, caller: Caller, parameters: Parameters) -> bytes:
    """Refresh, with all that the family reaches or, by `scope` or `authorization_details`, for less this once."""
    raw_token, raw_scope = parameters.get("refresh_token"), parameters.find("scope")
    if not caller.app.may_refresh:
        raise Refusal("unauthorized_client", "the app did not register refresh_token")
    await _check_refreshes(door, raw_token)
    asked = None
    if raw_scope is not None:
        known = await find_refresh(door.house.storage, raw_token, door.house.clock.now())
        held = [each.ask_id for each in known.standing] if known else []
        async with door.house.storage.read() as connection:
            asked = narrow(raw_scope, await apps.list_asks(connection, caller.app.id), held)
    check_named(caller.details, asked)
    wording = orjson.dumps([parameters.list(name) for name in ("scope", "resource", NAME)])
    renewal = Renewal(caller.app, raw_token, asked, caller.jkt, caller.platform, caller.details, wording)
    return await refresh(door.house, renewal)


async def _check_refreshes(door: OAuthDoor, raw_token: str) -> None:
    """Count one for the token's family: each is two rows, and the spent one stays as long as the family lives."""
    family_id = await find_family_id(door.house.storage, hashed(raw_token))
    if family_id is not None:
        await check_exchanges(door, f"refresh {family_id}")


async def exchange_client(door: OAuthDoor, caller: Caller, parameters: Parameters) -> bytes:
    """Give a token for the app's own affairs, whose target is no platform's."""
    return await exchange_own(door, caller.app, caller.jkt, parameters)


async def exchange_device_code(door: OAuthDoor, caller: Caller, parameters: Parameters) -> bytes:
    """Give a device its tokens, if its user agreed."""
    raw_code = parameters.get("device_code")
    if not caller.app.may_use_devices:
        raise Refusal("unauthorized_client", "the app did not register the device grant")
    return await poll_device(door.house, Poll(caller.app, raw_code, caller.jkt, caller.platform, caller.details))


GRANT_TYPES: Mapping[str, Callable[[OAuthDoor, Caller, Parameters], Awaitable[bytes]]] = {
    GrantType.CODE.value: exchange_code,
    GrantType.REFRESH.value: exchange_refresh,
    GrantType.CLIENT.value: exchange_client,
    GrantType.DEVICE.value: exchange_device_code,
}
