"""Whether a proof is fresh: a memory in the process and one in a real Redis, the same answers, also after a loss."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.authority.freshness import (
    WINDOW_SECONDS,
    Freshness,
    LocalProofMemory,
    ProofMemory,
    RedisProofMemory,
)
from tests.services.redis_server import RedisServer
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FRESH, SEEN, STALE = Freshness.FRESH, Freshness.SEEN, Freshness.STALE


def open_client(url: str) -> Redis:
    """Return a client that gives up at once."""
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=0.5, socket_connect_timeout=0.5)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Yield a client of the real server."""
    client = open_client(redis_url)
    yield client
    await client.aclose()


@pytest.fixture(params=["local", "redis"])
def memory(request: pytest.FixtureRequest, clock: ManualClock) -> ProofMemory:
    """Return each implementation in turn."""
    if request.param == "local":
        return LocalProofMemory(clock, SeededEntropy())
    return RedisProofMemory(request.getfixturevalue("redis"), clock, SeededEntropy())


async def nonce_of(memory: ProofMemory) -> str:
    """Return the nonce of now."""
    return (await memory.claim(None, b"?")).nonce


async def test_a_proof_is_fresh_once(memory: ProofMemory) -> None:
    """The same one again was seen; another is its own; without our nonce nothing is fresh."""
    nonce = await nonce_of(memory)
    assert [(await memory.claim(nonce, b"1")).freshness for _ in range(3)] == [FRESH, SEEN, SEEN]
    assert (await memory.claim(nonce, b"2")).freshness is FRESH
    for unverified in (None, "", "x", nonce + "x", nonce[:-1], "\ud800"):
        answer = await memory.claim(unverified, b"3")
        assert (answer.freshness, answer.nonce) == (STALE, nonce)


async def test_of_eight_claims_at_once_one_is_fresh(memory: ProofMemory) -> None:
    """In each of twenty rounds, exactly one."""
    nonce = await nonce_of(memory)
    for number in range(20):
        digest = str(number).encode()
        answers = await asyncio.gather(*(memory.claim(nonce, digest) for _ in range(8)))
        assert sorted(each.freshness for each in answers) == [FRESH] + [SEEN] * 7


async def test_nonces_change_and_the_one_before_counts(clock: ManualClock) -> None:
    """Two windows, by boot time: a wall clock that is set back brings no old nonce to life."""
    memory = LocalProofMemory(clock, SeededEntropy())
    first = await nonce_of(memory)
    clock.advance(WINDOW_SECONDS)
    second = await nonce_of(memory)
    assert first != second
    assert (await memory.claim(first, b"1")).freshness is FRESH
    clock.advance(WINDOW_SECONDS)
    assert (await memory.claim(first, b"2")).freshness is STALE
    assert (await memory.claim(second, b"1")).freshness is SEEN


async def test_a_full_memory_forgets_what_is_too_old_and_then_everything(clock: ManualClock) -> None:
    """When it forgets proofs that could still count, it forgets its secret with them: they are stale, not fresh."""
    memory = LocalProofMemory(clock, SeededEntropy(), most_proofs=3)
    nonce = await nonce_of(memory)
    for digest in (b"1", b"2", b"3"):
        assert (await memory.claim(nonce, digest)).freshness is FRESH
    assert (await memory.claim(nonce, b"1")).freshness is STALE
    nonce = await nonce_of(memory)
    assert (await memory.claim(nonce, b"1")).freshness is FRESH
    clock.advance(2 * WINDOW_SECONDS)
    later = await nonce_of(memory)
    assert [(await memory.claim(later, digest)).freshness for digest in (b"4", b"5", b"6")] == [FRESH] * 3


async def test_what_a_restart_forgets_is_stale(clock: ManualClock) -> None:
    """A process that starts anew has another secret: no proof from before counts."""
    before, after = (LocalProofMemory(clock, SeededEntropy(name)) for name in ("a", "b"))
    nonce = await nonce_of(before)
    assert (await before.claim(nonce, b"1")).freshness is FRESH
    assert (await after.claim(nonce, b"1")).freshness is STALE


async def test_what_redis_forgets_is_stale(redis: Redis, redis_server: RedisServer, clock: ManualClock) -> None:
    """After a flush every proof from before is refused, used or not, by every replica."""
    replicas = [RedisProofMemory(redis, clock, SeededEntropy(name)) for name in ("a", "b")]
    nonce = await nonce_of(replicas[0])
    assert (await replicas[0].claim(nonce, b"1")).freshness is FRESH
    assert (await replicas[1].claim(nonce, b"1")).freshness is SEEN
    redis_server.clear()
    for replica in replicas:
        assert [(await replica.claim(nonce, digest)).freshness for digest in (b"1", b"2")] == [STALE, STALE]
    assert await nonce_of(replicas[0]) == await nonce_of(replicas[1]) != nonce


async def test_another_history_of_replication_is_another_secret(redis: Redis, clock: ManualClock) -> None:
    """A server that takes over may lack the last proofs although it has the secret: its nonces are others."""
    memory = RedisProofMemory(redis, clock, SeededEntropy())
    nonce = await nonce_of(memory)
    assert (await memory.claim(nonce, b"1")).freshness is FRESH
    await redis.replicaof("127.0.0.1", "1")
    await redis.replicaof("NO", "ONE")
    assert (await memory.claim(nonce, b"1")).freshness is STALE


async def test_while_redis_is_away_a_process_has_a_memory_of_its_own(clock: ManualClock) -> None:
    """Nothing made before counts, and what is made now counts once."""
    client = open_client("unix:///nonexistent/redis.sock")
    memory = RedisProofMemory(client, clock, SeededEntropy())
    nonce = await nonce_of(memory)
    assert [(await memory.claim(nonce, b"1")).freshness for _ in range(2)] == [FRESH, SEEN]
    assert (await memory.claim("x", b"2")).freshness is STALE
    await client.aclose()
