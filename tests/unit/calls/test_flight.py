"""A flight that was cut lets nothing follow, wherever it was."""

import asyncio

import pytest

from gateway.doors.calls.flight import CallCut, Flight


class Line:
    """Stands for both ends of a call: counts how often they were ended."""

    def __init__(self) -> None:
        self.aborted = 0
        self.hung_up = 0
        self.flights: list[Flight] = []

    def abort(self) -> None:
        """End the platform's side."""
        self.aborted += 1

    def hang_up(self) -> None:
        """End the app's side."""
        self.hung_up += 1


async def fly_and_cut(line: Line, *, is_sent: bool, is_answering: bool) -> Flight:
    """Bring a flight to a point, cut it, and wait to be woken."""
    async with asyncio.timeout(None) as deadline:
        flight = Flight(deadline, line.hang_up)
        flight.begin_attempt()
        if is_sent:
            flight.hold(line)  # type: ignore[arg-type]
        if is_answering:
            flight.begin_answer()
        line.flights.append(flight)
        asyncio.get_running_loop().call_soon(flight.cut)
        await asyncio.wait_for(asyncio.Event().wait(), 10)
    return flight


@pytest.mark.parametrize(
    "is_sent,is_answering,aborted,hung_up", [(False, False, 0, 0), (True, False, 1, 0), (True, True, 1, 1)]
)
async def test_a_cut_ends_both_sides_and_wakes_the_call(
    is_sent: bool,  # noqa: FBT001
    is_answering: bool,  # noqa: FBT001
    aborted: int,
    hung_up: int,
) -> None:
    """What was sent is aborted, an answer under way is hung up on, and the task does not wait on."""
    line = Line()
    with pytest.raises(TimeoutError):
        await fly_and_cut(line, is_sent=is_sent, is_answering=is_answering)
    assert (line.aborted, line.hung_up) == (aborted, hung_up)
    assert (line.flights[0].is_cut, line.flights[0].is_sent) == (True, is_sent)


async def test_a_cut_before_the_answer_forbids_it() -> None:
    """The answer was ready, and its task had not run yet, when the act cut the call."""
    line = Line()
    async with asyncio.timeout(None) as deadline:  # noqa: ASYNC100 - cut and answer in one turn of the loop
        flight = Flight(deadline, line.hang_up)
        flight.cut()
        with pytest.raises(CallCut):
            flight.begin_answer()
    assert line.hung_up == 0
