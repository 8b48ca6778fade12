"""What went wrong, as people read it: the one table from refusals to the wire, and the page for all of them."""

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.outcome import words_for
from gateway.doors.person.own_pages import OWNERS_OF_DATA
from gateway.doors.person.own_paths import FIRST, own_path
from gateway.doors.person.views_access import ErrorView
from gateway.ground.web.bugs import log_bug
from gateway.ground.web.frame import DEFAULT_LANG, Frame
from gateway.ground.web.request_ids import request_id_of
from gateway.ground.web.responses import html
from gateway.records.people.types import Role
from gateway.terms.refusal import Refusal, Unavailable

SIGN_IN = "sign_in_required"
UNREADABLE = "unreadable"
STATUS: Final[Mapping[str, HTTPStatus]] = MappingProxyType(
    {
        SIGN_IN: HTTPStatus.SEE_OTHER,
        "account_required": HTTPStatus.BAD_REQUEST,
        "app_suspended": HTTPStatus.FORBIDDEN,
        "bad_form": HTTPStatus.BAD_REQUEST,
        "bad_target": HTTPStatus.BAD_REQUEST,
        "connection_lost": HTTPStatus.BAD_REQUEST,
        "csrf_failed": HTTPStatus.FORBIDDEN,
        "decided": HTTPStatus.CONFLICT,
        "expired": HTTPStatus.GONE,
        "forbidden": HTTPStatus.FORBIDDEN,
        "guardian_needed": HTTPStatus.FORBIDDEN,
        "identity_other": HTTPStatus.FORBIDDEN,
        "identity_staff": HTTPStatus.FORBIDDEN,
        "identity_taken": HTTPStatus.CONFLICT,
        "last_way_in": HTTPStatus.CONFLICT,
        "limited": HTTPStatus.TOO_MANY_REQUESTS,
        "link_standing": HTTPStatus.BAD_REQUEST,
        "link_state": HTTPStatus.BAD_REQUEST,
        "wrong_method": HTTPStatus.METHOD_NOT_ALLOWED,
        "no_link_page": HTTPStatus.BAD_REQUEST,
        "not_found": HTTPStatus.NOT_FOUND,
        "nothing_to_change": HTTPStatus.CONFLICT,
        "platform_refused": HTTPStatus.BAD_REQUEST,
        "provider_denied": HTTPStatus.FORBIDDEN,
        "provider_refused": HTTPStatus.BAD_GATEWAY,
        "provider_silent": HTTPStatus.SERVICE_UNAVAILABLE,
        "record_changed": HTTPStatus.CONFLICT,
        "reason_required": HTTPStatus.UNPROCESSABLE_ENTITY,
        "sign_in_expired": HTTPStatus.GONE,
        "sign_in_nonce": HTTPStatus.BAD_REQUEST,
        "sign_in_replayed": HTTPStatus.CONFLICT,
        "sign_in_state": HTTPStatus.BAD_REQUEST,
        "staff_may_not_consent": HTTPStatus.FORBIDDEN,
        "too_many_credentials": HTTPStatus.CONFLICT,
        "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "unknown_ask": HTTPStatus.BAD_REQUEST,
        "unsupported_media": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    }
)
_log = structlog.get_logger(__name__)


