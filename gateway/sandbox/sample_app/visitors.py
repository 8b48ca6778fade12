"""Browsers that are on their way through the gateway: which of them started which authorization (RFC 6749, 10.12)."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

COOKIE = "so_ban_hang_phien"
"""A name of its own: cookies ignore ports, and the gateway stands on the same host in the demo."""

PENDING_TTL = timedelta(minutes=40)
LIMIT_PENDING = 1_000


@dataclass(frozen=True)
class Pending:
    """An authorization that a browser started and that has not come back."""

    visitor: str
    client_id: str
    verifier: str
    started_at: datetime


class Visitors:
    """In memory: a restart only means pressing the link again."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock, self._entropy = clock, entropy
        self._pending: dict[str, Pending] = {}

    def new_visitor(self) -> str:
        """A fresh cookie value."""
        return self._fresh()

    def start(self, visitor: str, client_id: str) -> tuple[str, str]:
        """Begin an authorization; returns its state and PKCE verifier (43 characters, RFC 7636)."""
        now, state, verifier = self._clock.now(), self._fresh(), self._fresh()
        alive = [item for item in self._pending.items() if now - item[1].started_at < PENDING_TTL]
        self._pending = dict(alive[-LIMIT_PENDING + 1 :])
        self._pending[state] = Pending(visitor, client_id, verifier, now)
        return state, verifier

    def take(self, visitor: str, state: str) -> Pending | None:
        """End an authorization, once, for the browser that began it."""
        pending = self._pending.get(state)
        if pending is None or pending.visitor != visitor or self._clock.now() - pending.started_at >= PENDING_TTL:
            return None
        return self._pending.pop(state)

    def _fresh(self) -> str:
        return base64.urlsafe_b64encode(self._entropy.token(32)).rstrip(b"=").decode()
