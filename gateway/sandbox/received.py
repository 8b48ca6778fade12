"""What reached the platform: a bounded log in memory, for tests that prove what did and did not arrive."""

from collections import deque
from dataclasses import dataclass

from gateway.terms.clock import Clock

LIMIT_ENTRIES = 5_000
LIMIT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Arrival:
    """One request as it came; `n` counts from 1 and never repeats, `target` is raw and without the prefix."""

    n: int
    at: str
    method: str
    target: str
    headers: dict[str, str]
    body: str


class ReceivedLog:
    """The newest arrivals; the oldest go first when there are too many of them or of their bytes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Arrival] = deque()
        self._count = self._bytes = 0

    def add(self, method: str, target: str, *, headers: dict[str, str], body: bytes) -> None:
        """Record one request, before anything is answered."""
        self._count += 1
        at = self._clock.now().isoformat(timespec="milliseconds")
        self._kept.append(Arrival(self._count, at, method, target, headers, body.decode("utf-8", "replace")))
        self._bytes += len(target) + len(body)
        while len(self._kept) > LIMIT_ENTRIES or self._bytes > LIMIT_BYTES:
            oldest = self._kept.popleft()
            self._bytes -= len(oldest.target) + len(oldest.body)

    def list_after(self, n: int) -> list[Arrival]:
        """The arrivals numbered above `n`, oldest first."""
        return [arrival for arrival in self._kept if arrival.n > n]
