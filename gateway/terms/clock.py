"""Time as an argument: `now` for what is written down and judged, `boottime` for durations that guard something."""

import time
from datetime import UTC, datetime
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
