"""Proofs out of the stored nodes: that a record stands in the log that a checkpoint signs."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.ledger.nodes import with_nodes
from gateway.records.ledger.tables import ledger_checkpoints
from gateway.records.ledger.tree import inclusion_proof


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
    hashes = await with_nodes(connection, lambda get: inclusion_proof(seq - 1, signed.size, get_node=get))
    return Proof(seq - 1, signed.size, tuple(hashes), signed.note)
