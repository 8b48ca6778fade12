"""Bytes that look random and are the same in every run."""

import hashlib


class SeededEntropy:
    """Satisfies `gateway.terms.entropy.Entropy`: SHA-256 of the seed and a counter, no value twice."""

    def __init__(self, seed: str = "quyen") -> None:
        self._seed = seed.encode()
        self._drawn = 0

    def token(self, length_bytes: int) -> bytes:
        """Return the next `length_bytes` bytes of the sequence."""
        block = bytearray()
        while len(block) < length_bytes:
            block += hashlib.sha256(self._seed + b"\0" + self._drawn.to_bytes(8, "big")).digest()
            self._drawn += 1
        return bytes(block[:length_bytes])
