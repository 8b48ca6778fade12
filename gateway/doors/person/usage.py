"""How often each ask of a grant was used, and how often a call was stopped for want of it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from gateway.doors.person.door import PersonDoor
from gateway.records.grants.types import Grant
from gateway.records.trace import store as trace
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AskId

MOST_LINES = 2000
"""Lines read for one page; a grant that is busier shows at least so many."""


@dataclass(slots=True)
class Use:
    """What the trace says about one ask."""

    calls: int = 0
    last_at: datetime | None = None
    blocked_at: list[datetime] = field(default_factory=list)

    def blocked_since(self, moment: datetime) -> int:
        """Count the calls that were stopped after a moment."""
        return sum(at >= moment for at in self.blocked_at)


async def read_usage(door: PersonDoor, grant: Grant, since: datetime) -> dict[AskId, Use]:
    """Read the newest lines of a grant since a moment and count them by ask."""
    wanted = trace.Filter(grant_ids=[grant.id], since=since)
    async with door.house.storage.read() as connection:
        lines = await trace.list_lines(connection, wanted, MOST_LINES)
    usage: defaultdict[AskId, Use] = defaultdict(Use)
    for line in lines:
        for ask_id in line.line.ask_ids:
            use = usage[ask_id]
            if line.ending is not None and line.ending.outcome is Outcome.REFUSED:
                use.blocked_at.append(line.line.opened_at)
                continue
            use.calls += 1
            use.last_at = use.last_at or line.line.opened_at
    return dict(usage)
