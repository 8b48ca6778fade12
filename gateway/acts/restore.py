"""Restore: the database was put back to an earlier state; make it safe to serve (I4)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.journal import SealedCredential
from gateway.records.accounts import store as accounts
from gateway.records.families import store as families
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft


@dataclass(frozen=True, slots=True)
class Gap:
    """What was lost of the log: its size as it was put back, and that of the newest checkpoint signed before."""

    restored_size: int
    signed_size: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: families ended, credentials taken from the journal, and how much of the log was lost."""

    families_ended: int
    credentials_adopted: int
    records_lost: int


@shielded
async def restore(house: House, actor: Actor, credentials: Sequence[SealedCredential], *, gap: Gap) -> Restored:
    """End every token, take over the newest upstream credentials, and record that the log goes on from here.

    The tombstones were applied when the house was opened. What was signed beyond the restored log stays signed and is
    kept outside; the record names its size, so that a stranger who holds such a checkpoint finds the explanation.

    Args:
        house: the parts that acts work with.
        actor: who put the database back.
        credentials: the journal's, oldest first; only newer generations than the database's count.
        gap: how much of the log was lost.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        ended = await families.end_every(unit.connection, now)
        adopted = 0
        for each in credentials:
            adopted += await accounts.adopt_credential(
                unit.connection, each.connection_id, generation=each.version, sealed_credential=each.sealed, now=now
            )
        facts = {**asdict(gap), "families_ended": ended, "credentials": adopted}
        await house.ledger.append(unit.connection, Draft(Kind.RESTORED, now, actor, facts))
        await unit.commit()
    await house.ledger.publish()
    return Restored(ended, adopted, max(gap.signed_size - gap.restored_size, 0))
