"""`Storage`: how every room reaches the database, and the unit of work that every act runs in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.ground.storage import engines
from gateway.ground.storage.ballast import Ballast
from gateway.ground.storage.disk import is_broken
from gateway.ground.storage.failures import DiskFull, translated
from gateway.ground.storage.prepared import Prepared
from gateway.terms.refusal import Unavailable

if TYPE_CHECKING:
    import sqlite3

Connection = AsyncConnection
_ADVISORY = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_ANYTHING = text("SELECT 1")
_READS_ONLY = text("SELECT current_setting('transaction_read_only')")
_PROBE_SECONDS = 3
P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound="Keeper")
_log = structlog.get_logger(__name__)


class UnitOfWork:
    """One transaction. Leaving it without `commit` undoes everything."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.is_committing = False

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
        self.is_committing = True
        await self.connection.commit()


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
            Unavailable: the database did not answer, is locked or full. Nothing was written, unless `done` says
                `perhaps`: the error came out of `commit` itself, on PostgreSQL or from a disk that broke.
        """
        unit: UnitOfWork | None = None
        try:
            with self._answering():
                async with _connected(self.writer) as connection:  # closing it undoes what was not committed
                    await connection.begin()
                    unit = UnitOfWork(connection)
                    yield unit
        except Unavailable as missing:
            if unit is not None and unit.is_committing and not (self.is_sqlite and not self.broken.is_set()):
                missing.done = "perhaps"
            raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading a page: one snapshot, which holds every commit made before its first query."""
        with self._answering():
            async with _connected(self.reader) as connection:
                yield connection

    async def point(self, query: Prepared, **values: Any) -> list[tuple[Any, ...]]:
        """Run one compiled look-up against the database itself, never a copy.

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

    async def is_answering(self) -> bool:
        """Tell whether a page could be read now."""
        try:
            async with self.read() as connection:
                await connection.execute(_ANYTHING)
        except Unavailable:
            return False
        return True

    async def is_writable(self) -> bool:
        """Tell whether something could be written now, by a write that changes nothing; false after three seconds.

        A file that another process locked, a disk without room and a PostgreSQL that only reads are asked alike.
        """
        try:
            async with asyncio.timeout(_PROBE_SECONDS), self.unit() as unit:
                if self.is_sqlite:
                    await unit.connection.exec_driver_sql("PRAGMA user_version=0")  # it is that; the page is written
                elif (await unit.connection.execute(_READS_ONLY)).scalar_one() == "on":
                    return False
                await unit.commit()
        except (Unavailable, TimeoutError):
            return False
        return True

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
