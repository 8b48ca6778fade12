"""Quản lý quyền, a grant's credentials: make one, see each, end one: `/permissions/{grant}/credentials`."""

import unicodedata
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web

from gateway.acts.end_credential import end_credential
from gateway.acts.make_credential import MOST_LIVE, Made, NewCredential, make_credential
from gateway.doors import Visitor, ask_views, lang_of, visitor_of
from gateway.doors.person.at_provider import RECENT
from gateway.doors.person.consent import MAY_CONSENT
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import account_view, app_view
from gateway.doors.person.own_grants import OwnGrant, get_own_grant
from gateway.doors.person.views_credentials import CredentialRow, CredentialsView, MadeView, Making
from gateway.ground.web.forms import Form
from gateway.ground.web.plain import plain
from gateway.ground.web.request_ids import request_id_of
from gateway.records.apps.dialects import KEY_PATHS
from gateway.records.apps.types import AppState
from gateway.records.families import credentials
from gateway.records.families import store as families
from gateway.records.families.types import Credential, Family
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal

LONGEST_NAME = 60
_OAUTH = "/oauth/token"


async def show_credentials(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/{grant}/credentials`."""
    return await _answer(door, request, await _get_own(door, request))


async def act_on_credentials(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST`: make one, by who signed in just now, or end one; the answer to making shows the secret this once."""
    form = await door.read_form(request)
    own, action = await _get_own(door, request), form.get_one("action")
    if action == "make":
        return await _make(door, request, own, form)
    if action != "end":
        raise Refusal("bad_form", "no such action")
    actor = Actor(ActorKind.PERSON, visitor_of(request).person.id)
    try:
        credential_id = form.get_one("credential")
        await end_credential(door.house, own.grant.id, credential_id, actor, request_id=request_id_of(request))
    except Refusal as refusal:
        if refusal.reason != "nothing_to_change":  # it is over, by whomever: the page says so
            raise
    return door.go(request, request.path)


async def _make(door: PersonDoor, request: web.Request, own: OwnGrant, form: Form) -> web.Response:
    visitor = visitor_of(request)
    if not visitor.person.roles & MAY_CONSENT:
        raise Refusal("staff_may_not_consent")
    if not _is_recent(door, visitor):
        return door.go(request, _sign_in(request))
    raw_name = form.get_one("name")
    name = _find_name(raw_name)
    if name is None:
        return await _answer(door, request, own, bad_name=raw_name)
    session = visitor.session
    wanted = NewCredential(own.grant.id, visitor.person.id, name, session.authenticated_at, session.acr)
    made = await make_credential(door.house, wanted, request_id=request_id_of(request))
    return await _answer(door, request, own, made=made)


async def _get_own(door: PersonDoor, request: web.Request) -> OwnGrant:
    return await get_own_grant(door, visitor_of(request).person.id, request.match_info["grant"])


def _find_name(raw_name: str) -> str | None:
    """Return a name as it is kept: one line of signs that show, at most 60; None where that leaves no word."""
    seen = "".join(sign if unicodedata.category(sign)[0] not in "CZ" else " " for sign in raw_name)
    name = " ".join(seen.split())
    return name if any(sign.isalnum() for sign in name) and len(name) <= LONGEST_NAME else None


def _is_recent(door: PersonDoor, visitor: Visitor) -> bool:
    """Say whether the person proved who they are just now: a credential outlives the session that makes it."""
    return door.now() - visitor.session.authenticated_at <= RECENT


def _sign_in(request: web.Request) -> str:
    return f"/sign-in?again=1&return_to={quote(request.path, safe='')}"


async def _answer(
    door: PersonDoor, request: web.Request, own: OwnGrant, *, made: Made | None = None, bad_name: str | None = None
) -> web.Response:
    lang, now = lang_of(request), door.now()
    async with door.house.storage.read() as connection:
        found = await credentials.list_of_grants(connection, [own.grant.id])
        makers = await people.list_named(connection, frozenset(each.person_id for each in found))
        lived = [await families.find(connection, each.family_id) for each in found if each.ended_at is None]
    opening = {family.id for family in lived if family and _opens(family, own, now)}
    standing = {p.ask_id: p.resources for p in own.grant.permissions if p.is_standing(now)}
    view = CredentialsView(
        id=own.grant.id,
        app=app_view(own.app),
        account=account_view(door.catalogue, own.account, lang),
        rows=[_row(each, makers, reader=visitor_of(request).person, opens=each.family_id in opening) for each in found],
        asks=[
            view for view in ask_views(door.catalogue, list(own.asks), lang, resources=standing) if view.id in standing
        ],
        making=_making(door, own, found, visitor=visitor_of(request)),
        sign_in=_sign_in(request),
        token_url=f"{door.public_url}{_token_path(own)}",
        made=MadeView(made.credential.id, plain(made.credential.name), made.raw_secret) if made else None,
        name=plain(bad_name or "", 200),
        is_bad_name=bad_name is not None,
    )
    status = HTTPStatus.OK if bad_name is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return door.show(request, view, status=status)


def _token_path(own: OwnGrant) -> str:
    """Say where the app's clients exchange a key: the platform's own, where they know nothing else."""
    is_spoken = own.app.dialect == own.account.platform
    return KEY_PATHS.get(own.account.platform, _OAUTH) if is_spoken else _OAUTH


def _making(door: PersonDoor, own: OwnGrant, found: list[Credential], *, visitor: Visitor) -> Making:
    if not visitor.person.roles & MAY_CONSENT:
        return "staff"
    if not own.grant.live(door.now()):
        return "nothing"
    if sum(each.ended_at is None for each in found) >= MOST_LIVE:
        return "full"
    return "open" if _is_recent(door, visitor) else "sign_in"


def _opens(family: Family, own: OwnGrant, now: datetime) -> bool:
    """Say whether what a credential reaches lets anything through; that the grant has something live is not enough."""
    is_reached = any(each.id in family.permission_ids for each in own.grant.live(now))
    return is_reached and own.app.state is AppState.ACTIVE


def _row(credential: Credential, makers: dict[PersonId, Person], *, reader: Person, opens: bool) -> CredentialRow:
    maker = makers.get(credential.person_id)
    return CredentialRow(
        id=credential.id,
        name=plain(credential.name),
        last4=credential.last4,
        state="ended" if credential.ended_at else "live" if opens else "paused",
        made_at=credential.created_at,
        made_by="" if credential.person_id == reader.id else plain(maker.name) if maker else credential.person_id,
        last_used_at=credential.last_used_at,
        ended_at=credential.ended_at,
    )
