"""Quản lý quyền, one app: item by item, its history, and the form for each act."""

from dataclasses import replace
from datetime import datetime

from aiohttp import web

from gateway.doors import ask_views, is_about_people, is_heeded, lang_of, visitor_of
from gateway.doors.person.acting import act_on_one
from gateway.doors.person.asked import write_link
from gateway.doors.person.brought import read_brought
from gateway.doors.person.confirming import WITHDRAW, ask_before_withdrawing
from gateway.doors.person.contract_cards import is_objection_alone, list_going_on, list_own_contracts
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.drawing import list_durations
from gateway.doors.person.flash import find_done
from gateway.doors.person.from_records import about_reader, account_view, app_view
from gateway.doors.person.grant_states import changed_at, state_of, state_of_grant
from gateway.doors.person.heard import find_told
from gateway.doors.person.history import StateChange, Story, read_story
from gateway.doors.person.own_grants import OwnGrant, get_own_grant
from gateway.doors.person.permissions import MONTH
from gateway.doors.person.stops import read_stops
from gateway.doors.person.to_people import list_to_people
from gateway.doors.person.usage import Use, read_usage
from gateway.doors.person.views import AskView, Duration
from gateway.doors.person.views_grants import ENDED, GrantView, PeopleCounts, PermissionRow
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.records.accounts import store as accounts
from gateway.records.apps.types import Basis
from gateway.records.families import chains, credentials
from gateway.records.grants import store as grants
from gateway.records.grants.types import HeldBy, Permission, PermissionState
from gateway.terms.ids import AskId

TO_PEOPLE = "to_people"
_NOBODY = HeldBy()


