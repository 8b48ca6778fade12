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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter

from gateway.ground.vault.durable import add_private_folder, sync_folder

_FILE_NAME = "tombstones.jsonl"
_LINE = re.compile(rb'\{"length":([0-9]{1,9}),"crc32":"([0-9a-f]{8})","entry":(.*)\}')
_BASE64 = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class JournalDamaged(Exception):
    """A line that was acknowledged does not check; an operator must look before anything is served."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Permissions of one grant that ended: exactly these, as of this version of the grant."""

    grant_id: str
    version: int
    permission_ids: tuple[str, ...]
    cause: str
    at: AwareDatetime
    kind: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A connection's newest upstream credential, as sealed for its row: the platform may have ended the one before."""

    __pydantic_config__: ClassVar[ConfigDict] = _BASE64

    connection_id: str
    version: int
    sealed: bytes
    at: AwareDatetime
    kind: Literal["credential"] = "credential"


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """A person key that was destroyed, to be destroyed again if a backup brought it back."""

    person_id: str
    part: Literal["identity", "evidence"]
    at: AwareDatetime
    kind: Literal["key_destroyed"] = "key_destroyed"


@dataclass(frozen=True, slots=True)
class Barred:
    """Something was shut, or opened again, that is no permission; of several entries the last one holds.

    Args:
        what: an app that is suspended, a client secret that ended, a role that a person lost.
        name: the app's id, the secret's SHA-256 in hex, or `person/role`.
        is_barred: False where it was opened again.
        at: when.
    """

    what: Literal["app", "secret", "role"]
    name: str
    is_barred: bool
    at: AwareDatetime
    kind: Literal["barred"] = "barred"


Entry = Tombstone | SealedCredential | DestroyedKey | Barred

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


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
            end = _end_of_last_line(descriptor)
            os.ftruncate(descriptor, end)
            _write_all(descriptor, lines, offset=end)
            os.fdatasync(descriptor)

    def read(self) -> Reading:
        """Read all entries.

        Raises:
            JournalDamaged: a line that was acknowledged does not check.
            OSError: the file cannot be read, or was taken away since the start.
        """
        with self._opened(os.O_RDONLY, fcntl.LOCK_SH) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read()
        *lines, torn = content.split(b"\n")
        return Reading(tuple(_parse(line, number) for number, line in enumerate(lines, 1)), len(torn))

    @contextmanager
    def _opened(self, flags: int, lock: int) -> Iterator[int]:
        # Without O_CREAT: a journal that vanished under a running gateway is a fault, never an empty journal.
        descriptor = os.open(self._path, flags | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, lock)
            yield descriptor
        finally:
            os.close(descriptor)


def to_bytes(entry: Entry) -> bytes:
    """Write an entry as the one JSON object that it is.

    Raises:
        ValueError: it could not be read back (a naive time, another type).
    """
    content = _ENTRY.dump_json(entry, warnings=False)
    if _ENTRY.validate_json(content, strict=True) != entry:  # ValidationError is a ValueError
        raise ValueError("the entry does not come back as it was given")
    return content


def entry_of(content: bytes) -> Entry:
    """Read what `to_bytes` wrote.

    Raises:
        ValueError: it is no entry that this version knows.
    """
    return _ENTRY.validate_json(content, strict=True)


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


def _end_of_last_line(descriptor: int) -> int:
    end, block = os.fstat(descriptor).st_size, 4096
    while end > 0:
        start = max(0, end - block)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write_all(descriptor: int, content: bytes, *, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
