"""The way to the platform: one client session that follows nothing, keeps nothing and decodes nothing by itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

from aiohttp import ClientError, ClientResponse, ClientResponseError, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from gateway.doors.calls.admission import Outgoing
from gateway.doors.calls.coding import CodingRefused, decode_body
from gateway.ground.fetching.checking import CheckingConnector, LastCheck, checked_by
from gateway.terms.refusal import Refusal

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 15.0

_OWN_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


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
    timeout = ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
    try:
        with checked_by(last_check):
            async with session.request(
                outgoing.method,
                URL(base_url + outgoing.target, encoded=True),
                headers=outgoing.headers,
                data=outgoing.stream or (BytesIO(outgoing.body) if outgoing.body else None),
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                yield response
    except TimeoutError as error:
        raise Refusal("upstream_timeout") from error
    except ClientResponseError as error:
        raise Refusal("upstream_malformed", log_detail=type(error).__name__) from error
    except (ClientError, OSError) as error:
        raise Refusal("upstream_failed", log_detail=type(error).__name__) from error


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
