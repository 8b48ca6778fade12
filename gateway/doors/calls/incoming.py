"""A call on aiohttp's server: its body in, its answer out.

An answer is written here, while the call is still registered as in flight, and the write buffer's bound is zero: when
`finish` returns the kernel has every byte, so a cut can still reach all that it has not.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from aiohttp import web

from gateway.doors.calls.dialects import Renderer, find_renderer
from gateway.doors.calls.head import Head
from gateway.ground.web.addresses import is_within
from gateway.terms.refusal import Refusal

BODY_SECONDS = 20.0
SEND_SECONDS = 20.0

_SHIELDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class CallerGone(Exception):
    """The app hung up, or reads too slowly to be waited for."""


class Incoming:
    """One call, from the side of the app.

    Args:
        request: aiohttp's.
        head: its head, checked.
        request_id: returned with every answer.

    `is_of_dialect`: the app is registered for the platform's dialect, as far as is known.
    """

    def __init__(self, request: web.Request, head: Head, *, request_id: str) -> None:
        self._request = request
        self.head = head
        self.request_id = request_id
        self.response = web.StreamResponse()
        self.is_of_dialect = True
        self._has_asked = False

    @property
    def renderer(self) -> Renderer:
        """Return how this caller is told what it is refused for."""
        return find_renderer(self.head.platform, self.head.headers, is_of_dialect=self.is_of_dialect)

    def is_from(self, networks: Iterable[str]) -> bool:
        """Say whether the caller's address lies in one of the networks."""
        return is_within(self._request, networks)

    @property
    def is_started(self) -> bool:
        """Say whether the answer was begun, so that no other can be given."""
        return self.response.prepared

    async def read_body(self, limit_bytes: int) -> bytes:
        """Read the whole body, asking for it where the caller waits to be asked.

        Raises:
            Refusal: `too_large`; `bad_body`: it broke off, is badly chunked or comes too slowly.
        """
        with _framing():
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(limit_bytes)

    async def read_some(self) -> bytes:
        """Read what has come of the body, asking for it first where the caller waits to be asked; empty at its end.

        Raises:
            Refusal: `bad_body`, as `read_body`.
        """
        with _framing():
            async with asyncio.timeout(BODY_SECONDS):
                await self._ask_for_body()
                return await self._request.content.readany()

    async def start(self, status: int, headers: Mapping[str, str], *, length: int | None) -> None:
        """Begin the answer; chunked where its length is not known.

        Raises:
            CallerGone: there is nobody to answer.
        """
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise CallerGone
        transport.set_write_buffer_limits(high=0)
        self.response.set_status(status)
        self.response.headers.update({**_SHIELDS, **headers, "X-Request-ID": self.request_id})
        if length is not None:
            self.response.content_length = length
        await self.response.prepare(self._request)

    async def write(self, chunk: bytes) -> None:
        """Write a part of the answer; returns when the kernel has it. An empty part is none."""
        if chunk:
            await self._send(chunk, is_last=False)

    async def finish(self) -> None:
        """End the answer; returns when the kernel has all of it."""
        await self._send(b"", is_last=True)

    def hang_up(self) -> None:
        """End the connection; what was not handed to the kernel is dropped."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _read(self, limit_bytes: int) -> bytes:
        body = bytearray()
        await self._ask_for_body()
        async for chunk in self._request.content.iter_any():
            body += chunk
            if len(body) > limit_bytes:
                raise Refusal("too_large", f"the body is larger than {limit_bytes} bytes")
        return bytes(body)

    async def _ask_for_body(self) -> None:
        if self.head.find("expect") is not None and not self._has_asked:
            self._has_asked = True
            await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._request.writer.output_size = 0

    async def _send(self, chunk: bytes, *, is_last: bool) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await (self.response.write_eof() if is_last else self.response.write(chunk))
                await self._request.writer.drain()
        except (ConnectionError, TimeoutError) as error:
            self.hang_up()
            raise CallerGone from error


@contextmanager
def _framing() -> Iterator[None]:
    """Tell a body that broke off, is badly chunked or comes too slowly."""
    try:
        yield
    except (web.RequestPayloadError, OSError) as error:
        raise Refusal("bad_body", "the body broke off or is badly framed") from error
