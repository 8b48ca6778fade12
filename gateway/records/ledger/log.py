"""Appending to the grant log, inside the act's own transaction, and publishing its checkpoints outside the database."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

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
from gateway.records.ledger.nodes import iterate_leaves, with_nodes
from gateway.records.ledger.note import Signer, VerifierKey
from gateway.records.ledger.outside import Signed, append_outside, read_outside
from gateway.records.ledger.tables import ledger_checkpoints, ledger_head, ledger_nodes, ledger_parts, ledger_records
from gateway.records.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash
from gateway.records.ledger.types import Checked, Draft, Part, Recorded
from gateway.terms.entropy import Entropy
from gateway.terms.ids import RecordId, new_id
from gateway.terms.instants import microseconds
from gateway.terms.refusal import Unavailable

_HEAD = 1
CHECKPOINTS = "checkpoints.jsonl"


class LogDamaged(Exception):
    """The rows just written do not read back as they were written; the transaction must not commit."""


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
        frontier = await _locked_frontier(connection)
        old_root = frontier.root()
        record_id = RecordId(new_id("lr", self._entropy))
        sealed = [await asyncio.to_thread(self._seal, record_id, part) for part in draft.parts]
        canonical = _canonical(draft, frontier.size + 1, record_id, sealed).encode()
        nodes = frontier.append(leaf_hash(canonical))
        await _write(connection, draft, record_id, canonical=canonical, frontier=frontier)
        for each in sealed:
            fields = {"record_id": record_id, "name": each.part.name, "person_id": each.part.person_id}
            await connection.execute(insert(ledger_parts).values(**fields, sealed=each.sealed))
        rows = [{"level": level, "position": index, "hash": node} for level, index, node in nodes]
        await connection.execute(insert(ledger_nodes), rows)
        note = await self._sign(connection, frontier, old_root=old_root, at=draft.at)
        return Recorded(frontier.size, record_id, frontier.size, frontier.root(), note)

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
        self, connection: AsyncConnection, frontier: Frontier, *, old_root: bytes, at: datetime
    ) -> str | None:
        if not self.may_sign or self._signer is None:
            return None
        await _check_written(connection, frontier, old_root=old_root, published_size=self._published_size)
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
    query = select(ledger_head).where(ledger_head.c.id == _HEAD).with_for_update()
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
    connection: AsyncConnection, draft: Draft, record_id: RecordId, *, canonical: bytes, frontier: Frontier
) -> None:
    await connection.execute(
        insert(ledger_records).values(
            seq=frontier.size,
            record_id=record_id,
            kind=draft.kind.value,
            at=draft.at,
            grant_id=draft.grant_id,
            version=draft.version,
            app_id=draft.app_id,
            account_id=draft.account_id,
            actor_kind=draft.actor.kind.value,
            actor_id=draft.actor.id,
            request_id=draft.request_id,
            canonical=canonical,
            leaf_hash=leaf_hash(canonical),
        )
    )
    peaks = [peak.hex() for peak in frontier.peaks]
    moved = update(ledger_head).where(ledger_head.c.id == _HEAD, ledger_head.c.size == frontier.size - 1)
    if (await connection.execute(moved.values(size=frontier.size, peaks=peaks))).rowcount != 1:
        raise LogDamaged("the head moved under its lock")


async def _check_written(
    connection: AsyncConnection, frontier: Frontier, *, old_root: bytes, published_size: int
) -> None:
    """Check before signing that what was signed last, all since and what was just written are one tree, by the rows.

    Raises:
        LogDamaged: they are not, or a checkpoint that stands outside is gone.
    """
    try:
        signed = await _signed_frontier(connection, published_size)
        async for leaf in iterate_leaves(
            connection, signed.size, frontier.size - 1
        ):  # none, unless signing had stopped
            signed.append(leaf)
        written = await with_nodes(connection, partial(Frontier.at, frontier.size))
    except KeyError as missing:
        raise LogDamaged("a node of the tree is gone") from missing
    if (signed.size, signed.root()) != (frontier.size - 1, old_root):
        raise LogDamaged("the head does not continue what was signed last")
    query = select(ledger_records.c.canonical).where(ledger_records.c.seq == frontier.size)
    signed.append(leaf_hash((await connection.execute(query)).scalar_one()))
    peaks = [peak.hex() for peak in frontier.peaks]
    head = (await connection.execute(select(ledger_head.c.peaks).where(ledger_head.c.id == _HEAD))).scalar_one()
    if not written.root() == signed.root() == frontier.root() or head != peaks:
        raise LogDamaged("the record just written reads back otherwise")


async def _signed_frontier(connection: AsyncConnection, published_size: int) -> Frontier:
    """Rebuild, from the stored nodes, the tree that the newest checkpoint signed."""
    query = select(ledger_checkpoints.c.size, ledger_checkpoints.c.root).order_by(ledger_checkpoints.c.size.desc())
    newest = (await connection.execute(query.limit(1))).first()
    size, root = (newest.size, newest.root) if newest else (0, EMPTY_ROOT)
    if size < published_size:
        raise LogDamaged("a checkpoint that stands outside is gone")
    frontier = await with_nodes(connection, partial(Frontier.at, size))
    if frontier.root() != root:
        raise LogDamaged("the nodes are not those that were signed last")
    return frontier
