"""Passwords: argon2id with the house's parameters, equal work for people who do not exist, two at a time."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import Type

from gateway.ground.vault.passwords import Passwords
from gateway.terms.entropy import Entropy


@pytest.fixture
def passwords(entropy: Entropy) -> Iterator[Passwords]:
    """A hasher whose threads end with the test."""
    hasher = Passwords(entropy)
    yield hasher
    hasher.close()


class CountingHasher:
    """The real hasher, which also counts what is verified at one time, and against what."""

    def __init__(self, real: PasswordHasher) -> None:
        self._real = real
        self._lock = threading.Lock()
        self.at_work = 0
        self.most_at_work = 0
        self.against: list[str] = []
        self.begun = threading.Event()

    def verify(self, hashed_password: str, password: bytes) -> bool:
        """Verify for real, counted."""
        with self._lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
            self.against.append(hashed_password)
            self.begun.set()
        try:
            return self._real.verify(hashed_password, password)
        finally:
            with self._lock:
                self.at_work -= 1


def counted(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    """Put a counting hasher in."""
    counting = CountingHasher(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


async def test_right_password_and_no_other(passwords: Passwords) -> None:
    """The password that was set is right; another one, or none, is not."""
    hashed_password = await passwords.hash_password("mật khẩu dài")
    assert await passwords.is_password(hashed_password, "mật khẩu dài")
    assert not await passwords.is_password(hashed_password, "mật khẩu dại")
    assert not await passwords.is_password(hashed_password, "")


async def test_parameters_are_those_of_the_stack(passwords: Passwords) -> None:
    """argon2id, 19 MiB, two passes, one lane; a salt of its own each time."""
    first, second = await passwords.hash_password("x"), await passwords.hash_password("x")
    parameters = extract_parameters(first)
    assert (parameters.type, parameters.memory_cost) == (Type.ID, 19 * 1024)
    assert (parameters.time_cost, parameters.parallelism) == (2, 1)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)
    assert first != second


async def test_composed_and_decomposed_letters_are_equal(passwords: Passwords) -> None:
    """A phone that writes "ế" as three code points signs in with a password set on a computer that writes one."""
    hashed_password = await passwords.hash_password("ti\u1ebfng")
    assert await passwords.is_password(hashed_password, "tie\u0302\u0301ng")


async def test_nobody_costs_the_same_work(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a login that does not exist one whole verification runs, with the same parameters, and the answer is no."""
    hashed_password = await passwords.hash_password("x")
    counting = counted(passwords, monkeypatch)
    assert not await passwords.is_password(None, "x")
    assert len(counting.against) == 1
    assert extract_parameters(counting.against[0]) == extract_parameters(hashed_password)


async def test_even_the_decoys_own_password_is_no(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """If someone guessed the decoy's password the answer would still be no."""
    monkeypatch.setattr(passwords, "_decoy", await passwords.hash_password("decoy"))
    assert not await passwords.is_password(None, "decoy")


async def test_two_at_a_time_even_when_callers_hang_up(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled sign-ins do not let a third hash run beside two that are still at work."""
    hashed_password = await passwords.hash_password("x")
    counting = counted(passwords, monkeypatch)
    for _ in range(4):
        counting.begun.clear()
        tasks = [asyncio.create_task(passwords.is_password(hashed_password, "x")) for _ in range(4)]
        await asyncio.to_thread(counting.begun.wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await passwords.is_password(hashed_password, "x")
    assert counting.most_at_work == 2


async def test_event_loop_is_free_meanwhile(passwords: Passwords) -> None:
    """Other requests are served while a password is hashed."""
    task = asyncio.create_task(passwords.hash_password("x"))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10


async def test_damaged_hash_is_a_bug_and_no_answer(passwords: Passwords) -> None:
    """What is stored and is no argon2 hash raises; it neither lets in nor passes for a wrong password."""
    with pytest.raises(InvalidHashError):
        await passwords.is_password("plain", "plain")


async def test_lone_surrogate_is_a_wrong_password(passwords: Passwords) -> None:
    """Text that has no UTF-8 is only wrong."""
    assert not await passwords.is_password(await passwords.hash_password("x"), "\ud800")
