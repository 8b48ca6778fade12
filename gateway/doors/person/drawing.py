"""How a request's screen looks: one view for each of its faces, with nothing ticked."""

from datetime import UTC, datetime

from gateway.acts.decide import DURATIONS, STANDING
from gateway.doors import ask_views
from gateway.doors.person.chosen import Chosen
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import about_reader, account_view, app_view, platform_name
from gateway.doors.person.grant_states import state_of
from gateway.doors.person.screen import Screen
from gateway.doors.person.views import AccountView, AppView, AskView, Duration
from gateway.doors.person.views_consent import Anew, ConfirmAccountView, ConsentView, KeptAsk, Notice
from gateway.doors.person.views_short import ChooseAccountView, CoolDownView, ShortView
from gateway.doors.person.words import language_name, person_name
from gateway.ground.web.frame import Lang, PageView
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.records.ledger.causes import Because
from gateway.records.requests.types import Prompt, RequestKind
from gateway.terms.ids import AskId, PersonId

NOTICE_VERSION = 9
NOTICE_DATED = datetime(2026, 11, 22, 15, tzinfo=UTC)
"""The wording of the screen itself; raise both with every change of its templates."""


def draw(door: PersonDoor, screen: Screen, lang: Lang, *, error: str = "") -> PageView:
    """Draw the face that the screen shows, as it was shown at `screen.shown_at`."""
    if screen.face == "account":
        return _choose_view(door, screen, lang, error=error)
    if screen.face == "cool_down":
        return _cool_down_view(screen, lang, error=error)
    if screen.face == "short":
        return _short_view(door, screen, lang, error=error)
    return consent_view(door, screen, lang, error=error)


def consent_view(door: PersonDoor, screen: Screen, lang: Lang, *, error: str = "") -> ConsentView:
    """Draw the boxes, and beside them what stands and what is not asked about."""
    known = frozenset(p.ask_id for p in screen.grant.permissions) if screen.grant else screen.ask_ids
    offered = [ask for ask in screen.asks if ask.id in screen.offered]
    ends = _ends(screen)
    new, narrowed = screen.ask_ids - known, screen.request.narrowed_to
    asks = ask_views(door.catalogue, offered, lang, new=new, resources=narrowed)
    return ConsentView(
        request_id=screen.request.id,
        app=_app(screen),
        platform=platform_name(door.catalogue, screen.platform, lang),
        accounts=account_views(door, screen, lang),
        asks=[about_reader(view, screen.profile) for view in asks],
        durations=screen_durations(screen),
        keeper=door.keeper,
        notice=_notice(screen, lang),
        expires_at=screen.request.expires_at,
        standing=_list_standing(door, screen, lang),
        kept=_list_others(door, screen, lang),
        leaving={ask_id: ends[ask_id] for ask_id in screen.standing & screen.offered},
        replaced=_replaced(door, screen, lang),
        account_named=plain(screen.request.account_named or "", LONGEST_TEXT),
        refused={ask_id: screen.refused[ask_id] for ask_id in screen.offered & screen.refused.keys()},
        reconsider=screen.request.grant_id is not None,
        shop=plain(screen.profile.name) if screen.profile else "",
        seen=screen.version,
        may_choose=screen.request.account_id is not None,
        by_device=screen.request.kind is RequestKind.DEVICE,
        picks_account=Prompt.SELECT_ACCOUNT in screen.request.prompts,
        upstream_app=screen.upstream.external_id if screen.upstream else "",
        anew=Anew(screen.ended_by.at, Because.of(screen.ended_by)) if screen.ended_by else None,
        error=error,
    )


def confirm_view(
    door: PersonDoor, screen: Screen, lang: Lang, *, chosen: Chosen, error: str = ""
) -> ConfirmAccountView:
    """Draw the question that follows linking: for which account the choice counts."""
    chosen_asks = [ask for ask in screen.asks if ask.id in chosen.ask_ids]
    names = ask_views(door.catalogue, chosen_asks, lang, resources=screen.request.narrowed_to)
    ends_at = screen.shown_at + DURATIONS[chosen.duration]
    held = account_views(door, screen, lang)
    return ConfirmAccountView(screen.request.id, _app(screen), held, names, ends_at, error)


def account_views(door: PersonDoor, screen: Screen, lang: Lang) -> list[AccountView]:
    """Show the accounts to choose from."""
    return [account_view(door.catalogue, account, lang, standing=standing) for account, standing in screen.held]


def list_durations(start: datetime) -> list[Duration]:
    """Offer the durations, shortest first, with the day on which each ends."""
    return [Duration(code, start + lasts) for code, lasts in sorted(DURATIONS.items(), key=lambda pair: pair[1])]


