"""Ballast: room on the disk that is kept for ends. A full disk must not keep anyone from taking back what they gave."""

import os
from contextlib import suppress
from pathlib import Path

SIZE_BYTES = 8 << 20  # some seventy withdrawals before the write-ahead log starts over


class Ballast:
    """A file beside the database that holds nothing but room.

    Args:
        path: where it stands.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_kept = False

    def make(self) -> bool:
        """Take the room, unless it is taken already; False where the disk has not that much.

        Blocks for the disk: call it in a thread.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, SIZE_BYTES)
            finally:
                os.close(descriptor)
        except OSError:
            self.release()
        else:
            self.is_kept = True
        return self.is_kept

    def release(self) -> None:
        """Give the room back, once; it is made again at the next start that finds as much."""
        self.is_kept = False
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
