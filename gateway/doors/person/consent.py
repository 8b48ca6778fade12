"""The consent screen: one app asks, a person decides, item by item, once."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from gateway.acts.choose_account import choose_account
from gateway.acts.look_again import look_again
from gateway.acts.show_request import show_request
from gateway.doors import Visitor, lang_of, visitor_of
from gateway.doors.person.answering import Reply, UnclearReply, find_account, read_reply
from gateway.doors.person.chosen import Chosen, ChosenCookie
from gateway.doors.person.connections import list_sources
from gateway.doors.person.deciding import decide_and_return, link_first, sign_in_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.drawing import confirm_view, draw
from gateway.doors.person.ended import get_own_request
from gateway.doors.person.screen import Screen, read_screen
from gateway.doors.person.unshown import answer_unshown
from gateway.doors.person.views_consent import ConsentView
from gateway.ground.web.forms import Form
from gateway.ground.web.frame import Lang
from gateway.ground.web.responses import scheme_source, stay
from gateway.records.people.types import Role
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.refusal import Refusal

MAY_CONSENT = frozenset({Role.OWNER, Role.FOLLOWER, Role.GUARDIAN})


class Step(Protocol):
    """Something that a form of the screen asks for and that decides nothing."""

    def __call__(
        self, door: PersonDoor, request: web.Request, form: Form, *, screen: Screen
    ) -> Awaitable[web.Response]:
        """Do it, and send the browser back to the screen."""
        ...


async def show_consent(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /consent/{request}`: the screen; after linking, the question for which account."""
    visitor = get_decider(request)
    raw_id = request.match_info["request"]
    try:
        asked = await show_request(door.house, raw_id, visitor.person.id, sign_in=sign_in_of(request))
    except Refusal as refusal:
        return await answer_unshown(door, request, refusal)
    screen = await read_screen(door, asked, visitor.person.id)
    chosen = _cookie(door, asked, visitor).find(request)
    why = _why_lost(screen, chosen) if chosen else ""
    if chosen and why is None:
        return _ask_account(door, request, screen, chosen=chosen)
    return _ask(door, request, screen, error=why or "", lost=chosen)


