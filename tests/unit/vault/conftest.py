"""What the vault's tests share: an entropy that repeats, and a vault under two master keys."""

import hashlib

import pytest

from gateway.ground.vault.sealing import Vault
from gateway.terms.entropy import Entropy


class CountedEntropy:
    """Bytes that differ at each call and are the same in each run."""

    def __init__(self) -> None:
        self._calls = 0

    def token(self, length_bytes: int) -> bytes:
        """Return the next bytes."""
        self._calls += 1
        return hashlib.shake_256(self._calls.to_bytes(8)).digest(length_bytes)


@pytest.fixture
def entropy() -> Entropy:
    """An entropy that repeats from run to run."""
    return CountedEntropy()


@pytest.fixture
def vault(entropy: Entropy) -> Vault:
    """A vault that has been rotated once."""
    return Vault({1: b"\x01" * 32, 2: b"\x02" * 32}, entropy)
