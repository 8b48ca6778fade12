"""Opening the database: by one process at a time, and checked first where the last one did not close it."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import structlog

from gateway.ground.storage.copies import NotWhole, check_sound
from gateway.ground.storage.engines import is_sqlite, sqlite_path
from gateway.ground.storage.storage import Storage
from gateway.server.places import lock_path
from gateway.settings import Settings
from gateway.terms.refusal import Unavailable

_OPEN, _CLOSED = b"open  ", b"closed"  # of one length: written over each other they need no room on the disk
_log = structlog.get_logger(__name__)


class AlreadyRunning(Exception):
    """Another process on this machine works on these records."""


class Damaged(Exception):
    """The database file is not whole; nothing is served from it."""


@asynccontextmanager
async def opened_storage(settings: Settings, *, is_locked: bool = False) -> AsyncIterator[Storage]:
    """Open the database, keep the ballast beside it, and close it in the end.

    `is_locked`: the caller holds the lock, and has checked the file (`quyen restore`).

    The lock file says whether whoever had the database before closed it. A process that was killed, or a machine that
    lost its power, did not say so.

    Raises:
        AlreadyRunning: a second server on the same SQLite file.
        Damaged: SQLite's check found a fault.
        Unavailable: the lock file cannot be written.
    """
    async with AsyncExitStack() as stack:
        lock = None if is_locked else stack.enter_context(file_lock(settings))
        if lock is not None and is_sqlite(settings.database_url) and os.pread(lock, len(_CLOSED), 0) != _CLOSED:
            await _check(sqlite_path(settings.database_url))
        stack.enter_context(_noted(lock))
        storage = Storage(settings.database_url)
        stack.push_async_callback(storage.close)
        if storage.ballast is not None and not await asyncio.to_thread(storage.ballast.make):
            _log.warning("the disk has no room to keep for ends")
        yield storage


async def _check(path: Path) -> None:
    if not await asyncio.to_thread(path.exists):
        return
    _log.info("the database was not closed: every page of it is checked", database=path.name)
    try:
        await asyncio.to_thread(check_sound, path)
    except NotWhole as fault:
        raise Damaged(
            f"{path.name} is damaged: {fault}. Nothing is served from it. "
            "Keep it, and put a backup in its place with `quyen restore`."
        ) from None


@contextmanager
def _noted(lock: int | None) -> Iterator[None]:
    """Let the lock file say that the database is open, on disk before anything else is; and in the end that it is not.

    An end that cannot be said lets the next start check the database for nothing.
    """
    if lock is None:
        yield
        return
    try:
        _write(lock, _OPEN)
    except OSError as error:
        raise Unavailable("database") from error
    try:
        yield
    finally:
        with suppress(OSError):
            _write(lock, _CLOSED)


def _write(lock: int, word: bytes) -> None:
    os.pwrite(lock, word, 0)
    os.fsync(lock)


@contextmanager
def file_lock(settings: Settings) -> Iterator[int]:
    """Let one process on this machine work on these records; the kernel gives the lock back when it dies.

    Yields the lock file's descriptor, its content as it was.
    """
    path = lock_path(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another server holds {path.name}") from None
        yield lock
    finally:
        os.close(lock)
