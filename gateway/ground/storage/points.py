"""Single look-ups on the hot way, compiled once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

_SQLITE = sqlite.dialect(paramstyle="named")


class PointQuery:
    """A single look-up, compiled once, that each call makes: of the proxy, or of an OAuth endpoint.

    Args:
        statement: a Core select with named bind parameters; every column's type decides how its value is read.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        compiled = statement.compile(dialect=_SQLITE)
        self.sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._writers = {
            name: bind.type.dialect_impl(_SQLITE).bind_processor(_SQLITE) for bind, name in compiled.bind_names.items()
        }
        columns = statement.selected_columns
        self._readers = [column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None) for column in columns]

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Bind `values` as SQLite wants them."""
        bound = {**self._fixed, **values}
        return {name: write(bound[name]) if write else bound[name] for name, write in self._writers.items()}

    def decoded(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Read a raw SQLite row as the columns' types say."""
        return tuple(read(value) if read else value for read, value in zip(self._readers, row, strict=True))
