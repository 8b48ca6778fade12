"""`Storage`: how every room reaches the database, and the unit of work that every act runs in."""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.ground.storage import engines
from gateway.ground.storage.ballast import Ballast
from gateway.ground.storage.disk import is_broken
from gateway.terms.refusal import Unavailable

Connection = AsyncConnection
_SQLITE = sqlite.dialect(paramstyle="named")
_ADVISORY = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound="Keeper")
_log = structlog.get_logger(__name__)
# A connection that broke comes out of asyncpg as `ConnectionError`; other errors of the system are not the database's.
_LOST = (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError, sqlite3.DatabaseError)
# Classes of SQLSTATE that say "not now": connection, read-only, log-in, no such database, rolled back (deadlock),
# resources, limits, in use, stopped, system, internal. The others (data, constraints, syntax) are about the statement.
_LOST_STATES = frozenset({"08", "25", "28", "3D", "40", "53", "54", "55", "57", "58", "XX"})


class DiskFull(Unavailable):
    """The disk has no room for it; nothing was written."""


class UnitOfWork:
    """One transaction. Leaving it without `commit` undoes everything."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def is_added(self, adding: Awaitable[None]) -> bool:
        """Run an insert in a savepoint; False if a row with that key is there already, and the unit goes on."""
        try:
            async with self.connection.begin_nested():
                await adding
        except IntegrityError:
            return False
        return True

    async def commit(self) -> None:
        """Make everything so far durable; the unit is over."""
        await self.connection.commit()


class PointQuery:
    """A single look-up, compiled once, that the verdict makes for each call.

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


class Storage:
    """The database of this gateway.

    After a failed fsync it answers nobody any more (`broken`), and the server ends (ADR 0002).

    Args:
        url: `sqlite+aiosqlite:///file` (one process) or `postgresql+asyncpg://...`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = engines.is_sqlite(url)
        self.writer = engines.writing_engine(url)
        self.reader = engines.reading_engine(url, self.writer)
        self.ballast = Ballast(engines.beside(url, "ballast")) if self.is_sqlite else None
        self._errands = engines.errand_engine(url)
        self._points: sqlite3.Connection | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.broken = asyncio.Event()
        self._acts: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work. Only acts, the trace writer and a session's last-seen do so.

        Raises:
            DiskFull: nothing was written (SQLite); what ends something is run by `with_room`.
            Unavailable: the database did not answer, is locked or full. Nothing was written, unless the error came out
                of `commit` itself on PostgreSQL, where the outcome is unknown.
        """
        with self._answering():
            async with _connected(self.writer) as connection:  # closing it undoes what was not committed
                await connection.begin()
                yield UnitOfWork(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading a page: one snapshot, which holds every commit made before its first query."""
        with self._answering():
            async with _connected(self.reader) as connection:
                yield connection

    async def point(self, query: PointQuery, **values: Any) -> list[tuple[Any, ...]]:
        """Run one compiled look-up against the authority itself, never a copy.

        SQLite answers inline on the loop from its own read-only connection (some microseconds); PostgreSQL by
        a transaction of its own on the primary.

        Raises:
            Unavailable: no answer; the caller lets nothing through.
        """
        with self._answering():
            if not self.is_sqlite:
                async with _connected(self.reader) as connection:
                    return [tuple(row) for row in await connection.execute(query.statement, values)]
            if self._points is None:
                self._points = engines.point_connection(self.url)
            rows = self._points.execute(query.sql, query.parameters(values)).fetchall()
            return [query.decoded(row) for row in rows]

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[None]:
        """Hold a named lock across a slow errand (a platform's refresh) without holding a transaction open.

        In one process it is a lock of the loop; on PostgreSQL also an advisory lock, so that replicas take turns.
        """
        lock = self._locks.setdefault(name, asyncio.Lock())  # kept by those who hold it or wait for it, no longer
        async with lock, AsyncExitStack() as held:
            if self._errands is not None:
                with translated():
                    connection = await held.enter_async_context(_connected(self._errands))
                    await connection.execute(_ADVISORY, {"name": name})
            yield

    async def with_room(self, ending: Callable[[], Awaitable[T]]) -> T:
        """Run what ends something; where the disk is full, give up the ballast for it and run it once more.

        Raises:
            DiskFull: there was no ballast, or it was not enough.
        """
        had_ballast = self.ballast is not None and self.ballast.is_kept
        try:
            return await ending()
        except DiskFull:
            if self.ballast is None or not had_ballast:
                raise
            self.ballast.release()  # or somebody else did a moment ago, which is as good
            return await ending()

    async def shielded(self, act: Coroutine[Any, Any, T]) -> T:
        """Run an act to its end although the caller is cancelled; a failure that nobody hears of then is logged."""
        task = asyncio.create_task(act, name=getattr(act, "__qualname__", None))
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_tell_failure)
            raise

    def note_failure(self, error: BaseException) -> None:
        """Stop answering, for good, if the error says that a disk lost what it had taken: `broken` is set then."""
        if is_broken(error):
            self.broken.set()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with translated():
            if self.broken.is_set():
                raise Unavailable("disk")
            try:
                yield
            except Exception as error:
                self.note_failure(error)
                raise

    async def close(self) -> None:
        """Give back every connection, once the acts under way are done: one whose caller left is still an act."""
        while self._acts:
            await asyncio.wait(self._acts)
        if self._points is not None:
            self._points.close()
            self._points = None
        for engine in (self.reader, self.writer, self._errands):
            if engine is not None:
                await engine.dispose()


class translated:  # noqa: N801 - reads as a phrase: `with translated():`
    """Turn a database's failures into `Unavailable`; constraint violations stay what they are."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Translate `error` where it is one of the database's."""
        if error is not None and _is_full(error):
            raise DiskFull("database") from error
        if error is not None and _is_lost(error):
            raise Unavailable("database") from error


def _is_full(error: BaseException) -> bool:
    """Tell whether SQLite, or a file that is written beside it, found no room."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        return cause.errno == errno.ENOSPC
    return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _is_lost(error: BaseException) -> bool:
    if isinstance(error, _LOST) or type(error) is DatabaseError:  # the bare class: a file that is none, or is damaged
        return True
    if is_broken(error) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    return str(state)[:2] in _LOST_STATES


class Keeper(Protocol):
    """What acts are done on: it has a storage, which knows of them."""

    @property
    def storage(self) -> Storage:
        """The database."""


def shielded(act: Callable[Concatenate[K, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate[K, P], Awaitable[T]]:
    """Let an act finish although its caller is cancelled (a client that hangs up during a commit)."""

    @wraps(act)
    async def run(keeper: K, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await keeper.storage.shielded(act(keeper, *args, **kwargs))

    return run


def ending(act: Callable[Concatenate[K, P], Awaitable[T]]) -> Callable[Concatenate[K, P], Coroutine[Any, Any, T]]:
    """Let an act that ends something have the room that is kept for ends, where the disk is full."""

    @wraps(act)
    async def run(keeper: K, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await keeper.storage.with_room(lambda: act(keeper, *args, **kwargs))

    return run


def _tell_failure(task: asyncio.Task[Any]) -> None:
    """Log what an act failed with, by kind and by name: its words may quote what people sent (I6)."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("an act failed after its caller had left", act=task.get_name(), kind=type(error).__name__)


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Connect. Whatever the system says meanwhile (no such host, no such socket, refused) is the database's silence."""
    async with AsyncExitStack() as held:
        try:
            connection = await held.enter_async_context(engine.connect())
        except OSError as error:
            raise Unavailable("database") from error
        yield connection
