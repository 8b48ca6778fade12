"""The consent screen: one app asks, a person decides, item by item, once."""

from aiohttp import web

from gateway.acts.show_request import show_request
from gateway.doors import Visitor, visitor_of
from gateway.doors.person.answering import Reply, UnclearReply, read_reply
from gateway.doors.person.chosen import Chosen, ChosenCookie
from gateway.doors.person.connections import list_sources
from gateway.doors.person.deciding import decide_and_return, link_first
from gateway.doors.person.door import PersonDoor, lang_of
from gateway.doors.person.ended import get_own_request, show_ended
from gateway.doors.person.screen import Screen, confirm_view, consent_view, read_screen
from gateway.ground.web.responses import scheme_source, stay
from gateway.records.people.types import Role
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.refusal import Refusal

MAY_CONSENT = frozenset({Role.OWNER, Role.FOLLOWER, Role.GUARDIAN})


async def show_consent(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /consent/{request}`: the screen; after linking, the question for which account."""
    visitor = _get_decider(request)
    try:
        asked = await show_request(door.house, request.match_info["request"], visitor.person.id)
    except Refusal as refusal:
        return await show_ended(door, request, refusal)
    screen = await read_screen(door, asked, visitor.person.id)
    chosen = _cookie(door, asked, visitor).find(request)
    if chosen and screen.held:
        return _ask_account(door, request, screen, chosen=chosen)
    return _ask(door, request, screen)


async def answer_consent(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /consent/{request}`: 204 to stay, 303 onwards with the decision, 400 where the form is unclear."""
    visitor = _get_decider(request)
    form = await door.read_form(request)
    if form.find("decision") == "stay":
        return stay(is_https=door.is_https)
    try:
        asked = await get_own_request(door, request.match_info["request"], visitor.person.id)
        screen = await read_screen(door, asked, visitor.person.id)
        cookie = _cookie(door, asked, visitor)
        return await _answer(door, request, screen, reply=read_reply(form, screen, cookie.find(request)), cookie=cookie)
    except UnclearReply as unclear:
        return _ask_again(door, request, unclear)
    except Refusal as refusal:
        return await show_ended(door, request, refusal)


async def _answer(
    door: PersonDoor, request: web.Request, screen: Screen, *, reply: Reply, cookie: ChosenCookie
) -> web.Response:
    if reply.is_agreed and not screen.held:
        response = await link_first(door, request, screen)
        cookie.set(response, Chosen(reply.ask_ids, reply.duration, screen.shown_at, lang_of(request)))
        return response
    response = await decide_and_return(door, request, screen, reply=reply)
    cookie.clear(response)
    return response


def _ask(door: PersonDoor, request: web.Request, screen: Screen, *, error: str = "") -> web.Response:
    """Show the screen with nothing chosen, and forget any choice made before it."""
    view = consent_view(door, screen, lang_of(request), error=error)
    sources = _sources(screen.request)
    if not screen.held and screen.platform in door.connectors:
        sources += list_sources([door.connectors[screen.platform]])
    response = door.show(request, view, status=400 if error else 200, form_action=sources)
    _cookie(door, screen.request, visitor_of(request)).clear(response)
    return response


def _ask_account(
    door: PersonDoor, request: web.Request, screen: Screen, *, chosen: Chosen, error: str = ""
) -> web.Response:
    view = confirm_view(door, screen, lang_of(request), chosen=chosen, error=error)
    return door.show(request, view, status=400 if error else 200, form_action=_sources(screen.request))


def _ask_again(door: PersonDoor, request: web.Request, unclear: UnclearReply) -> web.Response:
    if unclear.chosen is not None:
        return _ask_account(door, request, unclear.screen, chosen=unclear.chosen, error=unclear.error)
    return _ask(door, request, unclear.screen, error=unclear.error)


def _get_decider(request: web.Request) -> Visitor:
    """Return who decides; staff may not, in anyone's name (R70)."""
    visitor = visitor_of(request)
    if not visitor.person.roles & MAY_CONSENT:
        raise Refusal("staff_may_not_consent")
    return visitor


def _cookie(door: PersonDoor, asked: AuthorizationRequest, visitor: Visitor) -> ChosenCookie:
    return ChosenCookie(door.house.vault, door.is_https, asked.id, visitor.person.id)


def _sources(asked: AuthorizationRequest) -> list[str]:
    """Return where the form may lead beside this origin: the checked redirect URI's scheme."""
    return [scheme_source(asked.redirect_uri)] if asked.redirect_uri else []
