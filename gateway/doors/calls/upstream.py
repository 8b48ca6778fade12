"""The way to the platform: one client session that follows nothing, keeps nothing and decodes nothing by itself.

The last check stands in `connect`, after the pool handed out a connection and before a byte is written: measured, a
check before the client's request lets calls through that waited in the pool while their grant ended.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from gateway.doors.calls.admission import Outgoing
from gateway.doors.calls.coding import CodingRefused, decode_body
from gateway.terms.refusal import Refusal

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 15.0

LastCheck = Callable[[asyncio.Transport | None], Awaitable[None]]
_LAST_CHECK: ContextVar[LastCheck | None] = ContextVar("last_check", default=None)
_OWN_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class CheckingConnector(TCPConnector):
    """A pool that asks once more when the connection is in hand; a no gives the connection back unused."""

    async def connect(  # the signature is aiohttp's
        self,
        req: "ClientRequest",
        traces: list["Trace"],
        timeout: ClientTimeout,  # noqa: ASYNC109
    ) -> "Connection":
        """Get a connection, then run the call's last check."""
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


def open_session(limit_connections: int) -> ClientSession:
    """Open the session for upstream calls; whoever opens it closes it."""
    return ClientSession(
        connector=CheckingConnector(limit=limit_connections, keepalive_timeout=IDLE_SECONDS),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_OWN_HEADERS,
        max_line_size=8190,
        max_field_size=8190,
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer of the platform, its coding undone."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes = field(repr=False)


@asynccontextmanager
async def exchange(
    session: ClientSession, base_url: str, outgoing: Outgoing, *, seconds: float, last_check: LastCheck
) -> AsyncIterator[ClientResponse]:
    """Send one request and hold its answer open; failures inside the block are the platform's too.

    Raises:
        Refusal: `upstream_timeout`, `upstream_failed`, `upstream_malformed`; or what `last_check` raised, with nothing
            sent.
    """
    token = _LAST_CHECK.set(last_check)
    try:
        async with session.request(
            outgoing.method,
            URL(base_url + outgoing.target, encoded=True),
            headers=outgoing.headers,
            data=outgoing.stream or (BytesIO(outgoing.body) if outgoing.body else None),
            allow_redirects=False,
            timeout=ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
        ) as response:
            yield response
    except TimeoutError as error:
        raise Refusal("upstream_timeout") from error
    except ClientResponseError as error:
        raise Refusal("upstream_malformed", log_detail=type(error).__name__) from error
    except (ClientError, OSError) as error:
        raise Refusal("upstream_failed", log_detail=type(error).__name__) from error
    finally:
        _LAST_CHECK.reset(token)


async def read_whole(response: ClientResponse, limit_bytes: int) -> Received:
    """Read and decode a whole answer.

    Raises:
        Refusal: `upstream_malformed`: larger than allowed or in another coding than it says.
    """
    raw_body = bytearray()
    async for chunk in response.content.iter_any():
        raw_body += chunk
        if len(raw_body) > limit_bytes:
            raise Refusal("upstream_malformed", log_detail="larger than allowed")
    headers = read_headers(response)
    try:
        body = decode_body(bytes(raw_body), headers.get("content-encoding", ()), limit_bytes)
    except CodingRefused as refused:
        raise Refusal("upstream_malformed", log_detail=str(refused)) from refused
    return Received(response.status, headers, body)


def read_headers(response: ClientResponse) -> dict[str, tuple[str, ...]]:
    """Return the answer's headers, lower-case names, values in order."""
    names = {name.lower() for name in response.headers}
    return {name: tuple(response.headers.getall(name)) for name in names}
