"""An app with a key of its own, and the assertions that it signs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey

from gateway.doors.oauth.assertions import ASSERTION_TYPE
from gateway.records.apps.types import App, AuthMethod
from tests.protocol.wire import Wire

EC = ECKey.generate_key("P-256", {"kid": "ec-1"}, private=True)
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1"}, private=True)


def public_jwks() -> dict[str, Any]:
    """Return both public keys, as a registration holds them."""
    return {"keys": [key.as_dict(private=False) for key in (EC, ED)]}


async def add_key_app(wire: Wire, app_id: str = "key-app", **changes: Any) -> App:
    """Register a confidential app that proves itself by either key."""
    return await wire.add_app(app_id, auth_method=AuthMethod.KEY, jwks=public_jwks(), **changes)


def claims_of(wire: Wire, app: App, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return right claims with some changed; None leaves one out. Each has a `jti` of its own."""
    now = wire.scene.clock.now()
    right = {
        "iss": app.id,
        "sub": app.id,
        "aud": wire.door.issuer,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=60)).timestamp()),
        "jti": wire.house.entropy.token(16).hex(),
    }
    return {name: value for name, value in {**right, **(changes or {})}.items() if value is not None}


def signed(claims: Mapping[str, Any], key: Key = EC, **header: Any) -> dict[str, str]:
    """Return the form fields of an assertion with these claims."""
    alg = header.pop("alg", "ES256" if isinstance(key, ECKey) else "Ed25519")
    raw = jwt.encode({"alg": alg, "kid": key.kid, **header}, dict(claims), key, algorithms=[alg])
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": raw}


def proof_of(wire: Wire, app: App, changes: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the form fields that prove the app, with some claims changed."""
    return signed(claims_of(wire, app, changes))
