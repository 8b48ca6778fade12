"""Limits: how often something may happen, by GCRA, in one process or shared through Redis; the same answers from both.

A door that guards a secret asks `wait_seconds` before it compares, calls `count` for each wrong guess, and asks again
before it says that a guess was right: what was tried meanwhile, beside it, counts too, and the rightful caller, who
never guesses, pays nothing however many calls run at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.terms.clock import Clock
from gateway.terms.instants import microseconds
from gateway.terms.refusal import Refusal

MOST_KEYS = 100_000
_SECOND = 1_000_000
_log = structlog.get_logger(__name__)
_LOST = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Limit:
    """`times` at once, then one more for each part of `within` that passes; all of them again after the whole.

    Args:
        times: at least 1.
        within: at least a microsecond for each time.
    """

    times: int
    within: timedelta

    @property
    def within_us(self) -> int:
        """The whole span in microseconds."""
        return self.within // timedelta(microseconds=1)

    @property
    def interval_us(self) -> int:
        """After how many microseconds one more is free."""
        return self.within_us // self.times


class Limits(Protocol):
    """Counts what happened under a key. A key is any text; only its hash is kept."""

    async def wait_seconds(self, key: str, limit: Limit) -> int:
        """Return after how many seconds the next is free: 0 is now."""
        ...

    async def count(self, key: str, limit: Limit) -> None:
        """Count one, also where it was over the limit; the wait never grows past one interval."""
        ...


async def check_pace(limits: Limits, paces: Mapping[str, Limit], detail: str = "") -> None:
    """Count one under each key, or nothing where one of them has none free: who is refused uses up nobody's share.

    Args:
        limits: where is counted.
        paces: the limit of each key.
        detail: what the caller is told.

    Raises:
        Refusal: `limited`, with the longest wait.
    """
    wait = max([await limits.wait_seconds(key, limit) for key, limit in paces.items()])
    if wait:
        _log.warning("limited", what=detail, wait_seconds=wait)
        raise Refusal("limited", detail, retry_after_seconds=wait)
    for key, limit in paces.items():
        await limits.count(key, limit)


class LocalLimits:
    """Limits of this process, lost when it ends.

    Args:
        clock: its boot-time reading is used: setting the wall clock frees nobody.
        most_keys: how many keys are kept; beyond it those that are nearest to being free are forgotten first.
    """

    def __init__(self, clock: Clock, *, most_keys: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most_keys = most_keys
        self._full_at: dict[bytes, int] = {}

    def __len__(self) -> int:
        """Count the keys that are kept."""
        return len(self._full_at)

    async def wait_seconds(self, key: str, limit: Limit) -> int:
        """Return after how many seconds the next is free: 0 is now."""
        now = self._now()
        return _wait(self._find(_digest(key), limit, now), limit, now)

    async def count(self, key: str, limit: Limit) -> None:
        """Count one, also where it was over the limit; the wait never grows past one interval."""
        now, digest = self._now(), _digest(key)
        full_at = self._find(digest, limit, now)
        if digest not in self._full_at and len(self._full_at) >= self._most_keys:
            self._forget(now)
        self._full_at[digest] = min(full_at + limit.interval_us, now + limit.within_us)

    def _now(self) -> int:
        return int(self._clock.boottime() * _SECOND)

    def _find(self, digest: bytes, limit: Limit, now: int) -> int:
        return min(max(self._full_at.get(digest, now), now), now + limit.within_us)

    def _forget(self, now: int) -> None:
        """Forget what is free again, and if that is not enough the tenth that is nearest to it."""
        self._full_at = {digest: full_at for digest, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) >= self._most_keys:
            kept = sorted(self._full_at.items(), key=lambda pair: pair[1])
            self._full_at = dict(kept[self._most_keys // 10 + 1 :])


class RedisLimits:
    """Limits that replicas share. Redis keeps nothing whose loss lets a guess through that this process has seen.

    Each count is also kept in a local twin, and the longer wait of the two stands; so a Redis that is away, flushed or
    failed over leaves the limits of one process, never none.

    Args:
        redis: with its own time-outs set; a call that fails is not tried again here.
        clock: its wall-clock reading is shared by the replicas.
    """

    def __init__(self, redis: Redis, clock: Clock, *, prefix: str = "quyen:limit:") -> None:
        self._redis = redis
        self._clock = clock
        self._prefix = prefix.encode()
        self._twin = LocalLimits(clock)
        self._script = redis.register_script(_LUA)
        self._is_lost = False

    async def wait_seconds(self, key: str, limit: Limit) -> int:
        """Return after how many seconds the next is free: 0 is now."""
        shared = await self._run(key, limit, is_counted=False)
        return max(shared, await self._twin.wait_seconds(key, limit))

    async def count(self, key: str, limit: Limit) -> None:
        """Count one, also where it was over the limit; the wait never grows past one interval."""
        await self._twin.count(key, limit)
        await self._run(key, limit, is_counted=True)

    async def _run(self, key: str, limit: Limit, *, is_counted: bool) -> int:
        """Run the script; where Redis does not answer, 0: the twin alone decides."""
        now = microseconds(self._clock.now())
        arguments: list[Any] = [now, limit.interval_us, limit.within_us, int(is_counted)]
        try:
            full_at = int(await self._script(keys=[self._prefix + _digest(key)], args=arguments))
        except _LOST as error:
            self._note(is_lost=True, kind=type(error).__name__)
            return 0
        self._note(is_lost=False)
        return _wait(full_at, limit, now)

    def _note(self, *, is_lost: bool, kind: str = "") -> None:
        """Say once that Redis went, and once that it is back: not for each call of the time between."""
        if is_lost and not self._is_lost:
            _log.warning("Redis gives no answer: each process counts by itself", kind=kind)
        elif self._is_lost and not is_lost:
            _log.info("Redis answers again: limits are shared")
        self._is_lost = is_lost


def _wait(full_at: int, limit: Limit, now: int) -> int:
    """Return whole seconds, rounded up, until one more stays within the limit (GCRA's theoretical arrival time)."""
    return max(0, -((now + limit.within_us - full_at - limit.interval_us) // _SECOND))


def _digest(key: str) -> bytes:
    """Return a key of fixed size: what an outsider sends may be long, and is nobody's business in a memory dump."""
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


# Redis' Lua counts in doubles: microseconds since 1970 stay exact until the year 2255, but only `%.0f` writes them so.
_LUA = """
local now, interval, within = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
full_at = math.min(math.max(full_at, now), now + within)
if ARGV[4] == '1' then
  full_at = math.min(full_at + interval, now + within)
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1000)
end
return string.format('%.0f', full_at)
"""
