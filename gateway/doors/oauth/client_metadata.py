"""Client metadata (RFC 7591 section 2), as an app writes it into a registration or a document: read into our own form.

What is not known here is ignored, what is known is checked. What we do not support of a list is left out of it, so that
the answer, or the screen, says what holds.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.doors.oauth.details import TYPES
from gateway.ground.fetching.urls import check_fetchable
from gateway.ground.web.responses import check_redirect_uri
from gateway.records.apps.keys import check_public_keys
from gateway.records.apps.types import App, AppOrigin, AppState, AuthMethod, GrantType, stand_in_name
from gateway.records.apps.wording import Name, Readable
from gateway.terms.ids import AppId
from gateway.terms.refusal import Refusal
from scopes.strict_json import NotStrict, parse

MOST_REDIRECTS = 20
LONGEST_REDIRECT = 2048
GRANT_TYPES = (GrantType.CODE.value, GrantType.REFRESH.value)
"""What an app that nobody reviewed may register for."""
MethodName = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
METHODS: Mapping[MethodName, AuthMethod] = {
    name: AuthMethod.SECRET if name.startswith(AuthMethod.SECRET) else AuthMethod(name) for name in get_args(MethodName)
}
"""Client authentication as it is named on the wire: a secret is sent in either of two ways."""


def _address(value: str) -> str:
    check_fetchable(value, allow_loopback=True)
    return value


Address = Annotated[str, AfterValidator(_address)]


class ClientMetadata(BaseModel):
    """What an app says of itself; every field was checked, nothing of it is proven."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    redirect_uris: list[Annotated[str, Field(max_length=LONGEST_REDIRECT), AfterValidator(check_redirect_uri)]] = Field(
        min_length=1, max_length=MOST_REDIRECTS
    )
    token_endpoint_auth_method: MethodName = "client_secret_basic"
    grant_types: list[str] = Field([GrantType.CODE.value], max_length=20)
    response_types: list[str] = Field(["code"], max_length=20)
    client_name: Name | None = Field(None, min_length=1, max_length=80)
    client_uri: Address | None = None
    logo_uri: Address | None = None
    tos_uri: Address | None = None
    policy_uri: Address | None = None
    contacts: list[Annotated[Readable, Field(max_length=200)]] | None = Field(None, max_length=5)
    scope: str | None = Field(None, max_length=4000)
    jwks: Annotated[dict[str, Any], AfterValidator(check_public_keys)] | None = None
    jwks_uri: Address | None = None
    software_id: Readable | None = Field(None, max_length=200)
    software_version: Readable | None = Field(None, max_length=200)
    require_pushed_authorization_requests: bool = False
    dpop_bound_access_tokens: bool = False
    authorization_details_types: Annotated[list[Readable], Field(max_length=20)] | None = None

    @property
    def auth_method(self) -> AuthMethod:
        """How the app proves that it is itself."""
        return METHODS[self.token_endpoint_auth_method]

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if GrantType.CODE not in self.grant_types or "code" not in self.response_types:
            raise ValueError("grant_types holds authorization_code, and response_types code: nothing else begins here")
        if self.jwks is not None and self.jwks_uri is not None:
            raise ValueError("jwks and jwks_uri do not stand together")
        if self.auth_method is AuthMethod.KEY and self.jwks is None:
            raise ValueError("private_key_jwt needs jwks; jwks_uri is not read here")
        return self

    def to_content(self, scope: str) -> dict[str, Any]:
        """Return what is kept and answered: only what holds here, with the scope that may be asked."""
        content = self.model_dump(exclude_none=True, exclude={"jwks_uri", "scope"})
        content = {name: value for name, value in content.items() if value is not False}
        content["grant_types"] = [name for name in GRANT_TYPES if name in self.grant_types]
        content["response_types"] = ["code"]
        if self.authorization_details_types is not None:
            content["authorization_details_types"] = [
                each for each in TYPES if each in self.authorization_details_types
            ]
        if self.auth_method is not AuthMethod.KEY:
            content.pop("jwks", None)
        return content | ({"scope": scope} if scope else {})


def parse_metadata(raw_body: bytes) -> dict[str, Any]:
    """Read the JSON object that metadata is; null counts as left out.

    Raises:
        Refusal: `invalid_client_metadata`: not one JSON object in UTF-8, or a name stands twice.
    """
    try:
        content = parse(raw_body)
    except NotStrict:
        raise Refusal("invalid_client_metadata", "the metadata is not one JSON object in UTF-8") from None
    if not isinstance(content, dict):
        raise Refusal("invalid_client_metadata", "the metadata is not a JSON object")
    return {name: value for name, value in content.items() if value is not None}


def check_metadata(raw: dict[str, Any]) -> ClientMetadata:
    """Check metadata.

    Raises:
        Refusal: `invalid_redirect_uri`, `invalid_client_metadata`, `unapproved_software_statement`; its text names the
            field and repeats nothing that was sent.
    """
    if "software_statement" in raw:
        raise Refusal("unapproved_software_statement", "no issuer of software statements is approved here")
    try:
        return ClientMetadata.model_validate(raw)
    except ValidationError as error:
        names = [str(each["loc"][0]) for each in error.errors(include_input=False) if each["loc"]]
        if "redirect_uris" in names:
            told = (
                f"redirect_uris: 1 to {MOST_REDIRECTS}, each of at most {LONGEST_REDIRECT} characters, and absolute: "
            )
            raise Refusal("invalid_redirect_uri", f"{told}https, loopback or reversed domain") from None
        told = ", ".join(dict.fromkeys(names)) or "grant_types, response_types, jwks or jwks_uri"
        raise Refusal("invalid_client_metadata", f"not usable here: {told}") from None


def app_of(app_id: AppId, said: ClientMetadata, *, origin: AppOrigin, host: str, at: datetime) -> App:
    """Return the record of an app that says this of itself; nobody reviewed it, and who is behind it is not known.

    `host` is the domain that is known to be its own, or empty; it stands for the name where none was given.
    """
    content = said.to_content("")
    types = content.get("authorization_details_types")
    return App(
        id=app_id,
        name=said.client_name or stand_in_name(app_id, host, tuple(said.redirect_uris)),
        legal_entity="",
        address="",
        contact=", ".join(said.contacts or ()),
        domain=host,
        country="",
        owner_id=None,
        auth_method=said.auth_method,
        jwks=content.get("jwks"),
        dialect=None,
        grant_types=tuple(GrantType(name) for name in content["grant_types"]),
        redirect_uris=tuple(said.redirect_uris),
        must_push=said.require_pushed_authorization_requests,
        binds_tokens=said.dpop_bound_access_tokens,
        details_types=None if types is None else tuple(types),
        state=AppState.ACTIVE,
        suspended_reason=None,
        reviewed_at=None,
        created_at=at,
        origin=origin,
    )
