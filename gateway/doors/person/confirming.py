"""The one step between pressing Rút lại and its taking effect: what ends, what stays, two equal buttons (R32)."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from gateway.doors import ask_views, lang_of
from gateway.doors.person.contract_cards import OwnContract, list_going_on
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.flash import SO_BEFORE
from gateway.doors.person.from_records import about_reader, account_view, app_title, app_view, to_self
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.views_confirm import ConfirmWithdrawView
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.apps.types import Ask
from gateway.records.grants.types import ENDABLE_STATES

WITHDRAW = "withdraw"


BOTH = "both"
"""The answer that objects as well to what goes on under a contract."""
CONFIRMED = frozenset({"yes", BOTH})


def ask_before_withdrawing(
    door: PersonDoor,
    request: web.Request,
    wanted: Sequence[OwnGrant],
    *,
    ask: Ask | None = None,
    contracts: Sequence[OwnContract] = (),
) -> web.Response:
    """Answer a GET, which Back comes to again: where nothing is left to end, it leads on to the page, which says so."""
    standing = [p for own in wanted for p in own.grant.permissions if p.state in ENDABLE_STATES]
    going_on = ask is None and list_going_on(contracts)
    if going_on or any(ask is None or p.ask_id == ask.id for p in standing):
        return show_confirm(door, request, wanted, ask=ask, contracts=contracts)
    return door.go(request, f"{request.path}?done={SO_BEFORE}")


def show_confirm(
    door: PersonDoor,
    request: web.Request,
    wanted: Sequence[OwnGrant],
    *,
    ask: Ask | None = None,
    contracts: Sequence[OwnContract] = (),
) -> web.Response:
    """Ask once more, naming what would end; `wanted` is one grant, or all of them on the list's page.

    What goes on under contracts no withdrawal ends, so it is named beside it, with the button that objects too.
    """
    lang = lang_of(request)
    if request.match_info.get("grant") is None:
        view = replace(_for_everything(wanted, lang), contracts=[each.name(lang) for each in list_going_on(contracts)])
    else:
        view = _for_one(door, wanted[0], ask, lang=lang)
        open_ids = [a for each in list_going_on(contracts, wanted[0]) for a in each.ask_ids - each.objected if not ask]
        asks = [each for each in wanted[0].asks if each.id in open_ids]
        view = replace(view, contracts=[to_self(each).name for each in ask_views(door.catalogue, asks, lang)])
    return door.show(request, view)


def _for_one(door: PersonDoor, own: OwnGrant, ask: Ask | None, *, lang: Lang) -> ConfirmWithdrawView:
    standing = {p.ask_id for p in own.grant.permissions if p.state in ENDABLE_STATES}
    views = [about_reader(each, own.account) for each in ask_views(door.catalogue, list(own.asks), lang)]
    ending = [view for view in views if view.id in standing and (ask is None or view.id == ask.id)]
    return ConfirmWithdrawView(
        path=f"/permissions/{own.grant.id}",
        ending=[view.name for view in ending],
        app=app_view(own.app),
        account=account_view(door.catalogue, own.account, lang),
        ask=next((view for view in views if ask and view.id == ask.id), None),
        remaining=len(standing) - len(ending),
    )


def _for_everything(wanted: Sequence[OwnGrant], lang: Lang) -> ConfirmWithdrawView:
    ending = [own for own in wanted if any(p.state in ENDABLE_STATES for p in own.grant.permissions)]
    names = [f"{app_title(own.app, lang)} · {plain(own.account.name)}" for own in ending]
    return ConfirmWithdrawView("/permissions", names)