async def answer_consent(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /consent/{request}`: 204 to stay, 303 onwards with the decision, 400 where the form is unclear."""
    visitor = get_decider(request)
    form = await door.read_form(request)
    decision = form.find("decision")
    if decision == "stay":
        return stay(is_https=door.is_https)
    try:
        asked = await get_own_request(door, request.match_info["request"], visitor.person.id)
        screen = await read_screen(door, asked, visitor.person.id)
        if decision in STEPS:
            return await STEPS[decision](door, request, form, screen=screen)
        cookie = _cookie(door, asked, visitor)
        return await _answer(door, request, screen, reply=read_reply(form, screen, cookie.find(request)), cookie=cookie)
    except UnclearReply as unclear:
        return await _ask_again(door, request, unclear)
    except Refusal as refusal:
        return await answer_unshown(door, request, refusal)


async def _look(door: PersonDoor, request: web.Request, form: Form, *, screen: Screen) -> web.Response:  # noqa: ARG001 - one signature for all steps
    """Show what was refused lately, because the person wants to see it."""
    await look_again(door.house, screen.request.id, visitor_of(request).person.id)
    return door.go(request, f"/consent/{screen.request.id}")


async def _choose(door: PersonDoor, request: web.Request, form: Form, *, screen: Screen) -> web.Response:
    """Take the account that the rest of the screen is about; none named is back to the question."""
    account_id = find_account(form, screen)
    if account_id is None and screen.face == "account":
        raise UnclearReply(screen, "no_account")
    person_id = visitor_of(request).person.id
    await choose_account(door.house, screen.request.id, person_id, account_id=account_id)
    return door.go(request, f"/consent/{screen.request.id}")


STEPS: Mapping[str | None, Step] = {"look": _look, "choose": _choose}
"""What a form may say beside a decision: it only changes what the screen shows."""


async def _answer(
    door: PersonDoor, request: web.Request, screen: Screen, *, reply: Reply, cookie: ChosenCookie
) -> web.Response:
    if reply.is_agreed and (not screen.held or reply.account_id in screen.unlinked):
        response = await link_first(door, request, screen)
        cookie.set(response, _chosen(screen, reply, lang_of(request)))
        return response
    try:
        response = await decide_and_return(door, request, screen, reply=reply)
    except Refusal as refusal:
        if refusal.reason != "screen_outdated":
            raise
        raise UnclearReply(screen, "outdated") from refusal
    cookie.clear(response)
    return response


def _chosen(screen: Screen, reply: Reply, lang: Lang) -> Chosen:
    if reply.chosen is not None:
        return replace(reply.chosen, waits_for=reply.account_id)
    shown = tuple(account.id for account, _ in screen.held)
    return Chosen(reply.ask_ids, reply.duration, screen.shown_at, lang, screen.said, shown, reply.account_id)


def _why_lost(screen: Screen, chosen: Chosen) -> str | None:
    """Say why a choice made before linking does not count, None where it does: no tick goes without a word.

    "" is a choice of what stands by now, all of it: nothing is lost, and nothing is left to confirm.
    """
    if chosen.said != screen.said:
        return "outdated"
    if not screen.held or chosen.waits_for in screen.unlinked:
        return "not_linked"
    if screen.is_plain:
        return None
    return "" if screen.face == "short" else "decided_before"


def _ask(
    door: PersonDoor, request: web.Request, screen: Screen, *, error: str = "", lost: Chosen | None = None
) -> web.Response:
    """Show the screen with nothing chosen, and forget any choice made before it; what was `lost` of it is named."""
    status = 400 if error and request.method == "POST" else 200
    view = draw(door, screen, lang_of(request), error=error)
    if lost is not None and isinstance(view, ConsentView):
        view = replace(view, lost=[ask.name for ask in view.asks if ask.id in lost.ask_ids])
    response = door.show(request, view, status=status, form_action=_sources(door, screen))
    _cookie(door, screen.request, visitor_of(request)).clear(response)
    return response


def _ask_account(
    door: PersonDoor, request: web.Request, screen: Screen, *, chosen: Chosen, error: str = ""
) -> web.Response:
    view = confirm_view(door, screen, lang_of(request), chosen=chosen, error=error)
    return door.show(request, view, status=400 if error else 200, form_action=_sources(door, screen))


async def _ask_again(door: PersonDoor, request: web.Request, unclear: UnclearReply) -> web.Response:
    """Show the screen once more, as it is now, and say what was unclear."""
    if unclear.chosen is not None:
        return _ask_account(door, request, unclear.screen, chosen=unclear.chosen, error=unclear.error)
    person_id = visitor_of(request).person.id
    try:
        asked = await show_request(door.house, unclear.screen.request.id, person_id, sign_in=sign_in_of(request))
        return _ask(door, request, await read_screen(door, asked, person_id), error=unclear.error)
    except Refusal as refusal:
        return await answer_unshown(door, request, refusal)


def get_decider(request: web.Request) -> Visitor:
    """Return who decides; staff may not, in anyone's name (R70)."""
    visitor = visitor_of(request)
    if not visitor.person.roles & MAY_CONSENT:
        raise Refusal("staff_may_not_consent")
    return visitor


def _cookie(door: PersonDoor, asked: AuthorizationRequest, visitor: Visitor) -> ChosenCookie:
    return ChosenCookie(door.house.vault, door.is_https, asked.id, visitor.person.id)


def _sources(door: PersonDoor, screen: Screen) -> list[str]:
    """Return where the form may lead beside this origin: the checked redirect URI's scheme, the platform's page."""
    sources = [scheme_source(screen.request.redirect_uri)] if screen.request.redirect_uri else []
    if (screen.unlinked or not screen.held) and screen.platform in door.connectors:
        sources += list_sources([door.connectors[screen.platform]])
    return sources
