"""Who may: an app with a live token of its own, of the right scope, and with the key that the token is bound to."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web

from gateway.authority.limits import Limit, check_pace
from gateway.authority.possession import check_possession
from gateway.authority.proofs import read_proof
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.problems import ManagementHandler
from gateway.ground.vault.tokens import ACCESS, hashed, is_well_formed
from gateway.ground.web.addresses import is_within
from gateway.ground.web.queries import check_query
from gateway.records.apps import callers
from gateway.records.apps.own_tokens import OwnScope, OwnToken
from gateway.records.apps.types import App, AppState
from gateway.terms.refusal import Refusal

CALLS = Limit(600, timedelta(minutes=5))
_AUTHORIZATION = re.compile(r"(bearer|dpop) +([!-~]+)", re.IGNORECASE)

OwnHandler = Callable[[ManagementDoor, App, web.Request], Awaitable[web.Response]]


def admitted(scope: OwnScope, handle: OwnHandler) -> ManagementHandler:
    """Return the handler that runs only for an app whose token holds this scope.

    It refuses with `no_credential`, `two_credentials`, `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`,
    `address_not_listed`, `app_suspended`, `insufficient_scope` or `limited`, and a query in which a name stands twice
    with `bad_target`.
    """

    async def admit(door: ManagementDoor, request: web.Request) -> web.Response:
        scheme, raw_token = _present(request, scope)
        token = await callers.find_own_token(door.house.storage, hashed(raw_token))
        app = await callers.find_app(door.house.storage, token.app_id) if token else None
        if token is None or app is None or not token.is_live(door.house.clock.now()):
            raise Refusal("invalid_token", scope=scope)
        await _check_holder(door, request, token, scheme=scheme, raw_token=raw_token)
        if app.addresses is not None and not is_within(request, app.addresses):
            raise Refusal("address_not_listed")
        if app.state is not AppState.ACTIVE:
            raise Refusal("app_suspended")
        if scope not in token.scopes:
            raise Refusal("insufficient_scope", scope=scope)
        await check_pace(door.limits, {f"management {app.id}": CALLS})
        check_query(request)
        return await handle(door, app, request)

    return admit


async def refuse_root(_door: ManagementDoor, request: web.Request) -> web.Response:
    """Answer what `resource` names, where nothing is served: who has no token is told where to get one (RFC 9728)."""
    _present(request, " ".join(OwnScope))
    raise Refusal("not_found")


def _present(request: web.Request, scope: str) -> tuple[str, str]:
    """Return scheme and token of the one `Authorization` header; a token anywhere else was not sent."""
    headers = request.headers.getall("Authorization", [])
    if len(headers) > 1:
        raise Refusal("two_credentials")
    sent = _AUTHORIZATION.fullmatch(headers[0]) if headers else None
    if sent is None:
        raise Refusal("no_credential", scope=scope)
    if not is_well_formed(sent[2], ACCESS):
        raise Refusal("invalid_token", scope=scope)
    return sent[1].lower(), sent[2]


async def _check_holder(
    door: ManagementDoor, request: web.Request, token: OwnToken, *, scheme: str, raw_token: str
) -> None:
    if (token.jkt is None) is (scheme == "dpop"):
        raise Refusal("invalid_token")  # a bound token as bearer, or a bearer token as bound
    if token.jkt is None:
        return
    raw_proofs = request.headers.getall("DPoP", [])
    url = f"{door.public_url}{request.rel_url.raw_path}"
    proof = read_proof(raw_proofs, method=request.method, url=url, now=door.house.clock.now())
    await check_possession(door.proofs, proof, raw_token, token.jkt)
