"""How a token is sent: what credentials are read by, and what a refusal challenges in."""

from collections.abc import Sequence
from enum import StrEnum


class Scheme(StrEnum):
    """As bearer or with a proof of its key, in `Authorization`; or in the platform's own header."""

    BEARER = "Bearer"
    DPOP = "DPoP"
    PLATFORM = "platform"


def find_scheme(authorizations: Sequence[str]) -> Scheme | None:
    """Return the scheme that the caller used in `Authorization`; None for none, for others, and for several headers."""
    if len(authorizations) != 1:
        return None
    word = authorizations[0].partition(" ")[0].lower()
    return {"bearer": Scheme.BEARER, "dpop": Scheme.DPOP}.get(word)
