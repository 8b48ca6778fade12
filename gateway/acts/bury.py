"""Bury: at start and after a restore, end again what the tombstone journal says had ended (I4)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from gateway.acts import House, Transition
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.journal import Tombstone
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.types import Change, Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import GrantId, PermissionId
from gateway.terms.refusal import Refusal


@shielded
async def bury(house: House, stones: Sequence[Tombstone]) -> int:
    """Apply the journal: end what it names; where it knows a later version, the rest waits to be confirmed.

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
    dead = {PermissionId(each) for stone in stones for each in stone.permission_ids}
    highest = max(stone.version for stone in stones)
    async with house.storage.unit() as unit:
        grant = await grants.find(unit.connection, grant_id, lock=True)
        if grant is None:
            return False
        has_gap = grant.version < highest
        if has_gap:
            await grants.raise_version(unit.connection, grant_id, highest)
            await unit.commit()
    kinds: list[tuple[Kind, Transition]] = [(Kind.BURIED, partial(_end_named, dead))]
    if has_gap:
        kinds.append((Kind.RECONFIRM, transitions.lapse))
    return any([await _record(house, grant_id, kind, transition) for kind, transition in kinds])


def _end_named(dead: set[PermissionId], grant: Grant, now: datetime) -> Change:
    return transitions.bury(grant, dead, now)


async def _record(house: House, grant_id: GrantId, kind: Kind, transition: Transition) -> bool:
    try:
        await house.change_grant(grant_id, Actor.system(), kind=kind, transition=transition)
    except Refusal:
        return False
    return True
