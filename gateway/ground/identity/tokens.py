"""Signed tokens of the provider: the head read with distrust, then the signature, then the claims' types."""

from base64 import urlsafe_b64decode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.ground.identity.quiet import without_warning
from gateway.terms.refusal import Refusal

_LONGEST = 64 * 1024
_LATEST = 253402300799  # the last second that a datetime knows
Subject = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[ -~]+$")]
Seconds = Annotated[int | float, Field(ge=0, le=_LATEST, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class UnverifiedHead:
    """What a token says of its own signature."""

    algorithm: str
    kid: str | None
    typ: str | None


class _Claims(BaseModel):
    """Strict: a number that stands as text is none, and `true` is no number."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    iss: str
    aud: str | list[str]
    exp: Seconds
    iat: Seconds
    nbf: Seconds | None = None


class IdClaims(_Claims):
    """An ID token (Core, section 2)."""

    sub: Subject
    nonce: str
    azp: str | None = None
    auth_time: Seconds | None = None
    acr: Short | None = None
    sid: Short | None = None
    at_hash: str | None = None
    name: str = ""
    preferred_username: str = ""


class LogoutClaims(_Claims):
    """A logout token (Back-Channel Logout 1.0, section 2.4)."""

    jti: Short
    events: dict[str, Any]
    sub: Subject | None = None
    sid: Short | None = None


def read_head(raw_token: str, algorithms: Collection[str]) -> UnverifiedHead:
    """Read the head, and refuse at once what no key of ours could answer for.

    Raises:
        Refusal: `provider_refused`.
    """
    head = _decode_head(raw_token)
    algorithm, kid, typ = head.get("alg"), head.get("kid"), head.get("typ")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise refused("signed in a way that is not taken")
    if not (kid is None or isinstance(kid, str)) or not (typ is None or isinstance(typ, str)):
        raise refused("the head is malformed")
    return UnverifiedHead(algorithm, kid, typ.lower().removeprefix("application/") if typ else None)


def verify(raw_token: str, key: Key, algorithm: str) -> dict[str, Any]:
    """Verify the signature by this key and this algorithm alone; return the claims, whose meaning is unchecked.

    Raises:
        Refusal: `provider_refused`.
    """
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)  # unknown members of a head are ignored
    try:
        with without_warning(SecurityWarning):  # EdDSA has a newer name (RFC 9864), which providers do not use yet
            return jwt.decode(raw_token, key, registry=registry).claims
    except (JoseError, ValueError) as error:
        raise refused(f"signature: {type(error).__name__}") from None


def read_id_claims(claims: dict[str, Any]) -> IdClaims:
    """Read an ID token's claims by type; without a nonce it is no answer to us.

    Raises:
        Refusal: `sign_in_nonce`, `provider_refused`.
    """
    if not isinstance(claims.get("nonce"), str):
        raise Refusal("sign_in_nonce", log_detail="the ID token has no nonce")
    try:
        return IdClaims.model_validate(claims)
    except ValidationError as error:
        raise refused(f"ID token: {_places(error)}") from None


def read_logout_claims(claims: dict[str, Any]) -> LogoutClaims:
    """Read a logout token's claims by type; one with a nonce could be an ID token (section 2.6).

    Raises:
        Refusal: `provider_refused`.
    """
    if "nonce" in claims:
        raise refused("logout token: a nonce makes it an ID token")
    try:
        return LogoutClaims.model_validate(claims)
    except ValidationError as error:
        raise refused(f"logout token: {_places(error)}") from None


def refused(why: str) -> Refusal:
    """Return the refusal of a provider's answer that does not hold."""
    return Refusal("provider_refused", log_detail=why)


def _decode_head(raw_token: str) -> dict[str, Any]:
    raw_head = raw_token.partition(".")[0]
    if len(raw_token) > _LONGEST or raw_token.count(".") != 2 or not raw_token.isascii():
        raise refused("no signed token")
    try:
        head = orjson.loads(urlsafe_b64decode(raw_head + "=" * (-len(raw_head) % 4)))
    except ValueError:
        raise refused("the head cannot be read") from None
    if not isinstance(head, dict):
        raise refused("the head is malformed")
    return head


def _places(error: ValidationError) -> str:
    return ", ".join(sorted({str(each["loc"][0]) for each in error.errors(include_input=False, include_url=False)}))
