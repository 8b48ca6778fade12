"""Randomness as an argument, so that tests choose it and lint can ban every other source."""

import secrets
from typing import Protocol


class Entropy(Protocol):
    """A source of unpredictable bytes."""

    def token(self, length_bytes: int) -> bytes:
        """Return `length_bytes` fresh bytes."""
        ...


class SystemEntropy:
    """The operating system's generator."""

    def token(self, length_bytes: int) -> bytes:
        """Return `length_bytes` fresh bytes."""
        return secrets.token_bytes(length_bytes)
