"""Unlink: a person takes their own account at a platform away; the gateway drops its key to it."""

from typing import Any

from gateway.acts import House
from gateway.acts.lapsing import Lapsed, lapse_all
from gateway.ground.storage.failures import DiskFull
from gateway.ground.storage.storage import UnitOfWork, ending, shielded
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import standing_facts
from gateway.records.accounts.types import SELF, Account
from gateway.records.grants import store as grants
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import AccountId, PersonId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def unlink(house: House, account_id: AccountId, person_id: PersonId) -> str:
    """Let a person's standing on their own account lapse; with the last one its connection goes, and its name.

    What was granted ends with it and waits to be confirmed anew. An account of several people, such as an Official
    Account, is no person's own.

    Returns:
        The id of its record.

    Raises:
        Refusal: `not_found`: no such account, or none of their own.
        DiskFull: nothing was done; what should have ended is denied for as long as this process lives.
        Unavailable: as `House.change_grant` says.
    """
    actor = Actor(ActorKind.PERSON, person_id)
    lapsed: Lapsed = []
    try:
        async with house.storage.unit() as unit:
            account = await _lock_own(house, unit, account_id, person_id)
            # Locks in the order of linking: account, grants, connection, standing, then the log's head.
            held = await grants.list_locked(unit.connection, account.id)
            await accounts.find_connection(unit.connection, account.id, lock=True)
            now = house.clock.now()
            ended = await accounts.end_standing(unit.connection, account.id, person_id, now)
            moved = [standing_facts(ended)] if ended else []
            facts: dict[str, Any] = {"platform": account.platform, "standings": moved}
            if not await accounts.has_standing(unit.connection, account.id, now):
                lapsed = await lapse_all(house, unit, held, actor=actor)
                await accounts.remove_connections_of(unit.connection, account.id)
                await accounts.rename(unit.connection, account.id, "")
                facts["unconnected"] = {"account": account.id}
            draft = Draft(Kind.UNLINKED, now, actor, facts, account_id=account.id)
            recorded = await house.ledger.append(unit.connection, draft)
            await unit.commit()
    except DiskFull:
        for settled, _ in lapsed:
            house.in_flight.deny(settled.change.stopped)
        raise
    for settled, families in lapsed:
        house.cut(settled.change, families)
    house.has_notices.set()
    await house.write_owed()
    await house.ledger.publish()
    return recorded.record_id


async def _lock_own(house: House, unit: UnitOfWork, account_id: AccountId, person_id: PersonId) -> Account:
    """Lock the account: who unlinks it at the same moment waits, and who decides on an app for the first time."""
    account = await accounts.find(unit.connection, account_id, lock=True)
    standing = await accounts.find_standing(unit.connection, account_id, person_id, house.clock.now())
    if account is None or standing is None or standing.role != SELF or account.parent_id is not None:
        raise Refusal("not_found")
    return account
