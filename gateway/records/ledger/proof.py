"""Proofs out of the stored nodes: that a record stands in the log that a checkpoint signs."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.ledger.tables import ledger_checkpoints, ledger_nodes
from gateway.records.ledger.tree import HASH_BYTES, GetNode, inclusion_proof


@dataclass(frozen=True, slots=True)
class Proof:
    """The record at `index` (seq - 1) is in the tree of `size` that `note` signs; `hashes` lead up to its root."""

    index: int
    size: int
    hashes: tuple[bytes, ...]
    note: str


async def prove(connection: AsyncConnection, seq: int) -> Proof | None:
    """Prove a record under the first checkpoint that holds it: the one that closed its own batch.

    Returns:
        None while no checkpoint was signed since.
    """
    query = select(ledger_checkpoints.c.size, ledger_checkpoints.c.note).where(ledger_checkpoints.c.size >= seq)
    signed = (await connection.execute(query.order_by(ledger_checkpoints.c.size).limit(1))).first()
    if signed is None:
        return None
    hashes = await _with_nodes(connection, lambda get: inclusion_proof(seq - 1, signed.size, get_node=get))
    return Proof(seq - 1, signed.size, tuple(hashes), signed.note)


async def _with_nodes(connection: AsyncConnection, compute: Callable[[GetNode], list[bytes]]) -> list[bytes]:
    """Run a computation twice: first to learn which nodes it asks for, then on the nodes."""
    asked: list[tuple[int, int]] = []

    def learn(level: int, index: int) -> bytes:
        asked.append((level, index))
        return bytes(HASH_BYTES)

    compute(learn)
    place = tuple_(ledger_nodes.c.level, ledger_nodes.c.position)
    rows = await connection.execute(select(ledger_nodes).where(place.in_(asked)))
    found = {(row.level, row.position): row.hash for row in rows}
    return compute(lambda level, index: found[level, index])
