"""Time as an argument: `now` for what is written down and judged, `boottime` for durations that guard something."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the gateway reads time."""

    def now(self) -> datetime:
        """Return the aware UTC wall-clock time."""
        ...

    def boottime(self) -> float:
        """Return seconds since boot; it goes on while the machine sleeps, unlike `time.monotonic`."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the aware UTC wall-clock time."""
        return datetime.now(UTC)

    def boottime(self) -> float:
        """Return seconds since boot."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


class ForwardClock:
    """A clock that is never set back: what time has ended would else live again (I4).

    While the machine's wall clock stands behind what was read before, time goes on by its boot-time clock.

    Args:
        source: the machine's clocks.
    """

    def __init__(self, source: Clock) -> None:
        self._source = source
        self._reading = source.now(), source.boottime()

    def now(self) -> datetime:
        """Return the wall-clock time, or what it would be if nobody had set it back."""
        wall, boottime = self._source.now(), self._source.boottime()  # in this order a pause in between adds no lead
        then, then_boottime = self._reading
        due = then + timedelta(seconds=boottime - then_boottime)
        if wall < due:
            return due
        self._reading = wall, boottime
        return wall

    def boottime(self) -> float:
        """Return seconds since boot."""
        return self._source.boottime()

    def note_past(self, moment: datetime) -> timedelta:
        """Learn of a moment that has passed, from what an earlier process wrote down.

        Returns:
            How far the clock stood behind it; zero or less: it did not.
        """
        behind = moment - self.now()
        if behind > timedelta(0):
            self._reading = moment, self._source.boottime()
        return behind
