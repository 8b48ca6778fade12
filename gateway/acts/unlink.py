"""Unlink: a person takes their own account at a platform away; the gateway drops its key to it."""

from typing import Any

from gateway.acts import House
from gateway.ground.storage.storage import ending, shielded
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import standing_facts
from gateway.records.accounts.types import SELF, Account
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import AccountId, GrantId, PersonId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def unlink(house: House, account_id: AccountId, person_id: PersonId) -> str:
    """Let a person's standing on their own account lapse; with the last one its connection goes, and its name.

    What was granted ends first and waits to be confirmed anew, each grant by itself, so that an end that was told stays
    one wherever this breaks off. An account of several people, such as an Official Account, is no person's own.

    Returns:
        The id of its record.

    Raises:
        Refusal: `not_found`: no such account, or none of their own.
        Unavailable: as `House.change_grant` says; what ended before stays ended.
    """
    actor = Actor(ActorKind.PERSON, person_id)
    async with house.storage.read() as connection:
        now = house.clock.now()
        account = await accounts.find(connection, account_id)
        standing = await accounts.find_standing(connection, account_id, person_id, now)
        holders = await accounts.count_standings(connection, account_id, now)
        given = await grants.list_of_accounts(connection, [account_id])
    if account is None or standing is None or standing.role != SELF or account.parent_id is not None:
        raise Refusal("not_found")
    for grant in given if holders == 1 else ():
        await _lapse(house, grant.id, actor)
    return await _take_away(house, account, actor, person_id)


async def _lapse(house: House, grant_id: GrantId, actor: Actor) -> None:
    try:
        await house.change_grant(grant_id, actor, kind=Kind.RECONFIRM, transition=transitions.lapse)
    except Refusal as refusal:
        if refusal.reason != "nothing_to_change":
            raise


async def _take_away(house: House, account: Account, actor: Actor, person_id: PersonId) -> str:
    async with house.storage.unit() as unit:
        now = house.clock.now()
        # Locks in the order of linking: grants, connection, standing, then the log's head.
        await grants.list_locked(unit.connection, account.id)
        await accounts.find_connection(unit.connection, account.id, lock=True)
        ended = await accounts.end_standing(unit.connection, account.id, person_id, now)
        if ended is None:
            raise Refusal("not_found")
        facts: dict[str, Any] = {"platform": account.platform, "standings": [standing_facts(ended)]}
        if not await accounts.has_standing(unit.connection, account.id, now):
            await accounts.remove_connections_of(unit.connection, account.id)
            await accounts.rename(unit.connection, account.id, "")
            facts["unconnected"] = {"account": account.id}
        draft = Draft(Kind.UNLINKED, now, actor, facts, account_id=account.id)
        recorded = await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return recorded.record_id
