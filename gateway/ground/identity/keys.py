"""The provider's keys: fetched when needed, fetched anew when one is missing or they are old, and not more often."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from gateway.ground.identity.kept import Kept
from gateway.ground.identity.quiet import without_warning
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal

OLD_SECONDS: Final = 900.0
BETWEEN_SECONDS: Final = 60.0
_MOST_KEYS = 50
_LEAST_RSA_BITS = 2048
_PUBLIC = ("kty", "crv", "x", "y", "n", "e")
# What may sign by each algorithm. No symmetric key is ever among them: a client secret must not sign an ID token.
_KINDS: Final[dict[str, tuple[type[RSAKey | ECKey | OKPKey], str | None]]] = {
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
    "RS256": (RSAKey, None),
}
# One signature, two names: RFC 9864 renamed EdDSA, and key sets say either.
_SPELLINGS: Final = {"EdDSA": ("EdDSA", "Ed25519"), "Ed25519": ("EdDSA", "Ed25519")}


class KeyRing:
    """The signing keys at one address.

    Args:
        fetch: gets the JWK set.
        clock: by which the set gets old.
    """

    def __init__(self, fetch: Callable[[], Awaitable[dict[str, Any]]], clock: Clock) -> None:
        self._kept = Kept(fetch, clock)

    async def find(self, algorithm: str, kid: str | None) -> Key:
        """Find the key that a token names; without a name the only one that fits.

        A name that is not there makes the set be fetched once more, for keys rotate; at most once a minute, for
        anyone can write a name into a token.

        Raises:
            Refusal: `provider_refused`: no key, or several that fit.
            Unavailable: the provider gave no keys.
        """
        for old_seconds in (OLD_SECONDS, BETWEEN_SECONDS):
            found = _choose(await self._kept.get(old_seconds), algorithm, kid)
            if found is not None:
                return found
        raise Refusal("provider_refused", log_detail="no key of the provider's is the one that signed")


def _choose(key_set: dict[str, Any], algorithm: str, kid: str | None) -> Key | None:
    listed = key_set.get("keys")
    entries = [each for each in listed[:_MOST_KEYS] if isinstance(each, dict)] if isinstance(listed, list) else []
    named = [each for each in entries if kid is None or each.get("kid") == kid]
    fitting = [key for key in (_read_key(each, algorithm) for each in named) if key is not None]
    return fitting[0] if len(fitting) == 1 else None


def _read_key(found: dict[str, Any], algorithm: str) -> Key | None:
    """Read one key for one algorithm; None where it is for something else, or is no key."""
    kind, curve = _KINDS[algorithm]
    is_for_this = found.get("use", "sig") == "sig" and found.get("alg", algorithm) in _SPELLINGS.get(
        algorithm, (algorithm,)
    )
    if not is_for_this or found.get("kty") != kind.key_type or (curve and found.get("crv") != curve):
        return None
    public: dict[str, Any] = {name: found[name] for name in _PUBLIC if name in found}
    try:
        with without_warning(SecurityWarning):  # a short RSA key is only warned of there, and refused here
            key = kind.import_key(public)
            key_size = key.raw_value.key_size if isinstance(key, RSAKey) else _LEAST_RSA_BITS
    except (JoseError, ValueError, TypeError):
        return None
    return key if key_size >= _LEAST_RSA_BITS else None
