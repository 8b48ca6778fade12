"""Codes and tokens: single use, rotation, lifetimes (facts A0.6, A1).

One live pair for each OA. Whether a person's next consent ends the pair of the one before no source says: a switch.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.sandbox.zalo.errors import OAuthError
from gateway.sandbox.zalo.state import PendingCode, State, TokenPair
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

CODE_TTL = timedelta(minutes=10)


@dataclass(frozen=True)
class Lifetimes:
    """How long a flow's tokens live; `inherits`: a rotated refresh token ends when the first would have."""

    access: timedelta
    refresh: timedelta
    inherits: bool


OA_LIFETIMES = Lifetimes(timedelta(hours=25), timedelta(days=90), inherits=False)
SOCIAL_LIFETIMES = Lifetimes(timedelta(hours=1), timedelta(days=30), inherits=True)


@dataclass(frozen=True)
class Held:
    """The part of the snapshot that one flow writes: codes by hash, pairs by holder."""

    codes: dict[str, PendingCode]
    tokens: dict[str, TokenPair]


@dataclass(frozen=True)
class Issued:
    """A fresh pair in the clear, on its way to the app."""

    access_token: str
    refresh_token: str
    access_lasts: timedelta
    refresh_lasts: timedelta


def hashed(token: str) -> str:
    """How a token is kept: enough to know it again, useless to a thief of the file."""
    return hashlib.sha256(token.encode()).hexdigest()


def s256(verifier: str) -> str:
    """RFC 7636's S256 without padding, as the platform's own SDK builds it."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class TokenBook:
    """Issues, redeems, finds and revokes; a redemption is one step without an await, saved before its answer.

    `has_each`: each consent has a pair of its own; they are held under `holder/number`.
    """

    def __init__(  # noqa: PLR0913 - what a book is made of
        self,
        state: State,
        clock: Clock,
        *,
        entropy: Entropy,
        held: Held,
        lifetimes: Lifetimes,
        has_each: Callable[[], bool] = lambda: False,
    ) -> None:
        self._state, self._clock, self._entropy = state, clock, entropy
        self._held, self._lifetimes, self._has_each = held, lifetimes, has_each

    def add_code(self, holder: str, challenge: str) -> str:
        """Issue a code for somebody's consent; forgets codes that expired."""
        now, code = self._clock.now(), self._fresh(48)
        for key in [key for key, kept in self._held.codes.items() if kept.expires_at <= now]:
            del self._held.codes[key]
        self._held.codes[hashed(code)] = PendingCode(holder=holder, challenge=challenge, expires_at=now + CODE_TTL)
        self._state.save()
        return code

    def redeem_code(self, code: str, verifier: str) -> Issued:
        """Trade a code for a pair. A wrong verifier leaves the code unused, so that a thief cannot spend it."""
        pending = self._held.codes.get(hashed(code))
        if pending is None or pending.expires_at <= self._clock.now():
            raise OAuthError(-14005)
        if pending.challenge and not hmac.compare_digest(s256(verifier), pending.challenge):
            raise OAuthError(-14005, reason="Invalid code verifier")
        del self._held.codes[hashed(code)]
        return self._issue(self._find_place(pending.holder), self._clock.now() + self._lifetimes.refresh)

    def redeem_refresh(self, refresh_token: str) -> Issued:
        """Trade a refresh token, once, for the next pair; the old access token dies with it."""
        now, key = self._clock.now(), hashed(refresh_token)
        for place, pair in self._held.tokens.items():
            if pair.hashed_refresh == key and pair.refresh_expires_at > now:
                fresh_end = now + self._lifetimes.refresh
                return self._issue(place, pair.refresh_expires_at if self._lifetimes.inherits else fresh_end)
        raise OAuthError(-14014)

    def find_holder(self, access_token: str) -> tuple[str, bool] | None:
        """Whom a newest access token stands for, and whether it is still alive."""
        key, now = hashed(access_token), self._clock.now()
        for place, pair in self._held.tokens.items():
            if pair.hashed_access == key:
                return _holder(place), pair.access_expires_at > now
        return None

    def revoke(self, holder: str, *, keeps_refresh: bool = False) -> bool:
        """Forget somebody's tokens, or only the access token; False when there were none."""
        places = self._list_places(holder)
        for place in places:
            if keeps_refresh:
                self._held.tokens[place] = self._held.tokens[place].model_copy(update={"hashed_access": ""})
            else:
                del self._held.tokens[place]
        self._state.save()
        return bool(places)

    def list_linked(self) -> list[str]:
        """The holders whose refresh token is alive."""
        now = self._clock.now()
        alive = [place for place, pair in self._held.tokens.items() if pair.refresh_expires_at > now]
        return list(dict.fromkeys(map(_holder, alive)))

    def _list_places(self, holder: str) -> list[str]:
        return [place for place in self._held.tokens if _holder(place) == holder]

    def _find_place(self, holder: str) -> str:
        """Say where a new consent's pair is held; those that ended, or are ended by it, are forgotten."""
        has_each, now = self._has_each(), self._clock.now()
        for place in self._list_places(holder):
            if not has_each or self._held.tokens[place].refresh_expires_at <= now:
                del self._held.tokens[place]
        return f"{holder}/{self._fresh(6)}" if has_each else holder

    def _issue(self, place: str, refresh_ends_at: datetime) -> Issued:
        now, lasts = self._clock.now(), self._lifetimes.access
        issued = Issued(self._fresh(96), self._fresh(96), lasts, refresh_ends_at - now)
        self._held.tokens[place] = TokenPair(
            hashed_access=hashed(issued.access_token),
            access_expires_at=now + lasts,
            hashed_refresh=hashed(issued.refresh_token),
            refresh_expires_at=refresh_ends_at,
        )
        self._state.save()
        return issued

    def _fresh(self, length_bytes: int) -> str:
        return base64.urlsafe_b64encode(self._entropy.token(length_bytes)).rstrip(b"=").decode()


def _holder(place: str) -> str:
    return place.partition("/")[0]
