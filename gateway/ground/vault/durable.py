"""What "on disk" takes for files that must outlive a power loss: private folders, and names that are synced too."""

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
