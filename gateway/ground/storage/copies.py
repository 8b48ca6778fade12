"""Whole SQLite databases: copied while they are written to, checked before one is put back or served again."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


class NotWhole(Exception):
    """The file is not a whole SQLite database; the text says why."""


class NotCopied(Exception):
    """The copy could not be made, and the target holds nothing of use; the text says why."""


def copy_database(path: Path, target: Path, *, without: str) -> None:
    """Copy the database at `path` into the empty file `target`, as of one moment, but for the rows of one table.

    These leave no byte in the copy: it is written anew after they are gone.

    Args:
        path: whence.
        target: where to.
        without: a table of ours, not a name of outsiders.

    Raises:
        NotCopied: it cannot be read, or the target cannot be written.
    """
    try:
        with closing(_open(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            copy.execute(f"DELETE FROM {without}")  # noqa: S608 - a name of ours
            copy.commit()
            copy.execute("VACUUM")
    except sqlite3.Error as error:
        raise NotCopied(str(error)) from None


def check_sound(path: Path) -> None:
    """Let SQLite check every page of a file, and what a process that was killed left in its write-ahead log.

    Reads the whole file: call it in a thread.

    Raises:
        NotWhole: something in it is damaged.
    """
    try:
        with closing(_open(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise NotWhole(str(error)) from None
    if verdict != "ok":
        raise NotWhole(verdict)


def check_whole(path: Path, table: str) -> None:
    """Check that a file is a sound database that holds `table` (a name of ours, not of outsiders).

    Raises:
        NotWhole: it is not.
    """
    check_sound(path)
    with closing(_open(path)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if found is None:
        raise NotWhole(f"it has no table {table}")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
