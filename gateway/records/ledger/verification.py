"""Verification: is the log what was signed, whole, and unchanged in every column?

Nothing read is believed, not even that a value is of its column's type: each record is computed anew from its canonical
bytes and compared with every column, each sealed part with its digest and (if its key is left) its commitment, the tree
with its nodes, head and every checkpoint, here and outside. On the way the log is folded: what the grants must look
like now is the caller's to compare.
"""

import asyncio
import hmac
from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

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
from gateway.records.ledger.entries import columns_of
from gateway.records.ledger.findings import Bad, Finding, GrantFold, Told
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.links import fold_links
from gateway.records.ledger.log import part_place
from gateway.records.ledger.note import VerifierKey
from gateway.records.ledger.outside import Outside
from gateway.records.ledger.parts import find_faults, list_parts
from gateway.records.ledger.tree import Frontier, leaf_hash
from gateway.records.ledger.verification_rest import Tree, check_notices, check_stray_parts, check_tree

__all__ = ["Bad", "Finding", "GrantFold", "Told", "verify"]

_BATCH = 500
_FAMILY_OVER = frozenset({Kind.FAMILY_ENDED, Kind.CREDENTIAL_ENDED})


async def verify(
    connection: AsyncConnection, key: VerifierKey, *, person_keys: PersonKeys, outside: Outside
) -> Finding:
    """Verify the whole log.

    Args:
        connection: one snapshot of the database, taken after `outside` was read.
        key: under which checkpoints must verify.
        person_keys: open the parts that are not erased.
        outside: the checkpoints outside the database.
    """
    finding = Finding()
    tree = Tree(Frontier())
    batch: list[RowMapping] = []
    async for row in reading.iterate(connection):
        finding.record_ids.append(row["record_id"])
        _check_record(finding, row, expected_seq=tree.frontier.size + 1)
        tree.add(leaf_hash(_content(row)))
        batch.append(row)
        if len(batch) == _BATCH:
            await _check_parts(connection, finding, batch, person_keys)
            batch.clear()
    await _check_parts(connection, finding, batch, person_keys)
    finding.size, finding.root = tree.frontier.size, tree.frontier.root()
    await check_tree(connection, finding, tree, key=key, outside=outside)
    await check_stray_parts(connection, finding)
    await check_notices(connection, finding)
    return finding


def _content(row: RowMapping) -> bytes:
    canonical = row["canonical"]
    return canonical if isinstance(canonical, bytes) else b""


def _check_record(finding: Finding, row: RowMapping, *, expected_seq: int) -> None:
    def bad(reason: str) -> None:
        finding.bad.append(Bad(row["seq"], row["record_id"], reason))

    if row["leaf_hash"] != leaf_hash(_content(row)):
        bad("column leaf_hash is not the hash of the record's bytes")
        finding.changed_seqs.add(expected_seq)
    if row["seq"] != expected_seq:
        bad(f"record {expected_seq} is missing before this one")
    try:
        record = CanonicalRecord.decode(_content(row))
    except NotCanonical as wrong:
        bad(f"the record's bytes are not canonical: {wrong}")
        finding.unread.update(each for each in (row["grant_id"], row["account_id"]) if isinstance(each, str))
        finding.times_us.append(None)
        return
    finding.times_us.append(record.at_us)
    for name, value in columns_of(record).items():
        if row[name] != value:
            bad(f"column {name} is not what the record's bytes say")
    _fold(finding, record, bad)


def _fold(finding: Finding, record: CanonicalRecord, bad: Any) -> None:
    facts: Any = parse_canonical_json(record.facts)
    if "notice" in facts:
        shown = {"language": facts.get("language"), "first_shown_at": record.at_us}
        finding.notices.setdefault(str(facts["notice"]), Told(record.seq, shown))
    if record.kind == Kind.TRACE_BATCH:
        finding.batches[record.seq] = facts
    over = Told(record.seq, {"ended_at": record.at_us})
    if record.kind in _FAMILY_OVER and "family" in facts:
        finding.families[str(facts["family"])] = over
    if record.kind == Kind.RESTORED:
        finding.restored = over
    fold_links(finding, record, facts)
    if not record.grant_id:
        return
    before = finding.grants.get(record.grant_id)
    if before is not None and record.version <= before.version:
        bad(f"version {record.version} of the grant comes after version {before.version}")
    permissions = dict(before.permissions) if before else {}
    moved = facts.get("permissions")
    for each in moved if isinstance(moved, list) else []:
        if isinstance(each, dict):
            permissions[str(each.get("id"))] = Told(record.seq, each)
    finding.grants[record.grant_id] = GrantFold(
        seq=record.seq,
        version=record.version,
        app_id=record.app_id,
        account_id=record.account_id,
        created_at_us=before.created_at_us if before else record.at_us,
        permissions=permissions,
    )


async def _check_parts(
    connection: AsyncConnection, finding: Finding, rows: Iterable[RowMapping], person_keys: PersonKeys
) -> None:
    by_record = {row["record_id"]: row for row in rows}
    for record_id, parts in (await list_parts(connection, list(by_record))).items():
        row = by_record[record_id]
        try:
            digests = CanonicalRecord.decode(_content(row)).parts
        except NotCanonical:
            continue
        reasons = await asyncio.to_thread(_part_reasons, digests, parts, person_keys)
        finding.bad += [Bad(row["seq"], record_id, reason) for reason in reasons]


def _part_reasons(digests: tuple[PartDigest, ...], parts: list[RowMapping], person_keys: PersonKeys) -> list[str]:
    named = {(part["name"], part["person_id"]): part for part in parts}
    faults = find_faults(digests, parts)
    whole = [digest for digest in digests if (digest.name, digest.person_id) not in faults]
    return list(faults.values()) + [
        f"its {digest.name} part does not open to what was committed"
        for digest in whole
        if not _is_committed(named[digest.name, digest.person_id], digest, person_keys)
    ]


def _is_committed(part: RowMapping, digest: PartDigest, person_keys: PersonKeys) -> bool:
    place = part_place(part["record_id"], part["name"], part["person_id"])
    try:
        opened = person_keys.open(part["person_id"], part["name"], sealed=part["sealed"], place=place)
        salt, payload = split_salt(opened)
    except Erased:
        return True
    except (Unsealable, NotCanonical, ValueError):
        return False
    return hmac.compare_digest(commitment(salt, payload), digest.commitment)
