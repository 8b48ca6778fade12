"""An app's own public keys: which may stand in its registration (RFC 7517)."""

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey

MOST_KEYS = 10


def check_public_keys(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Return a key set of public P-256 and Ed25519 keys that can be told apart.

    Raises:
        ValueError: it is none, holds other or private keys, none or over ten, or two without different `kid`.
    """
    raw_keys = jwks.get("keys")
    if not isinstance(raw_keys, list) or not 0 < len(raw_keys) <= MOST_KEYS:
        raise ValueError(f"jwks holds `keys`, 1 to {MOST_KEYS} of them")
    try:
        keys = [_get_key(raw) for raw in raw_keys]
    except (JoseError, TypeError, KeyError) as error:
        raise ValueError("jwks holds something that is no key") from error
    if len(keys) > 1 and len({key.kid for key in keys}) != len(keys):
        raise ValueError("each of several keys has a kid of its own")
    return {"keys": [key.as_dict(private=False) for key in keys]}


def import_keys(jwks: Mapping[str, Any]) -> KeySet:
    """Return checked keys in a form that verifies."""
    return KeySet([_get_key(raw) for raw in jwks["keys"]])


def _get_key(raw: Mapping[str, Any]) -> ECKey | OKPKey:
    key: ECKey | OKPKey
    if raw["kty"] == "EC" and raw.get("crv") == "P-256":
        key = ECKey.import_key(dict(raw))
    elif raw["kty"] == "OKP" and raw.get("crv") == "Ed25519":
        key = OKPKey.import_key(dict(raw))
    else:
        raise ValueError("keys are of P-256 or Ed25519")
    if key.is_private:
        raise ValueError("a registration never holds a private key")
    return key
