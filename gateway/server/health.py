"""Is the gateway alive, and is it ready: `/healthz` and `/readyz` of both origins."""

from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from gateway.acts import House
from gateway.terms.refusal import Unavailable


@dataclass(slots=True)
class Health:
    """What readiness is judged by.

    Args:
        house: the database that must answer, and the log.
        is_draining: set when the server was asked to stop.
        bad_records: what verification found wrong with the log at the start; it then signs nothing and says so.
        checked_at, checked_size: when that was, and how many records there were; None before it is done.
    """

    house: House
    is_draining: bool = False
    bad_records: list[str] = field(default_factory=list)
    checked_at: datetime | None = None
    checked_size: int = 0

    async def answer_alive(self, _request: web.Request) -> web.Response:
        """Answer that the process runs."""
        return web.json_response({"alive": True})

    async def answer_ready(self, _request: web.Request) -> web.Response:
        """Answer whether calls can be judged: 200, or 503 while the database is silent or the server drains."""
        state = {
            "ready": not self.is_draining and await self._answers(),
            "log": "does not verify: nothing is signed" if self.bad_records else "verified at start",
            "bad_records": self.bad_records[:10],
            "checkpoints": "kept" if self.house.ledger.is_published else "cannot be written outside the database",
        }
        return web.json_response(state, status=200 if state["ready"] else 503, headers={"Cache-Control": "no-store"})

    async def _answers(self) -> bool:
        try:
            async with self.house.storage.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except Unavailable:
            return False
        return True
