"""Reading rows that may be damaged: what cannot be read is closed, told by name, and takes nothing else along."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog

from gateway.ground.storage.failures import Unreadable

_log = structlog.get_logger(__name__)
K = TypeVar("K", bound=str)
T = TypeVar("T")
UNREAD = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What reading a value of another form comes to."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Say `Unreadable`, of this, where a row is not of its form.

    Raises:
        Unreadable: nothing that rests on the row may pass.
    """
    try:
        yield
    except UNREAD as error:
        raise Unreadable(what) from error


async def list_readable(ids: Iterable[K], read: Callable[[K], Awaitable[T | None]], *, kind: str) -> list[T]:
    """Read things one by one, where they could not be read together; the log names those that are left out."""
    found: list[T] = []
    for each in ids:
        try:
            one = await read(each)
        except Unreadable as unreadable:
            note_damaged(kind, each, unreadable)
        else:
            found += [] if one is None else [one]
    return found


def note_damaged(kind: str, name: str, unreadable: Unreadable) -> None:
    """Tell the log which thing cannot be read, and where it is damaged; never what stands there (I6)."""
    _log.error("a stored row cannot be read and is closed", kind=kind, id=name, where=unreadable.what)
