"""A database's failures in the gateway's words: no answer, or no room."""

import errno
import sqlite3
from typing import Self

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gateway.ground.storage.disk import is_broken
from gateway.terms.refusal import Unavailable

# A connection that broke comes out of asyncpg as `ConnectionError`; other errors of the system are not the database's.
_LOST = (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError, sqlite3.OperationalError)
_BARE = (DatabaseError, sqlite3.DatabaseError)
"""Not their kinds, which are about a statement: a file that is no database, or a damaged one."""
# Classes of SQLSTATE that say "not now": connection, read-only, log-in, no such database, rolled back (deadlock),
# resources, limits, in use, stopped, system, internal. The others (data, constraints, syntax) are about the statement.
_LOST_STATES = frozenset({"08", "25", "28", "3D", "40", "53", "54", "55", "57", "58", "XX"})


class DiskFull(Unavailable):
    """The disk has no room for it; nothing was written."""


class Unreadable(Unavailable):
    """A row holds what none can: someone wrote past the gateway, or a disk lied. Nothing rests on such a row (I5)."""


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
    if isinstance(error, _LOST) or type(error) in _BARE:
        return True
    if is_broken(error) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    return str(state)[:2] in _LOST_STATES
