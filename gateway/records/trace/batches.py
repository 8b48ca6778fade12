"""Which trace lines wait for the grant log, and which stand in a batch of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, not_, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_shown
from gateway.records.trace.entries import is_readable, lines_as_stored, read_words
from gateway.records.trace.tables import trace_lines

LEFT_OPEN = timedelta(hours=1)
"""After this no call still runs: a line that is open was left so by a process that was killed."""

Facts = dict[str, Any]


async def list_waiting(connection: AsyncConnection, now: datetime, limit: int) -> list[Facts]:
    """List closed lines, and such as were left open, that are in no batch yet; in the order of their batch.

    A batch vouches for no line that cannot be read: it was changed before it was sealed, and keeps none from sealing.
    """
    table = trace_lines.c
    is_over = or_(table.closed_at.is_not(None), table.opened_at < now - LEFT_OPEN)
    query = lines_as_stored(connection).where(table.batch_seq.is_(None), is_over, is_readable(connection))
    rows = await connection.execute(query.order_by(table.opened_at, table.id).limit(limit))
    return [_facts(row) for row in rows.mappings()]


async def list_batch(connection: AsyncConnection, seq: int) -> list[Facts]:
    """List the lines of the batch that stands in the log as record `seq`, as they are stored, read by no type."""
    table = trace_lines.c
    query = lines_as_stored(connection).where(table.batch_seq == seq).order_by(table.opened_at, table.id)
    return [_facts(row) for row in (await connection.execute(query)).mappings()]


async def list_unreadable(connection: AsyncConnection) -> list[str]:
    """List the lines in no batch that cannot be read, by id as it can be shown: nothing else proves that they are."""
    query = lines_as_stored(connection).where(trace_lines.c.batch_seq.is_(None), not_(is_readable(connection)))
    return [as_shown(row["id"]) for row in (await connection.execute(query.order_by(trace_lines.c.id))).mappings()]


async def mark(connection: AsyncConnection, line_ids: Sequence[str], seq: int) -> int:
    """Put lines that are in no batch into the batch of record `seq`; return how many were."""
    known = trace_lines.c.id.in_(line_ids), trace_lines.c.batch_seq.is_(None)
    return (await connection.execute(update(trace_lines).where(*known).values(batch_seq=seq))).rowcount


def _facts(row: RowMapping) -> Facts:
    facts = {name: value for name, value in row.items() if name != "batch_seq"}
    if facts["by_evidence"] is None:  # as lines were sealed before there was any
        del facts["by_evidence"]
    return {**facts, "ask_ids": _asks(facts["ask_ids"])}


def _asks(raw: object) -> object:
    """Return the list of words; anything else stays as it is, and was never sealed."""
    try:
        return list(read_words(raw))
    except ValueError:
        return raw
