"""The hour's limit on GETs, for each shop; it starts anew with each clock hour, as the platform's may or may not."""

from collections import Counter
from datetime import datetime

from gateway.sandbox.kiotviet.errors import KiotError


class HourLimit:
    """GETs of each shop in the running hour."""

    def __init__(self) -> None:
        self._hour: datetime | None = None
        self._used: Counter[str] = Counter()

    def count(self, retailer: str, now: datetime, *, limit: int) -> None:
        """Count one GET, or refuse it."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour, self._used = hour, Counter()
        self._used[retailer] += 1
        if self._used[retailer] > limit:
            raise KiotError("limit", "Vượt quá số lần gọi API cho phép trong một giờ")
