"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


class ManualClock:
    """Satisfies `gateway.terms.clock.Clock`; both readings move together unless the wall clock is skewed on purpose."""

    def __init__(self, now: datetime = START, boottime_seconds: float = 1000.0) -> None:
        if now.tzinfo is None:
            raise ValueError("the gateway's times are aware")
        self._now = now.astimezone(UTC)
        self._boottime = boottime_seconds

    def now(self) -> datetime:
        """Return the aware UTC wall-clock time."""
        return self._now

    def boottime(self) -> float:
        """Return seconds since boot."""
        return self._boottime

    def advance(self, by: timedelta | float) -> datetime:
        """Let `by` pass (seconds, where it is a number) and return the new time."""
        passed = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if passed < timedelta(0):
            raise ValueError("time does not run backwards; to skew the wall clock, call skew()")
        self._now += passed
        self._boottime += passed.total_seconds()
        return self._now

    def skew(self, by: timedelta) -> datetime:
        """Move only the wall clock, either way, as an operator or NTP does; `boottime` does not notice."""
        self._now += by
        return self._now