async def show_grant(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/{grant}`; with `?action=withdraw&ask=` the page that asks once more."""
    own = await get_own_grant(door, visitor_of(request).person.id, request.match_info["grant"])
    if request.query.get("action") == WITHDRAW:
        raw_ask = request.query.get("ask")
        ask = None if raw_ask is None else own.get_ask(raw_ask)
        contracts = await list_own_contracts(door, visitor_of(request).person.id)
        return ask_before_withdrawing(door, request, [own], ask=ask, contracts=list_going_on(contracts, own))
    now, lang, follower = door.now(), lang_of(request), _read_follower(request)
    story = await read_story(door, request, own)
    usage = await read_usage(door, own.grant, now - MONTH)
    resources = {p.ask_id: p.resources for p in own.grant.permissions}
    views = ask_views(door.catalogue, own.decided_asks, lang, resources=resources)
    asks = {AskId(view.id): about_reader(view, own.account) for view in views}
    brought, counts = await read_brought(door, own), await _count_people(door, own)
    rows = [
        replace(
            _row(p, _as_decided(asks[p.ask_id], p), story, use=usage[p.ask_id], now=now),
            brought=brought.get(p.ask_id),
            counts=counts.get(p.ask_id),
        )
        for p in _ordered(own)
    ]
    state, stops = state_of_grant(own.grant, now), await read_stops(door, [own.account])
    view = GrantView(
        id=own.grant.id,
        app=app_view(own.app),
        account=account_view(door.catalogue, own.account, lang, standing=own.standing),
        state=state,
        rows=rows,
        unread=[plain(each) for each in own.unread],
        history=story.events,
        shorter=_shorter(own, now),
        receipts=story.receipt_codes,
        expires_at=_latest_end(own, now),
        done=await find_done(door, request, [own]),
        told=await find_told(door, own.grant.id),
        live_credentials=await _count_credentials(door, own),
        families=await _count_families(door, own, now),
        shop=plain(own.account.name) if own.account.parent_id else "",
        contracts=await list_contracts(door, own, lang),
        objected=sum(each.basis == Basis.CONTRACT for each in own.grant.permissions) if own.account.parent_id else 0,
        is_objection=is_objection_alone(own),
        invitation=_invitation(door, own, follower),
        follower=follower,
        stops=() if state in ENDED else stops.list_of(own.app, own.account),
    )
    return door.show(request, view)


async def act_on_grant(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /permissions/{grant}`: withdraw, pause, resume, shorten or reconsider; one ask, or the whole app."""
    form = await door.read_form(request)
    own = await get_own_grant(door, visitor_of(request).person.id, request.match_info["grant"])
    return await act_on_one(door, request, form, own=own)


async def _count_credentials(door: PersonDoor, own: OwnGrant) -> int:
    async with door.house.storage.read() as connection:
        return await credentials.count_live(connection, own.grant.id)


async def _count_families(door: PersonDoor, own: OwnGrant, now: datetime) -> int:
    async with door.house.storage.read() as connection:
        return await chains.count_usable(connection, own.grant.id, now)


async def list_contracts(door: PersonDoor, own: OwnGrant, lang: Lang) -> list[AskView]:
    """List what the app does under a contract with the account above, and the person did not object to."""
    if own.account.parent_id is None:
        return []
    async with door.house.storage.read() as connection:
        above = await grants.find_between(connection, own.account.parent_id, own.app.id)
    live = above.live(door.now()) if above else ()
    to_people = list_to_people(door.catalogue, own.asks, own.account.platform)
    serving = {p.ask_id for p in live if door.catalogue.serves_subject(p.scope)}
    open_ids = {p.ask_id for p in live if p.basis == Basis.CONTRACT or p.ask_id in to_people} - serving
    found = [ask for ask in own.asks if ask.id in open_ids and not own.grant.has_refused(ask.id)]
    views = [about_reader(view, own.account) for view in ask_views(door.catalogue, found, lang)]
    return [replace(view, basis=view.basis or TO_PEOPLE) for view in views]


async def _count_people(door: PersonDoor, own: OwnGrant) -> dict[AskId, PeopleCounts]:
    """Count the people beside an account who are asked one by one, for each ask that asks them; nobody is named."""
    asking = {
        p.ask_id for p in own.grant.permissions if p.basis != Basis.CONTRACT and is_heeded(door.catalogue, p.scope)
    }
    if own.account.parent_id is not None or not asking:
        return {}
    profiles = accounts.profiles_of(own.account.id)
    async with door.house.storage.read() as connection:
        counted = await grants.count_people(connection, own.app.id, door.now(), among=profiles)
    return {
        ask_id: PeopleCounts(
            own=sum(held.live for basis, held in bases.items() if basis != Basis.IMPORTED),
            imported=bases.get(Basis.IMPORTED, _NOBODY).live,
            pending=bases.get(Basis.IMPORTED, _NOBODY).pending,
            masks_minors=own.account.platform in door.followers,
        )
        for ask_id in asking
        for bases in [counted.get(ask_id, {})]
    }


def _as_decided(ask: AskView, permission: Permission) -> AskView:
    """Show an ask with the basis that was decided on, where that is not the ask's own: brought in, or objected to."""
    if permission.basis == Basis.IMPORTED:
        return replace(ask, basis=Basis.IMPORTED.value)
    is_objection = permission.basis == Basis.CONTRACT and not ask.basis
    return replace(ask, basis=TO_PEOPLE) if is_objection else ask


def _read_follower(request: web.Request) -> str:
    """Return the follower's id that the form names, or "": what no link can name is named by none."""
    raw_id = request.query.get("follower", "").strip()
    return raw_id if len(raw_id) <= LONGEST_TEXT and raw_id.isprintable() else ""


def _invitation(door: PersonDoor, own: OwnGrant, follower: str) -> str:
    """Return the link that asks the account's followers, or the one named, where an ask that stands wants that."""
    now, platform = door.now(), own.account.platform
    asking = [p for p in own.grant.permissions if p.is_standing(now) and p.basis != Basis.CONTRACT]
    is_wanted = any(is_about_people(door.catalogue, p.scope) for p in asking)
    may_ask = own.account.parent_id is None and platform in door.followers
    return write_link(door.public_url, own.app.id, own.account, follower) if is_wanted and may_ask else ""


def _ordered(own: OwnGrant) -> list[Permission]:
    found = [own.grant.find(ask.id) for ask in own.asks]
    return [permission for permission in found if permission is not None]


def _row(permission: Permission, ask: AskView, story: Story, *, use: Use, now: datetime) -> PermissionRow:
    state, at = state_of(permission, now), changed_at(permission, now)
    change = story.changes.get(permission.ask_id, StateChange(None, ""))
    return PermissionRow(
        ask=ask,
        state=state,
        changed_at=at if state == PermissionState.EXPIRED else change.at or at,
        changed_by=change.by,
        ends_at=permission.ends_at if permission.is_standing(now) else None,
        calls_30_days=use.calls,
        last_used_at=use.last_at,
        blocked_calls=use.blocked,
    )


def _latest_end(own: OwnGrant, now: datetime) -> datetime | None:
    ends = [p.ends_at for p in own.grant.permissions if p.is_standing(now) and p.ends_at is not None]
    return max(ends, default=None)


def _shorter(own: OwnGrant, now: datetime) -> list[Duration]:
    latest = _latest_end(own, now)
    return [] if latest is None else [offer for offer in list_durations(now) if offer.ends_at < latest]