def error_pages(door: PersonDoor) -> Middleware:
    """Return the middleware that turns whatever a handler of the people's origin raises into a page."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return render_refusal(door, request, refusal)
        except Unavailable as missing:
            return render_unavailable(door, request, missing)
        except web.HTTPException as answer:
            if answer.status < HTTPStatus.BAD_REQUEST:
                raise
            with suppress(Unavailable):  # whoever is signed in stays so on a page that is not there
                await door.recognise(request)
            return render_refusal(door, request, Refusal(_reason_of(answer)))
        except Exception as bug:  # noqa: BLE001 - the last door: a bug shows a page, never internals
            return render_bug(door, request, bug)

    return middleware


def render_refusal(door: PersonDoor, request: web.Request, refusal: Refusal) -> web.Response:
    """Answer a refusal: its page, or the way to sign in. A reason without a row is a bug, and answered as one."""
    status = STATUS.get(refusal.reason)
    if status is None:
        return render_bug(door, request, refusal)
    if refusal.reason == SIGN_IN:
        wanted = own_path(request.raw_path if _has_page(request) else FIRST)
        return door.go(request, f"/sign-in?return_to={quote(wanted, safe='')}")
    _log.info("refused", reason=refusal.reason, detail=refusal.log_detail, request_id=request_id_of(request))
    return render_error(door, request, int(status), code=refusal.reason, detail=refusal.detail, needs=_needs(refusal))


def render_unavailable(door: PersonDoor, request: web.Request, missing: Unavailable) -> web.Response:
    """Answer that something we need is silent: nothing passed, and when to come again."""
    _log.warning("unavailable", what=missing.what, reason=missing.reason, request_id=request_id_of(request))
    response = render_error(door, request, 503, code=missing.reason, told_as=words_for(request, missing))
    response.headers["Retry-After"] = str(missing.retry_after_seconds)
    return response


def render_bug(door: PersonDoor, request: web.Request, bug: Exception) -> web.Response:
    """Answer what nobody expected: a page that names the request, never internals."""
    log_bug(bug, request_id=request_id_of(request))
    return render_error(door, request, 500, code="internal")


def tell_unreadable(door: PersonDoor, status: int, request_id: str) -> web.Response:
    """Answer what could not be read as a request, such as an address without end: a page that repeats nothing of it."""
    frame = Frame(door.site, DEFAULT_LANG, "", "", "")
    body = door.pages.page(frame, ErrorView(status, UNREADABLE, request_id, door.now()))
    return html(body, is_https=door.is_https, status=status)


def render_error(  # noqa: PLR0913 - the form that the OAuth door asks for
    door: PersonDoor,
    request: web.Request,
    status: int,
    *,
    code: str,
    detail: str = "",
    link: str = "",
    back: str = "",
    needs: str = "",
    told_as: str = "",
) -> web.Response:
    """Render the one error page.

    Args:
        door: the person's door.
        request: the request that failed.
        status: HTTP status of the answer.
        code: stable slug of what went wrong.
        detail: a sentence of our own; nothing of the request.
        link: a checked address outside to which the person may choose to go; empty: nowhere.
        back: an own path to offer; empty: the first page.
        needs: with `forbidden`, the role whose page this is; empty: another than the reader's.
        told_as: which words say it, where they are not the code's own.
    """
    view = ErrorView(
        status,
        code,
        request_id_of(request),
        door.now(),
        detail=detail,
        away=link,
        back=back,
        needs=needs,
        told_as=told_as,
    )
    response = door.show(request, view, status=status)
    if status in {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}:
        response.force_close()
    return response


async def show_error(door: PersonDoor, request: web.Request, status: int, **said: str) -> web.Response:
    """Render that page where nobody had to be known yet: whoever is signed in stays so on it; `said` is as there."""
    with suppress(Unavailable):
        await door.recognise(request)
    return render_error(door, request, status, **said)


def _needs(refusal: Refusal) -> str:
    """Name the one role that a page is for, if it is for one; all whose data is here are owners."""
    roles = refusal.facts.get("needs")
    if not isinstance(roles, frozenset):
        return ""
    named = {Role.OWNER if role in OWNERS_OF_DATA else role for role in roles}
    return named.pop() if len(named) == 1 else ""


def _has_page(request: web.Request) -> bool:
    """Tell whether a browser that comes back here by GET finds something: a form may stand where no page does."""
    found = request.match_info.route.resource
    others = [route for route in request.app.router.routes() if route.method == hdrs.METH_GET]
    return found is not None and found.canonical in {route.resource.canonical for route in others if route.resource}


def _reason_of(answer: web.HTTPException) -> str:
    """Name the refusals that aiohttp makes itself: no such route, another method, a body that is too large."""
    known = {HTTPStatus.METHOD_NOT_ALLOWED: "wrong_method", HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large"}
    return known.get(HTTPStatus(answer.status), "not_found")
