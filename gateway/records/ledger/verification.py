"""Verification: is the log what was signed, whole, and unchanged in every column?

Nothing read is believed: each record is computed anew from its canonical bytes and compared with every column, each
sealed part with its digest and (if its key is left) its commitment, the tree with its nodes, head and every checkpoint,
here and outside. On the way the log is folded: what the grants must look like now is the caller's to compare.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import moment_of
from gateway.ground.vault.personkeys import Erased, PersonKeys
from gateway.ground.vault.sealing import Unsealable
from gateway.records.ledger import reading
from gateway.records.ledger.canonical import (
    CanonicalRecord,
    NotCanonical,
    PartDigest,
    commitment,
    parse_canonical_json,
    split_salt,
)
from gateway.records.ledger.checkpoint import InvalidCheckpoint, open_checkpoint
from gateway.records.ledger.log import part_place
from gateway.records.ledger.note import InvalidNote, VerifierKey
from gateway.records.ledger.tables import ledger_checkpoints, ledger_head, ledger_nodes, ledger_parts, ledger_records
from gateway.records.ledger.tree import Frontier, leaf_hash

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Bad:
    """Something that does not hold: at which record, if one can be named, and why."""

    seq: int | None
    record_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class GrantFold:
    """What the log says a grant looks like: version, parties, and the facts of each permission by id."""

    version: int
    app_id: str
    account_id: str
    permissions: Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class Finding:
    """What verification found: `bad` is empty when the log holds."""

    size: int = 0
    root: bytes = b""
    bad: list[Bad] = field(default_factory=list)
    grants: dict[str, GrantFold] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Say whether everything holds."""
        return not self.bad


async def verify(connection: AsyncConnection, key: VerifierKey, *, person_keys: PersonKeys, outside: Path) -> Finding:
    """Verify the whole log.

    Args:
        connection: reads the log.
        key: under which checkpoints must verify.
        person_keys: open the parts that are not erased.
        outside: the file of checkpoints outside the database.
    """
    finding = Finding()
    frontier = Frontier()
    roots: dict[int, bytes] = {0: frontier.root()}
    nodes: dict[tuple[int, int], bytes] = {}
    batch: list[RowMapping] = []
    async for row in reading.iterate(connection):
        _check_record(finding, row, expected_seq=frontier.size + 1)
        for level, index, node in frontier.append(leaf_hash(row["canonical"])):
            nodes[level, index] = node
        roots[frontier.size] = frontier.root()
        batch.append(row)
        if len(batch) == _BATCH:
            await _check_parts(connection, finding, batch, person_keys)
            batch.clear()
    await _check_parts(connection, finding, batch, person_keys)
    finding.size, finding.root = frontier.size, frontier.root()
    await _check_tree(connection, finding, frontier, nodes)
    await _check_stray_parts(connection, finding)
    rows = (await connection.execute(select(ledger_checkpoints))).mappings().all()
    for row in rows:
        _check_checkpoint(finding, row["note"], key, roots=roots, columns=(row["size"], row["root"]))
    for note in await asyncio.to_thread(_read_outside, finding, outside):
        _check_checkpoint(finding, note, key, roots=roots, columns=None)
    return finding


def _check_record(finding: Finding, row: RowMapping, *, expected_seq: int) -> None:
    def bad(reason: str) -> None:
        finding.bad.append(Bad(row["seq"], row["record_id"], reason))

    try:
        record = CanonicalRecord.decode(row["canonical"])
    except NotCanonical as wrong:
        bad(f"the record's bytes are not canonical: {wrong}")
        return
    for name, value in columns_of(record).items():
        if row[name] != value:
            bad(f"column {name} is not what the record's bytes say")
    if row["leaf_hash"] != leaf_hash(row["canonical"]):
        bad("column leaf_hash is not the hash of the record's bytes")
    if row["seq"] != expected_seq:
        bad(f"record {expected_seq} is missing before this one")
    _fold(finding, record, bad)


def columns_of(record: CanonicalRecord) -> dict[str, Any]:
    """Return what each column must hold, by the record's own bytes."""
    plain = ("seq", "record_id", "kind", "version", "actor_kind", "actor_id", "request_id")
    optional = ("grant_id", "app_id", "account_id")
    return {
        **{name: getattr(record, name) for name in plain},
        **{name: getattr(record, name) or None for name in optional},
        "at": moment_of(record.at_us),
    }


def _fold(finding: Finding, record: CanonicalRecord, bad: Any) -> None:
    if not record.grant_id:
        return
    before = finding.grants.get(record.grant_id)
    if before is not None and record.version <= before.version:
        bad(f"version {record.version} of the grant comes after version {before.version}")
    facts = parse_canonical_json(record.facts)
    moved = facts.get("permissions", []) if isinstance(facts, dict) else []
    permissions = dict(before.permissions) if before else {}
    for each in moved if isinstance(moved, list) else []:
        if isinstance(each, dict):
            permissions[str(each["id"])] = each
    finding.grants[record.grant_id] = GrantFold(record.version, record.app_id, record.account_id, permissions)


