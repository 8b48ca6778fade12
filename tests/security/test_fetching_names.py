"""Names that strangers make slow: they hold up nobody's decision, nobody's notice, and no more than a few threads."""

import asyncio
import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from gateway.ground.fetching.fetcher import Fetcher, FetchFailed, Why, opened_fetcher
from gateway.ground.fetching.names import MOST_AT_ONCE, THREADS
from tests.stand_ins.receiver import receiving


class SlowNames:
    """The system's resolver, whose names under `slow.example` are answered when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = Event()
        self._real = socket.getaddrinfo

    def look_up(self, host: str, *rest: Any, **more: Any) -> Any:
        """Look up as `socket.getaddrinfo`."""
        if not host.endswith(".slow.example"):
            return self._real(host, *rest, **more)
        self.asked.append(host)
        self.answers.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    """Put slow name servers in the system's place; they answer in the end, so that no thread outlives the test."""
    names = SlowNames()
    monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
    yield names
    names.answers.set()


async def fails(fetcher: Fetcher, host: str, *, seconds: float = 0.05) -> Why:
    """Fetch from a host, and return why nothing came back."""
    with pytest.raises(FetchFailed) as caught:
        await fetcher.get(f"https://{host}/", limit_bytes=10, seconds=seconds)
    return caught.value.why


async def test_slow_names_leave_the_loops_threads_free(slow: SlowNames) -> None:
    """The journal and the grant log are written on the loop's threads: a stranger's name server holds none of them."""
    async with opened_fetcher(allow_loopback=True) as fetcher:
        found = await asyncio.gather(*(fails(fetcher, f"a{number}.slow.example") for number in range(MOST_AT_ONCE)))
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "written"), 2) == "written"
        slow.answers.set()
    assert set(found) == {Why.TIMEOUT}
    assert len(slow.asked) == THREADS, "each held a thread of the resolver's own, and no more than there are"


async def test_a_look_up_over_its_time_keeps_its_place(slow: SlowNames) -> None:
    """Whoever gives up frees no room for more: beyond the bound a name is refused at once, until the slow ones end."""
    async with receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher:
        await asyncio.gather(*(fails(fetcher, f"b{number}.slow.example") for number in range(THREADS)))
        waiting = MOST_AT_ONCE - THREADS
        held = [asyncio.create_task(fails(fetcher, f"c{number}.slow.example", seconds=5)) for number in range(waiting)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(fails(fetcher, "one-more.slow.example", seconds=60), 2) is Why.UNREACHABLE
        slow.answers.set()
        assert set(await asyncio.gather(*held)) == {Why.UNREACHABLE}
        url = receiver.url.replace("127.0.0.1", "localhost")
        assert (await fetcher.get(url, limit_bytes=1000, seconds=5)).status == 200
