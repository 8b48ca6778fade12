"""The ways in which a person signs in: see them, add an identity at the provider, take one away."""

from urllib.parse import quote

from aiohttp import web

from gateway.acts.identities import unlink_identity
from gateway.acts.sign_in import Errand
from gateway.doors import Visitor, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.oidc import RECENT, get_provider, set_out
from gateway.doors.person.views_sign_in import WayRow, WaysView
from gateway.ground.web.frame import with_query
from gateway.ground.web.plain import plain
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people import identities
from gateway.records.people.identities import Purpose
from gateway.records.people.types import STAFF
from gateway.terms.refusal import Refusal

PATH = "/sign-in/ways"
_DONE = frozenset({"linked", "unlinked"})


async def show_ways(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /sign-in/ways`."""
    visitor, provider = visitor_of(request), get_provider(door)
    async with door.house.storage.read() as connection:
        held = await identities.list_of_person(connection, visitor.person.id)
    session = visitor.session
    present = (session.issuer, session.subject)
    rows = [
        WayRow(each.subject, each.linked_at, each.linked_by == "operator", (each.issuer, each.subject) == present)
        for each in held
        if each.issuer == provider.client.issuer
    ]
    has_password = visitor.person.hashed_password is not None
    done = request.query.get("done", "")
    view = WaysView(
        provider=provider.name(door.frame(request).lang),
        login=plain(visitor.person.login) if has_password else "",
        rows=rows,
        may_link=not visitor.person.roles & STAFF,
        may_unlink=has_password or len(held) > 1,
        done=done if done in _DONE else "",
    )
    return door.show(request, view, form_action=[provider.form_source])


async def change_ways(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /sign-in/ways`: `action=link` or `action=unlink` with `subject`, by someone who signed in just now."""
    form = await door.read_form(request)
    visitor, action = visitor_of(request), form.get_one("action")
    if action not in {"link", "unlink"}:
        raise Refusal("bad_form", "no such action")
    if door.now() - visitor.session.authenticated_at > RECENT:
        return door.go(request, f"/sign-in?again=1&return_to={quote(PATH, safe='')}")
    if action == "link":
        return await _link(door, request, visitor)
    actor = Actor(ActorKind.PERSON, visitor.person.id)
    issuer = get_provider(door).client.issuer
    await unlink_identity(door.house, visitor.person.id, issuer, subject=form.get_one("subject"), actor=actor)
    return door.go(request, f"{PATH}?done=unlinked")


async def _link(door: PersonDoor, request: web.Request, visitor: Visitor) -> web.Response:
    if visitor.person.roles & STAFF:
        raise Refusal("identity_staff")
    return_to = with_query(door.frame(request).link(PATH), done="linked")
    errand = Errand(return_to, Purpose.LINK, visitor.person.id, prompt="select_account")
    return await set_out(door, request, errand, raw_browser=visitor.raw_session)
