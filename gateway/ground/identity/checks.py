"""What must hold in a verified token: one small check for each rule, in the order of the specifications."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final, cast

from authlib.oidc.core.util import create_half_hash

from gateway.ground.identity.tokens import IdClaims, LogoutClaims, refused
from gateway.terms.refusal import Refusal

SKEW_SECONDS: Final = 60
OLDEST_ID_SECONDS: Final = 600
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
ID_TYPES: Final = (None, "jwt")
LOGOUT_TYPES: Final = (None, "jwt", "logout+jwt")


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer is compared with.

    Args:
        now: seconds since 1970.
        algorithm: by which the token was signed, for `at_hash`.
        max_age_seconds: the oldest proof that will do; None: any.
        since: from when on that is counted, as `now`: when the person set out. Who lingers there is not refused for it.
    """

    issuer: str
    client_id: str
    now: float
    nonce: str = ""
    access_token: str = ""
    algorithm: str = ""
    max_age_seconds: int | None = None
    since: float | None = None


def check_issuer(claims: IdClaims | LogoutClaims, expected: Expected) -> None:
    """The token is this provider's (Core 3.1.3.7, 2)."""
    if claims.iss != expected.issuer:
        raise refused("another issuer's token")


def check_audience(claims: IdClaims | LogoutClaims, expected: Expected) -> None:
    """It is for us (3.1.3.7, 3)."""
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if expected.client_id not in audience:
        raise refused("a token for somebody else")


def check_authorized_party(claims: IdClaims, expected: Expected) -> None:
    """Of several audiences we are the one that it was given to (3.1.3.7, 4 and 5)."""
    is_shared = not isinstance(claims.aud, str) and len(set(claims.aud)) > 1
    if (is_shared or claims.azp is not None) and claims.azp != expected.client_id:
        raise refused("a token given to somebody else")


def check_time(claims: IdClaims | LogoutClaims, expected: Expected) -> None:
    """It has begun, is not over, and was not made in the future (3.1.3.7, 9), give or take a minute of the clocks."""
    if claims.exp <= expected.now - SKEW_SECONDS:
        raise refused("the token is over")
    begins = max(claims.iat, claims.nbf or 0)
    if begins > expected.now + SKEW_SECONDS:
        raise refused("the token is from the future")


def check_is_fresh(claims: IdClaims, expected: Expected) -> None:
    """It was made for this sign-in, none of which lasts longer than that (3.1.3.7, 10)."""
    if claims.iat < expected.now - OLDEST_ID_SECONDS - SKEW_SECONDS:
        raise refused("the token was made before this sign-in")


def check_nonce(claims: IdClaims, expected: Expected) -> None:
    """It answers this very departure (3.1.3.7, 11)."""
    if not compare_digest(claims.nonce.encode("utf-8", "surrogatepass"), expected.nonce.encode()):
        raise Refusal("sign_in_nonce", log_detail="the ID token answers another departure")


def check_access_token(claims: IdClaims, expected: Expected) -> None:
    """The access token beside it is the one that it was made with, where it says so (3.1.3.8)."""
    if claims.at_hash is None:
        return
    half = cast("bytes", create_half_hash(expected.access_token, _HASHED_AS[expected.algorithm]))
    if not compare_digest(half, claims.at_hash.encode("utf-8", "surrogatepass")):
        raise refused("another access token's ID token")


def check_age(claims: IdClaims, expected: Expected) -> None:
    """The person was asked recently enough, where that was wanted (3.1.3.7, 13); an unsaid time is none."""
    if claims.auth_time is not None and claims.auth_time > expected.now + SKEW_SECONDS:
        raise refused("the person was asked in the future")
    if expected.max_age_seconds is None:
        return
    since = expected.now if expected.since is None else expected.since
    # In whole seconds, as `auth_time` is: a fraction on our side alone makes no proof older.
    if claims.auth_time is None or claims.auth_time < int(since) - expected.max_age_seconds - SKEW_SECONDS:
        raise refused("the person was not asked as recently as was wanted")


def check_event(claims: LogoutClaims, expected: Expected) -> None:  # noqa: ARG001 - the form of a check
    """It says that somebody was signed out, and nothing else (Back-Channel Logout 2.6, 5)."""
    if not isinstance(claims.events.get(LOGOUT_EVENT), dict):
        raise refused("logout token: no logout event")


def check_who(claims: LogoutClaims, expected: Expected) -> None:  # noqa: ARG001 - the form of a check
    """It says who (2.6, 4)."""
    if claims.sub is None and claims.sid is None:
        raise refused("logout token: neither subject nor session")


# SHA-512 belongs to Ed25519 (its own hash); the library knows hashes by the digits of an algorithm's name.
_HASHED_AS: Final = {"ES256": "ES256", "RS256": "RS256", "EdDSA": "ES512", "Ed25519": "ES512"}
ID_CHECKS: Final[tuple[Callable[[IdClaims, Expected], None], ...]] = (
    check_issuer,
    check_audience,
    check_authorized_party,
    check_time,
    check_is_fresh,
    check_nonce,
    check_access_token,
    check_age,
)
LOGOUT_CHECKS: Final[tuple[Callable[[LogoutClaims, Expected], None], ...]] = (
    check_issuer,
    check_audience,
    check_time,
    check_event,
    check_who,
)


def moment(seconds: float) -> datetime:
    """Return a claim's time as the house writes times."""
    return datetime.fromtimestamp(seconds, UTC)
