"""A body is counted while it comes, not when it is whole."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.doors.calls.head import parse_head
from gateway.doors.calls.incoming import Incoming
from gateway.terms.refusal import Refusal


class Endless:
    """A request whose body never ends; it counts what was taken of it."""

    def __init__(self) -> None:
        self.content = self
        self.taken = 0

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield for ever."""
        while True:
            self.taken += 1000
            yield b" " * 1000
            await asyncio.sleep(0)


async def test_an_endless_body_is_refused_at_its_bound() -> None:
    """Nothing beyond the part that went over the bound is read."""
    request: Any = Endless()
    head = parse_head("POST", "/zalo/x", [(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")], version="1.1")
    async with asyncio.timeout(2):
        with pytest.raises(Refusal, match="too_large"):
            await Incoming(request, head, request_id="rq").read_body(5000)
    assert request.taken == 6000
