"""The courier: takes on notices that are due, brings each to its endpoint, and says how it went."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from gateway.acts import House
from gateway.acts.send_events import take_lanes
from gateway.acts.send_notices import close_notice, take_notices
from gateway.doors.events.carrier import Carrier
from gateway.doors.events.sending import Signed, send
from gateway.ground.fetching.fetcher import Fetcher
from gateway.ground.vault.sealing import Unsealable
from gateway.ground.web.bugs import log_bug
from gateway.records.outbox.keys import open_key
from gateway.records.outbox.letters import sign_headers
from gateway.records.outbox.types import Errand, Lane, Tried
from gateway.terms.refusal import Unavailable

if TYPE_CHECKING:
    from gateway.terms.ids import AppId

MOST = 16
MOST_OF_ONE = 4
TRY_SECONDS = 20.0
LOOK_SECONDS = 2.0
"""How often the outbox is looked at although nobody called: tries that come due, notices of other processes."""

log = structlog.get_logger(__name__)


class Courier:
    """Brings notices, a few at a time and fewer to one app, so that a slow endpoint delays its own alone.

    Args:
        house: where notices wait and tries are written down.
        fetcher: the way out.
        try_seconds: how long an endpoint may take to answer; less than the lease.
        carrier: brings copies of platforms' events; None: there are none here.
    """

    def __init__(
        self, house: House, fetcher: Fetcher, *, try_seconds: float = TRY_SECONDS, carrier: Carrier | None = None
    ) -> None:
        self._house = house
        self._carrier = carrier
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
            self._start(self._bring(errand), errand.notice.app_id)
        return await self._take_lanes() or bool(errands)

    async def _take_lanes(self) -> bool:
        """Take on lanes of events beside the notices, which come first."""
        free = MOST - len(self._under_way)
        if self._carrier is None or free == 0:
            return False
        counts = Counter(self._under_way.values())
        taken = await take_lanes(self._house, counts, most=free, most_of_one=MOST_OF_ONE)
        for lane in taken:
            self._start(self._carry(self._carrier, lane), lane.app_id)
        return bool(taken)

    def _start(self, errand: Coroutine[Any, Any, None], app_id: "AppId") -> None:
        task = asyncio.create_task(errand)
        self._under_way[task] = app_id
        task.add_done_callback(self._under_way.pop)

    async def _wait(self) -> None:
        """Wait until someone calls, a try is over, or it is time to look."""
        called = asyncio.create_task(self._house.has_notices.wait())
        try:
            await asyncio.wait({called, *self._under_way}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            called.cancel()

    async def _bring(self, errand: Errand) -> None:
        with self._interruptible():
            tried = await self._try(errand)
        await self._close(errand, tried)

    async def _carry(self, carrier: Carrier, lane: Lane) -> None:
        try:
            with self._interruptible():
                await carrier.carry(lane)
        except Unavailable as unavailable:  # the lease runs out, and what was sent goes out again under its own id
            log.warning("events were sent and could not be written down", what=unavailable.what)
        except Exception as bug:  # noqa: BLE001 - a bug in one lane must not stop the others
            log_bug(bug, request_id=lane.grant_id)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let the end of the courier break this task off, which waits for somebody else's server."""
        task = asyncio.current_task()
        if task is None or self._stopping.is_set():
            raise asyncio.CancelledError
        self._sending.add(task)
        try:
            yield
        finally:
            self._sending.discard(task)

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
        signed = Signed(notice.body, sign_headers(notice.id, notice.body, keys, now=self._house.clock.now()))
        return await send(self._fetcher, errand.endpoint.url, signed, seconds=self._try_seconds)
