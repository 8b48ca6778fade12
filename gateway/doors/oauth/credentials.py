"""The token endpoint for grant-bound credentials: `client_credentials`, with their own id and secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from gateway.acts.use_credential import Use, use_credential
from gateway.authority.limits import Limit, check_pace
from gateway.doors.oauth.clients import authenticate_credential, present
from gateway.doors.oauth.details import check_named, find_details
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.parameters import Parameters
from gateway.doors.oauth.proving import find_proven_key
from gateway.doors.oauth.scope_names import narrow
from gateway.doors.oauth.targets import find_platform
from gateway.ground.web.addresses import is_within
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, Ask, GrantType
from gateway.records.families import store as families
from gateway.records.families.types import Credential, Family
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.terms.ids import AskId, is_id
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details

EXCHANGES = Limit(600, timedelta(minutes=15))
"""For one key, app or family. A client that knows no better asks before each call; more fills the table of tokens."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a credential is bound to, and what its app registered."""

    family: Family
    grant: Grant
    app: App
    registered: Sequence[Ask]


def is_credential(unverified_id: str) -> bool:
    """Say whether a client's id is that of a grant-bound credential: no app has one like it."""
    return is_id(unverified_id, "gc")


async def exchange_credential(
    door: OAuthDoor, request: web.Request, parameters: Parameters, *, dialect: str | None = None
) -> bytes:
    """Return the token answer for a credential.

    `dialect` is the one in which it was asked; the key of an app that was not registered for it gets nothing there.

    Raises:
        Refusal: a row of `errors.ERRORS`; `unauthorized_client` for every other grant type.
        Unavailable: nothing was given.
    """
    credential = await authenticate_credential(door, request, present(request, parameters))
    if parameters.get("grant_type") != GrantType.CLIENT:
        raise Refusal("unauthorized_client", "a grant-bound credential is exchanged by client_credentials alone")
    await check_exchanges(door, f"exchange {credential.id}")
    bound = await _find_bound(door, credential)
    _check_app(bound.app, request, dialect)
    jkt = await find_proven_key(door, request)
    if jkt is None and bound.app.binds_tokens:
        raise Refusal("invalid_dpop_proof", "this app registered to prove a key with each request for tokens")
    asked, details = _list_asked(door, bound, parameters)
    use = Use(credential, asked, jkt, find_platform(door.resources, parameters), details)
    return await use_credential(door.house, use)


async def check_exchanges(door: OAuthDoor, key: str) -> None:
    """Count one exchange under a key.

    Raises:
        Refusal: `limited`.
    """
    await check_pace(door.limits, {key: EXCHANGES}, "too many tokens; use each until it expires")


async def _find_bound(door: OAuthDoor, credential: Credential) -> Bound:
    async with door.house.storage.read() as connection:
        family = await families.find(connection, credential.family_id)
        grant = await grants.find(connection, credential.grant_id)
        app = await apps.find(connection, grant.app_id) if grant else None
        if family is None or grant is None or app is None:
            raise AssertionError("a credential points at a family of a grant")
        return Bound(family, grant, app, await apps.list_asks(connection, app.id))


def _check_app(app: App, request: web.Request, dialect: str | None) -> None:
    if app.addresses is not None and not is_within(request, app.addresses):
        raise Refusal("invalid_client", "the app of this connection key does not call from here")
    if dialect not in {None, app.dialect}:
        raise Refusal("unauthorized_client", "the app of this connection key is not registered for this dialect")


def _list_asked(
    door: OAuthDoor, bound: Bound, parameters: Parameters
) -> tuple[frozenset[AskId] | None, Details | None]:
    """Return what `scope` and `authorization_details` name; None where all that the credential reaches is wanted."""
    details, raw_scope = find_details(parameters, bound.app, bound.registered, door.kinds), parameters.find("scope")
    if raw_scope is None:
        return None, details
    now = door.house.clock.now()
    reached = [each for each in bound.grant.permissions if each.id in bound.family.permission_ids]
    asked = narrow(raw_scope, bound.registered, [each.ask_id for each in reached if each.is_standing(now)])
    check_named(details, asked)
    return asked, details
