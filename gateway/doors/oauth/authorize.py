"""The authorize endpoint: an app sends a person here, and a checked request leads on to the consent screen.

The rules stand in `asking.py`. Before them stand the three whose failure never leaves this origin: the app is known,
it is not suspended, the redirect URI is its own.
"""

from collections.abc import Callable

from aiohttp import web

from gateway.acts.open_request import open_request
from gateway.doors.oauth.asking import CHECKS, Asking, answerable_state, asked_of
from gateway.doors.oauth.documents import read_document
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import keep_asks, list_asks
from gateway.doors.oauth.errors import UNAVAILABLE, fact_headers
from gateway.doors.oauth.parameters import Parameters, parse_query
from gateway.doors.oauth.pushed import PREFIX, check_opened
from gateway.doors.oauth.redirects import error_location, get_redirect_uri
from gateway.ground.web.responses import see_other
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState
from gateway.records.requests import store as requests
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.refusal import Refusal, Unavailable

PAGE_STATUS = {
    "invalid_request": 400,
    "invalid_request_uri": 400,
    "unknown_client": 400,
    "bad_client_document": 400,
    "app_suspended": 403,
    "limited": 429,
    "wrong_method": 405,
}


async def authorize(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer GET /oauth/authorize."""
    return await begin(door, request, lambda: parse_query(request))


async def begin(
    door: OAuthDoor, request: web.Request, read: Callable[[], Parameters], *, dialect: str | None = None
) -> web.Response:
    """Check the request, keep it, and send the person on to the consent screen.

    Nobody has signed in yet, so an error goes back to the app by redirect only where an operator reviewed it; from any
    other app the person gets a page with a link (RFC 9700 section 4.11.2).

    Args:
        door: the door.
        request: from the person's browser.
        read: reads what is asked, under the names of OAuth.
        dialect: in which it was asked; an app that was not registered for it is unknown there.
    """
    try:
        await check_opened(door, request)
        unverified = read()
        if (unverified.find("request_uri") or "").startswith(PREFIX):
            return await _open_pushed(door, request, unverified)
        asking = await _get_asking(door, request, unverified, dialect)
    except Refusal as refusal:
        return await _page(door, request, refusal)
    except Unavailable as unavailable:
        return await _unavailable_page(door, request, unavailable, link="")
    try:
        for check in CHECKS:
            check(asking)
        await keep_asks(door.house, asking.askable, asking.choose())
        opened = await open_request(door.house, asked_of(asking, asking.unverified.find("dpop_jkt")))
    except Refusal as refusal:
        return await _answer_error(door, request, asking, refusal=refusal)
    except Unavailable as unavailable:
        return await _answer_unavailable(door, request, asking, unavailable=unavailable)
    return see_other(f"/consent/{opened.id}", is_https=door.is_https)


async def refuse_method(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer every method but GET: a person's browser is there, so with a page."""
    return await _page(door, request, Refusal("wrong_method", "this endpoint takes GET only", allow="GET"))


async def _open_pushed(door: OAuthDoor, request: web.Request, unverified: Parameters) -> web.Response:
    """Go on with what the app pushed; whatever else stands in the query is ignored (RFC 9126 section 4).

    It is used up by the person's decision, not by a look at the screen: a page that is loaded again leads there again.
    """
    app = await _get_app(door, request, unverified.get("client_id"))
    found = await _find_pushed(door, unverified.get("request_uri").removeprefix(PREFIX))
    if found is None or found.app_id != app.id or found.pushed_until is None:
        raise Refusal("invalid_request_uri", "request_uri is not one that this app pushed")
    if found.decided_at is not None:
        raise Refusal("invalid_request_uri", "request_uri was used: the request is decided", told_as="decided")
    if found.pushed_until <= door.house.clock.now():
        raise Refusal("invalid_request_uri", "request_uri has expired", told_as="expired")
    return see_other(f"/consent/{found.id}", is_https=door.is_https)


async def _find_pushed(door: OAuthDoor, unverified_id: str) -> AuthorizationRequest | None:
    async with door.house.storage.read() as connection:
        return await requests.find(connection, unverified_id) if unverified_id.isprintable() else None


async def _get_asking(door: OAuthDoor, request: web.Request, unverified: Parameters, dialect: str | None) -> Asking:
    app = await _get_app(door, request, unverified.get("client_id"))
    if dialect not in {None, app.dialect}:
        raise Refusal("unknown_client", "client_id is not registered for this dialect")
    redirect_uri = get_redirect_uri(app, unverified.find("redirect_uri"))
    askable = await list_asks(door.house, door.dynamic, app, unverified)
    return Asking(
        unverified,
        app,
        askable,
        redirect_uri,
        door.resources,
        kinds=door.kinds,
        scopes=door.scopes,
        classes=door.classes,
    )


async def _get_app(door: OAuthDoor, request: web.Request, unverified_id: str) -> App:
    if not unverified_id.isprintable():
        raise Refusal("unknown_client", "client_id is unknown")
    await read_document(door, request, unverified_id)
    async with door.house.storage.read() as connection:
        app = await apps.find(connection, unverified_id)
        if app is None:
            raise Refusal("unknown_client", "client_id is unknown")
        if app.state is not AppState.ACTIVE:
            raise Refusal("app_suspended", "the app is suspended")
        return app


async def _answer_error(door: OAuthDoor, request: web.Request, asking: Asking, *, refusal: Refusal) -> web.Response:
    location = _location(door, asking, refusal)
    if asking.app.is_reviewed:
        return see_other(location, is_https=door.is_https)
    return await _refusal_page(door, request, refusal, status=400, link=location)


async def _answer_unavailable(
    door: OAuthDoor, request: web.Request, asking: Asking, *, unavailable: Unavailable
) -> web.Response:
    location = _location(door, asking, Refusal("temporarily_unavailable", UNAVAILABLE))
    if asking.app.is_reviewed:
        return see_other(location, is_https=door.is_https)
    return await _unavailable_page(door, request, unavailable, link=location)


def _location(door: OAuthDoor, asking: Asking, refusal: Refusal) -> str:
    return error_location(asking.redirect_uri, refusal, state=answerable_state(asking), issuer=door.issuer)


async def _page(door: OAuthDoor, request: web.Request, refusal: Refusal) -> web.Response:
    page = await _refusal_page(door, request, refusal, status=PAGE_STATUS[refusal.reason])
    page.headers.update(fact_headers(refusal))
    return page


async def _refusal_page(
    door: OAuthDoor, request: web.Request, refusal: Refusal, *, status: int, link: str = ""
) -> web.Response:
    """Show a refusal to the person; `told_as` names the words for it, where the code alone does not say enough."""
    told_as = str(refusal.facts.get("told_as", ""))
    return await door.render_error(
        request, status, code=refusal.reason, detail=refusal.detail, link=link, told_as=told_as
    )


async def _unavailable_page(
    door: OAuthDoor, request: web.Request, unavailable: Unavailable, *, link: str
) -> web.Response:
    page = await door.render_error(request, 503, code=unavailable.reason, detail=UNAVAILABLE, link=link)
    page.headers["Retry-After"] = str(unavailable.retry_after_seconds)
    return page
