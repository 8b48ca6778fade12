"""Seal the trace: what was called enters the grant log, many lines under one root (I2)."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.ledger.batches import root_of
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.trace import batches

MOST_LINES = 1000


@shielded
async def seal_trace(house: House) -> int:
    """Record the root over the lines that are over and in no batch yet.

    Returns:
        How many lines; `MOST_LINES` says that more may wait.

    Raises:
        Unavailable: nothing was sealed; the next time takes these lines too.
        AssertionError: another sealer took a line meanwhile; nothing was sealed.
    """
    async with house.storage.exclusive("seal trace"), house.storage.unit() as unit:
        now = house.clock.now()
        lines = await batches.list_waiting(unit.connection, now, MOST_LINES)
        if not lines:
            return 0
        facts = {"lines": len(lines), "root": root_of(lines).hex(), "first": lines[0]["id"], "last": lines[-1]["id"]}
        recorded = await house.ledger.append(unit.connection, Draft(Kind.TRACE_BATCH, now, Actor.system(), facts))
        if await batches.mark(unit.connection, [line["id"] for line in lines], recorded.seq) != len(lines):
            raise AssertionError("lines are sealed under their lock only")
        await unit.commit()
    await house.ledger.publish()
    return len(lines)
