"""The fetcher: one GET or POST to where a stranger said, within every bound.

How a name that changes its answer is met (DNS rebinding): the name is resolved once for each fetch, and the address is
judged in the socket factory, which is handed the very address that `connect` is then called with. Connections are not
kept, so no later fetch rides on an earlier judgement; but for those of one `keeping` block, which is short.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    ServerDisconnectedError,
)
from aiohttp.abc import AbstractResolver
from aiohttp.connector import AddrInfoType
from yarl import URL

from gateway.ground.fetching.addresses import may_connect
from gateway.ground.fetching.checking import CheckingConnector, LastCheck, checked_by
from gateway.ground.fetching.names import MOST_AT_ONCE, Names
from gateway.ground.fetching.urls import check_fetchable

CONNECT_SECONDS = 5.0
_AGENT = "Quyen"


class Why(StrEnum):
    """Why nothing came back."""

    BAD_URL = "bad_url"
    REFUSED_ADDRESS = "refused_address"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"


class FetchFailed(Exception):
    """Nothing usable came back. `why` is for tables and logs; it holds nothing that the other side wrote."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, whatever its status (a redirect is one too, and was not followed); header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Fetcher:
    """Fetches; open one by `opened_fetcher` and share it.

    Args:
        open_session: opens a client session of `opened_fetcher`'s making; whether its connections are kept.
        allow_loopback: see `may_connect`.
    """

    _keeps = False

    def __init__(self, open_session: Callable[[bool], ClientSession], *, allow_loopback: bool) -> None:
        self._open_session = open_session
        self._session = open_session(self._keeps)
        self.allow_loopback = allow_loopback

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator["Fetcher"]:
        """Open a fetcher that keeps its connection: for fetches from one place, one soon after the other."""
        kept = _KeepingFetcher(self._open_session, allow_loopback=self.allow_loopback)
        try:
            yield kept
        finally:
            await kept.close()

    async def get(
        self, url: str, *, limit_bytes: int, seconds: float, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """GET a document of at most `limit_bytes`, all of it within `seconds`.

        Raises:
            FetchFailed: nothing usable came back.
        """
        return await self._bounded("GET", url, _Sent(headers or {}, None, limit_bytes), seconds)

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], seconds: float, last_check: LastCheck | None = None
    ) -> Fetched:
        """POST a body; of the answer the head is all that is read, however long its body.

        `last_check` is asked when the connection is in hand; what it raises comes out, and nothing was sent.

        Raises:
            FetchFailed: nothing usable came back; the other side may have taken the body nevertheless.
        """
        with checked_by(last_check):
            return await self._bounded("POST", url, _Sent(headers, body, 0), seconds)

    async def _bounded(self, method: str, url: str, sent: "_Sent", seconds: float) -> Fetched:
        try:
            check_fetchable(url, allow_loopback=self.allow_loopback)
        except ValueError as error:
            raise FetchFailed(Why.BAD_URL) from error
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(method, url, sent)
        except TimeoutError as error:
            raise FetchFailed(Why.TIMEOUT) from error
        except ClientConnectorError as error:
            refused = isinstance(error.os_error, _AddressRefused)
            raise FetchFailed(Why.REFUSED_ADDRESS if refused else Why.UNREACHABLE) from error
        except InvalidURL as error:
            raise FetchFailed(Why.BAD_URL) from error
        except (ClientError, OSError, ValueError) as error:  # ValueError: a name that no resolver takes
            raise FetchFailed(Why.UNREACHABLE) from error

    async def _exchange(self, method: str, url: str, sent: "_Sent") -> Fetched:
        async with self._session.request(
            method,
            URL(url, encoded=True),
            headers={"Accept-Encoding": "identity", "User-Agent": _AGENT, **sent.headers},
            data=sent.body,
            allow_redirects=False,
        ) as answer:
            body = await _read(answer, sent.limit_bytes) if sent.limit_bytes else b""
            return Fetched(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)


class _KeepingFetcher(Fetcher):
    """One whose connection lives on for the next fetch."""

    _keeps = True
    _has_kept = False

    async def _exchange(self, method: str, url: str, sent: "_Sent") -> Fetched:
        """Fetch; once more where the kept connection is found closed, and the other side may have taken it as well."""
        has_kept, self._has_kept = self._has_kept, False
        try:
            answer = await super()._exchange(method, url, sent)
        except (ServerDisconnectedError, ClientOSError):
            if not has_kept:
                raise
            answer = await super()._exchange(method, url, sent)
        self._has_kept = True
        return answer


@dataclass(frozen=True, slots=True)
class _Sent:
    headers: Mapping[str, str]
    body: bytes | None
    limit_bytes: int


@asynccontextmanager
async def opened_fetcher(
    *, allow_loopback: bool = False, ca_pem: str | None = None, resolver: AbstractResolver | None = None
) -> AsyncIterator[Fetcher]:
    """Open a fetcher, and close its connections in the end.

    Args:
        allow_loopback: loopback addresses may be connected to, over http too: for a gateway that is itself on loopback.
        ca_pem: certificates to trust beside the system's (`QUYEN_FETCH_CA_FILE`).
        resolver: another way to resolve names than the system's; closed in the end like our own.

    Raises:
        ssl.SSLError: `ca_pem` holds no certificate.
    """

    def checked_socket(address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = address
        if not may_connect(str(where[0]), allow_loopback=allow_loopback):
            raise _AddressRefused("not an address of the public internet")
        return socket.socket(family, kind, protocol)

    names, trusted = resolver or Names(), ssl.create_default_context() if ca_pem is None else _trusting(ca_pem)

    def open_session(keeps: bool) -> ClientSession:  # noqa: FBT001 - this room's own
        connector = CheckingConnector(
            ssl=trusted,
            resolver=names,
            socket_factory=checked_socket,
            use_dns_cache=False,
            force_close=not keeps,
            limit=1 if keeps else MOST_AT_ONCE,
        )
        return ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            timeout=ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            trust_env=False,
        )

    fetcher = Fetcher(open_session, allow_loopback=allow_loopback)
    try:
        yield fetcher
    finally:
        await fetcher.close()
        await names.close()


class _AddressRefused(OSError):
    """The name led where strangers may not send us."""


def _trusting(ca_pem: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=ca_pem)
    return context


async def _read(answer: ClientResponse, limit_bytes: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed(Why.MALFORMED)
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit_bytes:
            raise FetchFailed(Why.TOO_LARGE)
    return bytes(body)
