"""A password's memory goes back to the system once it is hashed."""

import subprocess
import sys

THREE_BLOCKS = """
import ctypes, sys
from gateway.server.memory import give_back_large_blocks

def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "given back":
    give_back_large_blocks()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
before = resident()
for _ in range(3):
    block = library.malloc(19 * 1024 * 1024)
    ctypes.memset(block, 1, 19 * 1024 * 1024)
    library.free(ctypes.c_void_p(block))
print(resident() - before)
"""


def _left(how: str) -> int:
    """Return how much stays after three blocks of a password's size."""
    run = subprocess.run([sys.executable, "-c", THREE_BLOCKS, how], capture_output=True, text=True, check=True)
    return int(run.stdout)


def test_large_blocks_go_back() -> None:
    """The control keeps one for good; the server keeps none."""
    assert _left("kept") > 15 * 1024 * 1024
    assert _left("given back") < 1024 * 1024
