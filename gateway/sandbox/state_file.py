"""A small JSON file that survives a restart: replaced whole, readable by its owner only."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import BaseModel


def write_state(path: Path, state: BaseModel) -> None:
    """Replace the file by `state`, or leave it as it was; on return the bytes are on disk.

    The temporary file is made with mode 0600 from its first moment (`NamedTemporaryFile` does), in the same folder, so
    that the rename is atomic.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as fresh:
        try:
            fresh.write(state.model_dump_json().encode())
            fresh.flush()
            os.fsync(fresh.fileno())
            Path(fresh.name).replace(path)
        except BaseException:
            Path(fresh.name).unlink(missing_ok=True)
            raise
