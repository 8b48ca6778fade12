"""The trace line of a call: opened before a byte may go upstream, closed as the answer goes out, never holding data."""

import logging

from gateway.authority.facts import TokenFacts
from gateway.doors.calls.dialects import Renderer, status_of
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.incoming import CallerGone, Incoming
from gateway.ground.storage.storage import shielded
from gateway.platforms import Trouble
from gateway.records.trace.types import CALL_NOT_OPENED, OUTCOME_UNKNOWN, Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import AskId, TraceId, new_id
from gateway.terms.refusal import Refusal, Unavailable
from scopes import Route

_LOG = logging.getLogger(__name__)
_FAILURES = frozenset({"upstream_failed", "upstream_timeout", "upstream_malformed", "connection_lost"})


def line_of(
    door: CallsDoor, incoming: Incoming, route: Route, *, facts: TokenFacts, ask_ids: tuple[AskId, ...]
) -> Line:
    """Return the line of a call whose token is known."""
    return Line(
        id=TraceId(new_id("tr", door.house.entropy)),
        request_id=incoming.request_id,
        app_id=facts.app_id,
        grant_id=facts.grant_id,
        account_id=facts.account_id,
        family_id=facts.family_id,
        platform=route.platform_id,
        route=route.id,
        ask_ids=ask_ids,
        opened_at=door.house.clock.now(),
    )


def ending_of(
    error: BaseException, upstream_status: int | None, *, is_cut: bool, render: Renderer, was_written: bool = False
) -> Ending:
    """Say how a call ended that was not answered as the platform answered.

    `was_written`: it was a write, and sent off: without a whole answer after that, it may have been done all the same.
    """
    code = _code_of(error)
    is_refused = isinstance(error, Refusal) and code not in _FAILURES
    is_unknown = was_written and (not isinstance(error, Refusal) or error.facts.get("outcome") == "unknown")
    outcome = Outcome.CUT if is_cut else Outcome.REFUSED if is_refused else Outcome.FAILED
    reason = OUTCOME_UNKNOWN if is_unknown else CALL_NOT_OPENED if _is_not_opened(error) else code
    return Ending(outcome, reason, status_of(code, render), upstream_status, 0, 0)


def _code_of(error: BaseException) -> str:
    if isinstance(error, Refusal | Unavailable):
        return error.reason
    return "caller_gone" if isinstance(error, CallerGone) else "internal"


def _is_not_opened(error: BaseException) -> bool:
    """Whether the platform opens this call to the account no more, whatever else it opens (ADR 0042)."""
    return isinstance(error, Refusal) and error.facts.get("trouble") is Trouble.PERMISSION_LOST


class Entry:
    """One open line of a call whose refusals are told by `render`."""

    def __init__(self, trace: TraceWriter, line: Line, render: Renderer) -> None:
        self._trace = trace
        self._line = line
        self._render = render

    async def close(self, ending: Ending) -> None:
        """Write how the call ended; a hang-up of the caller does not stop it.

        A database that takes no more writes leaves the line open, which reads as "under way or killed": the call's
        effect is real, and hiding its answer would not undo it.
        """
        try:
            await _close(self._trace, self._line.id, ending)
        except Unavailable:
            _LOG.warning("trace line %s stays open: the database does not take it", self._line.id)

    async def close_for(
        self, error: BaseException, upstream_status: int | None, *, is_cut: bool, was_written: bool
    ) -> None:
        """Close the line of a call that failed, was refused at the last check, or was cut."""
        ending = ending_of(error, upstream_status, is_cut=is_cut, render=self._render, was_written=was_written)
        await self.close(ending)


@shielded
async def _close(trace: TraceWriter, trace_id: TraceId, ending: Ending) -> None:
    await trace.close(trace_id, ending)
