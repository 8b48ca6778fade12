"""The app's call limit: a count that starts anew each minute, told in two headers (facts A6)."""

from datetime import datetime


class MinuteLimit:
    """Calls of the one app in the running minute."""

    def __init__(self) -> None:
        self._minute: datetime | None = None
        self._used = 0

    def count(self, now: datetime, limit: int) -> int:
        """Count one call; returns how many remain, -1 when this one was too many."""
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        return max(limit - self._used, -1)


def limit_headers(limit: int, remaining: int) -> dict[str, str]:
    """`X-RateLimit-Limit` and `X-RateLimit-Remain`."""
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": str(max(remaining, 0))}
