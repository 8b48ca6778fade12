"""Checkpoints outside the database: where restoring the database cannot roll them back. One JSON line for each."""

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.ground.vault.durable import append_lines, sync_folder


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed checkpoint and the size of the log that it states."""

    size: int
    note: str


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands outside: each whole line's checkpoint, and the numbers of lines that cannot be read."""

    signed: tuple[Signed, ...]
    damaged_lines: tuple[int, ...]


def read_outside(path: Path) -> Outside:
    """Read the file; a torn last line is one that was never acknowledged.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return Outside((), ())
    found = [_parse(line) for line in lines]
    damaged = tuple(number for number, signed in enumerate(found, start=1) if signed is None)
    return Outside(tuple(signed for signed in found if signed is not None), damaged)


def append_outside(path: Path, signed: Sequence[Signed]) -> None:
    """Write checkpoints with one fsync, after cutting off what a torn write left; blocks for the disk.

    Raises:
        OSError: nothing may be acknowledged; some of it may stand.
    """
    lines = b"".join(orjson.dumps(each) + b"\n" for each in signed)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        is_first = append_lines(descriptor, lines)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_first:
        sync_folder(path.parent)


def _parse(line: bytes) -> Signed | None:
    try:
        fields = orjson.loads(line)
        return Signed(int(fields["size"]), str(fields["note"]))
    except (ValueError, KeyError, TypeError):
        return None
