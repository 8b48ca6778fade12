"""Verify: the log against itself, its checkpoints, and what stands by it. It reads and changes nothing."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.ground.storage.storage import Connection, Storage
from gateway.ground.vault.personkeys import PersonKeys
from gateway.records.accounts import as_facts as links_as_facts
from gateway.records.families import store as families
from gateway.records.grants import as_facts
from gateway.records.ledger.batches import root_of
from gateway.records.ledger.canonical import NotCanonical
from gateway.records.ledger.findings import Finding, GrantFold, Told
from gateway.records.ledger.note import VerifierKey
from gateway.records.ledger.outside import read_outside
from gateway.records.ledger.verification import verify
from gateway.records.trace import batches


async def verify_log(storage: Storage, key: VerifierKey, person_keys: PersonKeys, *, checkpoints: Path) -> Finding:
    """Verify everything that the log proves, and that what stands equals its fold; a server may go on writing.

    Args:
        storage: the database.
        key: under which checkpoints must verify.
        person_keys: open the parts that are not erased.
        checkpoints: the file outside the database.

    Raises:
        OSError: the file is there and cannot be read.
        Unavailable: the database gave no answer; nothing was found either way.
    """
    outside = await asyncio.to_thread(read_outside, checkpoints)  # before the snapshot, which then holds all of it
    async with storage.read() as connection:
        finding = await verify(connection, key, person_keys=person_keys, outside=outside)
        await _compare(connection, finding)
        await _check_batches(connection, finding)
        await _check_families(connection, finding)
        _compare_standings(finding, await links_as_facts.list_standings(connection))
        _compare_connections(finding, await links_as_facts.list_connections(connection))
    return finding


async def _compare(connection: Connection, finding: Finding) -> None:
    left = dict(finding.grants)
    permissions = await as_facts.list_permissions(connection)
    for grant_id, row in (await as_facts.list_grants(connection)).items():
        fold = left.pop(grant_id, None)
        held = permissions.pop(grant_id, {})
        if fold is None:
            finding.add_about(grant_id, None, f"grant {grant_id} stands in no record")
            continue
        if row != _facts_of(fold):
            finding.add_about(grant_id, fold.seq, f"grant {grant_id} is not what the log says")
        _compare_permissions(finding, grant_id, held, fold)
    for grant_id, fold in left.items():
        finding.add_about(grant_id, fold.seq, f"grant {grant_id} of the log is missing")
    for grant_id in permissions:
        finding.add_about(grant_id, None, f"permissions of a grant {grant_id} that is not there")


async def _check_batches(connection: Connection, finding: Finding) -> None:
    for seq, told in finding.batches.items():
        lines = await batches.list_batch(connection, seq)
        try:
            is_whole = (len(lines), root_of(lines).hex()) == (told.get("lines"), told.get("root"))
        except NotCanonical:
            is_whole = False
        if not is_whole:
            finding.add(seq, "its trace lines are not those that were sealed")
    for line_id in await batches.list_unreadable(connection):
        finding.add(None, f"trace line {line_id} was changed before it was sealed")


async def _check_families(connection: Connection, finding: Finding) -> None:
    """Check that what a record ended is over; one that ended with its permissions has no record, nor needs it."""
    ends = await families.list_ends(connection, finding.families)
    for family_id, told in finding.families.items():
        if ends.get(family_id) != told.facts["ended_at"]:
            finding.add(told.seq, f"family {family_id} did not end as the log says")
    if finding.restored is None:
        return
    for family_id in await families.list_living_from(connection, finding.restored.facts["ended_at"]):
        finding.add(finding.restored.seq, f"family {family_id} lives on from before a restore")


def _compare_standings(finding: Finding, rows: Mapping[str, Mapping[str, Any]]) -> None:
    for each, told in finding.standings.items():
        if each not in rows:
            finding.add_about(told.facts.get("account"), told.seq, f"standing {each} of the log is missing")
        elif rows[each] != told.facts:
            finding.add_about(told.facts.get("account"), told.seq, f"standing {each} is not what the log says")
    for each in sorted(rows.keys() - finding.standings.keys(), key=str):
        _note_untold(finding, rows[each], f"standing {each} of account {rows[each]['account']} stands in no record")


def _compare_connections(finding: Finding, rows: Mapping[str, Mapping[str, Any]]) -> None:
    told_of = {each: told for of_account in finding.connections.values() for each, told in of_account.items()}
    for each, told in told_of.items():
        if each not in rows:
            finding.add_about(told.facts.get("account"), told.seq, f"connection {each} of the log is missing")
        elif rows[each] != _since(told.facts, rows[each]["generation"]):
            finding.add_about(told.facts.get("account"), told.seq, f"connection {each} is not what the log says")
    for each in sorted(rows.keys() - told_of.keys(), key=str):
        _note_untold(finding, rows[each], f"connection {each} of account {rows[each]['account']} stands in no record")


def _since(told: Mapping[str, Any], generation: Any) -> dict[str, Any]:
    """Say what a connection must be whose credential is newer than that of the record: it was renewed, and not lost."""
    before = told.get("generation")
    if not isinstance(generation, int) or not isinstance(before, int) or generation <= before:
        return dict(told)
    return {**told, "generation": generation, "state": "live", "reason": None}


def _note_untold(finding: Finding, row: Mapping[str, Any], reason: str) -> None:
    """Note a row that no record tells of; where a record of an older program is about its account, it may be its."""
    if row["account"] not in finding.untold:
        finding.add_about(row["account"], None, reason)


def _facts_of(fold: GrantFold) -> dict[str, Any]:
    parties = {"account": fold.account_id, "app": fold.app_id}
    return {**parties, "version": fold.version, "created_at": fold.created_at_us}


def _compare_permissions(finding: Finding, grant_id: str, held: dict[str, dict[str, Any]], fold: GrantFold) -> None:
    for each in sorted(held.keys() | fold.permissions.keys(), key=str):
        told = fold.permissions.get(each, Told(fold.seq, {}))
        if held.get(each) != told.facts:
            finding.add_about(grant_id, told.seq, f"permission {each} of grant {grant_id} is not what the log says")
