"""Whether a record stands in the log that was signed: worked out anew for the page, as a stranger would."""

from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.views import ProofView
from gateway.records.ledger import proof as proving
from gateway.records.ledger.checkpoint import InvalidCheckpoint, open_checkpoint
from gateway.records.ledger.note import InvalidNote
from gateway.records.ledger.tree import InvalidProof, leaf_hash, verify_inclusion
from gateway.records.ledger.types import Record


async def read_proof(door: OperatorsDoor, record: Record) -> ProofView:
    """Lead the record's own bytes up to the root that the first checkpoint after it signs."""
    hashed = leaf_hash(record.canonical)
    index = record.seq - 1
    async with door.house.storage.read() as connection:
        try:
            proven = await proving.prove(connection, record.seq)
        except KeyError:  # a node of the tree is gone
            return ProofView("broken", index, hashed.hex())
    key = door.house.ledger.verifier_key
    if proven is None or key is None:
        return ProofView("unsigned", index, hashed.hex())
    try:
        signed = open_checkpoint(proven.note, [key])
        verify_inclusion(hashed, proven.hashes, index=proven.index, size=signed.size, root=signed.root)
    except (InvalidNote, InvalidCheckpoint, InvalidProof):
        return ProofView("broken", index, hashed.hex(), proven.size, proven.note)
    return ProofView("holds", index, hashed.hex(), signed.size, proven.note)
