"""What still stands of an account for which nobody may decide any more; no act, but what linking and unlinking end."""

from collections.abc import Iterable

from gateway.acts import House, Settled
from gateway.ground.storage.storage import UnitOfWork
from gateway.records.grants import transitions
from gateway.records.grants.types import Grant
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import FamilyId
from gateway.terms.refusal import Refusal

Lapsed = list[tuple[Settled, list[FamilyId]]]
"""What lapsed, each with the families that ended by it."""


async def lapse_all(house: House, unit: UnitOfWork, held: Iterable[Grant], *, actor: Actor) -> Lapsed:
    """Let what stands of these grants wait to be confirmed anew: nobody decides for their account any more.

    The caller holds their locks, commits, and puts it in force.
    """
    lapsed: Lapsed = []
    for grant in held:
        try:
            change = transitions.lapse(grant, house.clock.now())
        except Refusal:
            continue  # nothing of it stands
        why = Because(Cause.STANDING_LAPSED).to_facts()
        lapsed.append(await house.record_change(unit, change, actor, kind=Kind.RECONFIRM, **why))
    return lapsed
