"""Time and randomness that a test controls."""

import hashlib
from datetime import UTC, datetime, timedelta


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def boottime(self) -> float:
        """Return seconds since boot."""
        return self._now.timestamp()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class CountedEntropy:
    """Digests of a counter."""

    def __init__(self) -> None:
        self._drawn = 0

    def token(self, length_bytes: int) -> bytes:
        """Return the next bytes."""
        self._drawn += 1
        return hashlib.shake_256(str(self._drawn).encode()).digest(length_bytes)
