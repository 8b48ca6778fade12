"""Tokens: good for 24 hours, as many at a time as a key asks for, no refresh (facts B1)."""

import base64
import hashlib
from datetime import timedelta

from gateway.sandbox.kiotviet.errors import KiotError
from gateway.sandbox.kiotviet.state import LiveToken, State
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

TTL = timedelta(hours=24)
PARTS = (30, 48, 12, 96, 16)
"""Lengths of the five parts of a token that only the platform can read; samples in the documents are such."""


def hashed(token: str) -> str:
    """How a token is kept: enough to know it again, useless to a thief of the file."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenBook:
    """Issues, finds and revokes."""

    def __init__(self, state: State, clock: Clock, *, entropy: Entropy) -> None:
        self._state, self._clock, self._entropy = state, clock, entropy

    def issue(self, retailer: str) -> str:
        """Give a shop's key a fresh token; forgets those that expired."""
        now = self._clock.now()
        raw = [base64.urlsafe_b64encode(self._entropy.token(length)).rstrip(b"=").decode() for length in PARTS]
        token = ".".join(raw)
        live = {key: kept for key, kept in self._state.snapshot.tokens.items() if kept.expires_at > now}
        self._state.snapshot.tokens = live | {hashed(token): LiveToken(retailer=retailer, expires_at=now + TTL)}
        self._state.save()
        return token

    def get_retailer(self, token: str) -> str:
        """The shop that a live token stands for."""
        found = self._state.snapshot.tokens.get(hashed(token))
        if found is None or found.expires_at <= self._clock.now():
            raise KiotError("token", "Token không hợp lệ hoặc đã hết hạn")
        return found.retailer

    def revoke(self, retailer: str) -> int:
        """Forget a shop's tokens; how many there were."""
        kept = {key: one for key, one in self._state.snapshot.tokens.items() if one.retailer != retailer}
        count = len(self._state.snapshot.tokens) - len(kept)
        self._state.snapshot.tokens = kept
        self._state.save()
        return count

    def list_linked(self) -> set[str]:
        """The shops with a live token."""
        now = self._clock.now()
        return {kept.retailer for kept in self._state.snapshot.tokens.values() if kept.expires_at > now}
