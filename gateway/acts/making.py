"""What acts make where it is missing: a person's profile, and the grants of accounts about apps, which they lock."""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TypeVar

from gateway.acts import House
from gateway.ground.storage.storage import Connection as DatabaseConnection
from gateway.ground.storage.storage import UnitOfWork
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, profile_name
from gateway.records.apps import store as apps
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.terms.ids import AccountId, AppId, GrantId, new_id
from gateway.terms.refusal import Refusal

T = TypeVar("T")


async def make_profile(house: House, unit: UnitOfWork, parent: Account, subject_id: str) -> Account:
    """Return the profile of somebody whom an account knows, made where there is none. Nobody gets a standing by it."""
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


async def lock_between(house: House, unit: UnitOfWork, account: Account, app_id: AppId) -> Grant:
    """Lock and return the grant of an account about an app, made, without a decision, where there is none.

    Raises:
        Refusal: `not_found`: no such app.
    """
    if await apps.find(unit.connection, app_id) is None:
        raise Refusal("not_found")
    return (await lock_each(house, unit, {(account, app_id)}))[account.id, app_id]


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
