"""Statements of the hot ways, compiled once instead of at each call."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, Insert, Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage import one_trip

_SQLITE = sqlite.dialect(paramstyle="named")


class Prepared:
    """A statement that each call of the proxy or of an OAuth endpoint runs, compiled once.

    In a unit of work on SQLite it runs inline on the loop: some microseconds, where the way through SQLAlchemy and the
    connection's thread costs half a millisecond. What may wait for the disk or for another process (begin and commit)
    stays in the thread. So it is for statements that touch a handful of rows by their keys. A page's read goes the
    usual way.

    Args:
        statement: of Core, with named bind parameters that are not names of columns that it sets; every column's type
            decides how its value is written and read. An insert without values takes every column by its name.
    """

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self.statement = statement
        compiled = statement.compile(dialect=_SQLITE)
        self.sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._writers = {
            name: bind.type.dialect_impl(_SQLITE).bind_processor(_SQLITE) for bind, name in compiled.bind_names.items()
        }
        columns = dict(statement.selected_columns.items()) if isinstance(statement, Select) else {}
        self.names = tuple(columns)
        readers = [column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None) for column in columns.values()]
        self._readers = [(place, read) for place, read in enumerate(readers) if read is not None]

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Bind `values` as SQLite wants them."""
        bound = {**self._fixed, **values}
        return {name: write(bound[name]) if write else bound[name] for name, write in self._writers.items()}

    def decoded(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Read a raw SQLite row as the columns' types say; NULL is None for each of them."""
        values = list(row)
        for place, read in self._readers:
            if values[place] is not None:
                values[place] = read(values[place])
        return tuple(values)

    async def rows(self, connection: AsyncConnection, **values: Any) -> list[dict[str, Any]]:
        """Return every row of a select, by the names of its columns."""
        inline = _inline(connection)
        if inline is None:
            return [dict(row) for row in (await connection.execute(self.statement, values)).mappings()]
        found = inline.execute(self.sql, self.parameters(values))
        return [dict(zip(self.names, self.decoded(row), strict=True)) for row in found.fetchall()]

    async def first(self, connection: AsyncConnection, **values: Any) -> dict[str, Any] | None:
        """Return the first row of a select, if there is one."""
        return next(iter(await self.rows(connection, **values)), None)

    async def run(self, connection: AsyncConnection, **values: Any) -> int:
        """Run an insert or an update; return how many rows it touched."""
        inline = _inline(connection)
        if inline is None:
            return cast("CursorResult[Any]", await connection.execute(self.statement, values)).rowcount
        with _constraints(self.sql):
            return inline.execute(self.sql, self.parameters(values)).rowcount

    async def run_each(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an insert or an update once for each of some rows."""
        inline = _inline(connection)
        if inline is None:
            await connection.execute(self.statement, rows)
        else:
            with _constraints(self.sql):
                inline.executemany(self.sql, [self.parameters(values) for values in rows])


@contextmanager
def _constraints(sql: str) -> Iterator[None]:
    """Tell a constraint that a row breaks as SQLAlchemy does, whichever way the statement went."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(sql, None, error) from error


def _inline(connection: AsyncConnection) -> sqlite3.Connection | None:
    """Return SQLite's own connection under the one that units write through; None: SQLAlchemy runs it."""
    sync = connection.sync_connection
    if sync is None or one_trip.INLINE not in sync.info:
        return None
    return one_trip.inline(sync)
