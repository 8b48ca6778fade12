"""The trace writer: one of the two that may write beside the acts.

What calls write at the same moment is committed together: while one batch reaches the disk the next one gathers, so the
cost of a durable commit is shared by all calls under way, and a lone call waits for nobody.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, update

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage, UnitOfWork
from gateway.records.trace.tables import trace_lines
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.terms.clock import Clock
from gateway.terms.ids import TraceId
from gateway.terms.refusal import Unavailable

MOST_AT_ONCE = 100
"""Rows of one commit: they are written on the loop, and others want to run too."""
_NULL_FOR_NONE = ("status", "by_evidence")
_ENDING = (*Ending.__slots__, "closed_at")
_OPEN = Prepared(insert(trace_lines))
_CLOSE = Prepared(
    update(trace_lines)
    .where(trace_lines.c.id == bindparam("line_id"), trace_lines.c.batch_seq.is_(None))  # sealed stays as it was sealed
    .values({name: bindparam(f"new_{name}") for name in _ENDING})
)


@dataclass(slots=True)
class _Waiting:
    """A row on its way to the disk, and who waits for it."""

    row: dict[str, Any]
    is_new: bool
    written: asyncio.Future[None]


class TraceWriter:
    """Opens a line before a call's first byte goes upstream and closes it with the answer."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._flush: asyncio.Task[None] | None = None

    async def open(self, line: Line) -> None:
        """Write the line; when this returns it survives a kill of the process.

        Raises:
            Unavailable: it could not be written; the call must not go out.
        """
        ending = _fields(Ending(Outcome.OPEN, None, 0, None, 0, 0))
        await self._write({**_opened(line), **ending, "closed_at": None}, is_new=True)

    async def note(self, line: Line, ending: Ending) -> None:
        """Write a line that opens and closes at once: a refused call, a screen shown."""
        await self._write({**_opened(line), **_fields(ending), "closed_at": self._clock.now()}, is_new=True)

    async def close(self, trace_id: TraceId, ending: Ending) -> None:
        """Write how the call ended."""
        fields = {**_fields(ending), "closed_at": self._clock.now()}
        await self._write({"line_id": trace_id, **{f"new_{name}": fields[name] for name in _ENDING}}, is_new=False)

    async def _write(self, row: dict[str, Any], *, is_new: bool) -> None:
        waiting = _Waiting(row, is_new, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._flush is None:
            self._flush = asyncio.create_task(self._flush_all())
        await waiting.written

    async def _flush_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._flush_batch(batch)
        finally:
            self._flush = None

    async def _flush_batch(self, batch: list[_Waiting]) -> None:
        try:
            async with self.storage.unit() as unit:
                await _write_rows(unit, batch)
                await unit.commit()
        except Unavailable as unavailable:
            _settle(batch, unavailable)
        except Exception as bug:  # noqa: BLE001 - whoever waits must hear of it, or would wait for ever
            if len(batch) == 1:
                _settle(batch, bug)
            else:  # one row that cannot be written is no fault of those beside it
                for waiting in batch:
                    await self._flush_batch([waiting])
        else:
            _settle(batch, None)


def _settle(batch: list[_Waiting], error: Exception | None) -> None:
    """Tell those who still wait what became of their rows."""
    for waiting in batch:
        if waiting.written.cancelled():
            continue
        if error is None:
            waiting.written.set_result(None)
        else:
            waiting.written.set_exception(error)


async def _write_rows(unit: UnitOfWork, batch: list[_Waiting]) -> None:
    opened = [waiting.row for waiting in batch if waiting.is_new]
    closed = [waiting.row for waiting in batch if not waiting.is_new]
    if opened:
        await _OPEN.run_each(unit.connection, opened)
    if closed:
        await _CLOSE.run_each(unit.connection, closed)


def _opened(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__slots__} | {"batch_seq": None}


def _fields(ending: Ending) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(ending, name) for name in Ending.__slots__}
    return fields | {name: fields[name] or None for name in _NULL_FOR_NONE}
