"""A clock that is never set back, whatever happens to the machine's."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.terms.clock import ForwardClock
from tests.stand_ins.clock import START, ManualClock

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
WAYS = st.lists(
    st.tuples(st.sampled_from(["passes", "is set"]), st.integers(-(10**13), 10**13).map(lambda n: n * MICROSECOND)),
    max_size=30,
)


def test_it_is_the_machine_s_clock_while_nobody_sets_that_back() -> None:
    """Time that passes and a jump forward are taken as they are."""
    machine = ManualClock()
    clock = ForwardClock(machine)
    for step in (timedelta(0), HOUR, MICROSECOND):
        assert machine.advance(step) == clock.now()
        assert machine.skew(step) == clock.now()
        assert machine.boottime() == clock.boottime()


def test_set_back_it_goes_on_as_if_nothing_had_happened() -> None:
    """It neither goes back nor stands still; when the machine's clock is ahead again, that counts."""
    machine = ManualClock()
    clock = ForwardClock(machine)
    machine.skew(-5 * HOUR)
    assert clock.now() == START
    machine.advance(HOUR)
    assert clock.now() == START + HOUR
    machine.skew(-HOUR)
    machine.advance(HOUR)
    assert clock.now() == START + 2 * HOUR
    machine.skew(7 * HOUR)
    assert clock.now() == machine.now() == START + 3 * HOUR


@given(WAYS)
def test_it_never_goes_back_nor_falls_behind(ways: list[tuple[str, timedelta]]) -> None:
    """After any settings of the machine's clock: as much has passed as the machine was up, or more, and no less."""
    machine = ManualClock()
    clock = ForwardClock(machine)
    before = clock.now()
    for way, by in ways:
        passed = abs(by) if way == "passes" else timedelta(0)
        machine.advance(passed) if way == "passes" else machine.skew(by)
        now = clock.now()
        assert now >= before + passed - MICROSECOND  # the boot-time clock is read as a float
        assert now >= machine.now()
        before = now


@pytest.mark.parametrize("ahead", [HOUR, timedelta(0), -HOUR])
def test_a_moment_that_has_passed_is_not_passed_again(ahead: timedelta) -> None:
    """What an earlier process wrote down is the least that the time can be; by how much it was missed is told."""
    machine = ManualClock()
    clock = ForwardClock(machine)
    assert clock.note_past(START + ahead) == ahead
    assert clock.now() == max(START, START + ahead)
    machine.advance(HOUR)
    assert clock.now() == max(START, START + ahead) + HOUR
