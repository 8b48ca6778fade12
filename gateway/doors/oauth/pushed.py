"""Pushed authorization requests (RFC 9126): an app hands its request in itself; the browser carries only its name."""

from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from gateway.acts.open_request import open_request
from gateway.authority.limits import Limit, check_pace
from gateway.doors.oauth.asking import CHECKS, Asking, asked_of
from gateway.doors.oauth.clients import authenticate
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import keep_asks, list_asks
from gateway.doors.oauth.errors import render_json
from gateway.doors.oauth.parameters import read_parameters
from gateway.doors.oauth.proving import find_proven_key
from gateway.doors.oauth.redirects import get_redirect_uri
from gateway.ground.web.addresses import address_of
from gateway.records.apps.types import App, AppState
from gateway.records.requests.types import PUSHED_LASTS
from gateway.terms.refusal import Refusal

PREFIX = "urn:ietf:params:oauth:request_uri:"
REQUESTS_OPENED = Limit(300, timedelta(minutes=1))
PUSHED_BY_APP = Limit(1200, timedelta(minutes=1))
"""An app's server hands in for all of its people, from few addresses."""


async def answer_par(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer POST /oauth/par: 201 with the name under which the authorize endpoint knows the request for 90 seconds.

    Raises:
        Refusal: a row of `errors.ERRORS`: whatever the authorize endpoint would refuse is refused here.
        Unavailable: nothing was kept.
    """
    asking = await read_handed_in(door, request)
    asking = replace(asking, redirect_uri=get_redirect_uri(asking.app, asking.unverified.find("redirect_uri")))
    for check in CHECKS:
        check(asking)
    asked = asked_of(asking, await find_bound_key(door, request, asking))
    await keep_asks(door.house, asking.askable, asking.choose())
    kept = await open_request(door.house, asked)
    return render_json(
        {"request_uri": f"{PREFIX}{kept.id}", "expires_in": int(PUSHED_LASTS.total_seconds())}, status=201
    )


async def read_handed_in(door: OAuthDoor, request: web.Request) -> Asking:
    """Read a request that the app itself hands in, authenticated; it may be answered nowhere yet.

    Raises:
        Refusal: as `authenticate`; `limited`, `unauthorized_client` (suspended).
    """
    try:
        parameters = await read_parameters(request)
        app = await authenticate(door, request, parameters)
    except Refusal:
        await check_opened(door, request)
        raise
    await check_opened(door, request, proven=app if app.is_confidential else None)
    if app.state is not AppState.ACTIVE:
        raise Refusal("unauthorized_client", "the app is suspended")
    askable = await list_asks(door.house, door.dynamic, app, parameters)
    return Asking(
        parameters,
        app,
        askable,
        "",
        door.resources,
        is_pushed=True,
        kinds=door.kinds,
        scopes=door.scopes,
        classes=door.classes,
    )


async def find_bound_key(door: OAuthDoor, request: web.Request, asking: Asking) -> str | None:
    """Return the key to which the code is to be bound: proven here, or named; both must agree (RFC 9449 10.1)."""
    proven, named = await find_proven_key(door, request), asking.unverified.find("dpop_jkt")
    if proven is not None and named not in {None, proven}:
        raise Refusal("invalid_dpop_proof", "dpop_jkt is another key than the proven one")
    return proven or named


async def check_opened(door: OAuthDoor, request: web.Request, *, proven: App | None = None) -> None:
    """Each request opened is a row on the disk: so many from an address, or of an app that proved itself.

    What others do at its address does not hold such an app up.

    Raises:
        Refusal: `limited`.
    """
    if proven is not None:
        await check_pace(door.limits, {f"pushed by {proven.id}": PUSHED_BY_APP}, "too many requests of this app")
        return
    pace = {f"authorize {address_of(request)}": REQUESTS_OPENED}
    await check_pace(door.limits, pace, "too many requests from this address")
