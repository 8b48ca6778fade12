"""Ids that cannot be mixed up, and the one way to make a new one.

An id is a prefix that says what it names, an underscore and 22 base62 digits (16 random bytes). The exceptions are the
ids that outsiders choose: an ask's slug, a platform's own account id.
"""

import re
from typing import NewType

from gateway.terms.entropy import Entropy

PersonId = NewType("PersonId", str)
AccountId = NewType("AccountId", str)
ConnectionId = NewType("ConnectionId", str)
StandingId = NewType("StandingId", str)
AppId = NewType("AppId", str)
UpstreamAppId = NewType("UpstreamAppId", str)
AskId = NewType("AskId", str)
RequestId = NewType("RequestId", str)
GrantId = NewType("GrantId", str)
PermissionId = NewType("PermissionId", str)
FamilyId = NewType("FamilyId", str)
CredentialId = NewType("CredentialId", str)
RecordId = NewType("RecordId", str)
TraceId = NewType("TraceId", str)

GATEWAYS_OWN = UpstreamAppId("")
"""Stands where a connection is through the gateway's own app at the platform, and not one that an app brought."""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_DIGITS = 43
"""How many base62 digits hold 256 bits."""
_SHAPE = re.compile(r"([a-z]+)_[0-9A-Za-z]{22}")


def base62(number: int, width: int) -> str:
    """Write `number` in base62 (digits 0-9A-Za-z), zero-padded to `width`."""
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 62)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits)).rjust(width, "0")


def random_base62(entropy: Entropy) -> str:
    """Draw a secret: 256 random bits as 43 letters and digits, which is also what Zalo asks of a verifier."""
    return base62(int.from_bytes(entropy.token(32)), RANDOM_DIGITS)


def new_id(prefix: str, entropy: Entropy) -> str:
    """Make a fresh id, for example `gr_4f...` for prefix `gr`; the caller wraps it in its NewType."""
    return f"{prefix}_{base62(int.from_bytes(entropy.token(16)), 22)}"


def is_id(text: str, *prefixes: str) -> bool:
    """Say whether `new_id` could have made this with one of the prefixes; what could not be is not looked up."""
    shape = _SHAPE.fullmatch(text)
    return shape is not None and shape[1] in prefixes
