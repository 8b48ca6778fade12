"""Where KiotViet tells: webhooks registered, listed and removed through a shop's connection, one for each type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import ClientSession

from gateway.platforms import Connector, Credential
from gateway.platforms.exchange import exchange
from gateway.terms.refusal import Refusal, Unavailable

PLATFORM = "kiotviet"
_OK, _UNAUTHORIZED, _MISSING = 200, 401, 404


@dataclass(frozen=True, slots=True)
class KiotVietRegistrar:
    """Satisfies `gateway.platforms.Registrar`.

    Args:
        connector: writes the headers that carry the shop's credential.
        http: keeps no cookies.
    """

    connector: Connector
    http: ClientSession
    platform = PLATFORM

    async def add(self, credential: Credential, name: str, url: str, *, secret: str) -> str:
        """Register a type; return the platform's id of it."""
        wanted = {"Type": name, "Url": url, "IsActive": True, "Description": "Cổng Quyền", "Secret": secret}
        status, answer = await self._ask(credential, "/webhooks", body={"Webhook": wanted})
        number = answer.get("id")
        if status != _OK or not isinstance(number, str | int):
            raise Unavailable(PLATFORM)
        return str(number)

    async def list_active(self, credential: Credential) -> Mapping[str, str]:
        """List by what the platform still tells: its ids, each with the address."""
        status, answer = await self._ask(credential, "/webhooks")
        rows = answer.get("data")
        if status != _OK or not isinstance(rows, list):
            raise Unavailable(PLATFORM)
        live = [row for row in rows if isinstance(row, dict) and row.get("isActive") is True]
        return {str(row.get("id")): str(row.get("url")) for row in live}

    async def remove(self, credential: Credential, upstream_id: str) -> None:
        """Remove one; that it is not there any more is as well."""
        status, _ = await self._ask(credential, f"/webhooks/{upstream_id}", method="DELETE")
        if status not in {_OK, _MISSING}:
            raise Unavailable(PLATFORM)

    async def _ask(
        self, credential: Credential, path: str, *, method: str = "GET", body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        content = None if body is None else ("application/json", orjson.dumps(body))
        url, headers = self.connector.base_url + path, self.connector.headers(credential)
        used = method if content is None else "POST"
        status, answer = await exchange(self.http, url, headers, platform=PLATFORM, content=content, method=used)
        if status == _UNAUTHORIZED:
            raise Refusal("platform_refused", log_detail="webhooks answered 401")
        return status, answer
