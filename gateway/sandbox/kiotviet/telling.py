"""Webhooks: registered by type, told of each change, signed, told again; a 4xx switches one off silently (facts B4)."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from gateway.sandbox.kiotviet.errors import KiotError
from gateway.sandbox.kiotviet.state import Row, State
from gateway.sandbox.kiotviet.switches import Switches
from gateway.sandbox.switching import SwitchBoard
from gateway.terms.entropy import Entropy

ANSWER = ClientTimeout(total=5)
ENDING = frozenset({400, 401, 403, 404, 405})
TYPES = frozenset(
    {
        f"{kind}.{what}"
        for kind in ("customer", "product", "pricebook", "category", "branch")
        for what in ("update", "delete")
    }
    | {"pricebookdetail.update", "pricebookdetail.delete", "stock.update", "order.update", "invoice.update"}
)
KINDS = {"customers": "customer", "products": "product", "orders": "order", "invoices": "invoice"}


class Teller:
    """A shop's webhooks, and what they tell.

    Args:
        state: where they are kept.
        board: the quirks in force.
        entropy: for ids.
    """

    def __init__(self, state: State, board: SwitchBoard[Switches], *, entropy: Entropy) -> None:
        self._state, self._board, self._entropy = state, board, entropy
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: ClientSession | None = None
        self.told: list[Row] = []
        """What was told: type, attempt and status, or null where nobody was there; the newest last."""

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold the way out while the application runs."""
        async with ClientSession(timeout=ANSWER, trust_env=False) as self._session:
            yield
            for task in self._tasks:
                task.cancel()

    def add(self, retailer: str, body: Row) -> Row:
        """`POST /webhooks`."""
        wanted = body.get("Webhook")
        if not isinstance(wanted, dict) or wanted.get("Type") not in TYPES or not isinstance(wanted.get("Url"), str):
            raise KiotError("validation", "Webhook không hợp lệ")
        number = int.from_bytes(self._entropy.token(4))
        made = {"id": number, "type": wanted["Type"], "url": wanted["Url"], "isActive": bool(wanted.get("IsActive"))}
        made |= {"description": wanted.get("Description", ""), "secret": wanted.get("Secret", "")}
        self._rows(retailer).append(made)
        self._state.save()
        return _shown(made)

    def list_all(self, retailer: str) -> Row:
        """`GET /webhooks`."""
        rows = self._rows(retailer)
        return {"total": len(rows), "pageSize": 20, "data": [_shown(row) for row in rows]}

    def find(self, retailer: str, number: str) -> Row:
        """`GET /webhooks/{id}`."""
        found = next((row for row in self._rows(retailer) if str(row["id"]) == number), None)
        if found is None:
            raise KiotError("missing", "Không tìm thấy dữ liệu")
        return _shown(found)

    def remove(self, retailer: str, number: str) -> Row:
        """`DELETE /webhooks/{id}`."""
        self.find(retailer, number)
        self._state.snapshot.webhooks[retailer] = [row for row in self._rows(retailer) if str(row["id"]) != number]
        self._state.save()
        return {"message": "Xóa dữ liệu thành công"}

    def switch_off(self, retailer: str, number: int) -> bool:
        """Switch a webhook off; whether there was one that was on."""
        found = [row for row in self._rows(retailer) if row["id"] == number and row["isActive"]]
        for row in found:
            row["isActive"] = False
        self._state.save()
        return bool(found)

    def tell(self, retailer: str, kind: str, rows: list[Row]) -> None:
        """Tell of changes to every webhook of this type that is on."""
        for hook in self._rows(retailer):
            if hook["type"] == kind and hook["isActive"]:
                told = {"Action": kind, "Data": [_capital(row) for row in rows]}
                task = asyncio.get_running_loop().create_task(self._send(hook, told))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send(self, hook: Row, told: Row) -> None:
        number = self._entropy.token(8).hex()
        for attempt, wait in enumerate((0.0, *self._board.current.hook_retry_seconds), start=1):
            await asyncio.sleep(wait)
            body = json.dumps({"Id": number, "Attempt": attempt, "Notifications": [told]}).encode()
            status = await self._post(hook, body)
            self.told = [*self.told[-999:], {"type": hook["type"], "attempt": attempt, "status": status}]
            if status in ENDING:
                hook["isActive"] = False  # by the row itself: it may have been removed meanwhile
                self._state.save()
            if status is not None and status < 500:
                return

    async def _post(self, hook: Row, body: bytes) -> int | None:
        headers = {"Content-Type": "application/json"}
        if hook["secret"]:
            digest = self._board.current.hook_digest
            headers["X-Hub-Signature"] = hmac.digest(hook["secret"].encode(), body, digest).hex()
        if self._session is None:
            return None
        try:
            async with self._session.post(hook["url"], data=body, headers=headers) as answer:
                return answer.status
        except (ClientError, OSError, TimeoutError):
            return None

    def _rows(self, retailer: str) -> list[Row]:
        return self._state.snapshot.webhooks.setdefault(retailer, [])


def _shown(hook: Row) -> Row:
    """A webhook as it is answered: without its secret."""
    return {name: value for name, value in hook.items() if name != "secret"}


def _capital(value: Any) -> Any:
    """Write members as webhooks do: with a capital."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _capital(inner) for name, inner in value.items()}
    return [_capital(inner) for inner in value] if isinstance(value, list) else value
