"""A disk that does not keep what it was given: after a failed fsync nothing that was written may be believed."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

_NOT_SYNCED = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}


class DiskBroken(Exception):
    """A disk lost what it had taken; the process must end, so that its successor reads what is really there."""


def is_broken(error: BaseException) -> bool:
    """Say whether an error is that of a disk which lost something: a failed fsync, or EIO. A full disk is no such."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        return cause.errno == errno.EIO
    return getattr(cause, "sqlite_errorcode", None) in _NOT_SYNCED
