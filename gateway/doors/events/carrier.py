"""The carrier: brings a lane's copies to their app, one after the other, each judged anew before its first byte."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import structlog

from gateway.acts import House
from gateway.acts.send_events import LEASE, close_lane
from gateway.authority.in_flight import Call
from gateway.doors.events.parcels import Hold, Parcel, Stopped, line_of, open_parcel
from gateway.doors.events.sending import Signed, send
from gateway.ground.fetching.fetcher import Fetcher
from gateway.ground.vault.sealing import Unsealable
from gateway.ground.web.bugs import log_bug
from gateway.platforms import Hooks
from gateway.records.outbox.keys import OpenKey, event_key_of, open_key
from gateway.records.outbox.lanes import Ended
from gateway.records.outbox.letters import sign_headers, write_event
from gateway.records.outbox.types import Copy, Lane, NoticeState, Tried
from gateway.records.trace.types import NOT_SENT as NOTHING_SENT
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import FamilyId, TraceId
from gateway.terms.refusal import Unavailable
from scopes import Catalogue

VOID = Tried(None, "ended")
NO_KEY = Tried(None, "no_key")
NO_VERDICT = Tried(None, "no_verdict")
BROKEN_OFF = Tried(None, "internal")
NOT_SENT = Tried(None, NOTHING_SENT)
MOST_READY = 10
"""Copies whose trace lines are opened by one commit; those behind one that is not taken are closed as not sent."""

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Brings copies of events.

    Args:
        house: the parts.
        fetcher: the way out.
        catalogue: what of an event passes.
        trace: opens a line before the first byte.
        natives: the platforms' own forms.
        try_seconds: how long an endpoint may take to answer.
    """

    house: House
    fetcher: Fetcher
    catalogue: Catalogue
    trace: TraceWriter
    natives: Mapping[str, Hooks] = field(default_factory=dict)
    try_seconds: float = 20.0

    async def carry(self, lane: Lane) -> None:
        """Bring as many of a lane's copies as its lease has time for, until one is not taken; write down what became.

        Raises:
            Unavailable: what was sent could not be written down; it goes out again under its own id.
        """
        trip, stop_at = _Trip(lane), self.house.clock.boottime() + LEASE.total_seconds() - 2 * self.try_seconds
        try:
            async with self.fetcher.keeping() as trip.fetcher:
                await self._carry_groups(trip, stop_at)
        finally:
            self._leave_rest(trip)
            await asyncio.gather(*trip.closing)
            await close_lane(self.house, lane, trip.ended, trip.failed)

    async def _carry_groups(self, trip: "_Trip", stop_at: float) -> None:
        """Make a few copies ready together, for their trace lines cost one commit; one alone until the app took one."""
        waiting = list(trip.lane.copies)

        def is_over() -> bool:
            return trip.failed is not None or (bool(trip.ended) and self.house.clock.boottime() >= stop_at)

        while waiting and not is_over():
            size = MOST_READY if trip.ended else 1
            group, waiting = waiting[:size], waiting[size:]
            ready = await asyncio.gather(*(self._safely(copy, self._make_ready, trip, copy) for copy in group))
            for copy, each in zip(group, ready, strict=True):
                if is_over():
                    break
                tried = await self._safely(copy, self._bring, trip, copy, each) if isinstance(each, _Ready) else each
                if tried is VOID or tried.is_taken:
                    trip.ended.append(_ended(copy, tried))
                else:
                    trip.failed = (copy, tried)

    async def _safely(
        self, copy: Copy, step: Callable[_Given, Awaitable[_Made]], *args: _Given.args, **kwargs: _Given.kwargs
    ) -> _Made | Tried:
        """Do a step for one copy; what stands in its own way, or in that of all, is a try that failed."""
        try:
            return await step(*args, **kwargs)
        except Unsealable:
            return NO_KEY
        except Unavailable as unavailable:
            log.warning("events wait", what=unavailable.what)
            return NOT_SENT
        except Exception as bug:  # noqa: BLE001 - a bug in one copy must not send the others round and round
            log_bug(bug, request_id=copy.id)
            return NOT_SENT

    async def _make_ready(self, trip: "_Trip", copy: Copy) -> "_Ready | Tried":
        """Open and sign a copy, and open its trace line; or say why it is not sent."""
        if not trip.keys:
            trip.keys = [open_key(key, self.house.vault) for key in trip.lane.keys]
        if not trip.keys:
            return NO_KEY
        parcel = await open_parcel(self.house, self.catalogue, copy)
        if parcel is None:
            return VOID
        ready = _Ready(parcel, self._sign(parcel, trip.keys), line_of(self.house, parcel))
        trip.ready[ready.line.id] = ready  # before it is written: a stop may come while it is
        try:
            await self.trace.open(ready.line)
        except Exception:
            del trip.ready[ready.line.id]
            raise
        return ready

    async def _bring(self, trip: "_Trip", copy: Copy, ready: "_Ready | Tried") -> Tried:
        """Try one copy; anew by what is left of it where it was cut and something still lets it through."""
        while isinstance(ready, _Ready):
            tried = await self._try(trip, ready)
            if tried is not None:
                return tried
            ready = await self._make_ready(trip, copy)
        return ready

    async def _try(self, trip: "_Trip", ready: "_Ready") -> Tried | None:
        """Send, and close the trace line beside the next one; None where the parcel was stopped."""
        lane, parcel = trip.lane, ready.parcel
        hold, tried = Hold(self.house, self.catalogue, parcel), BROKEN_OFF
        whose = lane.app_id, parcel.holder.account_id, FamilyId(""), b"", parcel.permission_ids
        call = Call(*whose, hold.cut, people=set(parcel.asked))
        try:
            with self.house.in_flight.registered(call):
                tried = await send(
                    trip.fetcher,
                    lane.endpoint.url,
                    ready.signed,
                    seconds=self.try_seconds,
                    last_check=hold.check_last,
                )
        except Stopped:
            hold.is_cut = True
        except Unavailable:
            tried = NO_VERDICT
            raise
        finally:
            self._close_beside(trip, ready, _ending_of(parcel, tried, is_cut=hold.is_cut))
        return None if hold.is_cut else tried

    def _leave_rest(self, trip: "_Trip") -> None:
        """Close the lines of copies that were made ready and are not sent in this trip."""
        for ready in tuple(trip.ready.values()):
            self._close_beside(trip, ready, _ending_of(ready.parcel, NOT_SENT, is_cut=False))

    def _close_beside(self, trip: "_Trip", ready: "_Ready", ending: Ending) -> None:
        del trip.ready[ready.line.id]
        trip.closing.append(asyncio.create_task(self._close_line(ready.line, ending)))

    def _sign(self, parcel: Parcel, keys: list[OpenKey]) -> Signed:
        """Write it in the platform's own form for an app of its dialect, else by the standards; the id is the same."""
        copy, holder, now = parcel.copy, parcel.holder, self.house.clock.now()
        hooks = self.natives.get(holder.platform) if holder.app_dialect == holder.platform else None
        if hooks is not None:
            key = event_key_of(keys[0].secret)
            native = hooks.sign(parcel.body, parcel.event.names, app_id=holder.app_id, key=key)
            return Signed(native.body, {**native.headers, "webhook-id": copy.id})
        body = write_event(copy, source=self.house.issuer, account=holder.external_id, body=parcel.body)
        return Signed(body, sign_headers(copy.id, body, keys, now=now))

    async def _close_line(self, line: Line, ending: Ending) -> None:
        try:
            await self.trace.close(line.id, ending)
        except Unavailable:
            log.warning("a trace line stays open: the database does not take it", line=line.id)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A copy that may be sent: what goes out, how it is signed, and its trace line, which is open."""

    parcel: Parcel
    signed: Signed
    line: Line


@dataclass(slots=True)
class _Trip:
    """One way along a lane: over one connection; its keys, opened; trace lines, open and being closed; what became."""

    lane: Lane
    fetcher: Fetcher = field(init=False)
    keys: list[OpenKey] = field(default_factory=list)
    ready: dict[TraceId, "_Ready"] = field(default_factory=dict)
    closing: list[asyncio.Task[None]] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    failed: tuple[Copy, Tried] | None = None


def _ended(copy: Copy, tried: Tried) -> Ended:
    if tried is VOID:
        return Ended(copy.id, NoticeState.VOID, tried.outcome, tries=0)
    return Ended(copy.id, NoticeState.DELIVERED, tried.outcome)


def _ending_of(parcel: Parcel, tried: Tried, *, is_cut: bool) -> Ending:
    """Say how a try ended; one that was stopped, or broke off, says why."""
    counts = (parcel.people, parcel.withheld, parcel.by_evidence)
    if is_cut:
        return Ending(Outcome.CUT, "ended", 0, None, *counts)
    outcome, reason = (Outcome.PASSED, None) if tried.is_taken else (Outcome.FAILED, tried.why or "not_taken")
    return Ending(outcome, reason, tried.status or 0, None, *counts)
