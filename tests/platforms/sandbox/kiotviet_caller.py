"""A caller of the KiotViet stand-in that speaks as an app does, on aiohttp alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from gateway.sandbox.kiotviet.config import ApiKey, KiotVietSandboxConfig
from gateway.sandbox.kiotviet.seeds import BAKERY, FLORIST

KEY = ApiKey(
    retailer=BAKERY.retailer,
    client_id="83a5bcbe-0000-4000-8000-000000000001",
    client_secret="3B52F3A9DDE194966DAE2CE0A478B2DEC1525401",
)
OTHER_KEY = ApiKey(
    retailer=FLORIST.retailer,
    client_id="83a5bcbe-0000-4000-8000-000000000002",
    client_secret="3B52F3A9DDE194966DAE2CE0A478B2DEC1525402",
)

Json = Any


def kiotviet_config(state_path: Path | None = None) -> KiotVietSandboxConfig:
    """The settings that every test of the stand-in starts from."""
    return KiotVietSandboxConfig(keys=(KEY, OTHER_KEY), state_path=state_path)


class KiotVietCaller:
    """Calls one served stand-in, as the bakery unless told otherwise."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self.http, self.base = http, base

    async def raw(self, method: str, path: str, **options: Any) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; returns status, headers and the body's bytes."""
        url = URL(self.base + path, encoded=True)
        async with self.http.request(method, url, allow_redirects=False, **options) as answer:
            return answer.status, answer.headers, await answer.read()

    async def json(self, method: str, path: str, *, status: int = 200, **options: Any) -> Json:
        """Send one request that must be answered with this status and JSON."""
        found, headers, body = await self.raw(method, path, **options)
        assert found == status, body
        assert headers["Content-Type"].startswith("application/json"), headers["Content-Type"]
        return json.loads(body)

    async def token(self, key: ApiKey = KEY, *, status: int = 200, changed: Mapping[str, str] | None = None) -> Json:
        """Call the token endpoint."""
        form = {"scopes": "PublicApi.Access", "grant_type": "client_credentials"}
        form |= {"client_id": key.client_id, "client_secret": key.client_secret, **(changed or {})}
        return await self.json("POST", "/connect/token", status=status, data=form)

    async def call(
        self, method: str, path: str, token: str, *, retailer: str = BAKERY.retailer, status: int = 200, **options: Any
    ) -> Json:
        """Call a resource."""
        headers = {"Authorization": f"Bearer {token}", "Retailer": retailer, **options.pop("headers", {})}
        return await self.json(method, path, status=status, headers=headers, **options)

    async def get(self, path: str, token: str, **options: Any) -> Json:
        """Read a resource."""
        return await self.call("GET", path, token, **options)

    async def switch(self, **switches: object) -> Json:
        """Set the switches."""
        return await self.json("POST", "/_sandbox/switches", json=switches)

    async def received(self, after: int = 0) -> Json:
        """What arrived."""
        return await self.json("GET", f"/_sandbox/received?after={after}")
