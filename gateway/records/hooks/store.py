"""Questions on arrivals."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.prepared import Prepared
from gateway.records.hooks.tables import hook_arrivals

_ADD = Prepared(insert(hook_arrivals))
_AT_ONCE = 500
"""Rows that one statement forgets: others write between two of them."""


async def list_known(connection: AsyncConnection, hashed_names: Collection[bytes]) -> set[bytes]:
    """List those that were taken before."""
    query = select(hook_arrivals.c.hashed_name).where(hook_arrivals.c.hashed_name.in_(hashed_names))
    return {row.hashed_name for row in await connection.execute(query)}


async def add(connection: AsyncConnection, hashed_names: Collection[bytes], now: datetime) -> None:
    """Remember arrivals; one that another process took meanwhile raises IntegrityError."""
    await _ADD.run_each(connection, [{"hashed_name": each, "taken_at": now} for each in hashed_names])


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Forget some of those taken before then; return how many."""
    old = select(hook_arrivals.c.hashed_name).where(hook_arrivals.c.taken_at < before).limit(_AT_ONCE)
    query = delete(hook_arrivals).where(hook_arrivals.c.hashed_name.in_(old.scalar_subquery()))
    return (await connection.execute(query)).rowcount
