"""Client authentication by a key: `private_key_jwt` (RFC 7523), whose audience is the issuer and nothing else."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError

from gateway.acts.spend_assertion import spend_assertion
from gateway.doors.oauth.door import OAuthDoor
from gateway.records.apps.keys import import_keys
from gateway.records.apps.types import App
from gateway.terms.refusal import Refusal

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "Ed25519")
LONGEST = timedelta(hours=1)
"""How far ahead an assertion may end: what off-the-shelf clients write; for as long its `jti` is known again."""
EARLY = timedelta(seconds=10)
"""How far ahead of ours the app's clock may run."""
LONGEST_JTI = 256
TYPES = frozenset({"jwt", "client-authentication+jwt"})
"""The kinds of token that an assertion may say it is; one of another kind was made for something else (RFC 8725)."""
_NEVER = datetime.max.replace(tzinfo=UTC)


def find_subject(raw_assertion: str) -> str | None:
    """Return whose assertion this claims to be; nothing of it is believed yet."""
    try:
        body = raw_assertion.split(".")[1]
        claims = orjson.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return str(claims["sub"])
    except (ValueError, LookupError, TypeError):
        return None


async def is_proven(door: OAuthDoor, app: App, raw_assertion: str) -> bool:
    """Say whether the app itself signed this assertion; whoever did hears what else is wrong with it.

    Raises:
        Refusal: `invalid_client`: signed by the app, and not for this server, not for now, or used before.
        Unavailable: whether it was used before cannot be told.
    """
    claims = _verified(app, raw_assertion)
    if claims is None:
        return False
    if not _is_for_us(claims, app, door.issuer):
        raise _unfit("iss and sub are the client_id, and aud is the issuer alone")
    now = door.house.clock.now()
    expires_at, issued_at, starts_at = [_time(claims.get(name)) for name in ("exp", "iat", "nbf")]
    if expires_at is None or not now < expires_at <= now + LONGEST + EARLY:
        raise _unfit("exp is in the past, or more than an hour ahead")
    if any(each is not None and each > now + EARLY for each in (issued_at, starts_at)):
        raise _unfit("iat or nbf lies ahead")
    raw_jti = claims.get("jti")
    if not isinstance(raw_jti, str) or not 0 < len(raw_jti) <= LONGEST_JTI:
        raise _unfit(f"jti is a text of at most {LONGEST_JTI} characters")
    if not await spend_assertion(door.house, app.id, raw_jti, expires_at):
        raise _unfit("it was used before")
    return True


def _unfit(why: str) -> Refusal:
    return Refusal("invalid_client", f"the client assertion does not fit: {why}")


def _verified(app: App, raw_assertion: str) -> Mapping[str, Any] | None:
    try:
        token = jwt.decode(raw_assertion, import_keys(app.jwks or {}), algorithms=ALGORITHMS)
        return token.claims if str(token.header.get("typ", "JWT")).lower() in TYPES else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):  # joserfc reads a header before it judges it
        return None


def _is_for_us(claims: Mapping[str, Any], app: App, issuer: str) -> bool:
    return claims.get("iss") == app.id and claims.get("sub") == app.id and claims.get("aud") == issuer


def _time(raw: object) -> datetime | None:
    """Read a NumericDate; None where there is none. What is no time is always too far ahead."""
    if raw is None:
        return None
    try:
        return datetime.fromtimestamp(raw, UTC) if isinstance(raw, int | float) else _NEVER
    except (ValueError, OverflowError, OSError):
        return _NEVER
