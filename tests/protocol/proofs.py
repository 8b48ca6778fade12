"""Proofs of possession as a client makes them (RFC 9449 section 4.2)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from typing import Any

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey

from tests.protocol.wire import Reply, Wire

KEY = ECKey.generate_key("P-256", private=True)
_NUMBERS = count()
OTHER = OKPKey.generate_key("Ed25519", private=True)


def claims_of(now: float, url: str, *, method: str = "POST", **changes: Any) -> dict[str, Any]:
    """Return right claims with some changed; None leaves one out."""
    right = {"htm": method, "htu": url, "iat": int(now), "jti": f"proof-{next(_NUMBERS)}"}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def signed(claims: Mapping[str, Any], key: Key = KEY, **header: Any) -> str:
    """Return a proof with these claims; header members may be changed."""
    alg = "ES256" if isinstance(key, ECKey) else "Ed25519"
    full = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False), **header}
    return jwt.encode(full, dict(claims), key, algorithms=[full["alg"]])


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return what has the form of a proof, with a header that no library would write."""
    parts = [urlsafe_b64encode(orjson.dumps(each)).rstrip(b"=").decode() for each in (header, claims)]
    return ".".join([*parts, "AAAA"])


def hash_of(raw_token: str) -> str:
    """Return `ath`."""
    return urlsafe_b64encode(sha256(raw_token.encode()).digest()).rstrip(b"=").decode()


async def prove(wire: Wire, path: str = "/oauth/token", *, key: Key = KEY, **changes: Any) -> dict[str, str]:
    """Return the header of a right proof for a POST to one of the OAuth endpoints, with a nonce of now."""
    nonce = (await wire.door.proofs.claim(None, b"")).nonce
    claims = claims_of(wire.scene.clock.now().timestamp(), wire.door.issuer + path, **{"nonce": nonce, **changes})
    return {"DPoP": signed(claims, key)}


async def ask_token(wire: Wire, fields: Mapping[str, str], proof: Mapping[str, str], *, public: bool = False) -> Reply:
    """Ask for tokens with a proof, as the confidential app or as the public one."""
    if public:
        return await wire.post("/oauth/token", {**fields, "client_id": wire.scene.public_app.id}, headers=proof)
    return await wire.post("/oauth/token", fields, headers={**wire.basic, **proof})
