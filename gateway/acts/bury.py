"""Bury: at start and after a restore, end again what the tombstone journal says had ended (I4)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.journal import Tombstone
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.types import Change, Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import FamilyId, GrantId, PermissionId
from gateway.terms.refusal import Refusal


@shielded
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
    return sum([await _bury(house, grant_id, found) for grant_id, found in by_grant.items()])


async def _bury(house: House, grant_id: GrantId, stones: Sequence[Tombstone]) -> bool:
    """Bury one grant's dead in one transaction: killed in the middle, the next start finds the gap again."""
    dead = {PermissionId(each) for stone in stones for each in stone.permission_ids}
    async with house.storage.unit() as unit:
        grant = await grants.find(unit.connection, grant_id, lock=True)
        if grant is None:
            return False
        moves = await _list_moves(house, unit, grant, dead, highest=max(stone.version for stone in stones))
        ended = [(change, await _record(house, unit, change, kind)) for kind, change in moves]
        if ended:
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
    return (await house.record_change(unit, change, Actor.system(), kind=kind))[1]
