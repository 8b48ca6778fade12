"""What several acts write alike: an identity's record, a credential in the journal, an endpoint's end.

Also what is found or made: a person's profile, the grant of an account about an app, the end of its lane; and what an
app changed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from gateway.acts import House, named
from gateway.authority.holders import Holder
from gateway.ground.storage.storage import Connection as DatabaseConnection
from gateway.ground.storage.storage import UnitOfWork
from gateway.ground.vault.entries import Entry, SealedCredential
from gateway.ground.vault.journal import Journal
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Connection, profile_name
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.outbox import lanes
from gateway.records.outbox.types import Copy, Endpoint, address_facts
from gateway.records.people.identities import Identity
from gateway.records.people.types import Person
from gateway.terms.ids import AccountId, AppId, GrantId, new_id
from gateway.terms.refusal import Refusal

T = TypeVar("T")
MOST_WAITING = 100_000
"""How many copies wait in one lane; what comes beyond is written down as not kept."""


def draft_identity(kind: Kind, identity: Identity, person: Person, *, actor: Actor) -> Draft:
    """Draft the record of an identity that was tied to a person, or taken away; the subject is sealed with the name."""
    facts = {"person": person.id, "issuer": identity.issuer, "by": identity.linked_by}
    return Draft(kind, identity.linked_at, actor, facts, parts=(named(person, subject=identity.subject),))


async def is_journalled(house: House, link: Connection) -> bool:
    """Write a connection's sealed credential to the journal; False if its disk did not take it."""
    entry = SealedCredential(link.id, link.generation, link.sealed_credential, link.changed_at)
    error = await asyncio.to_thread(_find_error, house.journal, entry)
    if error is not None:
        house.storage.note_failure(error)
    return error is None


def _find_error(journal: Journal, entry: Entry) -> OSError | None:
    try:
        journal.append([entry])
    except OSError as error:
        return error
    return None


async def record_gone(house: House, unit: UnitOfWork, endpoint: Endpoint, now: datetime) -> None:
    """Record that an endpoint is gone, once all that waited for it was let go."""
    draft = Draft(Kind.NOTICES_GONE, now, Actor.system(), address_facts(endpoint.url), app_id=endpoint.app_id)
    await house.ledger.append(unit.connection, draft)


async def why_another(house: House, grant_id: GrantId, now: Statement | None) -> Because:
    """Say of a grant that its app is another than was decided on: in what, by what it says of itself now."""
    async with house.storage.read() as connection:
        before = await statements.find_granted(connection, grant_id)
        now = now or (await statements.find_current(connection, before.app_id) if before else None)
    return Because(Cause.APP_CHANGED, now.list_others(before) if now else ())


async def get_profile(house: House, unit: UnitOfWork, parent: Account, subject_id: str) -> Account:
    """Return the profile of somebody whom an account knows; made where there is none. Nobody gets a standing by it."""
    name = profile_name(parent.external_id, subject_id)
    known = await accounts.find_external(unit.connection, parent.platform, name)
    if known is None:
        account_id = AccountId(new_id("ac", house.entropy))
        fresh = Account(account_id, parent.platform, name, parent.name, house.clock.now(), parent.id)
        await unit.is_added(accounts.add(unit.connection, fresh))  # where somebody else's is there already, that one
        known = await accounts.find_external(unit.connection, parent.platform, name)
    if known is None:
        raise AssertionError("an account that was added, or that collides, exists")
    await accounts.rename(unit.connection, known.id, parent.name)
    return replace(known, name=parent.name)


async def lock_between(house: House, unit: UnitOfWork, account_id: AccountId, app_id: AppId) -> Grant:
    """Lock and return the grant of an account about an app; made, without a decision, where there is none.

    Raises:
        Refusal: `not_found`: no such app.
    """
    if await apps.find(unit.connection, app_id) is None:
        raise Refusal("not_found")
    fresh = Grant(GrantId(new_id("gr", house.entropy)), account_id, app_id, 0, house.clock.now(), ())
    if await grants.find_between(unit.connection, account_id, app_id, lock=True) is None:
        await unit.is_added(grants.add(unit.connection, fresh))
    grant = await grants.find_between(unit.connection, account_id, app_id, lock=True)
    if grant is None:
        raise AssertionError("a grant that was added, or that collides, exists")
    return grant


async def lock_each(
    house: House, unit: UnitOfWork, wanted: AbstractSet[tuple[Account, AppId]]
) -> dict[tuple[AccountId, AppId], Grant]:
    """Find or make the grants of some accounts about some apps, then lock all of these: in one order, whoever does it.

    What is made is made before the first lock, and in one order too; its accounts were made so before. So nobody who
    needs several waits for another in a circle.
    """
    missing = wanted - (await _find_each(unit, wanted)).keys()
    now = house.clock.now()
    fresh = [
        Grant(GrantId(new_id("gr", house.entropy)), account.id, app_id, 0, now, ())
        for account, app_id in sorted(missing, key=_in_order)
    ]
    await add_each(unit, fresh, grants.add_all)
    found = [grant.id for grant in (await _find_each(unit, wanted)).values()]
    locked = await grants.list_named(unit.connection, found, lock=True)
    return {(grant.account_id, grant.app_id): grant for grant in locked}


async def add_each(
    unit: UnitOfWork, fresh: Sequence[T], add_all: Callable[[DatabaseConnection, Sequence[T]], Awaitable[None]]
) -> None:
    """Add rows, at once where nobody else adds the same meanwhile; theirs stands then, and the others are added."""
    if fresh and not await unit.is_added(add_all(unit.connection, fresh)):
        for each in fresh:
            await unit.is_added(add_all(unit.connection, [each]))


def _in_order(wanted: tuple[Account, AppId]) -> tuple[str, str, AppId]:
    account, app_id = wanted
    return account.platform, account.external_id, app_id


async def _find_each(
    unit: UnitOfWork, wanted: AbstractSet[tuple[Account, AppId]]
) -> dict[tuple[Account, AppId], Grant]:
    by_id = {account.id: account for account, _ in wanted}
    found: dict[tuple[Account, AppId], Grant] = {}
    for app_id in sorted({app_id for _, app_id in wanted}):
        between = await grants.list_between(unit.connection, by_id, app_id)
        found |= {(by_id[account_id], app_id): grant for account_id, grant in between.items()}
    return {pair: grant for pair, grant in found.items() if pair in wanted}


async def queue_copies(house: House, unit: UnitOfWork, holder: Holder, kept: list[Copy]) -> None:
    """Put copies of events at the end of a grant's lane; those beyond its bound are written down as not kept."""
    now = house.clock.now()
    end = await lanes.hold_end(unit.connection, holder.grant_id, now)
    if end is None:  # another process may add it in the same moment
        await unit.is_added(lanes.add(unit.connection, holder.grant_id, holder.app_id))
        end = await lanes.hold_end(unit.connection, holder.grant_id, now)
    if end is None:
        raise AssertionError("a lane that was added, or that collides, exists")
    room = max(0, MOST_WAITING - end.waiting)
    await lanes.append(unit.connection, holder.app_id, kept[:room], after=end.newest)
    await lanes.drop(unit.connection, holder.app_id, kept[room:])
