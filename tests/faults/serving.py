"""A gateway that serves in a process of its own, on a disk that loses the first tombstone that it takes.

serving.py ENV_FILE
"""

import errno
import os
import sys
from pathlib import Path

from gateway.cli.main import main


def lose(_descriptor: object) -> None:
    """Fail as a disk does that could not write back what it had taken."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


if __name__ == "__main__":
    os.fdatasync = lose  # type: ignore[assignment]
    main(["--env-file", str(Path(sys.argv[1])), "serve"])
