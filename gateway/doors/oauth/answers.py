"""What the OAuth endpoints answer, as models: for their description (`openapi.py`), which a test holds against them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.doors.oauth.errors import ERRORS
from gateway.doors.oauth.forms import one_of
from gateway.ground.vault.tokens import ACCESS, REFRESH
from gateway.ground.web.openapi import sometimes

WORDS = tuple(sorted({row.error for row in ERRORS.values()}))
_SHAPE = "^%s_[0-9A-Za-z]{49}$"


class _Closed(BaseModel):
    """An answer with these members and no others."""

    model_config = ConfigDict(extra="forbid")


class OAuthError(_Closed):
    """RFC 6749 section 5.2; registration: RFC 7591 section 3.2.2."""

    error: Annotated[str, one_of(WORDS)]
    error_description: str = sometimes("for the developer", pattern=r"^[\x20\x21\x23-\x5b\x5d-\x7e]+$")


class Detail(BaseModel):
    """One ask that a token opens (RFC 9396)."""

    type: Literal["quyen_ask"]
    ask: str
    scope: str
    purpose: str
    account: str
    resources: list[str] = sometimes("which alone, where it is narrowed to some", min_length=1)


class TokenAnswer(_Closed):
    """OAuth 2.1 section 3.2.3. A token for an app's own affairs has no grant."""

    access_token: str = Field(pattern=_SHAPE % ACCESS)
    token_type: Literal["Bearer", "DPoP"]
    expires_in: int = Field(ge=0)
    scope: str
    refresh_token: str = sometimes("where the app registered for it", pattern=_SHAPE % REFRESH)
    grant_id: str = sometimes("which grant")
    authorization_details: list[Detail] = sometimes("what was granted")


class PushedAnswer(_Closed):
    """RFC 9126 section 2.2."""

    request_uri: str = Field(pattern="^urn:ietf:params:oauth:request_uri:")
    expires_in: int = Field(gt=0)


class DeviceAnswer(_Closed):
    """RFC 8628 section 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int = Field(gt=0)
    interval: int = Field(gt=0)


class Confirmation(_Closed):
    """RFC 9449 section 6."""

    jkt: str = Field(pattern="^[A-Za-z0-9_-]{43}$")


class Inactive(_Closed):
    """RFC 7662 section 2.2: of a token that opens nothing, nothing more is said."""

    active: Literal[False]


class Active(_Closed):
    """RFC 7662 section 2.2."""

    active: Literal[True]
    scope: str
    client_id: str
    sub: str
    aud: str
    iss: str
    iat: int = Field(ge=0)
    exp: int = Field(ge=0)
    token_type: Literal["Bearer", "DPoP"] = sometimes("of an access token")
    grant_id: str = sometimes("which grant")
    authorization_details: list[Detail] = sometimes("what it opens now")
    cnf: Confirmation = sometimes("the key that it is bound to")
    auth_time: int = sometimes("when the person signed in (RFC 9470)", ge=0)
    acr: str = sometimes("and how")


class RegistrationAnswer(BaseModel):
    """RFC 7591 section 3.2.1: what was registered of what was sent, and what was made."""

    client_id: str = Field(pattern="^app_[0-9A-Za-z]{22}$")
    client_id_issued_at: int = Field(ge=0)
    client_secret: str = sometimes("this once, of an app that authenticates by one")
    client_secret_expires_at: Literal[0] = sometimes("beside a secret, which does not expire")
    redirect_uris: list[str]
    token_endpoint_auth_method: str
    grant_types: list[str]
    response_types: list[Literal["code"]]


class ServerMetadata(BaseModel):
    """RFC 8414 section 2."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    response_types_supported: list[str] = Field(min_length=1)
    code_challenge_methods_supported: list[Literal["S256"]] = Field(min_length=1)
    scopes_supported: list[str] = Field(min_length=1)


class ResourceMetadata(BaseModel):
    """RFC 9728 section 2."""

    resource: str
    authorization_servers: list[str] = Field(min_length=1)
    scopes_supported: list[str] = Field(min_length=1)
    bearer_methods_supported: list[Literal["header"]] = Field(min_length=1)


Introspected: Any = Active | Inactive
