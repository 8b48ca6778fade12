"""The gateway's RFC 8414 metadata: where its endpoints are, learned from its issuer identifier alone."""

from urllib.parse import urlsplit, urlunsplit

import httpx2
from pydantic import BaseModel, ValidationError

from gateway.sandbox.sample_app.trouble import GatewayUnreachable

WELL_KNOWN = "/.well-known/oauth-authorization-server"


class ServerMetadata(BaseModel):
    """What this app needs of it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    authorization_response_iss_parameter_supported: bool = False


class MetadataSource:
    """Fetches once, on first need; a failed fetch is tried again at the next."""

    def __init__(self, issuer: str, client: httpx2.AsyncClient) -> None:
        self._issuer, self._client = issuer, client
        self._found: ServerMetadata | None = None

    async def get(self) -> ServerMetadata:
        """Return the metadata; raises `GatewayUnreachable` also where it names another issuer (RFC 8414, 3.3)."""
        if self._found is None:
            self._found = await self._fetch()
        return self._found

    async def _fetch(self) -> ServerMetadata:
        try:
            answer = await self._client.get(metadata_url(self._issuer))
            answer.raise_for_status()
            metadata = ServerMetadata.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError) as error:
            raise GatewayUnreachable(str(error)) from error
        if metadata.issuer != self._issuer:
            raise GatewayUnreachable(f"metadata is of another issuer: {metadata.issuer}")
        return metadata


def metadata_url(issuer: str) -> str:
    """The well-known address: inserted between host and path (RFC 8414, 3.1)."""
    parts = urlsplit(issuer)
    return urlunsplit((parts.scheme, parts.netloc, WELL_KNOWN + parts.path.rstrip("/"), "", ""))
