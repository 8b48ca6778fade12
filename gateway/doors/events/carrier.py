"""The carrier: brings a lane's copies to their app, one after the other, each judged anew before its first byte."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

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
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import FamilyId
from gateway.terms.refusal import Unavailable
from scopes import Catalogue

VOID = Tried(None, "ended")
NO_KEY = Tried(None, "no_key")
NO_VERDICT = Tried(None, "no_verdict")
BROKEN_OFF = Tried(None, "internal")

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
        ended: list[Ended] = []
        failed: tuple[Copy, Tried] | None = None
        clock, trip = self.house.clock, _Trip(lane)
        stop_at = clock.boottime() + LEASE.total_seconds() - 2 * self.try_seconds
        try:
            for copy in lane.copies:
                tried = await self._bring_safely(trip, copy)
                if tried is not VOID and not tried.is_taken:
                    failed = (copy, tried)
                    break
                ended.append(_ended(copy, tried))
                if clock.boottime() >= stop_at:
                    break
        finally:
            await asyncio.gather(*trip.closing)
            await close_lane(self.house, lane, ended, failed)

    async def _bring_safely(self, trip: "_Trip", copy: Copy) -> Tried:
        """Try one copy; what stands in its own way, or in that of all, is a try that failed."""
        try:
            if not trip.keys:
                trip.keys = [open_key(key, self.house.vault) for key in trip.lane.keys]
            return await self._bring(trip, copy) if trip.keys else NO_KEY
        except Unsealable:
            return NO_KEY
        except Unavailable as unavailable:
            log.warning("events wait", what=unavailable.what)
            return Tried(None, "not_sent")
        except Exception as bug:  # noqa: BLE001 - a bug in one copy must not send the others round and round
            log_bug(bug, request_id=copy.id)
            return Tried(None, "not_sent")

    async def _bring(self, trip: "_Trip", copy: Copy) -> Tried:
        """Try one copy; anew by what is left of it where it was cut and something still lets it through."""
        while True:
            parcel = await open_parcel(self.house, self.catalogue, copy)
            if parcel is None:
                return VOID
            tried = await self._try(trip, parcel)
            if tried is not None:
                return tried

    async def _try(self, trip: "_Trip", parcel: Parcel) -> Tried | None:
        """Open the trace line, send, close it beside the next one; None where the parcel was stopped."""
        lane, signed = trip.lane, self._sign(parcel, trip.keys)
        line = line_of(self.house, parcel)
        await self.trace.open(line)
        hold, tried = Hold(self.house, self.catalogue, parcel), BROKEN_OFF
        whose = lane.app_id, parcel.holder.account_id, FamilyId(""), b"", parcel.permission_ids
        call = Call(*whose, hold.cut, people=set(parcel.asked))
        try:
            with self.house.in_flight.registered(call):
                tried = await send(
                    self.fetcher,
                    lane.endpoint.url,
                    signed,
                    seconds=self.try_seconds,
                    last_check=hold.check_last,
                )
        except Stopped:
            hold.is_cut = True
        except Unavailable:
            tried = NO_VERDICT
            raise
        finally:
            ending = _ending_of(parcel, tried, is_cut=hold.is_cut)
            trip.closing.append(asyncio.create_task(self._close_line(line, ending)))
        return None if hold.is_cut else tried

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


@dataclass(slots=True)
class _Trip:
    """One way along a lane: its keys, opened, and the trace lines that are being closed."""

    lane: Lane
    keys: list[OpenKey] = field(default_factory=list)
    closing: list[asyncio.Task[None]] = field(default_factory=list)


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
