"""Whether a record stands in the log that was signed: worked out anew from its own bytes, as a stranger would."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.ledger.checkpoint import InvalidCheckpoint, open_checkpoint
from gateway.records.ledger.nodes import iterate_leaves
from gateway.records.ledger.note import InvalidNote, VerifierKey
from gateway.records.ledger.proof import Proof, prove
from gateway.records.ledger.tree import InvalidProof, leaf_hash, verify_inclusion


class Attested(StrEnum):
    """`holds`: it leads to a signed root. `unsigned`: in its place in the tree, signed by no checkpoint yet."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Attestation:
    """How a record stands, the hash of its bytes, and the proof if there is one."""

    state: Attested
    leaf_hash: bytes
    proof: Proof | None = None


async def find_attestation(
    connection: AsyncConnection, canonical: bytes, *, seq: int, key: VerifierKey | None
) -> Attestation:
    """Lead a record's own bytes up to the root that the first checkpoint after it signs, or to its leaf of the tree."""
    hashed = leaf_hash(canonical)
    try:
        proof = await prove(connection, seq)
        leaves = [leaf async for leaf in iterate_leaves(connection, seq - 1, seq)]
    except KeyError:  # a node of the tree is gone
        return Attestation(Attested.BROKEN, hashed)
    if proof is None or key is None:
        return Attestation(Attested.UNSIGNED if leaves == [hashed] else Attested.BROKEN, hashed)
    return Attestation(Attested.HOLDS if is_signed(hashed, proof, key) else Attested.BROKEN, hashed, proof)


def is_signed(hashed: bytes, proof: Proof, key: VerifierKey) -> bool:
    """Tell whether a leaf leads by this proof to the root of its checkpoint, signed under the log's own key."""
    try:
        signed = open_checkpoint(proof.note, [key])
        verify_inclusion(hashed, proof.hashes, index=proof.index, size=signed.size, root=signed.root)
    except (InvalidNote, InvalidCheckpoint, InvalidProof):
        return False
    return proof.size == signed.size