def screen_durations(screen: Screen) -> list[Duration]:
    """Offer what fits: beside what stands nothing new lasts longer, and what lasts as long is offered (ADR 0019)."""
    ends, offers = _ends(screen), list_durations(screen.shown_at)
    if not screen.kept:
        return offers
    until = max(ends[each] for each in screen.kept)
    return [*(offer for offer in offers if offer.ends_at < until), Duration(STANDING, until)]


def _choose_view(door: PersonDoor, screen: Screen, lang: Lang, *, error: str) -> ChooseAccountView:
    held = account_views(door, screen, lang)
    notice, until = _notice(screen, lang), screen.request.expires_at
    return ChooseAccountView(screen.request.id, _app(screen), held, notice, until, error)


def _cool_down_view(screen: Screen, lang: Lang, *, error: str) -> CoolDownView:
    newest = max(screen.refused[ask_id] for ask_id in screen.ask_ids)
    notice, until = _notice(screen, lang), screen.request.expires_at
    return CoolDownView(screen.request.id, _app(screen), newest, notice, until, error)


def _short_view(door: PersonDoor, screen: Screen, lang: Lang, *, error: str) -> ShortView:
    return ShortView(
        request_id=screen.request.id,
        app=_app(screen),
        account=account_views(door, screen, lang)[0],
        standing=_list_standing(door, screen, lang),
        notice=_notice(screen, lang),
        expires_at=screen.request.expires_at,
        seen=screen.version or 0,
        may_choose=screen.request.account_id is not None,
        by_device=screen.request.kind is RequestKind.DEVICE,
        upstream_app=screen.upstream.external_id if screen.upstream else "",
        error=error,
    )


def _app(screen: Screen) -> AppView:
    return app_view(screen.app, screen.request.redirect_uri, said=screen.said)


def _notice(screen: Screen, lang: Lang) -> Notice:
    return Notice(f"TB-{screen.platform.upper()}", NOTICE_VERSION, NOTICE_DATED, language_name(lang))


def _ends(screen: Screen) -> dict[AskId, datetime]:
    rows = screen.grant.permissions if screen.grant else ()
    return {p.ask_id: p.ends_at for p in rows if p.ends_at is not None}


def _list_standing(door: PersonDoor, screen: Screen, lang: Lang) -> list[KeptAsk]:
    """List the asks of the request that stand and are not asked about."""
    states, ends, names = _states(screen), _ends(screen), _names(screen, lang)
    found = [view for view in _register_views(door, screen, lang) if view.id in screen.kept]
    return [_kept(view, states[AskId(view.id)], ends[AskId(view.id)], by=names[AskId(view.id)]) for view in found]


def _list_others(door: PersonDoor, screen: Screen, lang: Lang) -> list[KeptAsk]:
    """List what was decided before on asks that this request does not name."""
    states = {ask_id: state for ask_id, state in _states(screen).items() if ask_id not in screen.ask_ids}
    return [_kept(view, states[AskId(view.id)]) for view in _register_views(door, screen, lang) if view.id in states]


def _replaced(door: PersonDoor, screen: Screen, lang: Lang) -> dict[AskId, KeptAsk]:
    """Return what stands for other resources than the boxes are about."""
    states, ends = _states(screen), _ends(screen)
    wanted = screen.differing.keys() & screen.offered
    views = {AskId(view.id): view for view in _register_views(door, screen, lang)}
    return {ask_id: _kept(views[ask_id], states[ask_id], ends[ask_id]) for ask_id in wanted}


def _register_views(door: PersonDoor, screen: Screen, lang: Lang) -> list[AskView]:
    """Show all asks of the app, each for the resources that it was decided for."""
    rows = screen.grant.permissions if screen.grant else ()
    decided = {p.ask_id: p.resources for p in rows}
    views = ask_views(door.catalogue, list(screen.register), lang, resources=decided)
    return [about_reader(view, screen.profile) for view in views]


def _names(screen: Screen, lang: Lang) -> dict[AskId, str | None]:
    """Name who agreed to each ask; empty for the reader, None where the consent was brought in."""
    rows = screen.grant.permissions if screen.grant else ()
    return {p.ask_id: _name(screen, p.decided_by, lang) for p in rows}


def _name(screen: Screen, person_id: PersonId | None, lang: Lang) -> str | None:
    if person_id is None:
        return None
    return "" if person_id == screen.request.person_id else person_name(screen.deciders.get(person_id), lang)


def _kept(view: AskView, state: str, on: datetime | None = None, *, by: str | None = "") -> KeptAsk:
    return KeptAsk(view.name, state, on, view.only, view.only_name, by)


def _states(screen: Screen) -> dict[AskId, str]:
    rows = screen.grant.permissions if screen.grant else ()
    return {p.ask_id: state_of(p, screen.shown_at) for p in rows}
