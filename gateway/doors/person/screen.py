"""What stands behind a request's screen: the register, the accounts, the grant, and what is still to be asked.

All of it follows from the request, the records and the moment the screen was shown, so the answer to the form finds the
very same screen again: for the archive, or with what was wrong. How it looks is in `drawing.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from gateway.doors.person.door import PersonDoor
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Connection, Standing
from gateway.records.apps import statements, upstreams
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState, Ask
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.grants import store as grants
from gateway.records.grants.difference import list_kept, list_refused
from gateway.records.grants.types import Grant, Permission, PermissionState
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.records.requests import store as requests
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import GATEWAYS_OWN, AccountId, AskId, PermissionId, PersonId, UpstreamAppId
from gateway.terms.refusal import Refusal

Face = Literal["asks", "short", "cool_down", "account"]
"""The four faces of a request: boxes to tick, nothing left to ask, refused lately, and for which account it is."""

Held = tuple[tuple[Account, Standing], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that the screen is drawn from.

    Args:
        asks: those of the request, in the register's order.
        register: all asks of the app.
        held: accounts of the request's platform that the person may decide for, narrowed to the one chosen.
        grant: the standing decision, where it is clear which account it is about.
        refused: what this person refused lately when this app asked, with the time of it (R17).
        needs_account: several accounts are held and the app asked one of them before, so the screen depends on which.
        upstream: the app's own at the platform, under which accounts are linked for it; None: the gateway's is used.
        deciders: who agreed to what stands in `grant`, by id.
        unlinked: accounts of `held` without a connection through that upstream app: linking comes before a decision.
        ended_by: the record by which asks of the request are to be confirmed anew, where some are.
        said: the digest of what a dynamic app says of itself; None for an app that operators registered.
    """

    request: AuthorizationRequest
    app: App
    asks: tuple[Ask, ...]
    register: tuple[Ask, ...]
    held: Held
    grant: Grant | None
    refused: Mapping[AskId, datetime] = field(default_factory=dict)
    needs_account: bool = False
    said: str | None = None
    upstream: UpstreamApp | None = None
    unlinked: frozenset[AccountId] = frozenset()
    ended_by: Record | None = None
    deciders: Mapping[PersonId, Person] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """The slug of the platform that all asks are of."""
        return self.asks[0].platform

    @property
    def profile(self) -> Account | None:
        """The profile whose person decides about data of their own; None where an account's own people decide."""
        return next((account for account, _ in self.held if account.parent_id is not None), None)

    @property
    def shown_at(self) -> datetime:
        """When the person saw it last."""
        return self.request.shown_at or self.request.created_at

    @property
    def ask_ids(self) -> frozenset[AskId]:
        """The asks of the request."""
        return frozenset(ask.id for ask in self.asks)

    @property
    def standing(self) -> frozenset[AskId]:
        """The asks of the request that stand, in the meaning that they have today."""
        meanings = {ask.id: ask.meaning for ask in self.asks}
        return list_kept(self.grant, meanings, self.shown_at, narrowed_to=self.request.narrowed_to)

    @property
    def differing(self) -> dict[AskId, Permission]:
        """What stands for other resources than are asked for now: an agreement puts these in the place of those."""
        found = {ask.id: self.grant.find(ask.id) for ask in self.asks} if self.grant else {}
        return {
            ask_id: each
            for ask_id, each in found.items()
            if each and each.is_standing(self.shown_at) and each.resources != self.request.narrowed_to.get(ask_id)
        }

    @property
    def kept(self) -> frozenset[AskId]:
        """The asks that stand and are not asked about: listed, without a box that could be lost by mistake."""
        return frozenset() if self.request.is_full else self.standing

    @property
    def offered(self) -> frozenset[AskId]:
        """The asks that stand as boxes."""
        return self.ask_ids - self.kept

    @property
    def is_cooling_down(self) -> bool:
        """Whether the app asks for nothing but what this person refused lately, and they did not ask to see it."""
        is_apps = self.request.is_from_app and self.request.looked_at is None
        return is_apps and self.ask_ids <= self.refused.keys()

    @property
    def required(self) -> frozenset[AskId]:
        """The asks without which the app takes nothing, and that do not stand."""
        return frozenset(ask.id for ask in self.asks if ask.is_required) - self.kept

    @property
    def is_plain(self) -> bool:
        """Whether nothing was decided before on what is asked: a choice made before linking still means the same."""
        return not (self.needs_account or self.standing or self.is_cooling_down)

    @property
    def face(self) -> Face:
        """Which of its four faces the screen shows."""
        if self.needs_account:
            return "account"
        if self.is_cooling_down:
            return "cool_down"
        return "asks" if self.offered else "short"

    @property
    def version(self) -> int | None:
        """The version of the grant that this is drawn from; None where it is not clear which grant."""
        is_clear = self.grant is not None or len(self.held) == 1
        return (self.grant.version if self.grant else 0) if is_clear else None


