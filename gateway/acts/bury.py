"""Bury: at start and after a restore, end again what the tombstone journal says had ended (I4)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from gateway.acts import House
from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.rows import list_readable
from gateway.ground.storage.storage import UnitOfWork, ending, shielded
from gateway.ground.vault.entries import Tombstone
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.types import STANDING_STATES, Change, Grant
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import FamilyId, GrantId, PermissionId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def bury(house: House, stones: Sequence[Tombstone]) -> int:
    """Apply the journal: end what it names; where it knows a later version, the rest of the grant is to be confirmed.

    A grant whose version in the database is below the journal's lost decisions (the database was restored): what it
    still grants may have been narrowed in the gap, so all of it becomes `reconfirm`, and versions go on above.

    Returns:
        How many grants changed.
    """
    by_grant: dict[GrantId, list[Tombstone]] = defaultdict(list)
    for stone in stones:
        by_grant[GrantId(stone.grant_id)].append(stone)
    async with house.storage.read() as connection:
        try:
            named = await grants.list_named(connection, by_grant)
        except Unreadable:  # one that is damaged lets nothing pass, and keeps no other from being buried
            named = await list_readable(by_grant, lambda each: grants.find(connection, each), kind="grant")
        due = [each.id for each in named if _is_due(each, by_grant[each.id])]
    return sum([await _bury(house, grant_id, by_grant[grant_id]) for grant_id in due])


def _is_due(grant: Grant, stones: Sequence[Tombstone]) -> bool:
    """Say whether the journal knows more than the database; it does not at an ordinary start."""
    dead = _dead(stones)
    is_alive = any(each.id in dead and each.state in STANDING_STATES for each in grant.permissions)
    return is_alive or grant.version < _highest(stones)


def _dead(stones: Sequence[Tombstone]) -> set[PermissionId]:
    return {PermissionId(each) for stone in stones for each in stone.permission_ids}


def _highest(stones: Sequence[Tombstone]) -> int:
    return max(stone.version for stone in stones)


async def _bury(house: House, grant_id: GrantId, stones: Sequence[Tombstone]) -> bool:
    """Bury one grant's dead in one transaction: killed in the middle, the next start finds the gap again."""
    async with house.storage.unit() as unit:
        grant = await house.lock_grant(unit, grant_id)
        moves = await _list_moves(house, unit, grant, _dead(stones), highest=_highest(stones))
        ended = [(change, await _record(house, unit, change, kind)) for kind, change in moves]
        await unit.commit()
    for change, families in ended:
        await house.settle(change, families)
    return bool(ended)


async def _list_moves(
    house: House, unit: UnitOfWork, grant: Grant, dead: set[PermissionId], *, highest: int
) -> list[tuple[Kind, Change]]:
    now = house.clock.now()
    moves: list[tuple[Kind, Change]] = []
    has_gap = grant.version < highest
    if has_gap:
        await grants.raise_version(unit.connection, grant.id, highest)
        grant = replace(grant, version=highest)
    try:
        change = transitions.bury(grant, dead, now)
    except Refusal:
        pass  # nothing of it stands, which is how it should be
    else:
        moves.append((Kind.BURIED, change))
        grant = change.grant
    return [*moves, (Kind.RECONFIRM, transitions.reconfirm(grant, now))] if has_gap else moves


async def _record(house: House, unit: UnitOfWork, change: Change, kind: Kind) -> list[FamilyId]:
    why = Because(Cause.RESTORED).to_facts() if kind is Kind.RECONFIRM else {}
    return (await house.record_change(unit, change, Actor.system(), kind=kind, **why))[1]
