"""The courier: takes on notices that are due, brings each to its endpoint, and says how it went."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from gateway.acts import House
from gateway.acts.send_notices import Tried, close_notice, take_notices
from gateway.ground.fetching.fetcher import Fetched, Fetcher, FetchFailed
from gateway.ground.vault.sealing import Unsealable
from gateway.records.outbox.keys import open_key
from gateway.records.outbox.letters import sign_headers
from gateway.records.outbox.types import Errand
from gateway.terms.refusal import Unavailable

if TYPE_CHECKING:
    from gateway.terms.ids import AppId

MOST = 16
MOST_OF_ONE = 4
TRY_SECONDS = 20.0
LOOK_SECONDS = 2.0
"""How often the outbox is looked at although nobody called: tries that come due, notices of other processes."""
MOST_WISH_DIGITS = 6
_WISHES = frozenset({429, 503})

log = structlog.get_logger(__name__)


class Courier:
    """Brings notices, a few at a time and fewer to one app, so that a slow endpoint delays its own alone.

    Args:
        house: where notices wait and tries are written down.
        fetcher: the way out.
        try_seconds: how long an endpoint may take to answer; less than the lease.
    """

    def __init__(self, house: House, fetcher: Fetcher, *, try_seconds: float = TRY_SECONDS) -> None:
        self._house = house
        self._fetcher = fetcher
        self._try_seconds = try_seconds
        self._under_way: dict[asyncio.Task[None], AppId] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bring what comes due while the block runs. At its end what is being sent is left to its lease."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._stopping.set()
            self._house.has_notices.set()
            for each in tuple(self._sending):
                each.cancel()
            await task

    async def bring_due(self) -> None:
        """Bring all that is due now, and return when nothing is.

        Raises:
            Unavailable: the database gave no answer.
        """
        while await self._take_on() or self._under_way:
            if self._under_way:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                is_more = await self._take_on()
            except Unavailable as unavailable:
                log.warning("notices wait", what=unavailable.what)
                is_more = False
            if not is_more and not self._stopping.is_set():
                await self._wait()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _take_on(self) -> bool:
        self._house.has_notices.clear()
        free = MOST - len(self._under_way)
        if free == 0:
            return False
        counts = Counter(self._under_way.values())
        errands = await take_notices(self._house, counts, most=free, most_of_one=MOST_OF_ONE)
        for errand in errands:
            task = asyncio.create_task(self._bring(errand))
            self._under_way[task] = errand.notice.app_id
            task.add_done_callback(self._under_way.pop)
        return bool(errands)

    async def _wait(self) -> None:
        """Wait until someone calls, a try is over, or it is time to look."""
        called = asyncio.create_task(self._house.has_notices.wait())
        try:
            await asyncio.wait({called, *self._under_way}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            called.cancel()

    async def _bring(self, errand: Errand) -> None:
        if self._stopping.is_set():
            return
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("a notice is brought in a task of its own")
        self._sending.add(task)
        try:
            tried = await self._try(errand)
        finally:
            self._sending.discard(task)
        await self._close(errand, tried)

    async def _close(self, errand: Errand, tried: Tried) -> None:
        try:
            await close_notice(self._house, errand, tried)
        except Unavailable as unavailable:  # the lease runs out, and the notice goes out again under its own id
            log.warning("a notice was sent and could not be written down", what=unavailable.what)
        except Exception:  # a bug in one notice must not stop the others
            log.exception("a notice could not be brought", notice=errand.notice.id)

    async def _try(self, errand: Errand) -> Tried:
        notice = errand.notice
        try:
            keys = [open_key(key, self._house.vault) for key in errand.keys]
        except Unsealable:
            return Tried(None, "no_key")
        headers = sign_headers(notice.id, notice.body, keys, now=self._house.clock.now())
        try:
            answer = await self._fetcher.post(
                errand.endpoint.url, notice.body, headers=headers, seconds=self._try_seconds
            )
        except FetchFailed as failed:
            return Tried(None, failed.why.value)
        return Tried(answer.status, wish_seconds=_wish_of(answer))


def _wish_of(answer: Fetched) -> int:
    """Return the seconds of `Retry-After`, where the answer is one that may carry it; a date is not heeded."""
    raw_wish = answer.headers.get("retry-after", "")
    is_number = raw_wish.isascii() and raw_wish.isdecimal() and len(raw_wish) <= MOST_WISH_DIGITS
    return int(raw_wish) if answer.status in _WISHES and is_number else 0
