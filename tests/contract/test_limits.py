"""Limits by GCRA: one table of vectors that the in-process and the Redis implementation both answer alike."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from gateway.authority.limits import Limit, Limits, LocalLimits, RedisLimits
from tests.services.redis_server import RedisServer
from tests.stand_ins.clock import ManualClock

TEN = Limit(10, timedelta(minutes=15))
KEY = "client-secret so-ban-hang 203.0.113.7"
Step = tuple[float, int, int]

# Each step: let seconds pass, count so often, and the wait in seconds that stands then.
VECTORS: dict[str, tuple[Limit, list[Step]]] = {
    "nothing counted is free": (TEN, [(0, 0, 0)]),
    "the last of the times is free": (TEN, [(0, 9, 0)]),
    "ten at once, then one for each 90 s": (TEN, [(0, 10, 90), (89, 0, 1), (1, 0, 0), (0, 1, 90)]),
    "a part of a second is a whole one to wait": (TEN, [(0, 10, 90), (89.5, 0, 1), (0.5, 0, 0)]),
    "counting over the limit adds no more than one interval": (TEN, [(0, 50, 90), (90, 0, 0)]),
    "all are free again after the whole span": (TEN, [(0, 10, 90), (900, 9, 0), (0, 1, 90)]),
    "a slow drip is never limited": (TEN, [(90, 1, 0)] * 30),
    "one at a time": (Limit(1, timedelta(seconds=2)), [(0, 1, 2), (1.2, 0, 1), (0.8, 0, 0)]),
    "a span that does not divide evenly": (Limit(3, timedelta(seconds=1)), [(0, 2, 0), (0, 1, 1), (0.34, 0, 0)]),
}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Yield a client of the real server that gives up at once."""
    client = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=0.5, socket_connect_timeout=0.5)
    yield client
    await client.aclose()


@pytest.fixture(params=["local", "redis"])
def limits(request: pytest.FixtureRequest, clock: ManualClock) -> Limits:
    """Return each implementation in turn."""
    if request.param == "local":
        return LocalLimits(clock)
    return RedisLimits(request.getfixturevalue("redis"), clock)


@pytest.mark.parametrize("name", VECTORS)
async def test_each_implementation_answers_the_same_vectors(name: str, limits: Limits, clock: ManualClock) -> None:
    """Waits follow from what was counted and from nothing else, in one process as in Redis."""
    limit, steps = VECTORS[name]
    for number, (seconds, counted, wait) in enumerate(steps):
        clock.advance(seconds)
        for _ in range(counted):
            await limits.count(KEY, limit)
        assert await limits.wait_seconds(KEY, limit) == wait, f"step {number}"


async def test_keys_do_not_touch_each_other(limits: Limits) -> None:
    """What one client did leaves every other free."""
    for _ in range(10):
        await limits.count(KEY, TEN)
    assert await limits.wait_seconds(KEY, TEN) == 90
    assert await limits.wait_seconds(KEY + "8", TEN) == 0


async def test_counts_that_run_at_once_all_count(limits: Limits) -> None:
    """Ten counts in one turn of the loop are ten, not one."""
    await asyncio.gather(*(limits.count(KEY, TEN) for _ in range(10)))
    assert await limits.wait_seconds(KEY, TEN) == 90


async def test_a_key_may_be_any_text(limits: Limits) -> None:
    """What a stranger sends as a client id is counted, whatever it holds."""
    key = "\ud800\x00 é" * 1000
    for _ in range(10):
        await limits.count(key, TEN)
    assert await limits.wait_seconds(key, TEN) == 90


async def test_setting_the_wall_clock_frees_nobody_here(clock: ManualClock) -> None:
    """The in-process limits run on the boot-time clock."""
    limits = LocalLimits(clock)
    for _ in range(10):
        await limits.count(KEY, TEN)
    clock.skew(timedelta(days=1))
    assert await limits.wait_seconds(KEY, TEN) == 90
    clock.skew(timedelta(days=-2))
    assert await limits.wait_seconds(KEY, TEN) == 90


