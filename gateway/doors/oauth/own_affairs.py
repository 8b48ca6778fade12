"""Tokens for an app's own affairs: `client_credentials` (RFC 6749 section 4.4), and what they introspect as."""

from typing import Any

import orjson

from gateway.acts.give_own_token import give_own_token
from gateway.doors.oauth.credentials import check_exchanges
from gateway.doors.oauth.details import NAME
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.parameters import Parameters
from gateway.doors.oauth.targets import find_platform
from gateway.ground.vault.tokens import hashed
from gateway.records.apps import callers
from gateway.records.apps.own_tokens import LASTS, OwnScope
from gateway.records.apps.types import App, AppState
from gateway.records.families.minting import token_type
from gateway.terms.refusal import Refusal

OWN = "quyen"
"""Stands where a platform would: the first word of the scopes, as theirs is the platform's."""


async def exchange_own(door: OAuthDoor, app: App, jkt: str | None, parameters: Parameters) -> bytes:
    """Give the app a token for its own affairs: for the scopes named, or for all of them; never a refresh token.

    Raises:
        Refusal: `unauthorized_client` (a public app, one that did not register for it, one that is suspended),
            `invalid_scope`, `invalid_target`, `invalid_authorization_details` (any), `limited`.
        Unavailable: nothing was given.
    """
    if not app.may_manage_itself:
        raise Refusal("unauthorized_client", "the app did not register client_credentials")
    find_platform({door.own_resource: OWN}, parameters)
    if parameters.find(NAME) is not None:
        raise Refusal("invalid_authorization_details", "for an app's own affairs there are none")
    scopes = parse_own_scopes(parameters.find("scope"))
    await check_exchanges(door, f"exchange {app.id}")
    answer = {
        "access_token": await give_own_token(door.house, app.id, scopes, jkt=jkt),
        "token_type": token_type(jkt),
        "expires_in": int(LASTS.total_seconds()),
        "scope": " ".join(scopes),
    }
    return orjson.dumps(answer)


def parse_own_scopes(raw_scope: str | None) -> list[OwnScope]:
    """Read `scope`, whose order and repetition mean nothing; omitted, it is every one.

    Raises:
        Refusal: `invalid_scope`: a name that is none of them, or no name.
    """
    if raw_scope is None:
        return sorted(OwnScope)
    names = set(raw_scope.split(" ")) - {""}
    if not names or not names <= set(OwnScope):
        raise Refusal("invalid_scope", "for an app's own affairs there are " + ", ".join(sorted(OwnScope)))
    return sorted(OwnScope(name) for name in names)


async def describe_own(door: OAuthDoor, app: App, raw_token: str) -> dict[str, Any] | None:
    """Return what introspection says of the app's own token; None where it is none of its live ones.

    `sub` is the app itself, in a space of its own: no account and no person is ever named so (RFC 9700 section 4.15).
    """
    token = await callers.find_own_token(door.house.storage, hashed(raw_token))
    if token is None or token.app_id != app.id or app.state is not AppState.ACTIVE:
        return None
    if not token.is_live(door.house.clock.now()):
        return None
    members: dict[str, Any] = {
        "active": True,
        "scope": " ".join(token.scopes),
        "client_id": app.id,
        "sub": f"app:{app.id}",
        "aud": door.own_resource,
        "iss": door.issuer,
        "iat": int(token.created_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "token_type": token_type(token.jkt),
    }
    return members | ({"cnf": {"jkt": token.jkt}} if token.jkt is not None else {})
