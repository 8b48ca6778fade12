"""Names into addresses, on threads of their own: a stranger's name server may answer as slowly as it likes.

`getaddrinfo` blocks a thread for as long as the name's own server pleases, and nothing can stop it. On the event loop's
usual threads it would hold up what the journal and the grant log are written by.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from aiohttp.abc import AbstractResolver, ResolveResult

THREADS = 16
MOST_AT_ONCE = 32
"""As many as one fetcher has connections: it is met only where look-ups outlive the fetches that wanted them."""


class Names(AbstractResolver):
    """The system's resolver, with a bound on what is under way.

    A look-up that nobody waits for any more holds its place until it ends; one that has not begun gives it back.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="names")
        self._places = BoundedSemaphore(MOST_AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            OSError: there are none, or too many look-ups are under way: then at once.
        """
        if not self._places.acquire(blocking=False):
            raise OSError("too many names are being looked up")
        looking = self._threads.submit(_look_up, host, port, family)
        looking.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(looking)

    async def close(self) -> None:
        """Let the threads end; those at work finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    """Return the addresses without their zones: one that needs a zone leads nowhere public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return [
        ResolveResult(hostname=host, host=str(where[0]), port=port, family=kind, proto=protocol, flags=numeric)
        for kind, _, protocol, _, where in found
    ]
