"""A trace line: who did what, when, under which asks; never the data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.terms.ids import AccountId, AppId, AskId, FamilyId, GrantId, TraceId

OUTCOME_UNKNOWN = "outcome_unknown"
"""The reason of a write that was sent off and has no whole answer, cut or not: the platform may have done it."""

PLATFORM_REFUSED = "platform_refused"
"""The reason of a call that the platform opens to the account, and said no to."""
CALL_NOT_OPENED = "call_not_opened"
"""The reason of a call that the platform does not open to the account, whatever else it opens (ADR 0042)."""
NOT_SENT = "not_sent"
"""The reason of what was made ready to be sent and never was: no call, so no count of calls counts it."""


class Outcome(StrEnum):
    """How a call ended, as people read it."""

    OPEN = "open"
    PASSED = "passed"
    REFUSED = "refused"
    FAILED = "failed"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Line:
    """What is known when a line opens.

    `route` is the catalogue's id of the route; `ask_ids` are the asks used (or missing, for a refusal), by name.
    """

    id: TraceId
    request_id: str
    app_id: AppId | None
    grant_id: GrantId | None
    account_id: AccountId | None
    family_id: FamilyId | None
    platform: str
    route: str
    ask_ids: tuple[AskId, ...]
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a line closes: the answer's status, how many people it was about, how much was withheld.

    `by_evidence` is how many of the people were in it by a consent that was brought in (ADR 0039).
    """

    outcome: Outcome
    reason: str | None
    status: int
    upstream_status: int | None
    subjects: int
    withheld: int
    by_evidence: int = 0


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """A line as it is read back; `ending` is None while a call is under way (or was killed)."""

    line: Line
    ending: Ending | None
    closed_at: datetime | None

    @property
    def id(self) -> TraceId:
        """Which line it is."""
        return self.line.id

    @property
    def at(self) -> datetime:
        """Where it stands among other lines and records."""
        return self.line.opened_at
