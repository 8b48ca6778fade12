"""Backups of the embedded database: a consistent copy while the server runs, and putting one back.

Person keys, the tombstone journal and the checkpoints outside are not in it on purpose: an erased key, an end and a
signature must not come back or be lost with the database.
"""

import asyncio
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.acts.restore import Gap, restore
from gateway.ground.storage.copies import NotWhole, check_whole, copy_database
from gateway.ground.storage.engines import is_sqlite, sqlite_path
from gateway.ground.storage.storage import Storage
from gateway.records.ledger import reading
from gateway.records.ledger.log import CHECKPOINTS
from gateway.records.ledger.outside import read_outside
from gateway.records.ledger.types import Actor, ActorKind
from gateway.server.house import file_lock, folder_of, opened_house
from gateway.settings import Settings
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
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise Refusal("target_exists", f"{target} is there already") from None
    except OSError as error:
        raise Refusal("not_copied", f"{target}: {error.strerror}") from None
    try:
        copy_database(sqlite_path(settings.database_url), target)
    except (OSError, sqlite3.Error) as error:
        target.unlink()
        raise Refusal("not_copied", str(error)) from None
    return target.stat().st_size


@dataclass(frozen=True, slots=True)
class PutBack:
    """What came of it: how much of the log was lost, and how many families of tokens ended."""

    records_lost: int
    families_ended: int


async def put_back(settings: Settings, source: Path | None) -> PutBack:
    """Put a backup in the database's place (None: the database was put back by other means), and make it safe.

    The checkpoints signed so far are kept under another name; the log goes on under a record that says so.

    Raises:
        AlreadyRunning: the server runs; stop it first.
        Refusal: `bad_backup`: the file is not a whole database of this gateway.
    """
    signed_size = await asyncio.to_thread(_prepare, settings, source)
    gap = Gap(restored_size=await _count(settings), signed_size=signed_size)
    async with opened_house(settings, may_be_older=True) as house:
        ended = await restore(house, Actor(ActorKind.SYSTEM, "command-line"), gap)
    return PutBack(gap.records_lost, ended)


async def _count(settings: Settings) -> int:
    """Count the log's records before the tombstones are applied, which adds to them."""
    storage = Storage(settings.database_url)
    try:
        async with storage.read() as connection:
            return await reading.count(connection)
    finally:
        await storage.close()


def _prepare(settings: Settings, source: Path | None) -> int:
    """Put the copy in place and the checkpoints aside, while no server can be running; return the newest's size."""
    with file_lock(settings):
        if source is not None:
            _replace(settings, source)
        return _set_aside(folder_of(settings, settings.checkpoint_dir, "checkpoints"))


def _replace(settings: Settings, source: Path) -> None:
    try:
        check_whole(source, "ledger_head")
    except NotWhole as damaged:
        raise Refusal("bad_backup", f"{source} is not a database of this gateway: {damaged}") from None
    path = sqlite_path(settings.database_url)
    aside = path.with_name(path.name + ".incoming")
    aside.write_bytes(source.read_bytes())
    aside.chmod(0o600)
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    aside.replace(path)


def _set_aside(folder: Path) -> int:
    """Keep the checkpoints signed before under another name, so that the log can go on; return the newest's size."""
    current = folder / CHECKPOINTS
    signed_size = max((each.size for each in read_outside(current).signed), default=0)
    if signed_size:
        number = sum(1 for _ in folder.glob("before-restore-*.jsonl")) + 1
        current.replace(folder / f"before-restore-{number}.jsonl")
    return signed_size
