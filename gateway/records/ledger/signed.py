"""The check before signing: what was signed last, all since and what was just written are one tree, by the rows."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.ledger.nodes import iterate_leaves, with_nodes
from gateway.records.ledger.tables import ledger_checkpoints, ledger_head, ledger_records
from gateway.records.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash

HEAD = 1
"""The one row of the head."""


class LogDamaged(Exception):
    """The rows just written do not read back as they were written; the transaction must not commit."""


@dataclass(frozen=True, slots=True)
class TreeBefore:
    """The tree from which a batch grew."""

    size: int
    root: bytes


async def check_written(
    connection: AsyncConnection, frontier: Frontier, *, before: TreeBefore, published_size: int
) -> None:
    """Check before signing that what was signed last, all since and what was just written are one tree, by the rows.

    Raises:
        LogDamaged: they are not, or a checkpoint that stands outside is gone.
    """
    try:
        signed = await _signed_frontier(connection, published_size)
        async for leaf in iterate_leaves(connection, signed.size, before.size):  # none, unless signing had stopped
            signed.append(leaf)
        written = await with_nodes(connection, partial(Frontier.at, frontier.size))
    except KeyError as missing:
        raise LogDamaged("a node of the tree is gone") from missing
    if (signed.size, signed.root()) != (before.size, before.root):
        raise LogDamaged("the head does not continue what was signed last")
    query = select(ledger_records.c.canonical).where(ledger_records.c.seq > before.size)
    for row in await connection.execute(query.order_by(ledger_records.c.seq)):
        signed.append(leaf_hash(row.canonical))
    peaks = [peak.hex() for peak in frontier.peaks]
    head = (await connection.execute(select(ledger_head.c.peaks).where(ledger_head.c.id == HEAD))).scalar_one()
    if not written.root() == signed.root() == frontier.root() or head != peaks:
        raise LogDamaged("the record just written reads back otherwise")


async def _signed_frontier(connection: AsyncConnection, published_size: int) -> Frontier:
    """Rebuild, from the stored nodes, the tree that the newest checkpoint signed."""
    query = select(ledger_checkpoints.c.size, ledger_checkpoints.c.root).order_by(ledger_checkpoints.c.size.desc())
    newest = (await connection.execute(query.limit(1))).first()
    size, root = (newest.size, newest.root) if newest else (0, EMPTY_ROOT)
    if size < published_size:
        raise LogDamaged("a checkpoint that stands outside is gone")
    frontier = await with_nodes(connection, partial(Frontier.at, size))
    if frontier.root() != root:
        raise LogDamaged("the nodes are not those that were signed last")
    return frontier
