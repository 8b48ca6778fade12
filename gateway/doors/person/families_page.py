"""Quản lý quyền, a grant's families: see each, end one alone: `/permissions/{grant}/families`."""

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from gateway.acts.end_family import end_family
from gateway.doors import ask_views, host_of, lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import about_reader, account_view, app_view
from gateway.doors.person.own_grants import OwnGrant, get_own_grant
from gateway.doors.person.views_families import FamiliesView, FamilyRow
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.ground.web.request_ids import request_id_of
from gateway.records.apps.types import AppState
from gateway.records.families import chains
from gateway.records.families.chains import Chain
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.ids import AskId, PersonId
from gateway.terms.refusal import Refusal

MOST_USABLE = 50
MOST_ENDED = 10


async def show_families(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/{grant}/families`."""
    reader, now, lang = visitor_of(request).person, door.now(), lang_of(request)
    own = await get_own_grant(door, reader.id, request.match_info["grant"])
    async with door.house.storage.read() as connection:
        usable = await chains.list_usable(connection, own.grant.id, now, MOST_USABLE + 1)
        shown = [*usable[:MOST_USABLE], *await chains.list_ended(connection, own.grant.id, MOST_ENDED)]
        deciders = await people.list_named(connection, frozenset(each.person_id for each in shown))
    asks = _Asks(door, own, now, lang)
    view = FamiliesView(
        id=own.grant.id,
        app=app_view(own.app),
        account=account_view(door.catalogue, own.account, lang),
        rows=[_row(each, asks, begun_by=_begun_by(each, deciders, reader)) for each in shown],
        is_cut_off=len(usable) > MOST_USABLE,
    )
    return door.show(request, view)


async def act_on_families(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST`: end one."""
    form = await door.read_form(request)
    person = visitor_of(request).person
    own = await get_own_grant(door, person.id, request.match_info["grant"])
    if form.get_one("action") != "end":
        raise Refusal("bad_form", "no such action")
    actor = Actor(ActorKind.PERSON, person.id)
    try:
        await end_family(door.house, own.grant.id, form.get_one("family"), actor, request_id=request_id_of(request))
    except Refusal as refusal:
        if refusal.reason != "nothing_to_change":  # it is over, by whomever: the page says so
            raise
    return door.go(request, request.path)


class _Asks:
    """What a grant's permissions are called, and which of them let something through now."""

    def __init__(self, door: PersonDoor, own: OwnGrant, now: datetime, lang: Lang) -> None:
        standing = {p.ask_id: p.id for p in own.grant.permissions if p.is_standing(now)}
        views = [about_reader(view, own.account) for view in ask_views(door.catalogue, list(own.asks), lang)]
        self._names = {standing[AskId(view.id)]: view.name for view in views if view.id in standing}
        self._live = {p.id for p in own.grant.live(now)} if own.app.state is AppState.ACTIVE else set()

    def names_in(self, chain: Chain) -> list[str]:
        """Name what a family reaches and still stands, in the register's order."""
        return [name for permission_id, name in self._names.items() if permission_id in chain.permission_ids]

    def opens(self, chain: Chain) -> bool:
        """Say whether anything passes by a family now."""
        return bool(self._live & chain.permission_ids)


def _begun_by(chain: Chain, deciders: Mapping[PersonId, Person], reader: Person) -> str:
    decider = deciders.get(chain.person_id)
    return "" if chain.person_id == reader.id else plain(decider.name) if decider else chain.person_id


def _row(chain: Chain, asks: _Asks, *, begun_by: str) -> FamilyRow:
    return FamilyRow(
        id=chain.id,
        state="ended" if chain.ended_at else "live" if asks.opens(chain) else "paused",
        host=plain(host_of(chain.redirect_uri), LONGEST_TEXT) if chain.redirect_uri else "",
        begun_at=chain.created_at,
        begun_by=begun_by,
        asks=[] if chain.ended_at else asks.names_in(chain),
        last_token_at=chain.last_token_at,
        ended_at=chain.ended_at,
    )
