"""How often each ask of a grant was used, and how often a call was stopped for want of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.grant_states import changed_at, state_of
from gateway.records.grants.types import Grant
from gateway.records.trace import store as trace
from gateway.terms.ids import AskId


@dataclass(frozen=True, slots=True)
class Use:
    """What the trace says about one ask; `blocked` counts since the ask came into its present state."""

    calls: int = 0
    last_at: datetime | None = None
    blocked: int = 0


async def read_usage(door: PersonDoor, grant: Grant, since: datetime) -> Mapping[AskId, Use]:
    """Count the calls of a grant since a moment, and those stopped since each of its asks was paused or ended."""
    now = door.now()
    closed = {p.ask_id: changed_at(p, now) for p in grant.permissions if state_of(p, now) != "granted"}
    async with door.house.storage.read() as connection:
        used = await trace.count_by_ask(connection, [grant.id], since)
        blocked = await trace.count_refused(connection, grant.id, closed)
    counts = {p.ask_id: used.get((grant.id, p.ask_id), (0, None)) for p in grant.permissions}
    return {ask_id: Use(calls, last_at, blocked.get(ask_id, 0)) for ask_id, (calls, last_at) in counts.items()}
