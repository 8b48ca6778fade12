"""What "on disk" takes for files that must outlive a power loss: private folders, synced names, whole lines."""

import os
from pathlib import Path


def add_private_folder(folder: Path) -> None:
    """Make the folder if it is absent, for this user alone; one that exists keeps its mode."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the folder's names to disk; without it a new file's content may outlive its name.

    Raises:
        OSError: the disk did not take it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_lines(descriptor: int, lines: bytes) -> bool:
    """Write lines after the last whole one, cutting off what a torn write left; the caller holds the lock, and syncs.

    Only the end of the file is read.

    Returns:
        Whether these are the first lines: the file's name may be new to the disk.

    Raises:
        OSError: as the system raised it; some of the lines may stand.
    """
    end = _end_of_last_line(descriptor)
    os.ftruncate(descriptor, end)
    view, offset = memoryview(lines), end
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
    return end == 0


def _end_of_last_line(descriptor: int) -> int:
    end, block = os.fstat(descriptor).st_size, 4096
    while end > 0:
        start = max(0, end - block)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
