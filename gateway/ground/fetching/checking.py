"""A pool of connections that asks once more when the connection is in hand, before a byte is written.

Measured: a check before the client's request lets through what waited in the pool while its grant ended (I1).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from aiohttp import ClientTimeout, TCPConnector

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

LastCheck = Callable[[asyncio.Transport | None], Awaitable[None]]
_LAST_CHECK: ContextVar[LastCheck | None] = ContextVar("last_check", default=None)


class CheckingConnector(TCPConnector):
    """A pool that asks once more when the connection is in hand; a no gives the connection back unused."""

    async def connect(  # the signature is aiohttp's
        self,
        req: "ClientRequest",
        traces: list["Trace"],
        timeout: ClientTimeout,  # noqa: ASYNC109
    ) -> "Connection":
        """Get a connection, then run the last check of whoever asks."""
        connection = await super().connect(req, traces, timeout)
        check = _LAST_CHECK.get()
        if check is None:
            return connection
        try:
            await check(connection.transport)
        except BaseException:
            connection.release()
            raise
        return connection


@contextmanager
def checked_by(last_check: LastCheck | None) -> Iterator[None]:
    """Let requests of this block, in this task, ask `last_check`."""
    token = _LAST_CHECK.set(last_check)
    try:
        yield
    finally:
        _LAST_CHECK.reset(token)
