"""What of a shop's calls may have been about its follower: the trace counts people and does not say who (I6).

So a follower sees every call of the app at that shop that was about somebody, since the gateway knows them, and reads
that nobody noted in which they were. How many others were in it is not theirs to know.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.views_records import TraceRow
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.apps.types import Basis
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant, Permission
from gateway.terms.ids import GrantId, PersonId


@dataclass(frozen=True, slots=True)
class Shared:
    """A shop's grant, as its follower may see the calls under it: since when, and as whose.

    `imported` are the follower's own permissions to the same app that were brought in and are the current ones.
    """

    own: OwnGrant
    since: datetime
    imported: Sequence[Permission] = ()


async def list_shared(door: PersonDoor, person_id: PersonId, own: Sequence[OwnGrant]) -> dict[GrantId, Shared]:
    """List the grants of the shops that a person was met at, but for those that are the person's to decide anyway."""
    decided = {each.grant.id for each in own}
    theirs = {(each.account.id, each.app.id): each.grant for each in own}
    async with door.house.storage.read() as connection:
        held = await accounts.list_held(connection, person_id, door.now())
        profiles = {one.parent_id: one for one, _ in held if one.parent_id is not None}
        standings = {account.id: standing for account, standing in held}
        found: dict[GrantId, Shared] = {}
        for grant in await grants.list_of_accounts(connection, list(profiles)):
            app, profile = await apps.find(connection, grant.app_id), profiles[grant.account_id]
            if app is not None and grant.id not in decided:
                asks = tuple(await apps.list_asks(connection, app.id))
                shown = OwnGrant(grant, app, asks, profile, standings[profile.id])
                imported = _list_imported(theirs.get((profile.id, app.id)))
                found[grant.id] = Shared(shown, profile.linked_at, imported)
    return found


def _list_imported(grant: Grant | None) -> list[Permission]:
    return [p for p in grant.permissions if p.basis == Basis.IMPORTED] if grant else []


def as_shared(row: TraceRow, shared: Shared) -> TraceRow:
    """Tell a call to a follower: not how many others it was about, nor by which of the shop's keys it came.

    What of it passed by their own consent says so where that was brought in, and stood at the time.
    """
    standing = {p.ask_id for p in shared.imported if _stood(p, row.at)}
    bases = [replace(each, basis=Basis.IMPORTED.value) if each.id in standing else each for each in row.bases]
    return replace(row, people=None, by_evidence=0, by="", bases=bases, shop=plain(shared.own.account.name))


def _stood(permission: Permission, at: datetime) -> bool:
    end = permission.ended_at or permission.ends_at
    return end is not None and permission.decided_at <= at < end
