"""Whether a record stands in the log that was signed, for its page."""

from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.views import ProofView
from gateway.records.ledger.attestation import find_attestation
from gateway.records.ledger.types import Record


async def read_proof(door: OperatorsDoor, record: Record) -> ProofView:
    """Lead the record's own bytes up to the root that the first checkpoint after it signs."""
    key = door.house.ledger.verifier_key
    async with door.house.storage.read() as connection:
        found = await find_attestation(connection, record.canonical, seq=record.seq, key=key)
    size, note = (found.proof.size, found.proof.note) if found.proof else (0, "")
    return ProofView(found.state.value, record.seq - 1, found.leaf_hash.hex(), size, note)
