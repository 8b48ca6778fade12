"""The load: keep-alive connections that send one prepared request again and again and check each answer's status."""

import asyncio
import re
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class WrongAnswer(Exception):
    """An answer was not a 200 with a length; what is measured would not be what is meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes and what it sends."""

    port: int
    path: str
    headers: tuple[str, ...] = ()

    def request(self) -> bytes:
        """Return the bytes of the request."""
        lines = [f"GET {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *self.headers, "", ""]
        return "\r\n".join(lines).encode()


async def run(target: Target, calls: int, *, connections: int = 32) -> None:
    """Make `calls` calls over `connections` connections.

    Raises:
        WrongAnswer: an answer was not as expected.
    """
    share, rest = divmod(calls, connections)
    await asyncio.gather(*[_drive(target, share + (1 if n < rest else 0)) for n in range(connections)])


async def _drive(target: Target, calls: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    request = target.request()
    try:
        for _ in range(calls):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200") or found is None:
                raise WrongAnswer(head.decode(errors="replace"))
            await reader.readexactly(int(found[1]))
    finally:
        writer.close()
