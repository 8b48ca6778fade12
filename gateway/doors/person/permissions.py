"""Quản lý quyền, the list: every grant of the person's accounts, current and past."""

from datetime import datetime, timedelta

from aiohttp import web

from gateway.doors import app_label, lang_of, visitor_of
from gateway.doors.person.acting import act_on_all
from gateway.doors.person.confirming import WITHDRAW, ask_before_withdrawing
from gateway.doors.person.contract_cards import is_objection_alone, list_own_contracts
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.flash import find_done
from gateway.doors.person.from_records import account_view
from gateway.doors.person.grant_states import changed_at, state_of, state_of_grant
from gateway.doors.person.own_grants import OwnGrant, read_own
from gateway.doors.person.own_pages import check_is_theirs
from gateway.doors.person.stops import Stops, read_stops
from gateway.doors.person.views import Choice
from gateway.doors.person.views_grants import ENDED, GrantCard, PermissionsView
from gateway.doors.person.words import state_name, words
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.trace import store as trace

MONTH = timedelta(days=30)
STATES = ("granted", "paused", "pending", "reconfirm", "withdrawn", "expired", "refused")


async def show_permissions(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions`, filtered by `?state=` and `?account=`; with `?action=withdraw` the question before it."""
    lang, now = lang_of(request), door.now()
    state, account = request.query.get("state", ""), request.query.get("account", "")
    everything = await read_own(door, visitor_of(request).person.id)
    own = everything.grants
    check_is_theirs(visitor_of(request), has_something=bool(own or everything.damaged))
    contracts = await list_own_contracts(door, visitor_of(request).person.id)
    if request.query.get("action") == WITHDRAW:
        return ask_before_withdrawing(door, request, own, contracts=contracts)
    async with door.house.storage.read() as connection:
        calls = await trace.count_since(connection, [each.grant.id for each in own], now - MONTH)
    stops = await read_stops(door, [*(each.account for each in own), *(each.profile for each in contracts)])
    objected = {each.grant.id for each in contracts if each.grant}
    shown = [each for each in own if each.grant.id not in objected or not is_objection_alone(each)]
    cards = [_card(door, each, stops, lang=lang, calls=calls.get(each.grant.id)) for each in shown]
    wanted = [card for card in cards if state in {"", card.state} and account in {"", card.account.id}]
    view = PermissionsView(
        grants=wanted,
        states=_states(cards, state, lang),
        accounts=_accounts(cards, account, lang),
        is_filtered=bool(state or account),
        done=await find_done(door, request, own),
        damaged=[plain(each) for each in everything.damaged],
        contracts=[
            each.card(stops.list_of(each.app, each.profile))
            for each in contracts
            if not state and account in {"", each.profile.id}
        ],
    )
    return door.show(request, view)


async def act_on_permissions(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /permissions`: one act on everything."""
    form = await door.read_form(request)
    return await act_on_all(door, request, form)


def _card(
    door: PersonDoor, own: OwnGrant, stops: Stops, *, lang: Lang, calls: tuple[int, datetime] | None
) -> GrantCard:
    now = door.now()
    found = [own.grant.find(ask.id) for ask in own.asks]
    held = [permission for permission in found if permission is not None]
    state = state_of_grant(own.grant, now)
    standing_ends = [p.ends_at for p in held if p.is_standing(now) and p.ends_at is not None]
    return GrantCard(
        id=own.grant.id,
        app_id=own.app.id,
        app_name=plain(own.app.name),
        account=account_view(door.catalogue, own.account, lang),
        state=state,
        marks=[state_of(permission, now) for permission in held],
        granted_at=min((p.decided_at for p in held if state_of(p, now) != "refused"), default=None),
        expires_at=max(standing_ends, default=None),
        ended_at=max((changed_at(p, now) for p in held), default=None) if state in ENDED else None,
        last_used_at=calls[1] if calls else None,
        calls_30_days=None if own.account.parent_id else calls[0] if calls else 0,
        label=app_label(own.app),
        stops=() if state in ENDED else stops.list_of(own.app, own.account),
        is_of_follower=own.account.parent_id is not None,
    )


def _states(cards: list[GrantCard], chosen: str, lang: Lang) -> list[Choice]:
    """Offer the states that occur, where there is more than one to choose from."""
    _ = words(lang)
    found = [state for state in STATES if any(card.state == state for card in cards)]
    if len(found) < 2:
        return []
    return [Choice("", _("Tất cả")), *(Choice(state, state_name(state, lang), state == chosen) for state in found)]


def _accounts(cards: list[GrantCard], chosen: str, lang: Lang) -> list[Choice]:
    """Offer the accounts that occur, likewise."""
    _ = words(lang)
    found = {card.account.id: card.account.name for card in cards}
    if len(found) < 2:
        return []
    return [Choice("", _("Tất cả")), *(Choice(value, name, value == chosen) for value, name in found.items())]
