"""The tombstone journal: what must outlive a restored database, on disk before it is acknowledged (I4).

A database that is put back to yesterday forgets today's withdrawals, today's erasures, today's suspensions and the
newest credentials of platforms that rotate them. This file does not: start and restore read it and end what it names,
once more.

One JSON object on each line: `{"length":<bytes>,"crc32":"<hex>","entry":{...}}`, length and CRC over the entry's own
bytes. A line without its newline is a torn write: it was never acknowledged, is left out and counted in the answer, and
is cut off before the next append. A whole line that does not check was acknowledged and then damaged: reading fails,
because an end that is silently forgotten would turn live again.
"""

import fcntl
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.ground.vault.durable import add_private_folder, append_lines, sync_folder
from gateway.ground.vault.entries import Barred, Entry, SealedCredential, Tombstone, entry_of, to_bytes
from gateway.ground.vault.reduced import list_reduced

_FILE_NAME = "tombstones.jsonl"
_WORTH_IT = 1000
"""A journal that would lose fewer entries than this is not written anew."""
_LINE = re.compile(rb'\{"length":([0-9]{1,9}),"crc32":"([0-9a-f]{8})","entry":(.*)\}')


class JournalDamaged(Exception):
    """A line that was acknowledged does not check; an operator must look before anything is served."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the journal holds, in the order of writing.

    Args:
        entries: every acknowledged entry; some that were written and not acknowledged may stand among them.
        torn_bytes: length of an unfinished write at the end, which was left out; 0 after a clean stop.
    """

    entries: tuple[Entry, ...]
    torn_bytes: int

    @property
    def tombstones(self) -> tuple[Tombstone, ...]:
        """The ends alone."""
        return tuple(entry for entry in self.entries if isinstance(entry, Tombstone))

    def list_barred(self, what: str) -> list[str]:
        """Name what was shut last, and not opened again."""
        last = {each.name: each.is_barred for each in self.entries if isinstance(each, Barred) and each.what == what}
        return [name for name, is_barred in last.items() if is_barred]


class Journal:
    """The journal in one folder; several processes of one machine may write to it.

    Args:
        folder: made if absent, mode 0700; outside the database and not restored with it.
    """

    def __init__(self, folder: Path) -> None:
        add_private_folder(folder)
        self._path = folder / _FILE_NAME
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        sync_folder(folder)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write all entries with one fdatasync; when this has returned they outlive a power loss.

        Blocks for the disk: call it in a thread.

        Raises:
            ValueError: an entry that could not be read back (a naive time, another type); nothing is written.
            OSError: as the system raised it; nothing may be acknowledged. The entries may or may not stand.
        """
        if not entries:
            return
        lines = b"".join(_line(entry) for entry in entries)
        with self._opened(os.O_RDWR, fcntl.LOCK_EX) as descriptor:
            append_lines(descriptor, lines)
            os.fdatasync(descriptor)

    def compact(self) -> None:
        """Write the journal anew if most of it is said again by later entries, or it holds a key that is over.

        A kill leaves the old one or the new.

        Raises:
            JournalDamaged: as `read` says.
            OSError: the disk did not take it; the old one stands.
        """
        with self._opened(os.O_RDONLY, fcntl.LOCK_EX) as descriptor:
            entries = _list_entries(descriptor).entries
            reduced = list_reduced(entries)
            is_small = len(entries) < 2 * len(reduced) + _WORTH_IT
            if is_small and _connections_in(entries) == _connections_in(reduced):
                return
            fresh = self._path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            copy = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                append_lines(copy, b"".join(_line(entry) for entry in reduced))
                os.fsync(copy)
            finally:
                os.close(copy)
            fresh.replace(self._path)
            sync_folder(self._path.parent)

    def read(self) -> Reading:
        """Read all entries.

        Raises:
            JournalDamaged: a line that was acknowledged does not check.
            OSError: the file cannot be read, or was taken away since the start.
        """
        with self._opened(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
            return _list_entries(descriptor)

    @contextmanager
    def _opened(self, flags: int, lock: int) -> Iterator[int]:
        # Without O_CREAT: a journal that vanished under a running gateway is a fault, never an empty journal.
        while True:
            descriptor = os.open(self._path, flags | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, lock)
                if os.path.samestat(os.fstat(descriptor), self._path.lstat()):
                    yield descriptor
                    return
            finally:
                os.close(descriptor)  # another process wrote the journal anew while this one waited for its turn


def _list_entries(descriptor: int) -> Reading:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        *lines, torn = file.read().split(b"\n")
    return Reading(tuple(_parse(line, number) for number, line in enumerate(lines, 1)), len(torn))


def _connections_in(entries: Iterable[Entry]) -> set[str]:
    """Name the connections whose credential stands there."""
    return {each.connection_id for each in entries if isinstance(each, SealedCredential)}


def _line(entry: Entry) -> bytes:
    content = to_bytes(entry)
    return b'{"length":%d,"crc32":"%08x","entry":%b}\n' % (len(content), zlib.crc32(content), content)


def _parse(line: bytes, number: int) -> Entry:
    shape = _LINE.fullmatch(line)
    if shape is None:
        raise JournalDamaged(f"line {number} has another shape")
    length, checksum, content = shape.groups()
    if int(length) != len(content) or int(checksum, 16) != zlib.crc32(content):
        raise JournalDamaged(f"line {number} has another length or checksum than it says")
    try:
        return entry_of(content)
    except ValueError as wrong:
        raise JournalDamaged(f"line {number} is no entry that this version knows") from wrong
