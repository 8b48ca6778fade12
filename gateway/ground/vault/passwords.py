"""Passwords: argon2id, off the event loop, two at a time.

The bound is an executor of two threads and not a semaphore around `to_thread`: a semaphore gives its place back when
the waiting request is cancelled, while its thread goes on, so that a client who hangs up again and again could run more
than two. Here a cancelled request that has not begun is dropped and one that has begun keeps its thread.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from gateway.terms.entropy import Entropy

_AT_ONCE = 2
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
_SALT_BYTES = 16
_HASH_BYTES = 32

Answer = TypeVar("Answer")


class Passwords:
    """Hashes and checks passwords; about 43 ms of one core and 19 MiB each.

    Args:
        entropy: where salts come from.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._hasher = PasswordHasher(
            time_cost=_PASSES,
            memory_cost=_MEMORY_KIB,
            parallelism=_LANES,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="argon2")
        self._decoy = self._hasher.hash(entropy.token(_HASH_BYTES), salt=entropy.token(_SALT_BYTES))

    async def hash_password(self, password: str) -> str:
        """Return the encoded argon2id hash with a fresh salt."""
        salt = self._entropy.token(_SALT_BYTES)
        return await self._run(lambda: self._hasher.hash(_normalised(password), salt=salt))

    async def is_password(self, hashed_password: str | None, password: str) -> bool:
        """Say whether the password is right.

        Args:
            hashed_password: None where no such person exists: the same work is spent and the answer is no, so that
                the time taken tells nobody which logins exist.
            password: as typed; compared in NFC, because keyboards differ in how they write "ế".

        Raises:
            argon2.exceptions.InvalidHashError: what is stored is not an argon2 hash; a bug, never a no.
        """
        against = self._decoy if hashed_password is None else hashed_password
        matches = await self._run(lambda: self._matches(against, password))
        return matches and hashed_password is not None

    def close(self) -> None:
        """Let the threads end; those at work finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _matches(self, hashed_password: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed_password, _normalised(password))
        except VerifyMismatchError:
            return False


def _normalised(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
