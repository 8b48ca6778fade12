"""Is the gateway alive, and is it ready: `/healthz` and `/readyz` of both origins."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from gateway.acts import House

_MOST_NAMED = 10
_UNSIGNED = "does not verify: nothing is signed"


@dataclass(slots=True)
class Health:
    """What readiness is judged by.

    Args:
        house: the database that must answer, and the log.
        is_draining: set when the server was asked to stop.
        failing: the rounds (`rounds.py`) that were not done the last time.
    """

    house: House
    is_draining: bool = False
    failing: set[str] = field(default_factory=set)
    _asked: asyncio.Task[bool] | None = field(default=None, init=False, repr=False)

    async def answer_alive(self, _request: web.Request) -> web.Response:
        """Answer that the process runs."""
        return web.json_response({"alive": True})

    async def answer_ready(self, _request: web.Request) -> web.Response:
        """Answer whether calls can be judged: 200, or 503 while none can be, or the server drains.

        No call passes without a line in the trace, so a database that only reads is not ready.
        """
        checked, ballast = self.house.ledger.checked, self.house.storage.ballast
        faults = checked.faults if checked else ()
        state = {
            "ready": not self.is_draining and await self._is_answering(),
            "log": "not verified" if checked is None else _UNSIGNED if faults else "verified at start",
            "bad_records": faults[:_MOST_NAMED],
            "checkpoints": "kept" if self.house.ledger.is_published else "cannot be written outside the database",
            "failing": sorted(self.failing),
        }
        if checked is not None and faults:
            state["bad_more"] = max(len(faults) - _MOST_NAMED, 0)
            state["bad_following"] = checked.following
        if ballast is not None:
            state["disk"] = "room is kept for ends" if ballast.is_kept else "no room is kept for ends"
        return web.json_response(state, status=200 if state["ready"] else 503, headers={"Cache-Control": "no-store"})

    async def _is_answering(self) -> bool:
        """Ask the database; whoever comes meanwhile gets the same answer, so that asking is never a load."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asked)

    async def _ask(self) -> bool:
        storage = self.house.storage
        return await storage.is_answering() and await storage.is_writable()