async def test_a_wall_clock_set_back_locks_nobody_out_of_redis(redis: Redis, clock: ManualClock) -> None:
    """A mark from the future is worth one full span at most."""
    limits = RedisLimits(redis, clock)
    await limits.count(KEY, TEN)
    clock.skew(timedelta(days=-1))
    assert await limits.wait_seconds(KEY, TEN) == 90
    clock.advance(90)
    assert await limits.wait_seconds(KEY, TEN) == 90
    clock.skew(timedelta(days=2))
    assert await limits.wait_seconds(KEY, TEN) == 0


async def test_replicas_share_what_each_counted(redis: Redis, clock: ManualClock) -> None:
    """Two processes on one Redis have one limit, not two."""
    here, there = RedisLimits(redis, clock), RedisLimits(redis, clock)
    for _ in range(5):
        await here.count(KEY, TEN)
        await there.count(KEY, TEN)
    assert await here.wait_seconds(KEY, TEN) == 90
    assert await there.wait_seconds(KEY, TEN) == 90


async def test_a_flushed_redis_leaves_the_limits_of_this_process(redis: Redis, clock: ManualClock) -> None:
    """Losing what Redis held frees nobody whom this process has seen."""
    limits = RedisLimits(redis, clock)
    for _ in range(10):
        await limits.count(KEY, TEN)
    await redis.flushall()
    assert await limits.wait_seconds(KEY, TEN) == 90


async def test_without_redis_the_twin_decides(redis: Redis, redis_server: RedisServer, clock: ManualClock) -> None:
    """A Redis that is down neither opens the door nor closes it to those who did nothing; the log says so once."""
    limits = RedisLimits(redis, clock)
    for _ in range(6):
        await limits.count(KEY, TEN)
    redis_server.child.stop()
    try:
        with capture_logs() as lost:
            for _ in range(4):
                await limits.count(KEY, TEN)
            assert await limits.wait_seconds(KEY, TEN) == 90
            assert await limits.wait_seconds("another", TEN) == 0
    finally:
        redis_server.start()
    assert [each["event"] for each in lost] == ["Redis gives no answer: each process counts by itself"]
    with capture_logs() as found:
        await limits.wait_seconds("another", TEN)
        await limits.wait_seconds("another", TEN)
    assert [each["event"] for each in found] == ["Redis answers again: limits are shared"]


async def test_keys_in_redis_run_out(redis: Redis, clock: ManualClock) -> None:
    """Nothing stays in Redis much longer than it limits, and no key holds what a stranger sent."""
    limits = RedisLimits(redis, clock)
    await limits.count(KEY, TEN)
    keys = await redis.keys("*")
    assert len(keys) == 1
    assert b"so-ban-hang" not in keys[0]
    assert 90_000 <= await redis.pttl(keys[0]) <= 91_000


async def test_free_keys_are_forgotten_first(clock: ManualClock) -> None:
    """A process that meets many strangers keeps those that still wait."""
    limits = LocalLimits(clock, most_keys=10)
    for number in range(10):
        await limits.count(f"old {number}", TEN)
    clock.advance(90)
    for _ in range(10):
        await limits.count(KEY, TEN)
    assert len(limits) == 1
    assert await limits.wait_seconds(KEY, TEN) == 90


async def test_a_flood_of_strangers_does_not_fill_the_memory(clock: ManualClock) -> None:
    """Beyond the most keys, those nearest to being free make room, never one that is limited."""
    limits = LocalLimits(clock, most_keys=20)
    for _ in range(10):
        await limits.count(KEY, TEN)
    for number in range(500):
        await limits.count(f"stranger {number}", TEN)
    assert len(limits) <= 20
    assert await limits.wait_seconds(KEY, TEN) == 90
