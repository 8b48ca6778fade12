"""Codes and tokens: single use, rotation, lifetimes (facts A0.6, A1). One live pair for each OA."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from gateway.sandbox.zalo.errors import OaError, OAuthError
from gateway.sandbox.zalo.state import PendingCode, State, TokenPair
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy

CODE_TTL = timedelta(minutes=10)
ACCESS_TTL = timedelta(hours=25)
REFRESH_TTL = timedelta(days=90)


@dataclass(frozen=True)
class Issued:
    """A fresh pair in the clear, on its way to the app."""

    access_token: str
    refresh_token: str


def hashed(token: str) -> str:
    """How a token is kept: enough to know it again, useless to a thief of the file."""
    return hashlib.sha256(token.encode()).hexdigest()


def s256(verifier: str) -> str:
    """RFC 7636's S256 without padding, as the platform's own SDK builds it."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class TokenBook:
    """Issues, redeems, finds and revokes; a redemption is one step without an await, saved before its answer."""

    def __init__(self, state: State, clock: Clock, *, entropy: Entropy) -> None:
        self._state, self._clock, self._entropy = state, clock, entropy

    def add_code(self, oa_id: str, challenge: str) -> str:
        """Issue a code for an admin's consent; forgets codes that expired."""
        now, code = self._clock.now(), self._fresh(48)
        codes = {key: kept for key, kept in self._state.snapshot.codes.items() if kept.expires_at > now}
        codes[hashed(code)] = PendingCode(oa_id=oa_id, challenge=challenge, expires_at=now + CODE_TTL)
        self._state.snapshot.codes = codes
        self._state.save()
        return code

    def redeem_code(self, code: str, verifier: str) -> Issued:
        """Trade a code for a pair. A wrong verifier leaves the code unused, so that a thief cannot spend it."""
        pending = self._state.snapshot.codes.get(hashed(code))
        if pending is None or pending.expires_at <= self._clock.now():
            raise OAuthError(-14005)
        if pending.challenge and not hmac.compare_digest(s256(verifier), pending.challenge):
            raise OAuthError(-14005, reason="Invalid code verifier")
        del self._state.snapshot.codes[hashed(code)]
        return self._issue(pending.oa_id)

    def redeem_refresh(self, refresh_token: str) -> Issued:
        """Trade a refresh token, once, for the next pair; the old access token dies with it."""
        now, key = self._clock.now(), hashed(refresh_token)
        for oa_id, pair in self._state.snapshot.tokens.items():
            if pair.hashed_refresh == key and pair.refresh_expires_at > now:
                return self._issue(oa_id)
        raise OAuthError(-14014)

    def get_oa_id(self, access_token: str) -> str:
        """The OA that a live access token stands for; raises -216."""
        key = hashed(access_token)
        for oa_id, pair in self._state.snapshot.tokens.items():
            if pair.hashed_access == key:
                if pair.access_expires_at <= self._clock.now():
                    raise OaError(-216, message="Access token has expired")
                return oa_id
        raise OaError(-216)

    def revoke(self, oa_id: str, *, keeps_refresh: bool = False) -> bool:
        """Forget an OA's tokens, or only its access token; False when it had none."""
        pair = self._state.snapshot.tokens.get(oa_id)
        if pair is None:
            return False
        if keeps_refresh:
            self._state.snapshot.tokens[oa_id] = pair.model_copy(update={"hashed_access": ""})
        else:
            del self._state.snapshot.tokens[oa_id]
        self._state.save()
        return True

    def list_linked(self) -> list[str]:
        """The ids of the OAs whose refresh token is alive."""
        now = self._clock.now()
        return [oa_id for oa_id, pair in self._state.snapshot.tokens.items() if pair.refresh_expires_at > now]

    def _issue(self, oa_id: str) -> Issued:
        now, issued = self._clock.now(), Issued(self._fresh(96), self._fresh(96))
        self._state.snapshot.tokens[oa_id] = TokenPair(
            hashed_access=hashed(issued.access_token),
            access_expires_at=now + ACCESS_TTL,
            hashed_refresh=hashed(issued.refresh_token),
            refresh_expires_at=now + REFRESH_TTL,
        )
        self._state.save()
        return issued

    def _fresh(self, length_bytes: int) -> str:
        return base64.urlsafe_b64encode(self._entropy.token(length_bytes)).rstrip(b"=").decode()
