"""Instants on paper: exact, in UTC, and the same both ways."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.terms.instants import is_credible, microseconds, moment_of, write_instant

HANOI = timezone(timedelta(hours=7))
MOMENT = datetime(2026, 11, 21, 9, 0, 0, 1, tzinfo=HANOI)


def test_times_are_whole_microseconds_of_utc() -> None:
    """Exact both ways, whatever the zone; a naive time is a bug."""
    assert moment_of(microseconds(MOMENT)) == MOMENT
    assert microseconds(MOMENT + timedelta(microseconds=1)) - microseconds(MOMENT) == 1
    with pytest.raises(TypeError):
        microseconds(datetime(2026, 11, 21))


@pytest.mark.parametrize("year,credible", [(1, 0), (1970, 0), (1999, 0), (2000, 1), (2026, 1), (2999, 1), (9000, 0)])
def test_what_no_gateway_can_have_meant_is_told(year: int, credible: int) -> None:
    """Years before there was one, and years that nobody plans for, come from rows that were changed."""
    assert is_credible(datetime(year, 6, 1, tzinfo=UTC)) is bool(credible)


def test_what_leaves_is_utc_to_the_microsecond() -> None:
    """Every instant has the same length and zone, also one of a whole second."""
    assert write_instant(MOMENT) == "2026-11-21T02:00:00.000001Z"
    assert write_instant(datetime(2026, 11, 21, tzinfo=UTC)) == "2026-11-21T00:00:00.000000Z"
