"""An app that speaks to the gateway with published libraries alone: authlib for OAuth, matrix-nio for Matrix."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import nio
from aiohttp import ClientSession
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from yarl import URL

from tests.platforms.synapse.registrations import REDIRECT_URI
from tests.platforms.synapse.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call of the app got, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    json: Any = field(repr=False)

    @property
    def told(self) -> tuple[int, str, str]:
        """Status, our problem's code and Matrix's; the body must be problem+json."""
        assert self.headers["Content-Type"] == "application/problem+json"
        return self.status, self.json["code"], self.json["errcode"]


@dataclass(frozen=True, slots=True)
class MatrixApp:
    """A registered app; `api` is the gateway's API origin."""

    client_id: str
    client_secret: str = field(repr=False)
    public: str
    api: str
    http: ClientSession = field(repr=False)

    @asynccontextmanager
    async def asking(self, person: Visitor) -> AsyncIterator[dict[str, Any]]:
        """Send a signed-in person to the consent screen; the block decides; then redeem what comes back.

        Yields:
            The token endpoint's answer, empty before the end of the block.
        """
        async with self._oauth() as client:
            verifier = generate_token(48)
            url, state = client.create_authorization_url(f"{self.public}/oauth/authorize", code_verifier=verifier)
            await person.get(url)
            answer: dict[str, Any] = {}
            yield answer
            assert person.left_to.startswith(f"{REDIRECT_URI}?"), person.page
            answer |= await client.fetch_token(
                f"{self.public}/oauth/token",
                authorization_response=person.left_to,
                state=state,
                code_verifier=verifier,
            )

    @asynccontextmanager
    async def client(self, token: str, *, user_id: str = "", purpose: str = "") -> AsyncIterator[nio.AsyncClient]:
        """Yield matrix-nio's client with the gateway as its homeserver and the gateway's token as its own."""
        headers = {"Quyen-Purpose": purpose} if purpose else None
        config = nio.AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, custom_headers=headers)
        client = nio.AsyncClient(f"{self.api}/matrix", user_id, config=config)
        client.access_token = token
        try:
            yield client
        finally:
            await client.close()

    async def call(self, token: str, target: str, method: str = "GET", **options: Any) -> Reply:
        """Make one call whose target goes out byte for byte."""
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        url = URL(f"{self.api}/matrix{target}", encoded=True)
        async with self.http.request(method, url, headers=headers, allow_redirects=False, **options) as answer:
            is_json = answer.content_type.endswith("json")
            content = await answer.json(content_type=None) if is_json else None
            return Reply(answer.status, answer.headers, await answer.read(), content)

    @asynccontextmanager
    async def _oauth(self) -> AsyncIterator[AsyncOAuth2Client]:
        async with AsyncOAuth2Client(
            self.client_id, self.client_secret, redirect_uri=REDIRECT_URI, code_challenge_method="S256"
        ) as client:
            yield client
