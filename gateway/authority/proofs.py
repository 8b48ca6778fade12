"""Proofs of possession (RFC 9449 section 4.3): what one proof says, checked; whether it is fresh is `freshness.py`."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from yarl import URL

from gateway.terms.refusal import Refusal

ALGORITHMS = ("ES256", "Ed25519")
OLDEST = timedelta(minutes=5)
AHEAD = timedelta(seconds=10)
"""How far the caller's clock may be behind ours, its way included, and ahead of it."""
LONGEST_JTI = 256


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof showed: that its maker holds a key, for this method and target, at about this time.

    Args:
        thumbprint: of the key (RFC 7638), base64url.
        nonce: as the proof names it; nothing is known about it yet.
        digest: names this proof among all those of the key.
        unverified_token_hash: of the access token that it was made for, as it says itself; None: for none.
    """

    thumbprint: str
    nonce: str | None
    digest: bytes
    unverified_token_hash: str | None


def read_proof(raw_proofs: Sequence[str], *, method: str, url: str, now: datetime) -> Proof:
    """Check the one proof that came with a request.

    Args:
        raw_proofs: the values of the `DPoP` header.
        method: of the request.
        url: where this server takes it; its query does not matter.
        now: aware, UTC.

    Raises:
        Refusal: `invalid_dpop_proof`.
    """
    if len(raw_proofs) != 1:
        raise _refusal("exactly one proof is sent")
    key, claims = _verified(raw_proofs[0])
    if claims.get("htm") != method:
        raise _refusal("htm is not the method of the request")
    if not _is_same_target(claims.get("htu"), url):
        raise _refusal("htu is not the target of the request")
    _check_times(claims, now)
    raw_jti, nonce = claims.get("jti"), claims.get("nonce")
    if not isinstance(raw_jti, str) or not 0 < len(raw_jti) <= LONGEST_JTI:
        raise _refusal("jti is missing")
    thumbprint = key.thumbprint()
    digest = sha256(f"{thumbprint} {raw_jti}".encode("utf-8", "surrogatepass")).digest()
    token_hash = claims.get("ath")
    return Proof(
        thumbprint,
        nonce if isinstance(nonce, str) else None,
        digest,
        token_hash if isinstance(token_hash, str) else None,
    )


def check_token_hash(proof: Proof, raw_token: str) -> None:
    """Check that a proof was made for this access token.

    Raises:
        Refusal: `invalid_dpop_proof`.
    """
    expected = urlsafe_b64encode(sha256(raw_token.encode()).digest()).rstrip(b"=").decode()
    named = proof.unverified_token_hash
    if named is None or not hmac.compare_digest(named.encode("utf-8", "replace"), expected.encode()):
        raise _refusal("ath is not the hash of the access token")


def _verified(raw_proof: str) -> tuple[ECKey | OKPKey, dict[str, Any]]:
    try:
        header = jws.extract_compact(raw_proof.encode()).headers()
        key = _get_key(header)
        return key, jwt.decode(raw_proof, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refusal("the proof is not signed by the key that it names") from error


def _get_key(header: dict[str, Any]) -> ECKey | OKPKey:
    raw_key = header["jwk"]
    if header.get("typ") != "dpop+jwt" or "d" in raw_key:
        raise ValueError("not a proof")
    if header["alg"] == "ES256" and raw_key["crv"] == "P-256":
        return ECKey.import_key(raw_key)
    if header["alg"] == "Ed25519" and raw_key["crv"] == "Ed25519":
        return OKPKey.import_key(raw_key)
    raise ValueError("another algorithm")


def _is_same_target(raw_htu: object, url: str) -> bool:
    """Compare without query and fragment, after normalisation (section 4.3)."""
    try:
        named, own = URL(str(raw_htu)), URL(url, encoded=True)
        pairs = [(each.scheme, each.host, each.port, URL(each.raw_path).raw_path) for each in (named, own)]
    except ValueError:
        return False
    return pairs[0] == pairs[1]


def _check_times(claims: dict[str, Any], now: datetime) -> None:
    """Check when it was made; an end or a beginning that it also names is held to, as in any JWT (RFC 7519)."""
    if not now - OLDEST <= _time(claims, "iat") <= now + AHEAD:
        raise _refusal("iat is too far from this server's time")
    if "exp" in claims and _time(claims, "exp") <= now - AHEAD:
        raise _refusal("exp is in the past")
    if "nbf" in claims and _time(claims, "nbf") > now + AHEAD:
        raise _refusal("nbf lies ahead")


def _time(claims: dict[str, Any], name: str) -> datetime:
    raw_time = claims.get(name)
    if not isinstance(raw_time, int | float) or isinstance(raw_time, bool):
        raise _refusal(f"{name} is missing or no number")
    try:
        return datetime.fromtimestamp(raw_time, UTC)
    except (ValueError, OverflowError, OSError):
        raise _refusal(f"{name} is no time") from None


def _refusal(detail: str) -> Refusal:
    return Refusal("invalid_dpop_proof", detail)
