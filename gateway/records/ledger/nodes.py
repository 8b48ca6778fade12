"""Computing on the stored nodes of the tree."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.ledger.tables import ledger_nodes
from gateway.records.ledger.tree import HASH_BYTES, GetNode

T = TypeVar("T")


async def with_nodes(connection: AsyncConnection, compute: Callable[[GetNode], T]) -> T:
    """Run a computation twice: first to learn which nodes it asks for, then on the nodes.

    Raises:
        KeyError: a node that it asks for is not there.
    """
    asked: list[tuple[int, int]] = []

    def learn(level: int, index: int) -> bytes:
        asked.append((level, index))
        return bytes(HASH_BYTES)

    compute(learn)
    place = tuple_(ledger_nodes.c.level, ledger_nodes.c.position)
    rows = await connection.execute(select(ledger_nodes).where(place.in_(asked)))
    found = {(row.level, row.position): row.hash for row in rows}
    return compute(lambda level, index: found[level, index])


async def iterate_leaves(connection: AsyncConnection, begin: int, end: int) -> AsyncIterator[bytes]:
    """Go through the hashes of the leaves [begin, end), in order."""
    table = ledger_nodes.c
    query = select(table.hash).where(table.level == 0, table.position >= begin, table.position < end)
    async for row in await connection.stream(query.order_by(table.position)):
        yield row.hash
