"""A platform's own host names, brought to the gateway: for clients that have their addresses built in.

What an operator does with names and a reverse proxy is done here on loopback: a proxy that opens a way to the mapped
hosts and to no other, ends TLS there with a certificate of an authority of the test's own, and writes path prefix and
Host anew.
"""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from tests.stand_ins.certificates import make_certificate

_END = b"\r\n\r\n"
_REWRITTEN = ("host:", "connection:")


@dataclass(slots=True)
class TlsFront:
    """Where the proxy is, the authority to trust, and what was asked of it.

    Args:
        mapped: by host name, the origin and path prefix behind it.
        authority: a file in PEM.
        context: with a certificate for all of these names.
        asked: each way that was asked for, `METHOD host:port`.
        targets: each request that came through, `host METHOD target`.
    """

    mapped: Mapping[str, URL]
    authority: Path
    context: ssl.SSLContext = field(repr=False)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one connection to its end."""
        # A client may hang up where it likes: its test says whether it should have.
        with suppress(asyncio.IncompleteReadError, OSError):
            await self._open_way(reader, writer)
        await _close(writer)

    async def _open_way(self, reader: StreamReader, writer: StreamWriter) -> None:
        method, target, _ = (await reader.readuntil(_END)).decode().split(" ", 2)
        self.asked.append(f"{method} {target}")
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or port != "443" or host not in self.mapped:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close" + _END)
            return
        writer.write(b"HTTP/1.1 200 OK" + _END)
        await writer.start_tls(self.context)
        await self._pass_on(reader, writer, host)

    async def _pass_on(self, reader: StreamReader, writer: StreamWriter, host: str) -> None:
        # One request for each connection: `Connection: close` goes on, and comes back in the answer.
        first, *lines = (await reader.readuntil(_END)).decode().rstrip("\r\n").split("\r\n")
        method, target, version = first.split(" ")
        self.targets.append(f"{host} {method} {target}")
        origin = self.mapped[host]
        kept = [line for line in lines if not line.lower().startswith(_REWRITTEN)]
        own = [f"{method} {origin.raw_path}{target} {version}", f"Host: {origin.authority}", "Connection: close"]
        lengths = [int(line.partition(":")[2]) for line in kept if line.lower().startswith("content-length:")]
        behind_reader, behind_writer = await asyncio.open_connection(origin.host, origin.port)
        try:
            behind_writer.write("\r\n".join([*own, *kept]).encode() + _END)
            behind_writer.write(await reader.readexactly(sum(lengths)))
            writer.write(await behind_reader.read())
        finally:
            await _close(behind_writer)


@asynccontextmanager
async def tls_front(folder: Path, mapped: Mapping[str, URL]) -> AsyncIterator[TlsFront]:
    """Run a front on a free port of loopback."""
    authority, context = make_certificate(folder, *mapped)
    front = TlsFront(mapped, folder / "authority.pem", context)
    front.authority.write_text(authority)
    async with await asyncio.start_server(front.serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        front.url = f"http://{host}:{port}"
        yield front


async def _close(writer: StreamWriter) -> None:
    writer.close()
    with suppress(OSError):  # the other side was quicker
        await writer.wait_closed()
