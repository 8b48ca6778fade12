"""Backups of the embedded database: a consistent copy while the server runs, and putting one back.

Person keys, the tombstone journal and the checkpoints outside are not in it on purpose: an erased key, an end and a
signature must not come back or be lost with the database. Nor are the copies of events that wait for their apps (I6).
"""

import asyncio
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.acts.restore import Gap, restore
from gateway.ground.storage.copies import NotCopied, NotWhole, check_whole, copy_database
from gateway.ground.storage.engines import is_sqlite, sqlite_path
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.durable import sync_folder
from gateway.records.ledger import reading
from gateway.records.ledger.log import CHECKPOINTS
from gateway.records.ledger.outside import read_outside
from gateway.records.ledger.types import Actor
from gateway.records.outbox.tables import event_copies
from gateway.server.database import file_lock
from gateway.server.house import opened_house
from gateway.server.places import folder_of
from gateway.server.restoring import UnderWay, find_under_way, mark_finished, mark_under_way
from gateway.settings import Settings
from gateway.terms.clock import Clock
from gateway.terms.refusal import Refusal


def back_up(settings: Settings, target: Path) -> int:
    """Copy the database to `target` (0600), as of one moment; the server may run.

    Returns:
        The size in bytes.

    Raises:
        Refusal: `not_sqlite` (PostgreSQL has `pg_dump`), `target_exists`; `not_copied`: no file is left behind.
    """
    if not is_sqlite(settings.database_url):
        raise Refusal("not_sqlite", "back up PostgreSQL with pg_dump")
    if target.exists():
        raise Refusal("target_exists", f"{target} is there already")
    incoming = target.with_name(target.name + ".incoming")  # killed, it leaves no backup with what may be in none (I6)
    try:
        incoming.unlink(missing_ok=True)
        os.close(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        copy_database(sqlite_path(settings.database_url), incoming, without=event_copies.name)
        incoming.rename(target)
    except NotCopied as error:
        raise Refusal("not_copied", str(error)) from None
    except OSError as error:
        raise Refusal("not_copied", f"{target}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            incoming.unlink(missing_ok=True)
    return target.stat().st_size


@dataclass(frozen=True, slots=True)
class PutBack:
    """What came of it: how much of the log was lost, and how many families of tokens ended."""

    records_lost: int
    families_ended: int


async def put_back(settings: Settings, source: Path | None, *, clock: Clock | None = None) -> PutBack:
    """Put a backup in the database's place (None: the database was put back by other means), and make it safe.

    One act under one lock, from the mark that it is under way until its record is committed: killed in between, the
    gateway does not open until it is done again. The checkpoints signed so far are kept under another name; the log
    goes on under a record that says so.

    Raises:
        AlreadyRunning: the server runs; stop it first.
        Refusal: `bad_backup`: the file, or the database in place, is not a whole database of this gateway; nothing was
            touched.
    """
    folder = folder_of(settings, settings.checkpoint_dir, "checkpoints")
    with file_lock(settings):
        under_way = await asyncio.to_thread(_begin, settings, source, folder)
        under_way = under_way.counted(await _count(settings))
        await asyncio.to_thread(_set_aside, folder, under_way)
        gap = Gap(restored_size=under_way.restored_size or 0, signed_size=under_way.signed_size)
        async with opened_house(settings, clock=clock, may_be_older=True) as house:
            ended = await restore(house, Actor.command_line(), gap)
        await asyncio.to_thread(mark_finished, folder)
    return PutBack(gap.records_lost, ended)


async def _count(settings: Settings) -> int:
    """Count the log's records before the tombstones are applied, which adds to them."""
    storage = Storage(settings.database_url)
    try:
        async with storage.read() as connection:
            return await reading.count(connection)
    finally:
        await storage.close()


def _begin(settings: Settings, source: Path | None, folder: Path) -> UnderWay:
    """Mark the restore as under way, then put the copy in place."""
    _check(settings, source)
    under_way = find_under_way(folder)
    if under_way is None or source is not None:
        signed = [each.size for each in read_outside(folder / CHECKPOINTS).signed]
        under_way = UnderWay(max([*signed, under_way.signed_size if under_way else 0]))
    mark_under_way(folder, under_way)
    if source is not None:
        _replace(sqlite_path(settings.database_url), source)
    return under_way


def _check(settings: Settings, source: Path | None) -> None:
    if not is_sqlite(settings.database_url):
        if source is not None:
            raise Refusal("not_sqlite", "put PostgreSQL back with its own tools, then say --in-place")
        return
    path = source or sqlite_path(settings.database_url)
    try:
        check_whole(path, "ledger_head")
    except NotWhole as damaged:
        raise Refusal("bad_backup", f"{path} is not a database of this gateway: {damaged}") from None


def _replace(path: Path, source: Path) -> None:
    """Put a copy of the file in the database's place; on disk when this returns."""
    aside = path.with_name(path.name + ".incoming")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as content, os.fdopen(descriptor, "wb") as copy:
        shutil.copyfileobj(content, copy)
        copy.flush()
        os.fsync(copy.fileno())
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    aside.replace(path)
    sync_folder(path.parent)


def _set_aside(folder: Path, under_way: UnderWay) -> None:
    """Keep the checkpoints signed before under another name, so that the log can go on."""
    mark_under_way(folder, under_way)
    current = folder / CHECKPOINTS
    if current.exists():
        number = sum(1 for _ in folder.glob("before-restore-*.jsonl")) + 1
        current.replace(folder / f"before-restore-{number}.jsonl")
        sync_folder(folder)
