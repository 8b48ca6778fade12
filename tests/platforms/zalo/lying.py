"""An upstream that says whatever bytes a test gives it, on a raw socket: real platforms and their proxies do lie."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LyingUpstream:
    """What it received, and how it goes on; `heads` are the request heads in order of arrival."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heads: list[bytes] = []
        self.url = ""
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take requests on one connection until it closes."""
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head)
                await self.script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        """Drop every connection."""
        for writer in self._writers:
            writer.transport.abort()


def saying(*parts: bytes, then_close: bool = False) -> Script:
    """Say these bytes to each request."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then_close:
            writer.close()

    return script


def answering(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Script:
    """Say a well-framed HTTP answer; JSON unless a header says otherwise."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    if not any(header.lower().startswith(b"content-type") for header in headers):
        lines.append(b"Content-Type: application/json")
    return saying(b"\r\n".join(lines) + b"\r\n\r\n" + body)


@asynccontextmanager
async def lying(script: Script) -> AsyncIterator[LyingUpstream]:
    """Serve the liar on loopback."""
    liar = LyingUpstream(script)
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    liar.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield liar
    finally:
        server.close()
        liar.close()
