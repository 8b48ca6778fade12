"""Appending to the grant log, inside the act's own transaction, and publishing its checkpoints outside the database."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.storage import Storage
from gateway.ground.vault.durable import add_private_folder
from gateway.ground.vault.personkeys import PersonKeys
from gateway.ground.vault.sealing import Place
from gateway.records.ledger.canonical import (
    SALT_BYTES,
    CanonicalRecord,
    PartDigest,
    canonical_json,
    commitment,
    join_salt,
)
from gateway.records.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.records.ledger.note import Signer, VerifierKey
from gateway.records.ledger.outside import Signed, append_outside, read_outside
from gateway.records.ledger.signed import HEAD, LogDamaged, TreeBefore, check_written
from gateway.records.ledger.tables import ledger_checkpoints, ledger_head, ledger_nodes, ledger_parts, ledger_records
from gateway.records.ledger.tree import Frontier, leaf_hash
from gateway.records.ledger.types import Checked, Draft, Part, Recorded
from gateway.terms.entropy import Entropy
from gateway.terms.ids import RecordId, new_id
from gateway.terms.instants import microseconds
from gateway.terms.refusal import Unavailable

CHECKPOINTS = "checkpoints.jsonl"


@dataclass(frozen=True, slots=True)
class _Sealed:
    part: Part
    sealed: bytes
    digest: PartDigest


class Ledger:
    """The grant log of this gateway.

    Args:
        signer: signs checkpoints in the name of the log's origin; None when there is no key to sign with.
        person_keys: seal the parts of a payload.
        entropy: where record ids and salts come from.
        storage: where committed checkpoints are read from.
        folder: where checkpoints are kept outside the database.
    """

    def __init__(
        self, signer: Signer | None, person_keys: PersonKeys, *, entropy: Entropy, storage: Storage, folder: Path
    ) -> None:
        self._signer = signer
        self._person_keys = person_keys
        self._entropy = entropy
        self._storage = storage
        self._path = folder / CHECKPOINTS
        self._publishing = asyncio.Lock()
        self._published_size = 0
        self.may_sign = signer is not None
        self.is_published = True
        self.checked: Checked | None = None
        add_private_folder(folder)

    @property
    def path(self) -> Path:
        """The file of checkpoints outside the database: one JSON line for each."""
        return self._path

    @property
    def verifier_key(self) -> VerifierKey | None:
        """The public key under which checkpoints verify."""
        return None if self._signer is None else self._signer.verifier_key

    @property
    def person_keys(self) -> PersonKeys:
        """The keys under which the parts of payloads are sealed."""
        return self._person_keys

    def stop_signing(self) -> None:
        """The log does not verify: from now on records are kept, and nothing is signed."""
        self.may_sign = False

    def note_check(self, checked: Checked) -> None:
        """Keep what verification said before anything was written; a log with a fault is never signed again."""
        self.checked = checked
        if checked.faults:
            self.stop_signing()

    async def append(self, connection: AsyncConnection, draft: Draft) -> Recorded:
        """Add a record under the locked head and close the batch with a signed checkpoint.

        Raises:
            LogDamaged: the head is no head, or what was written does not read back; the caller's transaction is undone.
        """
        return (await self.append_all(connection, [draft]))[0]

    async def append_all(self, connection: AsyncConnection, drafts: Sequence[Draft]) -> list[Recorded]:
        """Add some records in their order, at least one, under one lock and one signed checkpoint; raises as `append`.

        Of a hundred records that come together each costs a tenth of what it costs alone.
        """
        frontier = await _locked_frontier(connection)
        before = TreeBefore(frontier.size, frontier.root())
        nodes: list[dict[str, Any]] = []
        written: list[tuple[RecordId, Draft, bytes]] = []
        parts: list[dict[str, Any]] = []
        for draft in drafts:
            record_id = RecordId(new_id("lr", self._entropy))
            sealed = [await asyncio.to_thread(self._seal, record_id, part) for part in draft.parts]
            canonical = _canonical(draft, frontier.size + 1, record_id, sealed).encode()
            grown = frontier.append(leaf_hash(canonical))
            nodes += [{"level": level, "position": index, "hash": node} for level, index, node in grown]
            written.append((record_id, draft, canonical))
            parts += [_part_row(record_id, each) for each in sealed]
        await _write(connection, written, before=before, frontier=frontier)
        if parts:
            await connection.execute(insert(ledger_parts), parts)
        await connection.execute(insert(ledger_nodes), nodes)
        note = await self._sign(connection, frontier, before=before, at=drafts[-1].at)
        root = frontier.root()
        return [
            Recorded(seq, record_id, frontier.size, root, note)
            for seq, (record_id, _, _) in enumerate(written, before.size + 1)
        ]

    async def resume(self) -> None:
        """Go on from the checkpoints outside. A database that lacks the last of them is older or another: sign nothing.

        Raises:
            OSError: the checkpoints outside cannot be read.
            Unavailable: the database gave no answer.
        """
        outside = await asyncio.to_thread(read_outside, self._path)
        if outside.damaged_lines:
            self.stop_signing()
        if outside.signed:
            last = max(outside.signed, key=lambda signed: signed.size)
            async with self._storage.read() as connection:
                held = await _list_signed(connection, after=last.size - 1)
            if last not in held:
                self.stop_signing()
            self._published_size = last.size
        await self.publish()

    async def publish(self) -> None:
        """Write the checkpoints of committed batches outside the database; one that was undone is never seen there.

        A disk that does not take it is told by `is_published`, in /readyz; the next one tries again.
        """
        async with self._publishing:
            try:
                async with self._storage.read() as connection:
                    waiting = await _list_signed(connection, after=self._published_size)
                if waiting:
                    await asyncio.to_thread(append_outside, self._path, waiting)
                    self._published_size = waiting[-1].size
                self.is_published = True
            except (OSError, Unavailable) as error:
                self._storage.note_failure(error)
                self.is_published = False

    async def _sign(
        self, connection: AsyncConnection, frontier: Frontier, *, before: TreeBefore, at: datetime
    ) -> str | None:
        if not self.may_sign or self._signer is None:
            return None
        await check_written(connection, frontier, before=before, published_size=self._published_size)
        checkpoint = Checkpoint(self._signer.verifier_key.name, frontier.size, frontier.root())
        note = sign_checkpoint(checkpoint, self._signer)
        fields = {"size": frontier.size, "root": frontier.root(), "note": note, "signed_at": at}
        await connection.execute(insert(ledger_checkpoints).values(**fields))
        return note

    def _seal(self, record_id: RecordId, part: Part) -> _Sealed:
        salt = self._entropy.token(SALT_BYTES)
        payload = canonical_json(part.payload)
        place = part_place(record_id, part.name, part.person_id)
        sealed = self._person_keys.seal(part.person_id, part.name, plain=join_salt(salt, payload), place=place)
        digest = PartDigest(part.name, part.person_id, commitment(salt, payload), hashlib.sha256(sealed).digest())
        return _Sealed(part, sealed, digest)


def part_place(record_id: str, name: str, person_id: str) -> Place:
    """Return the place that a sealed part is bound to."""
    return Place("ledger_parts", f"{record_id}/{name}/{person_id}", "sealed")


async def _list_signed(connection: AsyncConnection, *, after: int) -> list[Signed]:
    query = select(ledger_checkpoints.c.size, ledger_checkpoints.c.note).where(ledger_checkpoints.c.size > after)
    return [Signed(row.size, row.note) for row in await connection.execute(query.order_by(ledger_checkpoints.c.size))]


async def _locked_frontier(connection: AsyncConnection) -> Frontier:
    query = select(ledger_head).where(ledger_head.c.id == HEAD).with_for_update()
    head = (await connection.execute(query)).mappings().one()
    try:
        return Frontier(head["size"], [bytes.fromhex(peak) for peak in head["peaks"]])
    except ValueError as wrong:
        raise LogDamaged("the head describes no tree") from wrong


def _canonical(draft: Draft, seq: int, record_id: RecordId, sealed: list[_Sealed]) -> CanonicalRecord:
    return CanonicalRecord(
        seq=seq,
        record_id=record_id,
        kind=draft.kind.value,
        at_us=microseconds(draft.at),
        grant_id=draft.grant_id or "",
        version=draft.version,
        app_id=draft.app_id or "",
        account_id=draft.account_id or "",
        actor_kind=draft.actor.kind.value,
        actor_id=draft.actor.id,
        request_id=draft.request_id,
        facts=canonical_json(draft.facts),
        parts=tuple(sorted((each.digest for each in sealed), key=lambda digest: (digest.name, digest.person_id))),
    )


async def _write(
    connection: AsyncConnection, records: list[tuple[RecordId, Draft, bytes]], *, before: TreeBefore, frontier: Frontier
) -> None:
    rows = [
        {
            "seq": seq,
            "record_id": record_id,
            "kind": draft.kind.value,
            "at": draft.at,
            "grant_id": draft.grant_id,
            "version": draft.version,
            "app_id": draft.app_id,
            "account_id": draft.account_id,
            "actor_kind": draft.actor.kind.value,
            "actor_id": draft.actor.id,
            "request_id": draft.request_id,
            "canonical": canonical,
            "leaf_hash": leaf_hash(canonical),
        }
        for seq, (record_id, draft, canonical) in enumerate(records, before.size + 1)
    ]
    await connection.execute(insert(ledger_records), rows)
    peaks = [peak.hex() for peak in frontier.peaks]
    moved = update(ledger_head).where(ledger_head.c.id == HEAD, ledger_head.c.size == before.size)
    if (await connection.execute(moved.values(size=frontier.size, peaks=peaks))).rowcount != 1:
        raise LogDamaged("the head moved under its lock")


def _part_row(record_id: RecordId, each: _Sealed) -> dict[str, Any]:
    named = {"record_id": record_id, "name": each.part.name, "person_id": each.part.person_id}
    return {**named, "sealed": each.sealed}
