"""What the address of the trace asks for: an app, an account, a result, a first day, a page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Self

from multidict import MultiMapping

from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.trace_rows import OUTCOMES
from gateway.ground.web.cursors import read_moment
from gateway.ground.web.local import HANOI


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """`?app=&account=&outcome=&after=&cursor=`, as typed and as read; what is "" leaves a field open.

    `error` says what of it is not known: of a day that is none everything else still holds, of anything else nothing.
    """

    app_id: str
    account_id: str
    outcome: str
    day: str
    since: datetime | None
    before: tuple[datetime, str] | None
    error: Literal["", "bad_day", "bad_outcome", "bad_cursor"]

    @classmethod
    def read(cls, query: MultiMapping[str]) -> Self:
        """Read it."""
        app_id, account_id, outcome, day = (query.get(name, "") for name in ("app", "account", "outcome", "after"))
        raw_cursor = query.get("cursor", "")
        since, before = _read_day(day), read_moment(raw_cursor)
        error: Literal["", "bad_day", "bad_outcome", "bad_cursor"] = ""
        if outcome and outcome not in OUTCOMES:
            error = "bad_outcome"
        elif raw_cursor and before is None:
            error = "bad_cursor"
        elif day and since is None:
            error = "bad_day"
        return cls(app_id, account_id, outcome, day, since, before, error)

    @property
    def is_understood(self) -> bool:
        """Whether anything can be listed by it."""
        return self.error in {"", "bad_day"}

    @property
    def is_of_calls(self) -> bool:
        """Whether only calls can be meant: a look has neither app nor account nor result."""
        return bool(self.app_id or self.account_id or self.outcome)

    def is_about(self, own: OwnGrant) -> bool:
        """Say whether calls under a grant are meant."""
        return self.app_id in {"", own.app.id} and self.account_id in {"", own.account.id}


def _read_day(typed: str) -> datetime | None:
    """Read dd/mm/yyyy as the first moment of that day in Hanoi; None for anything else."""
    try:
        return datetime.strptime(typed.strip(), "%d/%m/%Y").replace(tzinfo=HANOI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
