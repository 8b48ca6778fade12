"""End what was given of somebody's own account at a platform's word: there they took it back (R81, ADR 0041)."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.acts import House, Settled
from gateway.ground.storage.failures import DiskFull
from gateway.ground.storage.storage import UnitOfWork, ending, shielded
from gateway.records.accounts.types import Account
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.types import Change, Grant
from gateway.records.hooks import store as hooks
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import FamilyId, PermissionId, new_id


@dataclass(frozen=True, slots=True)
class ToldOfOwn:
    """That somebody took back what they had agreed to about themself; its signature, time and form hold.

    Args:
        platform: which told it.
        name: what it calls such an event.
        hashed_name: of what names this telling: another of the same name is the same.
        remembered: for how long it is known again.
    """

    platform: str
    name: str
    hashed_name: bytes
    remembered: timedelta


Moved = list[tuple[Settled, list[FamilyId]]]


@shielded
@ending
async def end_own_account(house: House, account: Account, told: ToldOfOwn) -> int:
    """End what every app was given of this account, and tell each that ever was to erase it; in force when it returns.

    The link to the account stays: it is the gateway's, and no app's. Told again it does nothing.

    Returns:
        How many grants changed.

    Raises:
        DiskFull: nothing was done; what should have ended is denied for as long as this process lives.
        Unavailable: as `House.change_grant` says; the platform may tell it again.
    """
    changes: list[Change] = []
    moved: Moved = []
    name = told.hashed_name
    try:
        async with house.storage.unit() as unit:
            held = await grants.list_locked(unit.connection, account.id)
            if not await hooks.list_known(unit.connection, [name]):
                changes = [each for grant in held if (each := await _take_back(house, unit, grant))]
            if await unit.is_added(hooks.add(unit.connection, {name: house.clock.now() + told.remembered})):
                moved = [await _record(house, unit, told, change) for change in changes]
                await unit.commit()
    except DiskFull:
        for change in changes:
            house.in_flight.deny(change.stopped)
        raise
    for settled, ended in moved:
        house.cut(settled.change, ended)
    house.has_notices.set()
    await house.write_owed()  # also what an earlier telling owes, which failed after its commit
    await house.ledger.publish()
    return len(moved)


async def _record(house: House, unit: UnitOfWork, told: ToldOfOwn, change: Change) -> tuple[Settled, list[FamilyId]]:
    actor, kind = Actor(ActorKind.PLATFORM, told.platform), Kind.WITHDRAWN_AT_PLATFORM
    return await house.record_change(unit, change, actor, kind=kind, passed=[], event=told.name)


async def _take_back(house: House, unit: UnitOfWork, grant: Grant) -> Change | None:
    """Say what ends in a grant; None where nothing is left to end, and of what the app holds it was told before."""
    now = house.clock.now()
    choices = tuple(
        transitions.Choice(p.ask_id, p.scope, p.scope_version, p.purpose, is_agreed=False, resources=p.resources)
        for p in grant.permissions
        if not grant.has_refused(p.ask_id)
    )
    decision = transitions.Decision(choices, None, seen_at=now, at=now, ends_at=now)
    change = transitions.decide(grant, decision, lambda: PermissionId(new_id("pm", house.entropy)))
    history = await reading.list_history(unit.connection, grant.id)
    is_told = [each.kind for each in history or ()][-1:] == [Kind.WITHDRAWN_AT_PLATFORM]
    given = await grants.list_given_before(unit.connection, change)
    return change if choices or (given and not is_told) else None
