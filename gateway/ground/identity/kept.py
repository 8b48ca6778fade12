"""A value fetched from the provider and kept: one asker at a time, anew when old, not at once after a failure."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from gateway.ground.identity.wire import IDENTITY
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal, Unavailable

PAUSE_SECONDS: Final = 5.0
T = TypeVar("T")


class Kept(Generic[T]):
    """One value.

    Args:
        fetch: gets it; what it raises is passed on.
        clock: by whose boot time it gets old, for wall clocks jump.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._value: tuple[T, float] | None = None
        self._failed_at: float | None = None
        self._lock = asyncio.Lock()

    async def get(self, old_seconds: float) -> T:
        """Return the value, at most so old.

        Raises:
            Unavailable: it could not be had, now or some seconds ago: a silent provider makes nobody queue.
            Refusal: as `fetch` says.
        """
        async with self._lock:
            now = self._clock.boottime()
            if self._value is not None and now - self._value[1] <= old_seconds:
                return self._value[0]
            if self._failed_at is not None and now - self._failed_at < PAUSE_SECONDS:
                raise Unavailable(IDENTITY)
            try:
                value = await self._fetch()
            except (Refusal, Unavailable):
                self._failed_at = self._clock.boottime()
                raise
            self._value, self._failed_at = (value, self._clock.boottime()), None
            return value
