"""What stops an app although a consent stands: an operator suspended it, or the account is not connected.

Consent and connection are two things: neither ends the other, so pages say both (R82). A person's own profile passes
through the connection of the account above.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_stops import Stop
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Connection, ConnectionState
from gateway.records.apps import upstreams
from gateway.records.apps.types import BEFORE_RESTORE, App, AppState
from gateway.records.apps.upstreams import UpstreamApp
from gateway.terms.ids import GATEWAYS_OWN, AccountId, AppId, UpstreamAppId


@dataclass(frozen=True, slots=True)
class Stops:
    """What is known of some accounts' connections, and of the upstream apps that apps brought."""

    links: Mapping[tuple[AccountId, UpstreamAppId], Connection] = field(default_factory=dict)
    brought: Mapping[tuple[AppId, str], UpstreamApp] = field(default_factory=dict)

    def list_of(self, app: App, account: Account) -> Sequence[Stop]:
        """List what stops an app at an account, or at the one above; both, where it is two things."""
        stops = [_suspension(app)] if app.state is AppState.SUSPENDED else []
        upstream = self.brought.get((app.id, account.platform))
        link = self.links.get((linked_id(account), upstream.id if upstream else GATEWAYS_OWN))
        through = plain(app.name) if upstream else ""
        if link is None:
            return [*stops, Stop("unlinked", upstream.brought_at if upstream else None, through=through)]
        if link.state is ConnectionState.LOST:
            return [*stops, Stop("lost", link.changed_at, through=through)]
        return stops


def linked_id(account: Account) -> AccountId:
    """Return the account that is connected: a follower's profile has its shop's connection."""
    return account.parent_id or account.id


def list_suspended(found: Iterable[App]) -> list[Stop]:
    """List which of some apps are suspended, each once, by name."""
    by_id = {app.id: app for app in found if app.state is AppState.SUSPENDED}
    return [replace(_suspension(app), app=plain(app.name)) for app in by_id.values()]


async def read_stops(door: PersonDoor, about: Collection[Account]) -> Stops:
    """Read what may stop apps at some accounts."""
    async with door.house.storage.read() as connection:
        links = await accounts.list_connections(connection, {linked_id(each) for each in about})
        brought = await upstreams.list_all(connection)
    return Stops(
        {(link.account_id, link.brought_id): link for link in links},
        {(each.app_id, each.platform): each for each in brought},
    )


def _suspension(app: App) -> Stop:
    if app.suspended_reason == BEFORE_RESTORE:
        return Stop("suspended", was_restored=True)
    return Stop("suspended", app.suspended_at, plain(app.suspended_reason or "", LONGEST_TEXT))
