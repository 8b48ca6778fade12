"""SQLAlchemy's dialects with one store of compiled statements for a whole run.

Each test opens engines of its own, and each engine would put the same statements into SQL once more: a quarter of the
time of a test. SQLAlchemy keeps them by dialect, so here the dialects of one kind of database count as one.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.util import LRUCache

_compiled: LRUCache[Any, Any] = LRUCache(4000)


class _Shared:
    """Equal to every other dialect of its class, and known to the common store from the start of an engine."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Let a new engine use the common store."""
        engine.update_execution_options(compiled_cache=_compiled)


class SharedSqlite(_Shared, SQLiteDialect_aiosqlite):
    """SQLite through aiosqlite."""

    supports_statement_cache = True


class SharedPostgres(_Shared, PGDialect_asyncpg):
    """PostgreSQL through asyncpg."""

    supports_statement_cache = True


def share_compiled_statements() -> None:
    """Let every engine that is made from now on take part."""
    registry.register("sqlite.aiosqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.asyncpg", __name__, SharedPostgres.__name__)
