"""Export: an operator takes a copy of what the log and the trace say. Recorded before the first line goes out."""

from dataclasses import dataclass

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.reasons import Reason
from gateway.records.ledger.types import Actor, Draft
from gateway.terms.ids import RecordId


@dataclass(frozen=True, slots=True)
class Export:
    """What is taken: in which format, by which query (which may name someone), why."""

    format: str
    query: str
    reason: Reason


@shielded
async def record_export(house: House, operator: Actor, export: Export, *, request_id: str = "") -> RecordId:
    """Record that an export begins: its format in the open, reason and query sealed.

    Returns:
        The record's id.
    """
    async with house.storage.unit() as unit:
        parts = await house.parts_about(unit, operator, {"reason": export.reason.text, "query": export.query})
        now = house.clock.now()
        draft = Draft(Kind.EXPORTED, now, operator, {"format": export.format}, request_id=request_id, parts=parts)
        recorded = await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return recorded.record_id
