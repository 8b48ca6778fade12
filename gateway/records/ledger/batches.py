"""Batches of trace lines: the root under which many lines stand in the grant log as one record."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.records.ledger.canonical import canonical_json
from gateway.records.ledger.tree import Frontier, leaf_hash


def root_of(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the Merkle root over lines in their order; each is hashed as canonical JSON of all its columns.

    Raises:
        NotCanonical: a line holds what no line of ours can hold.
    """
    frontier = Frontier()
    for line in lines:
        frontier.append(leaf_hash(canonical_json(dict(line))))
    return frontier.root()
