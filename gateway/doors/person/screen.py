"""The consent screen: what is read for it, and the view that comes of it.

The view follows from the request, the register and the moment it was shown, so the answer to the form draws the very
same screen again: for the archive, or with what was wrong.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.acts.decide import DURATIONS
from gateway.doors.person.chosen import Chosen
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import account_view, app_view, ask_views, platform_name
from gateway.doors.person.grant_states import state_of
from gateway.doors.person.views import AccountView, Duration
from gateway.doors.person.views_consent import ConfirmAccountView, ConsentView, KeptAsk, Notice
from gateway.doors.person.words import language_name
from gateway.ground.web.frame import Lang
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Standing
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState, Ask
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import AskId, PersonId
from gateway.terms.refusal import Refusal

NOTICE_VERSION = 1
NOTICE_DATED = datetime(2026, 11, 20, 17, tzinfo=UTC)
"""The wording of the screen itself; raise both with every change of `consent.html`."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that the screen is drawn from.

    Args:
        asks: those of the request, in the register's order.
        register: all asks of the app.
        held: accounts of the request's platform that the person may decide for.
        grant: the standing decision, where it is clear which account it is about.
    """

    request: AuthorizationRequest
    app: App
    asks: tuple[Ask, ...]
    register: tuple[Ask, ...]
    held: tuple[tuple[Account, Standing], ...]
    grant: Grant | None

    @property
    def platform(self) -> str:
        """The slug of the platform that all asks are of."""
        return self.asks[0].platform

    @property
    def shown_at(self) -> datetime:
        """When the person saw it last."""
        return self.request.shown_at or self.request.created_at

    @property
    def required(self) -> frozenset[AskId]:
        """The asks without which the app takes nothing."""
        return frozenset(ask.id for ask in self.asks if ask.is_required)

    @property
    def ask_ids(self) -> frozenset[AskId]:
        """The asks that may be ticked."""
        return frozenset(ask.id for ask in self.asks)


async def read_screen(door: PersonDoor, request: AuthorizationRequest, person_id: PersonId) -> Screen:
    """Read what the screen needs.

    Raises:
        Refusal: `app_suspended`.
    """
    async with door.house.storage.read() as connection:
        app = await apps.find(connection, request.app_id)
        if app is None or app.state is not AppState.ACTIVE:
            raise Refusal("app_suspended")
        register = tuple(await apps.list_asks(connection, app.id))
        asks = tuple(ask for ask in register if ask.id in request.ask_ids)
        listed = await accounts.list_held(connection, person_id, door.now())
        held = tuple(pair for pair in listed if pair[0].platform == asks[0].platform)
        grant = await grants.find(connection, request.grant_id) if request.grant_id else None
        if grant is not None:
            held = tuple(pair for pair in held if pair[0].id == grant.account_id)
        elif len(held) == 1:
            grant = await grants.find_between(connection, held[0][0].id, app.id)
    return Screen(request, app, asks, register, held, grant)


def consent_view(door: PersonDoor, screen: Screen, lang: Lang, *, error: str = "") -> ConsentView:
    """Draw the screen as it was shown at `screen.shown_at`, with nothing ticked."""
    known = frozenset(p.ask_id for p in screen.grant.permissions) if screen.grant else screen.ask_ids
    return ConsentView(
        request_id=screen.request.id,
        app=app_view(screen.app),
        platform=platform_name(door.catalogue, screen.platform, lang),
        accounts=account_views(door, screen, lang),
        asks=ask_views(door.catalogue, list(screen.asks), lang, new=screen.ask_ids - known),
        durations=list_durations(screen.shown_at),
        keeper=door.keeper,
        notice=_notice(screen, lang),
        expires_at=screen.request.expires_at,
        kept=_kept(door, screen, lang),
        reconsider=screen.request.grant_id is not None,
        error=error,
    )


def confirm_view(
    door: PersonDoor, screen: Screen, lang: Lang, *, chosen: Chosen, error: str = ""
) -> ConfirmAccountView:
    """Draw the question that follows linking: for which account the choice counts."""
    names = [view.name for view in ask_views(door.catalogue, list(screen.asks), lang) if view.id in chosen.ask_ids]
    ends_at = screen.shown_at + DURATIONS[chosen.duration]
    held = account_views(door, screen, lang)
    return ConfirmAccountView(screen.request.id, app_view(screen.app), held, names, ends_at, error)


def account_views(door: PersonDoor, screen: Screen, lang: Lang) -> list[AccountView]:
    """Show the accounts to choose from."""
    return [account_view(door.catalogue, account, lang, standing=standing) for account, standing in screen.held]


def list_durations(start: datetime) -> list[Duration]:
    """Offer every duration, shortest first, with the day on which it ends."""
    return [Duration(code, start + lasts) for code, lasts in sorted(DURATIONS.items(), key=lambda pair: pair[1])]


def _notice(screen: Screen, lang: Lang) -> Notice:
    return Notice(f"TB-{screen.platform.upper()}", NOTICE_VERSION, NOTICE_DATED, language_name(lang))


def _kept(door: PersonDoor, screen: Screen, lang: Lang) -> list[KeptAsk]:
    """List what was decided before and stays whatever is pressed; none where the request reopens something standing."""
    grant, now = screen.grant, screen.shown_at
    if grant is None or any(p.ask_id in screen.ask_ids and p.is_standing(now) for p in grant.permissions):
        return []
    states = {p.ask_id: state_of(p, now) for p in grant.permissions if p.ask_id not in screen.ask_ids}
    views = ask_views(door.catalogue, list(screen.register), lang)
    return [KeptAsk(view.name, states[AskId(view.id)]) for view in views if view.id in states]
