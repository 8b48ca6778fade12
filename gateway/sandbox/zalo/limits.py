"""Call limits: counts that start anew each minute, told in two headers (facts A6)."""

from datetime import datetime


class MinuteLimit:
    """Calls in the running minute."""

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


class SocialLimits:
    """Calls of the Social API in the running minute: the app's, and each person's."""

    def __init__(self) -> None:
        self.app = MinuteLimit()
        self._people: dict[str, MinuteLimit] = {}

    def of(self, person_id: str) -> MinuteLimit:
        """One person's count; there are as many as seeded people."""
        return self._people.setdefault(person_id, MinuteLimit())


def limit_headers(limit: int, remaining: int) -> dict[str, str]:
    """`X-RateLimit-Limit` and `X-RateLimit-Remain`."""
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": str(max(remaining, 0))}
