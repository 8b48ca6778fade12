"""How the line of a call ends that was not answered as the platform answered."""

import asyncio

import pytest

from gateway.doors.calls.dialects import render_problem
from gateway.doors.calls.incoming import CallerGone
from gateway.doors.calls.tracing import ending_of
from gateway.ground.storage.failures import DiskFull
from gateway.records.trace.types import OUTCOME_UNKNOWN, Outcome
from gateway.terms.refusal import Refusal, Unavailable


@pytest.mark.parametrize(
    "error, outcome, reason, status",
    [
        (Refusal("paused"), Outcome.REFUSED, "paused", 403),
        (Refusal("upstream_timeout"), Outcome.FAILED, "upstream_timeout", 504),
        (Unavailable("database"), Outcome.FAILED, "no_verdict", 503),
        (DiskFull("database"), Outcome.FAILED, "no_verdict", 503),  # as the app is told
        (CallerGone(), Outcome.FAILED, "caller_gone", 0),
        (RuntimeError("a bug"), Outcome.FAILED, "internal", 500),
        (asyncio.CancelledError(), Outcome.FAILED, "internal", 500),
    ],
)
def test_a_line_ends_as_the_app_is_told(error: BaseException, outcome: Outcome, reason: str, status: int) -> None:
    """Each kind of no has its own reason, and the status that went out."""
    ending = ending_of(error, 200, is_cut=False, render=render_problem)
    assert (ending.outcome, ending.reason, ending.status, ending.upstream_status) == (outcome, reason, status, 200)


@pytest.mark.parametrize("outcome", ["unknown", "none"])
@pytest.mark.parametrize("was_written", [True, False])
def test_a_write_that_was_sent_off_may_have_been_done(*, was_written: bool, outcome: str) -> None:
    """The reason says so, unless it is known that it was not; the status is what the app got."""
    told = Refusal("paused", outcome=outcome)
    ending = ending_of(told, None, is_cut=True, render=render_problem, was_written=was_written)
    reason = OUTCOME_UNKNOWN if was_written and outcome == "unknown" else "paused"
    assert (ending.outcome, ending.reason, ending.status) == (Outcome.CUT, reason, 403)
