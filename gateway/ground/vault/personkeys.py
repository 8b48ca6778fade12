"""Person keys: what is kept about a person opens only while their key exists, and the keys lie outside the database.

Erasing a person is destroying a key: every copy of the data, in backups too, turns to noise. Each person has two keys:
the identity key goes at erasure, the evidence key when retention ends.

One file for each person, of fixed layout: for each part a state byte and the key, sealed by the vault. Destroying
overwrites the part's slot where it lies, so two destructions never undo each other and the bytes are gone from the
file itself, and leaves a marker: an erased person is told from a lost file. No key is cached: destroyed is destroyed
for every process at its next look. All calls block for a read, or for an fsync where a file is made or changed.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, get_args

from gateway.ground.vault.durable import add_private_folder, sync_folder
from gateway.ground.vault.sealing import Place, Unsealable, Vault
from gateway.terms.entropy import Entropy

Part = Literal["identity", "evidence"]

_PARTS: tuple[Part, ...] = get_args(Part)
_HEADER = b"quyen person keys 1\n"
_LIVE = b"K"
_DESTROYED = b"X"
_KEY_BYTES = 32
_SEALED_BYTES = 5 + 12 + _KEY_BYTES + 16
_SLOT_BYTES = 1 + _SEALED_BYTES
_TOMB = _DESTROYED + bytes(_SEALED_BYTES)
_FILE_BYTES = len(_HEADER) + len(_PARTS) * _SLOT_BYTES
_PERSON_ID = re.compile(r"[0-9A-Za-z_]{1,64}")


class Erased(Exception):
    """The key was destroyed on purpose; what it sealed is gone for ever."""


class PersonKeys:
    """The person keys of one gateway.

    Args:
        folder: made if absent, mode 0700; outside the main backups.
        vault: seals each key in its file.
        entropy: where keys come from.
    """

    def __init__(self, folder: Path, vault: Vault, *, entropy: Entropy) -> None:
        add_private_folder(folder)
        self._folder = folder
        self._vault = vault
        self._entropy = entropy

    def seal(self, person_id: str, part: Part, *, plain: bytes, place: Place) -> bytes:
        """Seal something about a person; their keys are made at the first need.

        Raises:
            Erased: the key was destroyed; an erased person gets no new one.
        """
        if not self._path(person_id).exists():
            with self._writing(person_id), suppress(FileExistsError):  # another process was first: its keys hold
                self._add(person_id, self._fresh_slots(person_id))
        return self._vault.seal_under(self._get_key(person_id, part), plain, place=place)

    def open(self, person_id: str, part: Part, *, sealed: bytes, place: Place) -> bytes:
        """Open what `seal` sealed.

        Raises:
            Erased: the key was destroyed.
            Unsealable: changed bytes, another place or person, or a key file that is lost or damaged.
        """
        return self._vault.open_under(self._get_key(person_id, part), sealed, place=place)

    def is_destroyed(self, person_id: str, part: Part) -> bool:
        """Say whether the marker of destruction stands."""
        path = self._path(person_id)
        return path.exists() and self._read_slot(path, part)[:1] == _DESTROYED

    def destroy(self, person_id: str, part: Part) -> None:
        """Destroy one key for ever; done again it does nothing more. A person without keys gets the marker alone.

        Raises:
            OSError: the disk did not take it; the key may still be there, so nothing may be acknowledged.
        """
        with self._writing(person_id) as path:
            try:
                self._add(person_id, self._fresh_slots(person_id) | {part: _TOMB})
            except FileExistsError:
                _overwrite(path, _TOMB, offset=_offset(part))

    def _get_key(self, person_id: str, part: Part) -> bytes:
        slot = self._read_slot(self._path(person_id), part)
        if slot[:1] == _DESTROYED:
            raise Erased(f"the {part} key was destroyed")
        return self._vault.open(slot[1:], _place(person_id, part))

    def _read_slot(self, path: Path, part: Part) -> bytes:
        try:
            content = path.read_bytes()
        except FileNotFoundError as lost:
            raise Unsealable("no key file and no marker of destruction: lost, or never made") from lost
        slot = content[_offset(part) : _offset(part) + _SLOT_BYTES]
        if len(content) != _FILE_BYTES or not content.startswith(_HEADER) or slot[:1] not in {_LIVE, _DESTROYED}:
            raise Unsealable("the key file is damaged")
        return slot

    def _fresh_slots(self, person_id: str) -> dict[Part, bytes]:
        keys = {part: self._entropy.token(_KEY_BYTES) for part in _PARTS}
        return {part: _LIVE + self._vault.seal(key, _place(person_id, part)) for part, key in keys.items()}

    def _add(self, person_id: str, slots: dict[Part, bytes]) -> None:
        """Put a whole file in its place, or fail where one is: a link never replaces and is never half made."""
        fresh = self._write_aside(person_id, slots)
        try:
            os.link(fresh, self._path(person_id))
        finally:
            fresh.unlink()
        sync_folder(self._folder)

    def _write_aside(self, person_id: str, slots: dict[Part, bytes]) -> Path:
        path = self._folder / f".{person_id}.{self._entropy.token(8).hex()}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_HEADER + b"".join(slots[part] for part in _PARTS))
            file.flush()
            os.fsync(file.fileno())
        return path

    def _path(self, person_id: str) -> Path:
        if _PERSON_ID.fullmatch(person_id) is None:
            raise ValueError("not a person's id")
        return self._folder / f"{person_id}.key"

    @contextmanager
    def _writing(self, person_id: str) -> Iterator[Path]:
        """Let one writer of all processes at the files; a copy that a crash left aside must not outlive its key."""
        path = self._path(person_id)
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for left_over in self._folder.glob(f".{person_id}.*"):
                left_over.unlink()
            yield path
        finally:
            os.close(descriptor)


def _place(person_id: str, part: Part) -> Place:
    return Place("person_keys", person_id, part)


def _offset(part: Part) -> int:
    return len(_HEADER) + _PARTS.index(part) * _SLOT_BYTES


def _overwrite(path: Path, content: bytes, *, offset: int) -> None:
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        file.write(content)
        os.fsync(file.fileno())
