"""The trace writer: one of the two that may write beside the acts."""

from sqlalchemy import insert, update

from gateway.ground.storage.storage import Storage
from gateway.records.trace.tables import trace_lines
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.terms.clock import Clock
from gateway.terms.ids import TraceId


class TraceWriter:
    """Opens a line before a call's first byte goes upstream and closes it with the answer."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def open(self, line: Line) -> None:
        """Write the line; when this returns it survives a kill of the process.

        Raises:
            Unavailable: it could not be written; the call must not go out.
        """
        await self._write(line, Ending(Outcome.OPEN, None, 0, None, 0, 0), is_closed=False)

    async def note(self, line: Line, ending: Ending) -> None:
        """Write a line that opens and closes at once: a refused call, a screen shown."""
        await self._write(line, ending, is_closed=True)

    async def close(self, trace_id: TraceId, ending: Ending) -> None:
        """Write how the call ended."""
        known = trace_lines.c.id == trace_id
        closed = update(trace_lines).where(known).values(**_fields(ending), closed_at=self._clock.now())
        async with self._storage.unit() as unit:
            await unit.connection.execute(closed)
            await unit.commit()

    async def _write(self, line: Line, ending: Ending, *, is_closed: bool) -> None:
        opened = {name: getattr(line, name) for name in Line.__slots__}
        closed_at = self._clock.now() if is_closed else None
        async with self._storage.unit() as unit:
            await unit.connection.execute(insert(trace_lines).values(**opened, **_fields(ending), closed_at=closed_at))
            await unit.commit()


def _fields(ending: Ending) -> dict[str, object]:
    fields: dict[str, object] = {name: getattr(ending, name) for name in Ending.__slots__}
    return fields if ending.status else {**fields, "status": None}
