"""The provider's discovery document (OpenID Connect Discovery 1.0), believed as far as it was checked."""

from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.ground.identity.types import Registration
from gateway.terms.refusal import Refusal

ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519", "RS256")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PATH = "/.well-known/openid-configuration"


class ProviderMetadata(BaseModel):
    """What the gateway uses of the document; the rest is nobody's business here."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    response_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    code_challenge_methods_supported: list[str] = ["S256"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False

    @property
    def algorithms(self) -> list[str]:
        """The signatures that both sides know."""
        return [each for each in ALGORITHMS if each in self.id_token_signing_alg_values_supported]


def discovery_url(issuer: str) -> str:
    """Return where the document stands (Discovery, section 4: a slash at the end of the issuer is left out)."""
    return issuer.rstrip("/") + _PATH


def read_metadata(found: dict[str, Any], registration: Registration) -> ProviderMetadata:
    """Check the document against what the operator set.

    Raises:
        Refusal: `provider_refused`: it is another issuer's, leads off TLS, or cannot do what sign-in needs.
    """
    try:
        metadata = ProviderMetadata.model_validate(found)
    except ValidationError as error:
        places = sorted(str(each["loc"][0]) for each in error.errors(include_input=False, include_url=False))
        raise _refused(f"unusable: {', '.join(places)}") from None
    if metadata.issuer != registration.issuer:  # section 4.3: exactly, or it is an impersonation
        raise _refused("the document is another issuer's")
    named = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
    optional = (metadata.userinfo_endpoint, metadata.end_session_endpoint)
    for endpoint in (*named, *(each for each in optional if each is not None)):
        if not _is_endpoint(endpoint, registration.issuer):
            raise _refused("an endpoint is no address under the issuer's scheme")
    if "code" not in metadata.response_types_supported or "S256" not in metadata.code_challenge_methods_supported:
        raise _refused("it knows no code flow with PKCE S256")
    if registration.auth_method not in metadata.token_endpoint_auth_methods_supported:
        raise _refused(f"it does not take {registration.auth_method}")
    if not metadata.algorithms:
        raise _refused("it signs in no way that is taken here")
    return metadata


def _is_endpoint(url: str, issuer: str) -> bool:
    """Tell whether an address may be spoken to: https like its issuer, or http where that is on loopback and so is it.

    With the issuer's scheme on every address a page's CSP can name where its form will lead before anyone was asked.
    """
    try:
        parts, scheme = urlsplit(url), urlsplit(issuer).scheme
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = all("!" <= sign <= "~" for sign in url) and not parts.username and not parts.fragment
    is_safe = parts.scheme == "https" or parts.hostname in LOOPBACK
    return bool(parts.hostname) and port_is_good and is_plain and parts.scheme == scheme and is_safe


def _refused(why: str) -> Refusal:
    return Refusal("provider_refused", log_detail=f"discovery: {why}")
