"""Whether a proof is fresh: made for a nonce of ours of the last minutes, and not seen before (RFC 9449, 8, 9, 11.1).

What was seen is remembered in memory, here or in Redis, and memory can be lost. So nonces come from a secret that lives
in the same memory: what forgets the proofs forgets the secret too, and every proof made before is refused from then on.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

WINDOW_SECONDS = 300
MOST_PROOFS = 100_000
_LOST = (RedisError, OSError, TimeoutError)


class Freshness(StrEnum):
    """What is known of a proof: its nonce is not of the last two windows, it was seen, or neither."""

    STALE = "stale"
    SEEN = "seen"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to a claim, and the nonce for the caller's next proof."""

    freshness: Freshness
    nonce: str


class ProofMemory(Protocol):
    """Remembers proofs. Of any number of claims of one proof, at once or later, at most one is `FRESH`."""

    async def claim(self, unverified_nonce: str | None, digest: bytes) -> Claimed:
        """Claim a proof that holds otherwise; no nonce at all is a stale one."""
        ...


class LocalProofMemory:
    """The memory of this process.

    Args:
        clock: its boot-time reading is used: setting the wall clock revives no proof.
        entropy: for the secret.
        most_proofs: how many are remembered; when more come within two windows, a new secret forgets all of them.
    """

    def __init__(self, clock: Clock, entropy: Entropy, *, most_proofs: int = MOST_PROOFS) -> None:
        self._clock = clock
        self._entropy = entropy
        self._most_proofs = most_proofs
        self._secret = entropy.token(32)
        self._seen: dict[bytes, int] = {}

    async def claim(self, unverified_nonce: str | None, digest: bytes) -> Claimed:
        """Claim a proof that holds otherwise; no nonce at all is a stale one."""
        window = int(self._clock.boottime()) // WINDOW_SECONDS
        if len(self._seen) >= self._most_proofs:
            self._forget(window)
        if not _is_ours(unverified_nonce, self._secret, window):
            return Claimed(Freshness.STALE, _nonce(self._secret, window))
        is_first = digest not in self._seen
        self._seen.setdefault(digest, window)
        return Claimed(Freshness.FRESH if is_first else Freshness.SEEN, _nonce(self._secret, window))

    def _forget(self, window: int) -> None:
        self._seen = {digest: seen for digest, seen in self._seen.items() if seen >= window - 1}
        if len(self._seen) >= self._most_proofs:
            self._secret, self._seen = self._entropy.token(32), {}


class RedisProofMemory:
    """The memory that replicas share. While Redis does not answer, each process has a secret and a memory of its own.

    The secret is bound to the replication history too (`master_replid`): a replica that takes over and lacks the last
    proofs hands out, and accepts, other nonces.

    Args:
        redis: with its own time-outs set; a call that fails is not tried again here.
        clock: of the memory that stands in.
        entropy: for secrets.
        prefix: of the keys.
    """

    def __init__(self, redis: Redis, clock: Clock, entropy: Entropy, *, prefix: str = "quyen:proof:") -> None:
        self._entropy = entropy
        self._prefix = prefix.encode()
        self._stand_in = LocalProofMemory(clock, entropy)
        self._script = redis.register_script(_LUA)

    async def claim(self, unverified_nonce: str | None, digest: bytes) -> Claimed:
        """Claim a proof that holds otherwise; no nonce at all is a stale one."""
        keys: list[Any] = [self._prefix + b"secret", self._prefix + digest]
        try:
            answer = await self._script(keys=keys, args=[self._entropy.token(32), 2 * WINDOW_SECONDS])
        except _LOST:
            return await self._stand_in.claim(unverified_nonce, digest)
        stored, history, seconds, is_first = answer
        secret, window = hmac.digest(stored, history, sha256), int(seconds) // WINDOW_SECONDS
        if not _is_ours(unverified_nonce, secret, window):
            return Claimed(Freshness.STALE, _nonce(secret, window))
        return Claimed(Freshness.FRESH if is_first else Freshness.SEEN, _nonce(secret, window))


def _nonce(secret: bytes, window: int) -> str:
    return urlsafe_b64encode(hmac.digest(secret, str(window).encode(), sha256)[:18]).decode()


def _is_ours(unverified_nonce: str | None, secret: bytes, window: int) -> bool:
    sent = (unverified_nonce or "").encode("utf-8", "surrogatepass")
    return any([hmac.compare_digest(sent, _nonce(secret, each).encode()) for each in (window, window - 1)])  # noqa: C419 - both, always


# One script, so that the secret and the memory that it vouches for are read together.
_LUA = """
local secret = redis.call('GET', KEYS[1])
if not secret then
  secret = ARGV[1]
  redis.call('SET', KEYS[1], secret)
end
local first = redis.call('SET', KEYS[2], '', 'NX', 'EX', ARGV[2] + 1)
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
return {secret, history, redis.call('TIME')[1], first and 1 or 0}
"""
