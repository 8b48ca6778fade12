"""What the stand-in remembers: tokens (hashed) and each shop's rows, kept in one file when a path is given."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.sandbox.state_file import write_state

Row = dict[str, Any]


class LiveToken(BaseModel):
    """A token that a shop's key was given."""

    retailer: str
    expires_at: datetime


class Shop(BaseModel):
    """One shop's rows by collection, and what was deleted from each: id and when."""

    rows: dict[str, list[Row]]
    removed: dict[str, list[tuple[int, str]]] = {}
    next_id: int


class Snapshot(BaseModel):
    """The file's content; tokens by their hash."""

    version: int = 1
    tokens: dict[str, LiveToken] = {}
    shops: dict[str, Shop] = {}
    webhooks: dict[str, list[Row]] = {}


class State:
    """The snapshot in memory and how it reaches the file; everything is written before it is answered."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.snapshot = (
            Snapshot.model_validate_json(path.read_bytes()) if path is not None and path.exists() else Snapshot()
        )

    def save(self) -> None:
        """Write the file, if there is one."""
        if self._path is not None:
            write_state(self._path, self.snapshot)
