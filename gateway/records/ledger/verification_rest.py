"""Verification of what stands around the records: the tree, its checkpoints here and outside, and the texts shown."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.records.ledger.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from gateway.records.ledger.findings import Bad, Finding
from gateway.records.ledger.note import InvalidNote, VerifierKey
from gateway.records.ledger.outside import Outside
from gateway.records.ledger.tables import (
    ledger_checkpoints,
    ledger_head,
    ledger_nodes,
    ledger_parts,
    ledger_records,
    notices,
)
from gateway.records.ledger.tree import Frontier


class Tree:
    """The tree as the records make it: its edge, the root at each size, and every complete node."""

    def __init__(self, frontier: Frontier) -> None:
        self.frontier = frontier
        self.roots: dict[int, bytes] = {0: frontier.root()}
        self.nodes: dict[tuple[int, int], bytes] = {}

    def add(self, hashed_leaf: bytes) -> None:
        """Add the next record's leaf."""
        for level, index, node in self.frontier.append(hashed_leaf):
            self.nodes[level, index] = node
        self.roots[self.frontier.size] = self.frontier.root()


async def check_tree(
    connection: AsyncConnection, finding: Finding, tree: Tree, *, key: VerifierKey, outside: Outside
) -> None:
    """Compare head, nodes and checkpoints with the tree that the records make."""
    head = [dict(row) for row in (await connection.execute(as_stored(ledger_head))).mappings()]
    peaks = orjson.dumps([peak.hex() for peak in tree.frontier.peaks])
    told = [(row["id"], row["size"], _compact(row["peaks"])) for row in head]
    if told != [(1, finding.size, peaks)]:
        finding.follow(finding.size, f"the head does not describe the {finding.size} records that are there")
    left = dict(tree.nodes)
    for row in (await connection.execute(as_stored(ledger_nodes))).mappings():
        place = row["level"], row["position"]
        if left.pop(place, None) != row["hash"]:
            finding.follow(_last_seq(*place), f"tree node {place} does not follow from the records")
    for place in left:
        finding.add(_last_seq(*place), f"tree node {place} is missing")
    rows = (await connection.execute(as_stored(ledger_checkpoints))).mappings().all()
    for row in rows:
        _check_row(finding, row, key, tree.roots)
    _check_outside(finding, outside, key, roots=tree.roots, held={row["note"] for row in rows})


async def check_stray_parts(connection: AsyncConnection, finding: Finding) -> None:
    """Find sealed parts that belong to no record."""
    known = select(ledger_records.c.record_id)
    query = select(ledger_parts.c.record_id).where(ledger_parts.c.record_id.not_in(known))
    finding.bad += [Bad(None, row.record_id, "a part of no record") for row in await connection.execute(query)]


async def check_notices(connection: AsyncConnection, finding: Finding) -> None:
    """Compare the archive of texts with the records that say what was shown, when first, and in which language."""
    left = dict(finding.notices)
    for row in (await connection.execute(as_stored(notices))).mappings():
        told = left.pop(row["sha256"], None)
        if told is None:
            finding.add(None, f"the text {row['sha256']} was shown by no record")
        elif hashlib.sha256(str(row["content"]).encode()).hexdigest() != row["sha256"]:
            finding.add(told.seq, "the text that was shown was changed")
        elif {name: row[name] for name in told.facts} != told.facts:
            finding.add(told.seq, "the text that was shown stands under another language or time")
    for told in left.values():
        finding.add(told.seq, "the text that was shown is missing")


def _compact(raw_peaks: Any) -> bytes | None:
    """Write JSON in one spelling; SQLite stores it as text, PostgreSQL's driver reads it."""
    try:
        return orjson.dumps(orjson.loads(raw_peaks) if isinstance(raw_peaks, str) else raw_peaks)
    except (ValueError, TypeError):
        return None


def _last_seq(level: Any, index: Any) -> int | None:
    """Return the last of the records under a node: whose writing completed it."""
    is_place = isinstance(level, int) and isinstance(index, int) and 0 <= level < 64  # bits of a size
    return (index + 1) << level if is_place else None


def _check_row(finding: Finding, row: RowMapping, key: VerifierKey, roots: Mapping[int, bytes]) -> None:
    signed = _check_note(finding, str(row["note"]), key, roots)
    if signed is None:
        return
    if (row["size"], row["root"]) != (signed.size, signed.root):
        finding.add(signed.size, "a checkpoint's columns are not what was signed")
    if 0 < signed.size <= finding.size and row["signed_at"] != finding.times_us[signed.size - 1]:
        finding.add(signed.size, "a checkpoint is not of the time of its record")


def _check_outside(
    finding: Finding, outside: Outside, key: VerifierKey, *, roots: Mapping[int, bytes], held: set[Any]
) -> None:
    for number in outside.damaged_lines:
        finding.add(None, f"line {number} of the checkpoints outside is damaged")
    for signed in outside.signed:
        opened = _check_note(finding, signed.note, key, roots)
        if opened is not None and opened.size <= finding.size and signed.note not in held:
            finding.add(opened.size, "its checkpoint stands outside and is missing in the database")
        if opened is not None and opened.size != signed.size:
            finding.add(opened.size, "a checkpoint outside states another size than it signs")


def _check_note(finding: Finding, note: str, key: VerifierKey, roots: Mapping[int, bytes]) -> Checkpoint | None:
    try:
        signed = open_checkpoint(note, [key])
    except (InvalidNote, InvalidCheckpoint) as wrong:
        finding.add(None, f"a checkpoint is not signed by the log: {wrong}")
        return None
    finding.signed_size = max(finding.signed_size, min(signed.size, finding.size))
    if signed.size not in roots:
        finding.add(finding.size, f"{signed.size} records were signed, {finding.size} are there")
    elif roots[signed.size] != signed.root:
        finding.follow(signed.size, f"the first {signed.size} records are not those that were signed")
    return signed
