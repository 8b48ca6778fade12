"""Is the gateway alive, and is it ready: `/healthz` and `/readyz` of both origins."""

from dataclasses import dataclass, field

from aiohttp import web

from gateway.acts import House

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

    async def answer_alive(self, _request: web.Request) -> web.Response:
        """Answer that the process runs."""
        return web.json_response({"alive": True})

    async def answer_ready(self, _request: web.Request) -> web.Response:
        """Answer whether calls can be judged: 200, or 503 while the database is silent or the server drains."""
        checked, ballast = self.house.ledger.checked, self.house.storage.ballast
        faults = checked.faults if checked else ()
        state = {
            "ready": not self.is_draining and await self.house.storage.is_answering(),
            "log": "not verified" if checked is None else _UNSIGNED if faults else "verified at start",
            "bad_records": faults[:10],
            "checkpoints": "kept" if self.house.ledger.is_published else "cannot be written outside the database",
            "failing": sorted(self.failing),
        }
        if ballast is not None:
            state["disk"] = "room is kept for ends" if ballast.is_kept else "no room is kept for ends"
        return web.json_response(state, status=200 if state["ready"] else 503, headers={"Cache-Control": "no-store"})
