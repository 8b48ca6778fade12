"""The intake: what is told at the same moment is kept by one commit; a lone event waits for nobody."""

import asyncio
from dataclasses import dataclass

from gateway.acts import House
from gateway.acts.take_events import ToldEvent, take_events
from gateway.terms.refusal import Unavailable

MOST_AT_ONCE = 100
"""Events of one commit: they are filtered and written on the loop, and others want to run too."""
MOST_WAITING = 500
"""Requests that wait for a commit; of more a platform that tells them again hears at once."""


@dataclass(slots=True)
class _Waiting:
    """What one request told, and who waits for it."""

    told: list[ToldEvent]
    kept: asyncio.Future[None]


class Intake:
    """Keeps what platforms tell."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._waiting: list[_Waiting] = []
        self._flush: asyncio.Task[None] | None = None

    async def keep(self, told: list[ToldEvent]) -> None:
        """Keep what one request told; on disk when this returns.

        Raises:
            Unavailable: nothing of it was kept.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("intake")
        waiting = _Waiting(told, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._flush is None:
            self._flush = asyncio.create_task(self._flush_all())
        await waiting.kept

    async def _flush_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                if answered_later := [each for each in batch if not each.kept.cancelled()]:
                    await self._flush_batch(answered_later)
        finally:
            self._flush = None

    async def _flush_batch(self, batch: list[_Waiting]) -> None:
        error: Exception | None = None
        try:
            await take_events(self._house, [each for waiting in batch for each in waiting.told])
        except Unavailable as unavailable:
            error = unavailable
        except Exception as bug:  # noqa: BLE001 - whoever waits must hear of it, or would wait for ever
            if len(batch) > 1:  # one event that cannot be kept is no fault of those beside it
                for waiting in batch:
                    await self._flush_batch([waiting])
                return
            error = bug
        for waiting in batch:
            _settle(waiting, error)


def _settle(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.kept.cancelled():
        return
    if error is None:
        waiting.kept.set_result(None)
    else:
        waiting.kept.set_exception(error)
