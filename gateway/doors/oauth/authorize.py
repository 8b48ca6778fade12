"""The authorize endpoint: an app sends a person here, and a checked request leads on to the consent screen.

The rules stand in `asking.py`. Before them stand the three whose failure never leaves this origin: the app is known,
it is not suspended, the redirect URI is its own.
"""

from datetime import timedelta

from aiohttp import web

from gateway.acts.open_request import Asked, open_request
from gateway.authority.limits import Limit
from gateway.doors.oauth.asking import CHECKS, Asking, answerable_state
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.errors import UNAVAILABLE, fact_headers
from gateway.doors.oauth.parameters import parse_query
from gateway.doors.oauth.redirects import error_location, get_redirect_uri
from gateway.doors.oauth.scope_names import choose_asks
from gateway.doors.oauth.wishes import parse_wishes
from gateway.ground.web.addresses import address_of
from gateway.ground.web.responses import see_other
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState, Ask
from gateway.terms.refusal import Refusal, Unavailable

REQUESTS_OPENED = Limit(300, timedelta(minutes=1))
PAGE_STATUS = {
    "invalid_request": 400,
    "unknown_client": 400,
    "app_suspended": 403,
    "limited": 429,
    "wrong_method": 405,
}


async def authorize(door: OAuthDoor, request: web.Request) -> web.Response:
    """Check the request, keep it, and send the person on to the consent screen.

    Nobody has signed in yet, so an error goes back to the app by redirect only where an operator reviewed it; from any
    other app the person gets a page with a link (RFC 9700 section 4.11.2).
    """
    try:
        await _check_limit(door, request)
        asking = await _get_asking(door, request)
    except Refusal as refusal:
        return _page(door, request, refusal)
    except Unavailable as unavailable:
        return _unavailable_page(door, request, unavailable, link="")
    try:
        for check in CHECKS:
            check(asking)
        opened = await open_request(door.house, _asked(asking))
    except Refusal as refusal:
        return _answer_error(door, request, asking, refusal=refusal)
    except Unavailable as unavailable:
        return _answer_unavailable(door, request, asking, unavailable=unavailable)
    return see_other(f"/consent/{opened.id}", is_https=door.is_https)


async def refuse_method(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer every method but GET: a person's browser is there, so with a page."""
    return _page(door, request, Refusal("wrong_method", "this endpoint takes GET only", allow="GET"))


async def _check_limit(door: OAuthDoor, request: web.Request) -> None:
    """Each request opened is a row on the disk, and nobody has proven anything yet."""
    key = f"authorize {address_of(request)}"
    wait = await door.limits.wait_seconds(key, REQUESTS_OPENED)
    if wait:
        raise Refusal("limited", "too many requests from this address", retry_after_seconds=wait)
    await door.limits.count(key, REQUESTS_OPENED)


async def _get_asking(door: OAuthDoor, request: web.Request) -> Asking:
    unverified = parse_query(request)
    app, asks = await _get_app(door, unverified.get("client_id"))
    redirect_uri = get_redirect_uri(app, unverified.find("redirect_uri"))
    return Asking(unverified, app, asks, redirect_uri, door.platforms.keys())


async def _get_app(door: OAuthDoor, unverified_id: str) -> tuple[App, tuple[Ask, ...]]:
    if not unverified_id.isprintable():
        raise Refusal("unknown_client", "client_id is unknown")
    async with door.house.storage.read() as connection:
        app = await apps.find(connection, unverified_id)
        if app is None:
            raise Refusal("unknown_client", "client_id is unknown")
        if app.state is not AppState.ACTIVE:
            raise Refusal("app_suspended", "the app is suspended")
        return app, tuple(await apps.list_asks(connection, app.id))


def _asked(asking: Asking) -> Asked:
    chosen = choose_asks(asking.unverified.find("scope"), asking.asks)
    return Asked(
        app_id=asking.app.id,
        ask_ids=tuple(ask.id for ask in chosen),
        redirect_uri=asking.redirect_uri,
        state=asking.unverified.find("state"),
        code_challenge=asking.unverified.get("code_challenge"),
        wishes=parse_wishes(asking.unverified),
    )


def _answer_error(door: OAuthDoor, request: web.Request, asking: Asking, *, refusal: Refusal) -> web.Response:
    location = _location(door, asking, refusal)
    if asking.app.is_reviewed:
        return see_other(location, is_https=door.is_https)
    return door.render_error(request, 400, code=refusal.reason, detail=refusal.detail, link=location)


def _answer_unavailable(
    door: OAuthDoor, request: web.Request, asking: Asking, *, unavailable: Unavailable
) -> web.Response:
    location = _location(door, asking, Refusal("temporarily_unavailable", UNAVAILABLE))
    if asking.app.is_reviewed:
        return see_other(location, is_https=door.is_https)
    return _unavailable_page(door, request, unavailable, link=location)


def _location(door: OAuthDoor, asking: Asking, refusal: Refusal) -> str:
    return error_location(asking.redirect_uri, refusal, state=answerable_state(asking), issuer=door.issuer)


def _page(door: OAuthDoor, request: web.Request, refusal: Refusal) -> web.Response:
    page = door.render_error(request, PAGE_STATUS[refusal.reason], code=refusal.reason, detail=refusal.detail)
    page.headers.update(fact_headers(refusal))
    return page


def _unavailable_page(door: OAuthDoor, request: web.Request, unavailable: Unavailable, *, link: str) -> web.Response:
    page = door.render_error(request, 503, code=unavailable.reason, detail=UNAVAILABLE, link=link)
    page.headers["Retry-After"] = str(unavailable.retry_after_seconds)
    return page
