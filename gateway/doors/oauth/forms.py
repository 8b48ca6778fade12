"""What the OAuth endpoints take, as models: for their description (`openapi.py`). The endpoints read parameters."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel

from gateway.doors.oauth.asking import CHALLENGE_METHODS, RESPONSE_MODES, RESPONSE_TYPES
from gateway.doors.oauth.assertions import ASSERTION_TYPE
from gateway.ground.web.openapi import sometimes
from gateway.records.apps.types import GrantType


def one_of(values: tuple[str, ...]) -> Any:
    """Return the metadata of a text that is one of these."""
    return Field(json_schema_extra={"enum": list(values)})


class ByClient(BaseModel):
    """Client authentication by the body (OAuth 2.1 section 2.4); by the header nothing of it stands here."""

    client_id: str = sometimes("the app; a public one says no more")
    client_secret: str = sometimes("client_secret_post")
    client_assertion: str = sometimes("private_key_jwt")
    client_assertion_type: str = sometimes("and its type", examples=[ASSERTION_TYPE])


class Wanted(BaseModel):
    """What an app asks of a person, wherever it asks."""

    scope: str = sometimes("asks; omitted: those of authorization_details, or all of the app's")
    authorization_details: str = sometimes("a JSON array of quyen_ask objects (RFC 9396)")
    resource: list[str] = sometimes("whose API (RFC 8707)")
    dpop_jkt: str = sometimes("the key to bind the code to (RFC 9449)", pattern="^[A-Za-z0-9_-]{43}$")
    prompt: str = sometimes("login, consent or select_account; none is refused")
    max_age: str = sometimes("seconds since the person signed in", pattern="^[0-9]{1,9}$")
    acr_values: str = sometimes("how the person is to sign in (RFC 9470)")
    login_hint: str = sometimes("who the app thinks it is")


class ByRedirect(Wanted):
    """A request whose answer is a redirect."""

    response_type: Annotated[str, one_of(RESPONSE_TYPES)]
    code_challenge: str = Field(pattern="^[A-Za-z0-9_-]{43}$")
    code_challenge_method: Annotated[str, one_of(CHALLENGE_METHODS)]
    redirect_uri: str = sometimes("one of the app's; needed where it has several")
    response_mode: Annotated[str, one_of(RESPONSE_MODES)] = sometimes("the query alone")
    state: str = sometimes("given back as it came")


class AuthorizeQuery(Wanted):
    """The parameters of the authorize endpoint; with a pushed request only the first two count."""

    client_id: str
    request_uri: str = sometimes("a pushed request (RFC 9126)")
    response_type: Annotated[str, one_of(RESPONSE_TYPES)] = sometimes("needed unless pushed")
    code_challenge: str = sometimes("needed unless pushed", pattern="^[A-Za-z0-9_-]{43}$")
    code_challenge_method: Annotated[str, one_of(CHALLENGE_METHODS)] = sometimes("needed unless pushed")
    redirect_uri: str = sometimes("one of the app's; needed where it has several")
    response_mode: Annotated[str, one_of(RESPONSE_MODES)] = sometimes("the query alone")
    state: str = sometimes("given back as it came")


class PushedForm(ByClient, ByRedirect):
    """RFC 9126 section 2.1."""


class DeviceForm(ByClient, Wanted):
    """RFC 8628 section 3.1."""


class ByCode(ByClient):
    """OAuth 2.1 section 4.1.3."""

    grant_type: Literal["authorization_code"]
    code: str
    code_verifier: str = Field(pattern="^[A-Za-z0-9._~-]{43,128}$")
    redirect_uri: str = sometimes("the same as asked with")
    resource: list[str] = sometimes("whose API (RFC 8707)")
    authorization_details: str = sometimes("less than was granted (RFC 9396 section 6)")


class ByRefresh(ByClient):
    """OAuth 2.1 section 4.3.1."""

    grant_type: Literal["refresh_token"]
    refresh_token: str
    scope: str = sometimes("less than is held, this once")
    resource: list[str] = sometimes("whose API (RFC 8707)")
    authorization_details: str = sometimes("less than was granted (RFC 9396 section 6)")


class ByItself(ByClient):
    """OAuth 2.1 section 4.2: an app for its own affairs, or a grant-bound credential."""

    grant_type: Literal["client_credentials"]
    scope: str = sometimes("omitted: all")
    resource: list[str] = sometimes("whose API (RFC 8707)")
    authorization_details: str = sometimes("less than was granted (RFC 9396 section 6)")


class ByDevice(ByClient):
    """RFC 8628 section 3.4."""

    grant_type: Annotated[str, Field(json_schema_extra={"const": GrantType.DEVICE.value})]
    device_code: str
    resource: list[str] = sometimes("whose API (RFC 8707)")
    authorization_details: str = sometimes("less than was granted (RFC 9396 section 6)")


class TokenForm(RootModel[ByCode | ByRefresh | ByItself | ByDevice]):
    """What the token endpoint takes, by grant type."""


class AboutToken(ByClient):
    """RFC 7009 section 2.1 and RFC 7662 section 2.1."""

    token: str
    token_type_hint: str = sometimes("not needed")
