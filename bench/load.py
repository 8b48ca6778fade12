"""The load: keep-alive connections that send one request after the other and check each answer's status."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Turns(Protocol):
    """What one connection says, turn by turn."""

    def ask(self) -> bytes:
        """Return the next request."""

    def hear(self, body: bytes) -> None:
        """Take the answer's body."""


class WrongAnswer(Exception):
    """An answer was not a 200 with a length; what is measured would not be what is meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes and what it sends: GET, or POST of a form where there is one."""

    port: int
    path: str
    headers: tuple[str, ...] = ()

    def request(self, form: str | None = None) -> bytes:
        """Return the bytes of the request."""
        method, own = ("GET", ()) if form is None else ("POST", (_FORM, f"Content-Length: {len(form)}"))
        lines = [f"{method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *self.headers, *own, "", form or ""]
        return "\r\n".join(lines).encode()


_FORM = "Content-Type: application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Same:
    """The same request again and again."""

    request: bytes

    def ask(self) -> bytes:
        """Return it."""
        return self.request

    def hear(self, body: bytes) -> None:
        """Take no notice."""


async def run(target: Target, calls: int, *, connections: int = 32, form: str | None = None) -> None:
    """Make `calls` calls of one request over `connections` connections.

    Raises:
        WrongAnswer: an answer was not as expected.
    """
    await run_turns(target.port, [Same(target.request(form))] * connections, calls)


async def run_turns(port: int, turns: Sequence[Turns], calls: int) -> None:
    """Make `calls` calls, shared among a connection for each of `turns`.

    Raises:
        WrongAnswer: an answer was not as expected.
    """
    share, rest = divmod(calls, len(turns))
    await asyncio.gather(*[_drive(port, each, share + (1 if n < rest else 0)) for n, each in enumerate(turns)])


async def _drive(port: int, turns: Turns, calls: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for _ in range(calls):
            writer.write(turns.ask())
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200") or found is None:
                raise WrongAnswer(head.decode(errors="replace"))
            turns.hear(await reader.readexactly(int(found[1])))
    finally:
        writer.close()