async def _check_parts(
    connection: AsyncConnection, finding: Finding, rows: Iterable[RowMapping], person_keys: PersonKeys
) -> None:
    by_record = {row["record_id"]: row for row in rows}
    for record_id, parts in (await reading.list_parts(connection, list(by_record))).items():
        row = by_record[record_id]
        try:
            digests = CanonicalRecord.decode(row["canonical"]).parts
        except NotCanonical:
            continue
        reasons = await asyncio.to_thread(_part_reasons, digests, parts, person_keys)
        finding.bad += [Bad(row["seq"], record_id, reason) for reason in reasons]


def _part_reasons(digests: tuple[PartDigest, ...], parts: list[RowMapping], person_keys: PersonKeys) -> list[str]:
    named = {(part["name"], part["person_id"]): part for part in parts}
    told = {(digest.name, digest.person_id): digest for digest in digests}
    reasons = [f"a {name} part that the record does not name" for name, person in named if (name, person) not in told]
    for place, digest in told.items():
        part = named.get(place)
        if part is None:
            reasons.append(f"its {digest.name} part is missing")
        elif hashlib.sha256(part["sealed"]).digest() != digest.sealed_sha256:
            reasons.append(f"its {digest.name} part was changed")
        elif not _is_committed(part, digest, person_keys):
            reasons.append(f"its {digest.name} part does not open to what was committed")
    return reasons


def _is_committed(part: RowMapping, digest: PartDigest, person_keys: PersonKeys) -> bool:
    place = part_place(part["record_id"], part["name"], part["person_id"])
    try:
        opened = person_keys.open(part["person_id"], part["name"], sealed=part["sealed"], place=place)
        salt, payload = split_salt(opened)
    except Erased:
        return True
    except (Unsealable, NotCanonical):
        return False
    return hmac.compare_digest(commitment(salt, payload), digest.commitment)


async def _check_tree(
    connection: AsyncConnection, finding: Finding, frontier: Frontier, nodes: dict[tuple[int, int], bytes]
) -> None:
    head = (await connection.execute(select(ledger_head))).mappings().all()
    if [(row["size"], row["peaks"]) for row in head] != [(frontier.size, [peak.hex() for peak in frontier.peaks])]:
        finding.bad.append(Bad(None, None, f"the head does not describe the {frontier.size} records that are there"))
    for row in (await connection.execute(select(ledger_nodes))).mappings():
        place = row["level"], row["position"]
        if nodes.pop(place, None) != row["hash"]:
            finding.bad.append(Bad(_first_seq(place), None, f"tree node {place} does not follow from the records"))
    finding.bad += [Bad(_first_seq(place), None, f"tree node {place} is missing") for place in nodes]


def _first_seq(place: tuple[int, int]) -> int:
    level, index = place
    return (index << level) + 1


async def _check_stray_parts(connection: AsyncConnection, finding: Finding) -> None:
    known = select(ledger_records.c.record_id)
    query = select(ledger_parts.c.record_id).where(ledger_parts.c.record_id.not_in(known))
    finding.bad += [Bad(None, row.record_id, "a part of no record") for row in await connection.execute(query)]


def _check_checkpoint(
    finding: Finding, note: str, key: VerifierKey, *, roots: Mapping[int, bytes], columns: tuple[int, bytes] | None
) -> None:
    try:
        signed = open_checkpoint(note, [key])
    except (InvalidNote, InvalidCheckpoint) as wrong:
        where = "outside the database" if columns is None else f"at size {columns[0]}"
        finding.bad.append(Bad(None, None, f"a checkpoint {where} is not signed by the log: {wrong}"))
        return
    if columns is not None and columns != (signed.size, signed.root):
        finding.bad.append(Bad(columns[0], None, "a checkpoint's columns are not what was signed"))
    if signed.size not in roots:
        finding.bad.append(Bad(finding.size, None, f"{signed.size} records were signed, {finding.size} are there"))
    elif roots[signed.size] != signed.root:
        finding.bad.append(Bad(signed.size, None, f"the first {signed.size} records are not those that were signed"))


def _read_outside(finding: Finding, path: Path) -> list[str]:
    """Read the checkpoints outside; a torn last line is one that was never acknowledged."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    notes: list[str] = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            notes.append(str(orjson.loads(line)["note"]))
        except (ValueError, KeyError, TypeError):
            finding.bad.append(Bad(None, None, f"line {number} of the checkpoints outside is damaged"))
    return notes
