"""The grant log: a tamper-evident record of decisions and operator acts.

Owns: canonical records, the Merkle tree, checkpoints, sealed payload parts, proofs and verification.
Must not know: who may read it; what an act decides.
To add one more: a kind of record in `kinds.py`, with the words that pages show for it.
"""
