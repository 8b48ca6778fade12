"""OAuth by authlib on httpx2: authorization code with PKCE, exchange, refresh. The only file that knows authlib."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from gateway.sandbox.sample_app.config import ClientConfig
from gateway.sandbox.sample_app.connections import Connection, ConnectionStore, Token
from gateway.sandbox.sample_app.metadata import ServerMetadata
from gateway.sandbox.sample_app.trouble import ExchangeRefused, GatewayUnreachable

LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 25.0


@dataclass(frozen=True)
class Request:
    """One call of the gateway's API."""

    method: str
    url: str
    params: Mapping[str, str]
    json: object = None


def open_client(app: ClientConfig, trust: ssl.SSLContext, **options: Any) -> AsyncOAuth2Client:
    """Make authlib's client for one of our registrations: Basic with a secret, `none` without."""
    return AsyncOAuth2Client(
        client_id=app.client_id,
        client_secret=app.client_secret,
        token_endpoint_auth_method="client_secret_basic" if app.client_secret else "none",
        redirect_uri=app.redirect_uri,
        code_challenge_method="S256",
        leeway=LEEWAY_SECONDS,
        verify=trust,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        **options,
    )


class Registration:
    """One client of ours at the gateway, before it has any token."""

    def __init__(self, app: ClientConfig, trust: ssl.SSLContext) -> None:
        self._app, self._trust = app, trust

    def authorize_url(self, metadata: ServerMetadata, *, state: str, verifier: str, scope: str | None) -> str:
        """Where to send the browser; without `scope` the gateway asks everything this client registered."""
        client = open_client(self._app, self._trust)
        url, _ = client.create_authorization_url(
            metadata.authorization_endpoint, state=state, code_verifier=verifier, scope=scope
        )
        return cast("str", url)

    async def redeem(self, metadata: ServerMetadata, *, code: str, verifier: str) -> Token:
        """Trade the code for tokens."""
        async with open_client(self._app, self._trust) as client:
            fetched = client.fetch_token(
                metadata.token_endpoint, code=code, code_verifier=verifier, redirect_uri=self._app.redirect_uri
            )
            return await translate(fetched)


class Line:
    """A connection in use: sends calls with its token, refreshes near expiry, and once if the token is refused.

    Refreshes are one at a time: a refresh token is single use, and its second use would end everything.
    """

    def __init__(
        self, app: ClientConfig, connection: Connection, *, store: ConnectionStore, trust: ssl.SSLContext
    ) -> None:
        self._app, self.connection, self._store = app, connection, store
        self._lock = asyncio.Lock()
        self._client = open_client(app, trust, token=dict(connection.token))

    async def send(self, request: Request, metadata: ServerMetadata) -> httpx2.Response:
        """Send one call; the answer may still be a refusal."""
        if self._client.token.is_expired(leeway=LEEWAY_SECONDS):
            await self._refresh(metadata, spent=self._client.token["access_token"])
        used = self._client.token["access_token"]
        answer = await self._send(request)
        if _is_token_refused(answer) and await self._refresh(metadata, spent=used):
            answer = await self._send(request)
        return answer

    async def close(self) -> None:
        """Close its sockets."""
        await self._client.aclose()

    async def _refresh(self, metadata: ServerMetadata, *, spent: str) -> bool:
        """Get new tokens unless someone just did; False where there is no way to."""
        async with self._lock:
            token = self._client.token
            if token["access_token"] != spent:
                return True
            if not token.get("refresh_token"):
                return False
            try:
                await translate(self._client.refresh_token(metadata.token_endpoint))
            except ExchangeRefused:
                self._client.token = {name: value for name, value in token.items() if name != "refresh_token"}
                self._store.replace_token(self.connection, dict(self._client.token))
                return False
            self._store.replace_token(self.connection, dict(self._client.token))
            return True

    async def _send(self, request: Request) -> httpx2.Response:
        """Put the token where this client's dialect has it: Zalo's own header, or Bearer."""
        is_zalo = self._app.dialect == "zalo"
        try:
            answer = await self._client.request(
                request.method,
                request.url,
                params=request.params or None,
                json=request.json,
                headers={"access_token": self._client.token["access_token"]} if is_zalo else None,
                withhold_token=True,
                auth=None if is_zalo else self._client.token_auth,
            )
        except httpx2.HTTPError as error:
            raise GatewayUnreachable(str(error)) from error
        return cast("httpx2.Response", answer)


async def translate(exchange: Any) -> Token:
    """Await a token call of authlib; its errors become ours."""
    try:
        return dict(await exchange)
    except OAuthError as error:
        raise ExchangeRefused(str(error.error), str(error.description or "")) from error
    except (httpx2.HTTPError, ValueError) as error:
        raise GatewayUnreachable(str(error)) from error


def _is_token_refused(answer: httpx2.Response) -> bool:
    """Whether the gateway says that the token is no good, in either dialect."""
    if answer.status_code == httpx2.codes.UNAUTHORIZED:
        return True
    return answer.headers.get("Quyen-Error") == "invalid_token"
