"""Tokens: 32 random bytes in base62 with a prefix that says what they are and a checksum that scanners can test.

The checksum lets a stray string be refused without a look-up and lets secret scanners find leaked tokens without false
alarms. It proves nothing: whoever can write a token can compute it. Only the SHA-256 of a token is ever stored.
"""

import hashlib
import hmac
import re
import zlib

from gateway.terms.entropy import Entropy
from gateway.terms.ids import RANDOM_DIGITS, base62, random_base62

ACCESS = "qat"
REFRESH = "qrt"
CODE = "qac"
CLIENT_SECRET = "qcs"
DEVICE = "qdc"

_PREFIXES = frozenset({ACCESS, REFRESH, CODE, CLIENT_SECRET, DEVICE})
_CHECKSUM_DIGITS = 6
_SHAPE = re.compile(rf"q[a-z]{{2}}_[0-9A-Za-z]{{{RANDOM_DIGITS + _CHECKSUM_DIGITS}}}")


def new_token(prefix: str, entropy: Entropy) -> str:
    """Make a token of one kind, for example `qat_` and 49 base62 digits for an access token.

    Raises:
        ValueError: `prefix` is not one of the kinds above.
    """
    if prefix not in _PREFIXES:
        raise ValueError(f"no kind of token has the prefix {prefix!r}")
    body = f"{prefix}_{random_base62(entropy)}"
    return body + _checksum(body)


def is_well_formed(raw_token: str, prefix: str) -> bool:
    """Say whether this could be a token of that kind: shape and checksum, nothing about its being known or alive."""
    if not raw_token.startswith(f"{prefix}_") or _SHAPE.fullmatch(raw_token) is None:
        return False
    return _checksum(raw_token[:-_CHECKSUM_DIGITS]) == raw_token[-_CHECKSUM_DIGITS:]


def hashed(raw_token: str) -> bytes:
    """Return the SHA-256 under which a token is stored and found; 256 random bits need no salt and no stretching."""
    return hashlib.sha256(raw_token.encode("utf-8", "surrogatepass")).digest()


def is_token(raw_token: str, hashed_token: bytes) -> bool:
    """Say whether this is the token that was stored, in constant time; for secrets found by another key (client id)."""
    return hmac.compare_digest(hashed(raw_token), hashed_token)


def _checksum(body: str) -> str:
    return base62(zlib.crc32(body.encode("ascii")), _CHECKSUM_DIGITS)
