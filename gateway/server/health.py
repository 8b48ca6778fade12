"""Is the gateway alive, and is it ready: `/healthz` and `/readyz` of both origins."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from gateway.acts import House

_KEPT_SECONDS = 1.0
"""How long an answer of the database's stands: strangers ask, and each asking is a commit on the only writer."""
_UNSIGNED = "does not verify: nothing is signed"


@dataclass(slots=True)
class Health:
    """What readiness is judged by, and told to anyone: states and numbers, nobody's ids (I10).

    Args:
        house: the database that must answer, and the log.
        is_draining: set when the server was asked to stop.
        failing: the rounds (`rounds.py`) that were not done the last time.
    """

    house: House
    is_draining: bool = False
    failing: set[str] = field(default_factory=set)
    _asked: asyncio.Task[bool] | None = field(default=None, init=False, repr=False)
    _ask_again_at: float = field(default=0.0, init=False, repr=False)

    async def answer_alive(self, _request: web.Request) -> web.Response:
        """Answer that the process runs."""
        return web.json_response({"alive": True})

    async def answer_ready(self, _request: web.Request) -> web.Response:
        """Answer whether calls can be judged: 200, or 503 while none can be, or the server drains.

        No call passes without a line in the trace, so a database that only reads is not ready.
        """
        checked, ballast = self.house.ledger.checked, self.house.storage.ballast
        faults = len(checked.faults) if checked else 0
        state = {
            "ready": not self.is_draining and await self._is_answering(),
            "log": "not verified" if checked is None else _UNSIGNED if faults else "verified at start",
            "faults": faults,
            "checkpoints": "kept" if self.house.ledger.is_published else "cannot be written outside the database",
            "failing": sorted(self.failing),
        }
        if checked is not None and faults:
            state["following"] = checked.following
        if ballast is not None:
            state["disk"] = "room is kept for ends" if ballast.is_kept else "no room is kept for ends"
        return web.json_response(state, status=200 if state["ready"] else 503, headers={"Cache-Control": "no-store"})

    async def _is_answering(self) -> bool:
        """Ask the database; whoever comes meanwhile or soon after gets the same answer, so asking is never a load."""
        is_old = self.house.clock.boottime() >= self._ask_again_at
        if self._asked is None or (self._asked.done() and is_old):
            self._asked = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asked)

    async def _ask(self) -> bool:
        storage = self.house.storage
        try:
            return await storage.is_answering() and await storage.is_writable()
        finally:
            self._ask_again_at = self.house.clock.boottime() + _KEPT_SECONDS
