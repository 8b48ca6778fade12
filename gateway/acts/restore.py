"""Restore: the database was put back to an earlier state; make it safe to serve (I4)."""

from dataclasses import asdict, dataclass

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.families import store as families
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft


@dataclass(frozen=True, slots=True)
class Gap:
    """What was lost of the log: its size as it was put back, and that of the newest checkpoint signed before."""

    restored_size: int
    signed_size: int

    @property
    def records_lost(self) -> int:
        """Return how many records were signed and are no longer there."""
        return max(self.signed_size - self.restored_size, 0)


@shielded
async def restore(house: House, actor: Actor, gap: Gap) -> int:
    """End every token, for nobody knows which were given back in the gap, and record that the log goes on from here.

    Tombstones, newer upstream credentials and destroyed keys were applied when the house was opened. What was signed
    beyond the restored log stays signed and is kept outside; the record names its size, so that a stranger who holds
    such a checkpoint finds the explanation.

    Returns:
        How many families of tokens ended.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        ended = await families.end_every(unit.connection, now)
        facts = {**asdict(gap), "families_ended": ended}
        await house.ledger.append(unit.connection, Draft(Kind.RESTORED, now, actor, facts))
        await unit.commit()
    await house.ledger.publish()
    return ended
