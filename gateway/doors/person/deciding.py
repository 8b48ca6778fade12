"""From a reply to the decision, the text that is archived with it, and the way back."""

from dataclasses import replace
from urllib.parse import quote

from aiohttp import web

from gateway.acts.decide import DURATIONS, STANDING, Answer, decide
from gateway.acts.link import start_link
from gateway.doors import lang_of, visitor_of
from gateway.doors.person.answering import Reply
from gateway.doors.person.app_return import return_url
from gateway.doors.person.chosen import Chosen
from gateway.doors.person.connections import has_page
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.drawing import confirm_view, consent_view, draw
from gateway.doors.person.of_age import check_of_age
from gateway.doors.person.outcome import telling_outcome
from gateway.doors.person.plain_text import main_text
from gateway.doors.person.screen import Screen
from gateway.ground.web.frame import Lang, PageView
from gateway.ground.web.request_ids import request_id_of
from gateway.records.apps.dialects import DIALECTS
from gateway.records.requests.sign_in import SignIn
from gateway.records.requests.types import RequestKind
from gateway.terms.refusal import Refusal


async def decide_and_return(door: PersonDoor, request: web.Request, screen: Screen, *, reply: Reply) -> web.Response:
    """Record the decision and send the browser where it belongs: to the app, the grant's page, or back to a device."""
    if reply.is_agreed and reply.ask_ids:
        await check_of_age(door, visitor_of(request), reply.account_id)
    answer = Answer(
        person_id=visitor_of(request).person.id,
        account_id=reply.account_id,
        agreed=reply.ask_ids,
        lasts=None if reply.duration == STANDING else DURATIONS[reply.duration],
        notice=shown_text(door, request, screen, chosen=reply.chosen),
        language=lang_of(request),
        seen_version=reply.seen,
        seen_statement=screen.said,
        sign_in=sign_in_of(request),
    )
    with telling_outcome():
        decided = await decide(door.house, screen.request.id, answer, request_id=request_id_of(request))
    if not decided.request.is_from_app:
        return door.go(
            request, f"/permissions/{decided.grant_id or decided.request.grant_id}?done={decided.recorded.record_id}"
        )
    if decided.request.kind is RequestKind.DEVICE:
        return door.go(request, f"/device/done/{decided.request.id}")
    return door.leave(return_url(decided, door.public_url, account=_account_told(screen, answer)))


def _account_told(screen: Screen, answer: Answer) -> tuple[str, str] | None:
    """Return which account an app of a dialect hears of: its clients want the platform's own id beside the code."""
    for account, _ in screen.held:
        if account.id == answer.account_id and account.platform == screen.app.dialect in DIALECTS:
            return account.platform, account.external_id
    return None


def sign_in_of(request: web.Request) -> SignIn:
    """Return how the one who decides is signed in."""
    session = visitor_of(request).session
    return SignIn(session.authenticated_at, session.acr, session.opened_at)


async def link_first(door: PersonDoor, request: web.Request, screen: Screen) -> web.Response:
    """Send the person to link an account; their choice waits and nothing is granted yet.

    Raises:
        Refusal: `no_link_page`: this gateway does not serve the platform.
    """
    back = door.frame(request).link(f"/consent/{screen.request.id}")
    connector = door.connectors.get(screen.platform)
    if connector is None:
        raise Refusal("no_link_page")
    if not has_page(connector):
        return door.go(request, f"/connections?return_to={quote(back, safe='')}")
    person_id = visitor_of(request).person.id
    upstream = screen.upstream if screen.held else None  # who holds no account yet proves one first
    journey = await start_link(door.house, connector, person_id, return_to=back, upstream=upstream)
    return door.leave(journey.url)


def shown_text(door: PersonDoor, request: web.Request, screen: Screen, *, chosen: Chosen | None) -> str:
    """Return the words of the screen as it was shown; after linking, of both screens in their order."""
    lang = lang_of(request)
    if chosen is None:
        return _text(door, request, draw(door, screen, lang), lang=lang)
    shown = tuple(pair for pair in screen.held if pair[0].id in chosen.accounts)
    asked = replace(screen.request, shown_at=chosen.shown_at)
    before = replace(screen, request=asked, held=shown, grant=None, refused={})
    first = _text(door, request, consent_view(door, before, chosen.lang), lang=chosen.lang)
    return first + "\n" + _text(door, request, confirm_view(door, screen, lang, chosen=chosen), lang=lang)


def _text(door: PersonDoor, request: web.Request, view: PageView, *, lang: Lang) -> str:
    frame = replace(door.frame(request, csrf_token=""), lang=lang)
    return main_text(door.pages.page(frame, view))
