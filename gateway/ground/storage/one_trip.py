"""SQLite with one trip to the connection's thread for a statement.

aiosqlite goes there four times: for a cursor, to execute, to fetch, to close. Each costs more than a small statement.
"""

import sqlite3
from typing import Any

import aiosqlite


class OneTripCursor(aiosqlite.Cursor):
    """Executes and fetches all rows at once; what SQLAlchemy then asks for is here already."""

    def __init__(self, connection: "OneTripConnection") -> None:
        super().__init__(connection, connection._conn.cursor())  # noqa: SLF001 - the base class's own way to it
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Any = None) -> "OneTripCursor":
        """Run a statement to its end."""
        self._rows = await self._execute(self._run, sql, parameters or ())  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget the rows; SQLite's own cursor is at its end, or ends with the statement that its thread still runs."""
        self._rows = []

    def _run(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall() if self._cursor.description else []


class OneTripConnection(aiosqlite.Connection):
    """A connection whose cursors make one trip."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]  # SQLAlchemy enters what it gets, and does not await it
        """Return a new cursor."""
        return OneTripCursor(self)


def connect(database: str, **options: Any) -> OneTripConnection:
    """Return a connection that opens when it is awaited; it is SQLAlchemy's `async_creator_fn`.

    Args:
        database: the path or URI of the file.
        options: those of `sqlite3.connect`.
    """
    connection = OneTripConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with the connections that it opens itself
    return connection
