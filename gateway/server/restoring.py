"""The mark of a restore under way: from before its first step until its record is committed, nothing else may open.

It stands beside the checkpoints, outside the database, because between those two moments neither the database nor the
checkpoints show that old tokens are still alive.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from gateway.ground.vault.durable import add_private_folder, sync_folder

_NAME = "restore-under-way.json"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What a kill must not forget: how much was signed, and how much of it the database held (None: not counted)."""

    signed_size: int
    restored_size: int | None = None

    def counted(self, size: int) -> "UnderWay":
        """Note how much the database holds; the least counts, for tombstones that are applied again add to it."""
        return replace(self, restored_size=size if self.restored_size is None else min(size, self.restored_size))


def find_under_way(folder: Path) -> UnderWay | None:
    """Find the restore that was begun and not finished."""
    try:
        return UnderWay(**orjson.loads((folder / _NAME).read_bytes()))
    except FileNotFoundError:
        return None


def mark_under_way(folder: Path, restore: UnderWay) -> None:
    """Begin a restore, or note how far it is; on disk when this returns."""
    add_private_folder(folder)
    fresh = folder / f"{_NAME}.new"
    with fresh.open("wb") as file:
        file.write(orjson.dumps(restore))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _NAME)
    sync_folder(folder)


def mark_finished(folder: Path) -> None:
    """The restore's record is committed: the gateway may open again."""
    (folder / _NAME).unlink()
    sync_folder(folder)
