"""One call's hold on the wire, so that it can be cut at once (I1).

A cut aborts the transports: what aiohttp still holds in its buffers is dropped, and nothing that is written afterwards
reaches the kernel. Waking the call's own task comes later and only decides what the app is told.
"""

import asyncio
from collections.abc import Callable


class CallCut(Exception):
    """The call was cut while it ran."""


class Flight:
    """Where a call is: waiting, sent to the platform, or answering the app.

    Args:
        deadline: the timeout around the call's task; moved to now by a cut.
        hang_up: ends the app's connection.

    `people` are those whom it is about, noted before their word is asked for.
    """

    def __init__(self, deadline: asyncio.Timeout, hang_up: Callable[[], None]) -> None:
        self._deadline = deadline
        self._hang_up = hang_up
        self._upstream: asyncio.Transport | None = None
        self._is_answering = False
        self.is_sent = False
        self.is_cut = False
        self.people: set[str] = set()

    def begin_attempt(self) -> None:
        """Note that nothing of the coming attempt was sent yet."""
        self._upstream = None
        self.is_sent = False

    def hold(self, upstream: asyncio.Transport | None) -> None:
        """Note the connection in hand; bytes follow in the same turn of the loop or later."""
        self._upstream = upstream
        self.is_sent = True

    def abort_upstream(self) -> None:
        """End the connection in hand: the platform is to see that the request broke off."""
        if self._upstream is not None:
            self._upstream.abort()

    def begin_answer(self) -> None:
        """Note that bytes to the app follow.

        Raises:
            CallCut: they must not.
        """
        if self.is_cut:
            raise CallCut
        self._is_answering = True

    def cut(self) -> None:
        """Stop the call; after this returns no byte of it reaches the kernel, on either side."""
        self.is_cut = True
        self.abort_upstream()
        if self._is_answering:
            self._hang_up()
        self._deadline.reschedule(asyncio.get_running_loop().time())
