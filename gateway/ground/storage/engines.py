"""The engines of one database: one that writes, one that reads pages."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.ground.storage import one_trip

BUSY_TIMEOUT_MS = 2_000
_PRIMARY = 0xFF
"""Of a result code: what it is, without the kinds of it."""
_ONE_TRIP = {"async_creator_fn": one_trip.connect}
_DURABLE = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")


def is_sqlite(url: str) -> bool:
    """Say whether the address names a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def is_usable(url: str) -> bool:
    """Say whether the address is one that `Storage` opens: a SQLite file or PostgreSQL, by the drivers that we use."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return False
    is_file = parsed.drivername == "sqlite+aiosqlite" and parsed.database not in {None, "", ":memory:"}
    return is_file or parsed.drivername == "postgresql+asyncpg"


def without_password(url: str) -> str:
    """Write the address as it may be shown."""
    return make_url(url).render_as_string(hide_password=True)


def sqlite_path(url: str) -> Path:
    """Return the file of a SQLite address, absolute."""
    database = make_url(url).database
    if not database or database == ":memory:":
        raise ValueError("the database must be a file")
    return Path(database).absolute()


def beside(url: str, suffix: str) -> Path:
    """Return the file of ours that stands beside a SQLite database: its name, a dot, the suffix."""
    path = sqlite_path(url)
    return path.with_name(f"{path.name}.{suffix}")


def writing_engine(url: str) -> AsyncEngine:
    """Open the engine that acts use.

    SQLite gets a pool of exactly one connection whose every transaction begins IMMEDIATE: the one writer also
    checkpoints, so Debian's WAL-reset bug cannot bite, and two acts never share a transaction.
    """
    if not is_sqlite(url):
        return create_async_engine(url, pool_size=10, max_overflow=0, pool_pre_ping=True)
    one = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 10, "pool_reset_on_return": None}  # units end themselves
    engine = create_async_engine(url, connect_args=_ONE_TRIP, **one)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[one_trip.INLINE] = True
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (*_DURABLE, "PRAGMA busy_timeout=0"):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        """Begin inline; where another process writes (a command of `quyen`), wait for it in the connection's thread."""
        try:
            one_trip.inline(connection).execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY:
                raise
            _begin_later(connection)

    return engine


def _begin_later(connection: Connection) -> None:
    """Begin once the other process is done, in the thread alone: the loop may be told meanwhile to give it up."""
    connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except Exception:  # whoever is cancelled gets a new connection, and nothing to put back
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        raise
    connection.exec_driver_sql("PRAGMA busy_timeout=0")


def reading_engine(url: str, writer: AsyncEngine) -> AsyncEngine:
    """Open the engine that pages and queries read through: read-only, and each read is one snapshot.

    On PostgreSQL it shares the writer's pool.
    """
    if not is_sqlite(url):
        return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    read_only = URL.create("sqlite+aiosqlite", database=_file_uri(url), query={"mode": "ro", "uri": "true"})
    engine = create_async_engine(read_only, pool_size=4, max_overflow=0, pool_timeout=10, connect_args=_ONE_TRIP)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine.sync_engine, "connect")
    def read_any_text(connection: DBAPIConnection, _record: Any) -> None:
        # Text that is no UTF-8 was put there by someone else; verification must be able to read past it.
        connection.driver_connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")

    return engine


def errand_engine(url: str) -> AsyncEngine | None:
    """Open the engine whose connections hold named locks; None on SQLite, where the process is alone.

    A pool of its own: errands that wait for each other never take the connections that acts need.
    """
    if is_sqlite(url):
        return None
    return create_async_engine(url, pool_size=5, max_overflow=0, pool_pre_ping=True)


def point_connection(url: str) -> sqlite3.Connection:
    """Open the read-only connection for single look-ups made inline on the loop (SQLite only).

    It runs in autocommit: each read sees every commit made before it.
    """
    connection = sqlite3.connect(
        f"{_file_uri(url)}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=0
    )
    connection.execute("PRAGMA query_only=ON")
    return connection


def _file_uri(url: str) -> str:
    return f"file:{quote(str(sqlite_path(url)))}"
