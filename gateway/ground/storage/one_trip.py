"""SQLite with one trip to the connection's thread for a small statement.

aiosqlite goes there four times: for a cursor, to execute, to fetch, to close. Each costs more than a small statement.
"""

import sqlite3
from collections import deque
from typing import Any, cast

import aiosqlite
from sqlalchemy import Connection

INLINE = "inline"
"""Marks, among what SQLAlchemy knows of a connection, the one that units write through."""
FIRST_ROWS = 256
"""So many rows come with the execution; what has more is fetched in further trips, and a stream stays a stream."""


class OneTripCursor(aiosqlite.Cursor):
    """Executes and fetches the first rows at once; where that is all, nothing needs the thread again."""

    def __init__(self, connection: "OneTripConnection") -> None:
        super().__init__(connection, connection._conn.cursor())  # noqa: SLF001 - the base class's own way to it
        self._rows: deque[Any] = deque()
        self._has_more = False

    async def execute(self, sql: str, parameters: Any = None) -> "OneTripCursor":
        """Run a statement and take its first rows."""
        self._rows.clear()
        self._has_more = False
        rows = await self._do(self._run, sql, parameters or ())
        self._take(rows, is_whole=len(rows) < FIRST_ROWS)
        return self

    async def fetchone(self) -> Any:
        """Return the next row, or None."""
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows, fewer than `size` only at the end."""
        wanted = self.arraysize if size is None else size
        missing = wanted - len(self._rows)
        if self._has_more and missing > 0:
            more = await self._do(self._cursor.fetchmany, max(missing, FIRST_ROWS))
            self._take(more, is_whole=len(more) < max(missing, FIRST_ROWS))
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        if self._has_more:
            self._take(await self._do(self._cursor.fetchall), is_whole=True)
        rows = list(self._rows)
        self._rows.clear()
        return rows

    async def close(self) -> None:
        """Forget the rows. A statement that is not at its end, or that the thread still runs, ends there."""
        self._rows.clear()
        if self._has_more:
            self._has_more = False
            await super().close()

    def _run(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchmany(FIRST_ROWS) if self._cursor.description else []

    def _take(self, rows: list[Any], *, is_whole: bool) -> None:
        self._rows.extend(rows)
        self._has_more = not is_whole

    async def _do(self, work: Any, *arguments: Any) -> Any:
        return await self._execute(work, *arguments)  # type: ignore[no-untyped-call]


class OneTripConnection(aiosqlite.Connection):
    """A connection whose cursors make one trip."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]  # SQLAlchemy enters what it gets, and does not await it
        """Return a new cursor."""
        return OneTripCursor(self)


def inline(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection under one of SQLAlchemy's, for the loop to use while its thread is idle."""
    driver = cast("OneTripConnection", connection.connection.driver_connection)
    return driver._conn  # noqa: SLF001 - as above


def connect(database: str, **options: Any) -> OneTripConnection:
    """Return a connection that opens when it is awaited; it is SQLAlchemy's `async_creator_fn`.

    Args:
        database: the path or URI of the file.
        options: those of `sqlite3.connect`.
    """
    options["check_same_thread"] = False  # the loop and the connection's thread take turns
    connection = OneTripConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with the connections that it opens itself
    return connection
