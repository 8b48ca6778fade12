"""The ways in which a person signs in: see them, add an identity at a provider, take one away."""

from collections.abc import Sequence
from urllib.parse import quote

from aiohttp import web

from gateway.acts.identities import unlink_identity
from gateway.acts.sign_in import Errand
from gateway.doors import Visitor, lang_of, visitor_of
from gateway.doors.person.at_provider import RECENT, set_out
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.provider import SignInProvider
from gateway.doors.person.views_sign_in import ProviderButton, WayRow, WaysView
from gateway.ground.web.frame import with_query
from gateway.ground.web.plain import plain
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people import identities
from gateway.records.people.identities import Identity, Purpose
from gateway.records.people.types import STAFF
from gateway.terms.refusal import Refusal

PATH = "/sign-in/ways"
_DONE = frozenset({"linked", "unlinked"})


async def show_ways(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /sign-in/ways`."""
    visitor = visitor_of(request)
    async with door.house.storage.read() as connection:
        held = await identities.list_of_person(connection, visitor.person.id)
    has_password = visitor.person.hashed_password is not None
    by_issuer = {each.client.issuer: each for each in door.providers}
    can_prove = has_password or any(by_issuer[one.issuer].client.tells_when for one in held if one.issuer in by_issuer)
    done = request.query.get("done", "")
    view = WaysView(
        providers=[_button(each, request) for each in door.providers],
        login=plain(visitor.person.login) if has_password else "",
        rows=_rows(door, request, visitor, held),
        shut="staff" if visitor.person.roles & STAFF else "" if can_prove else "unproven",
        may_unlink=can_prove and (has_password or len(held) > 1),
        done=done if done in _DONE else "",
    )
    return door.show(request, view, form_action=list(dict.fromkeys(each.form_source for each in door.providers)))


async def change_ways(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /sign-in/ways`: `action=link|unlink`, `provider`, to unlink `subject`; by who signed in just now."""
    form = await door.read_form(request)
    visitor, action = visitor_of(request), form.get_one("action")
    provider = door.find_provider(form.find("provider") or "")
    if action not in {"link", "unlink"} or provider is None:
        raise Refusal("bad_form", "no such action or provider")
    if door.now() - visitor.session.authenticated_at > RECENT:
        return door.go(request, f"/sign-in?again=1&return_to={quote(PATH, safe='')}")
    if action == "link":
        return await _link(door, request, provider, visitor)
    actor = Actor(ActorKind.PERSON, visitor.person.id)
    subject = form.get_one("subject")
    await unlink_identity(door.house, visitor.person.id, provider.client.issuer, subject=subject, actor=actor)
    return door.go(request, f"{PATH}?done=unlinked")


async def _link(door: PersonDoor, request: web.Request, provider: SignInProvider, visitor: Visitor) -> web.Response:
    if visitor.person.roles & STAFF:
        raise Refusal("identity_staff")
    return_to = with_query(door.frame(request).link(PATH), done="linked")
    errand = Errand(return_to, Purpose.LINK, visitor.person.id, prompt="login")
    return await set_out(door, request, provider, errand, raw_browser=visitor.raw_session)


def _rows(door: PersonDoor, request: web.Request, visitor: Visitor, held: Sequence[Identity]) -> list[WayRow]:
    buttons = {each.client.issuer: _button(each, request) for each in door.providers}
    present = (visitor.session.issuer, visitor.session.subject)
    return [
        WayRow(
            buttons[each.issuer],
            each.subject,
            each.linked_at,
            by_operator=each.linked_by == "operator",
            is_present=(each.issuer, each.subject) == present,
        )
        for each in held
        if each.issuer in buttons
    ]


def _button(provider: SignInProvider, request: web.Request) -> ProviderButton:
    return ProviderButton(provider.slug, provider.name(lang_of(request)))
