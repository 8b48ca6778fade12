"""The stand-ins for time and randomness keep the promises of the real ones, and are steerable beside."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.terms.clock import Clock, SystemClock
from gateway.terms.entropy import Entropy, SystemEntropy
from gateway.terms.ids import DIGITS, new_id
from tests.stand_ins.clock import START, ManualClock
from tests.stand_ins.entropy import SeededEntropy

CLOCKS: list[Clock] = [SystemClock(), ManualClock()]
SOURCES: list[Entropy] = [SystemEntropy(), SeededEntropy()]


@pytest.mark.parametrize("a_clock", CLOCKS, ids=["system", "manual"])
def test_times_are_aware_and_never_run_backwards(a_clock: Clock) -> None:
    """`now` is in UTC, and a later reading of either clock is no earlier."""
    first, first_boot = a_clock.now(), a_clock.boottime()
    assert first.tzinfo is UTC
    assert a_clock.boottime() >= first_boot > 0
    assert a_clock.now() >= first


@pytest.mark.parametrize("source", SOURCES, ids=["system", "seeded"])
@pytest.mark.parametrize("length_bytes", [0, 1, 16, 32, 33, 100])
def test_tokens_have_their_length_and_do_not_repeat(source: Entropy, length_bytes: int) -> None:
    """A token has the length asked for; long ones never come twice."""
    tokens = [source.token(length_bytes) for _ in range(50)]
    assert {len(token) for token in tokens} == {length_bytes}
    assert len(set(tokens)) == 50 or length_bytes < 16


def test_advancing_moves_both_clocks() -> None:
    """Time passes by seconds or timedelta, for the wall clock and for durations alike."""
    clock = ManualClock()
    clock.advance(90)
    clock.advance(timedelta(days=1))
    assert clock.now() - START == timedelta(days=1, seconds=90)
    assert clock.boottime() == 1000 + 86490


def test_skew_moves_the_wall_only() -> None:
    """An operator who sets the clock back does not change durations."""
    clock = ManualClock()
    clock.skew(timedelta(hours=-2))
    assert clock.now() == START - timedelta(hours=2)
    assert clock.boottime() == 1000


def test_time_does_not_run_backwards_by_accident() -> None:
    """A negative advance and a naive start are mistakes of the test."""
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().advance(-1)
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 1, 1))


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two runs agree; another seed differs; ids made from it have their form."""
    assert SeededEntropy("a").token(40) == SeededEntropy("a").token(40) != SeededEntropy("b").token(40)
    made = new_id("gr", SeededEntropy())
    assert made == new_id("gr", SeededEntropy())
    assert made.startswith("gr_")
    assert len(made) == 25
    assert set(made[3:]) <= set(DIGITS)
