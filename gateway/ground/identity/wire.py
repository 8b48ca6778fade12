"""Exchanges with the provider: bounded in time and size; no redirect, no compression, no proxy, no cookie.

The operator names the issuer, and the issuer's document names the rest: so nothing here trusts an address for more than
its bytes, and what answers late, long or otherwise than asked counts as no answer.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import quote_plus

import httpx2
import orjson
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from gateway.ground.identity.types import Departure, Registration
from gateway.terms.refusal import Refusal, Unavailable

IDENTITY = "identity"
LIMIT_BYTES = 256 * 1024
LIMIT_SECONDS = 10.0
_CONNECT_SECONDS = 3.0
_PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}
_OK = 200
T = TypeVar("T")


class _BoundedStream(httpx2.AsyncByteStream):
    """A body that ends in an error where it passes the bound."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for chunk in self._inner:
            length += len(chunk)
            if length > LIMIT_BYTES:
                raise httpx2.ReadError("the body passes the bound")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedTransport(httpx2.AsyncBaseTransport):
    """The library's transport; an answer that is coded is refused, for its size is not what was read."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._inner = httpx2.AsyncHTTPTransport(verify=trust, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx2.DecodingError("the answer is coded, which was not asked for")
        stream = _BoundedStream(cast("httpx2.AsyncByteStream", answer.stream))
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=stream, extensions=answer.extensions)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Wire:
    """Speaks HTTP to one provider.

    Args:
        registration: as whom.
        trust: whose certificates are believed.
        limit_seconds: how long a whole exchange may take.
    """

    def __init__(self, registration: Registration, trust: ssl.SSLContext, *, limit_seconds: float) -> None:
        self._registration, self._trust, self._limit_seconds = registration, trust, limit_seconds

    async def get_object(self, url: str, *, access_token: str = "") -> dict[str, Any]:
        """Get a JSON object.

        Raises:
            Unavailable: no answer in bound, or another one than 200 with an object.
        """
        headers = _PLAIN | ({"Authorization": f"Bearer {access_token}"} if access_token else {})
        async with httpx2.AsyncClient(**self._options(headers)) as http:
            answer = await self._bounded(http.get(url))
        if answer.status_code != _OK:
            raise Unavailable(IDENTITY)
        try:
            found = orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise Unavailable(IDENTITY) from error
        if not isinstance(found, dict):
            raise Unavailable(IDENTITY)
        return found

    async def redeem(self, url: str, *, raw_code: str, verifier: str) -> dict[str, Any]:
        """Exchange a code at the token endpoint.

        Raises:
            Refusal: `provider_refused`: the provider says no.
            Unavailable: no answer in bound, or one that is none of OAuth's.
        """
        async with self._open_client() as client:
            fetched = client.fetch_token(
                url,
                grant_type="authorization_code",
                code=raw_code,
                code_verifier=verifier,
                redirect_uri=self._registration.redirect_uri,
            )
            try:
                return dict(await self._bounded(fetched))
            except OAuthError as error:
                raise Refusal("provider_refused", log_detail=f"token endpoint: {str(error.error)[:80]!r}") from error

    def authorize_url(self, url: str, departure: Departure, asked: Mapping[str, str | None]) -> str:
        """Return the authorization request as an address; what is None is left out."""
        client = AsyncOAuth2Client(
            client_id=self._registration.client_id, code_challenge_method="S256", **self._options(_PLAIN)
        )
        made, _ = client.create_authorization_url(url, state=departure.state, code_verifier=departure.verifier, **asked)
        return cast("str", made)

    def _open_client(self) -> AsyncOAuth2Client:
        """Make authlib's client; the secret of Basic is form-encoded here (RFC 6749, 2.3.1), which authlib leaves."""
        known = self._registration
        is_basic = known.auth_method == "client_secret_basic"
        return AsyncOAuth2Client(
            client_id=quote_plus(known.client_id) if is_basic else known.client_id,
            client_secret=quote_plus(known.client_secret) if is_basic else known.client_secret,
            token_endpoint_auth_method=known.auth_method,
            **self._options(_PLAIN),
        )

    def _options(self, headers: Mapping[str, str]) -> dict[str, Any]:
        return {
            "headers": dict(headers),
            "transport": _BoundedTransport(self._trust),
            "timeout": httpx2.Timeout(self._limit_seconds, connect=min(_CONNECT_SECONDS, self._limit_seconds)),
            "follow_redirects": False,
            "trust_env": False,
        }

    async def _bounded(self, exchange: Awaitable[T]) -> T:
        """Await an exchange as a whole: a timeout for each read would let a drip last for ever."""
        try:
            async with asyncio.timeout(self._limit_seconds):
                return await exchange
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, ValueError) as error:
            raise Unavailable(IDENTITY) from error
