"""Whole copies of a SQLite database: taken while it is written to, checked before one is put back."""

import sqlite3
from contextlib import closing
from pathlib import Path


class NotWhole(Exception):
    """The file is not a whole SQLite database; the text says why."""


def copy_database(path: Path, target: Path) -> None:
    """Copy the database at `path` into the empty file `target`, as of one moment."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def check_whole(path: Path, table: str) -> None:
    """Check that a file is a sound database that holds `table` (a name of ours, not of outsiders).

    Raises:
        NotWhole: it is not.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            found = connection.execute("SELECT name FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    except sqlite3.Error as error:
        raise NotWhole(str(error)) from None
    if verdict != "ok" or found is None:
        raise NotWhole(verdict if verdict != "ok" else f"it has no table {table}")
