"""What the C library does with memory that was given back: large blocks go to the system at once."""

import ctypes
from typing import Final

LARGE_BYTES: Final = 4 * 1024 * 1024
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)


def give_back_large_blocks() -> None:
    """Let blocks of 4 MiB and more go back when they are freed; where the C library is not glibc, nothing changes.

    glibc takes a freed block of 19 MiB, which a password costs, for a sign that more will come, and keeps as much for
    each thread for as long as the process lives.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, LARGE_BYTES)
        set_option(_TRIM_THRESHOLD, LARGE_BYTES)