async def read_screen(door: PersonDoor, request: AuthorizationRequest, person_id: PersonId) -> Screen:
    """Read what the screen needs.

    Raises:
        Refusal: `app_suspended`.
    """
    async with door.house.storage.read() as connection:
        # Before the app: a digest older than the words is asked again; a newer one would vouch for others.
        statement = await statements.find_current(connection, request.app_id)
        app = await apps.find(connection, request.app_id)
        if app is None or app.state is not AppState.ACTIVE:
            raise Refusal("app_suspended")
        register = tuple(await apps.list_asks(connection, app.id))
        asks = tuple(ask for ask in register if ask.id in request.ask_ids)
        listed = await accounts.list_held(connection, person_id, door.now())
        may_be_profile = not request.is_from_app
        meant = (
            pair
            for pair in listed
            if pair[0].platform == asks[0].platform and (may_be_profile or pair[0].parent_id is None)
        )
        everyone = tuple(pair for pair in meant if request.account_named in {None, pair[0].external_id})
        given = await grants.list_of_accounts(connection, [account.id for account, _ in everyone])
        about = [grant for grant in given if grant.app_id == app.id]
        held, grant = _narrow(request, everyone, about)
        upstream = await upstreams.find_of(connection, app.id, asks[0].platform)
        links = await accounts.list_connections(connection, [account.id for account, _ in held])
        waiting = _list_waiting(request, grant)
        touched = grant.id if grant else None
        ended_by = await reading.find_touching(connection, Kind.RECONFIRM, waiting, grant_id=touched)
        since = (request.shown_at or request.created_at) - timedelta(days=door.cool_down_days)
        decided_by = frozenset(p.decided_by for p in grant.permissions if p.decided_by) if grant else frozenset()
        deciders = await people.list_named(connection, decided_by)
        earlier = await requests.list_refused(connection, person_id, app.id, since)
    refused = list_refused(grant, earlier, person_id, since) if grant else earlier
    may_differ = any(p.ask_id in request.ask_ids for each in about for p in each.permissions)
    return Screen(
        request=request,
        app=app,
        asks=asks,
        register=register,
        held=held,
        grant=grant,
        refused=refused,
        needs_account=len(held) > 1 and may_differ,
        said=statement.digest if statement else None,
        upstream=upstream,
        unlinked=_list_unlinked(held, links, through=upstream.id if upstream else GATEWAYS_OWN),
        ended_by=ended_by,
        deciders=deciders,
    )


def _list_waiting(request: AuthorizationRequest, grant: Grant | None) -> list[PermissionId]:
    """List what of the request was agreed to before and waits to be confirmed anew."""
    found = grant.permissions if grant else ()
    asked = [each for each in found if each.ask_id in request.ask_ids]
    return [each.id for each in asked if each.state is PermissionState.RECONFIRM]


def _list_unlinked(held: Held, links: Iterable[Connection], *, through: UpstreamAppId) -> frozenset[AccountId]:
    """List the accounts without a connection through this upstream app; people's own profiles need none."""
    linked = {link.account_id for link in links if link.brought_id == through}
    return frozenset(account.id for account, _ in held if account.parent_id is None) - linked


def _narrow(request: AuthorizationRequest, held: Held, about: list[Grant]) -> tuple[Held, Grant | None]:
    """Narrow the accounts to the one that is meant, where that is clear, and find its grant."""
    if request.grant_id or request.account_id:
        meant = next((grant.account_id for grant in about if grant.id == request.grant_id), request.account_id)
        held = tuple(pair for pair in held if pair[0].id == meant)
    only = held[0][0].id if len(held) == 1 else None
    return held, next((grant for grant in about if grant.account_id == only), None)
