"""Unlink: a person takes their own account at a platform away; the gateway forgets its key to it, and stays without."""

import asyncio
from collections.abc import Iterable
from typing import Any

from gateway.acts import House
from gateway.acts.lapsing import Lapsed, lapse_all
from gateway.ground.storage.failures import DiskFull
from gateway.ground.storage.storage import UnitOfWork, ending, shielded
from gateway.ground.vault.entries import Barred
from gateway.ground.vault.journal import Reading
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import standing_facts
from gateway.records.accounts.types import SELF, Account, Standing
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.records.owed import store as owed
from gateway.terms.ids import AccountId, PersonId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def unlink(house: House, account_id: AccountId, person_id: PersonId) -> str:
    """Let a person's standing on their own account lapse; with the last one its connection goes, its key and its name.

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
    doomed: list[Grant] = []
    lapsed: Lapsed = []
    try:
        async with house.storage.unit() as unit:
            account = await _lock_own(house, unit, account_id, person_id)
            held = await _lock_held(unit, account)
            now = house.clock.now()
            ended = await accounts.end_standing(unit.connection, account.id, person_id, now)
            facts = _facts(account, [ended] if ended else [])
            if not await accounts.has_standing(unit.connection, account.id, now):
                doomed = held
                lapsed = await _take_away(house, unit, account, held=held, actor=actor)
                facts["unconnected"] = {"account": account.id}
            draft = Draft(Kind.UNLINKED, now, actor, facts, account_id=account.id)
            recorded = await house.ledger.append(unit.connection, draft)
            await unit.commit()
    except DiskFull:
        house.in_flight.deny([p.id for grant in doomed for p in grant.live(house.clock.now())])
        raise
    await _settle(house, lapsed)
    return recorded.record_id


@shielded
@ending
async def unlink_again(house: House, kept: Reading) -> int:
    """At start: take away what the journal says was taken away, and a database that was put back still has (I4).

    Returns:
        How many accounts that were.
    """
    gone = kept.list_barred("connection")
    async with house.storage.read() as connection:
        due = await accounts.list_reached(connection, gone)
    for account_id in due:
        await _unlink_again(house, account_id)
    return len(due)


async def _unlink_again(house: House, account_id: AccountId) -> None:
    actor = Actor.system()
    async with house.storage.unit() as unit:
        account = await accounts.find(unit.connection, account_id, lock=True)
        if account is None:
            raise AssertionError("a connection is an account's")
        held = await _lock_held(unit, account)
        now = house.clock.now()
        ended = await accounts.end_standings(unit.connection, account.id, now)
        lapsed = await _take_away(house, unit, account, held=held, actor=actor)
        facts = _facts(account, ended) | {"unconnected": {"account": account.id}, **Because(Cause.RESTORED).to_facts()}
        await house.ledger.append(unit.connection, Draft(Kind.UNLINKED, now, actor, facts, account_id=account.id))
        await unit.commit()
    await _settle(house, lapsed)


async def _lock_own(house: House, unit: UnitOfWork, account_id: AccountId, person_id: PersonId) -> Account:
    """Lock the account: who unlinks it at the same moment waits, and who decides on an app for the first time."""
    account = await accounts.find(unit.connection, account_id, lock=True)
    standing = await accounts.find_standing(unit.connection, account_id, person_id, house.clock.now())
    if account is None or standing is None or standing.role != SELF or account.parent_id is not None:
        raise Refusal("not_found")
    return account


async def _lock_held(unit: UnitOfWork, account: Account) -> list[Grant]:
    """Lock what is granted, then the connection, in the order of linking; standing and the log's head come after."""
    held = await grants.list_locked(unit.connection, account.id)
    await accounts.find_connection(unit.connection, account.id, lock=True)
    return held


async def _take_away(
    house: House, unit: UnitOfWork, account: Account, *, held: Iterable[Grant], actor: Actor
) -> Lapsed:
    lapsed = await lapse_all(house, unit, held, actor=actor)
    for connection_id in await accounts.remove_connections_of(unit.connection, account.id):
        barred = Barred("connection", connection_id, is_barred=True, at=house.clock.now())
        await owed.add(unit.connection, barred)
    await accounts.rename(unit.connection, account.id, "")
    return lapsed


def _facts(account: Account, ended: Iterable[Standing]) -> dict[str, Any]:
    return {"platform": account.platform, "standings": [standing_facts(each) for each in ended]}


async def _settle(house: House, lapsed: Lapsed) -> None:
    """Cut everything before anything can fail; then the journal forgets the key, at once or at the next start."""
    for settled, families in lapsed:
        house.cut(settled.change, families)
    house.has_notices.set()
    await house.write_owed()
    try:
        await asyncio.to_thread(house.journal.compact)
    except OSError as error:
        house.storage.note_failure(error)
    await house.ledger.publish()
