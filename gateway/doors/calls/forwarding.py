"""Forwarding an admitted call: open the trace line, send after the last check, filter the answer, close the line."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from aiohttp import ClientResponse, ClientSession

from gateway.acts.renew import lose, renew
from gateway.authority.bases import count_withheld, show_people
from gateway.authority.facts import TokenFacts
from gateway.authority.in_flight import Call
from gateway.authority.verdict import Verdict, Wanted, is_still, judge
from gateway.doors.calls.admission import Outgoing
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.flight import Flight
from gateway.doors.calls.incoming import CallerGone, Incoming
from gateway.doors.calls.links import find_connector, get_link, open_credential
from gateway.doors.calls.pacing import pace_upstream
from gateway.doors.calls.people import check_people, holding_of, say_withheld
from gateway.doors.calls.tracing import Entry
from gateway.doors.calls.uploading import Upload
from gateway.doors.calls.upstream import Received, exchange, read_headers, read_whole
from gateway.platforms import ENDED_ACCESS, Connector, Trouble
from gateway.records.accounts.types import Connection
from gateway.records.trace.types import PLATFORM_REFUSED, Ending, Outcome
from gateway.terms.refusal import Refusal, Unavailable
from scopes import Answer, AnswerMalformed, Route

_OK = 200
_CALLERS_FAULTS = range(400, 500)
_JSON = "application/json;charset=utf-8"
_UNSURE = frozenset({"upstream_failed", "upstream_timeout", "upstream_malformed"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that may go out.

    Args:
        route: what it calls.
        wanted: what the verdict was asked.
        verdict: what it rests on.
        hashed_token: by which the last check finds the facts anew.
        outgoing: what is sent, without the account's credential.
        told: headers about what is left of the platform's limit.
        upload: the file that goes with it.
    """

    route: Route
    wanted: Wanted
    verdict: Verdict
    hashed_token: bytes = field(repr=False)
    outgoing: Outgoing
    told: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None


class Forwarding:
    """One admitted call on its way to the platform and back.

    Args:
        door: the parts.
        session: the way to the platforms.
        admitted: the call.
        incoming: where it came from and where the answer goes.
        entry: its open trace line.
    """

    def __init__(
        self, door: CallsDoor, session: ClientSession, *, admitted: Admitted, incoming: Incoming, entry: Entry
    ) -> None:
        self._door = door
        self._session = session
        self._admitted = admitted
        self._incoming = incoming
        self._entry = entry
        self._flight: Flight | None = None
        self._upstream_status: int | None = None

    async def run(self) -> None:
        """Forward the call and answer it; the trace line is closed whatever happens.

        Raises:
            Refusal: as the contract's codes say; with `outcome` where a write may have been applied.
            Unavailable: the authority gave no answer at the last check; nothing was sent.
            CallerGone: the app hung up, or was hung up on because the call was cut in the middle of its answer.
        """
        try:
            await self._fly()
        except BaseException as error:
            told = await self._translated(error)
            status, was_written = self._upstream_status, self._was_written
            await self._entry.close_for(told, status, is_cut=self._is_cut, was_written=was_written)
            if told is error:
                raise
            raise told from error

    @cached_property
    def _connector(self) -> Connector:
        return find_connector(self._door, self._admitted.verdict.facts)

    @property
    def _is_cut(self) -> bool:
        return self._flight is not None and self._flight.is_cut

    @property
    def _was_written(self) -> bool:
        """Whether it is a write of which bytes were sent."""
        return self._flight is not None and self._flight.is_sent and self._admitted.route.kind == "write"

    async def _fly(self) -> None:
        verdict = self._admitted.verdict
        async with asyncio.timeout(None) as deadline:
            self._flight = Flight(deadline, self._incoming.hang_up)
            facts = verdict.facts
            call = Call(
                facts.app_id,
                facts.account_id,
                facts.family_id,
                self._admitted.hashed_token,
                verdict.permission_ids,
                self._flight.cut,
                people=self._flight.people,
            )
            with self._door.house.in_flight.registered(call):
                await self._pass_through(self._flight)

    async def _pass_through(self, flight: Flight) -> None:
        link = await get_link(self._door.house, self._admitted.verdict.facts)
        if await self._attempt(flight, link):
            return
        flight.begin_attempt()  # the platform refused the credential, so nothing was done
        self._door.doubts.check_renewable(self._door.house, link)
        try:
            fresh = await renew(self._door.house, self._connector, link)
        except Unavailable as error:
            if error.what == self._connector.platform:
                raise Refusal("upstream_failed", log_detail="renewal unanswered") from error
            raise
        if self._admitted.upload is not None:  # it came in once and is held nowhere
            raise Refusal("upstream_failed", "the connection was renewed: send the file again", outcome="none")
        pace_upstream(self._door, self._admitted.route, self._admitted.verdict.facts)  # it is sent once more
        if not await self._attempt(flight, fresh):
            raise self._door.doubts.note_refused(self._door.house, fresh)

    async def _attempt(self, flight: Flight, link: Connection) -> bool:
        """Send the call once; False where the platform refused the credential and nothing else."""
        route = self._admitted.route
        flight.begin_attempt()
        async with exchange(
            self._session,
            self._connector.base_url,
            self._outgoing(flight, link),
            seconds=route.limits.seconds,
            last_check=lambda transport: self._check_last(flight, transport),
        ) as response:
            self._upstream_status = response.status
            if route.answer.is_binary and response.status == _OK:
                await self._answer_stream(flight, response)
                return True
            received = await read_whole(response, route.limits.answer_bytes)
            self._end_early(response, received)
        trouble = self._connector.read_trouble(received.status, received.body)
        if trouble is Trouble.CREDENTIAL_REFUSED:
            return False
        if trouble is Trouble.PERMISSION_LOST:  # for this call; whether for all, the platform is asked
            await self._door.doubts.check(self._door.house, self._connector, link)
            raise Refusal("connection_lost", "the platform does not open this call to the account", trouble=trouble)
        if trouble in ENDED_ACCESS:
            await lose(self._door.house, link, trouble)
            raise Refusal("connection_lost", log_detail=trouble.value)
        await self._answer_whole(flight, received, {} if trouble is Trouble.LIMITED else self._admitted.told)
        return True

    def _end_early(self, response: ClientResponse, received: Received) -> None:
        """Let go of a file that the platform did not read to its end; its no is one, its yes to half a file is none."""
        if self._admitted.upload is None or self._admitted.upload.is_whole:
            return
        response.close()  # what is still on its way goes nowhere, and is not waited for
        if not self._connector.is_refusal(received.status, received.body):
            raise Refusal("upstream_failed", log_detail="a yes before it had the whole file")

    def _outgoing(self, flight: Flight, link: Connection) -> Outgoing:
        """Add the account's credential, and the file as it comes."""
        outgoing, upload = self._admitted.outgoing, self._admitted.upload
        carried = {**outgoing.headers, **self._connector.headers(open_credential(self._door.house, link))}
        if upload is None:
            return replace(outgoing, headers=carried)
        return replace(outgoing, headers={**carried, **upload.headers}, stream=upload.stream(flight.abort_upstream))

    async def _check_last(self, flight: Flight, transport: asyncio.Transport | None) -> None:
        """Let bytes follow only if everything still holds; the client's own resend of a write is refused."""
        verdict, outgoing = self._admitted.verdict, self._admitted.outgoing
        await check_people(self._door, verdict, self._admitted.route, outgoing=outgoing, noted=flight.people)
        facts = await self._door.find_token(self._admitted.hashed_token)
        if flight.is_cut or not is_still(verdict, facts, self._door.house.clock.now()):
            raise self._why_ended(facts)
        if facts is None or facts.upstream != verdict.facts.upstream:
            raise Refusal("connection_lost", log_detail="the app's own upstream app changed meanwhile")
        if flight.is_sent and self._admitted.route.kind == "write":
            raise Refusal("upstream_failed", log_detail="a write is sent once")
        flight.hold(transport)

    async def _answer_whole(self, flight: Flight, received: Received, told: Mapping[str, str]) -> None:
        route, verdict = self._admitted.route, self._admitted.verdict
        answer = _find_answer(route, received.status)
        try:
            answer.check_media_type(_only(received.headers.get("content-type", ())))
            opened = answer.open(received.body, verdict.open_scopes, self._admitted.outgoing.subjects)
        except AnswerMalformed as malformed:
            raise Refusal("upstream_malformed", log_detail=malformed.detail, rate_limit=told) from malformed
        shown = await show_people(self._door.house.words, opened, holding_of(verdict), flight.people)
        filtered = shown.filtered
        withheld = count_withheld(route.answer, verdict.reach)
        is_refused = answer is not route.answer or self._connector.is_refusal(received.status, received.body)
        outcome, reason = (Outcome.FAILED, PLATFORM_REFUSED) if is_refused else (Outcome.PASSED, None)
        people = set(filtered.subjects) | (set() if is_refused else self._admitted.outgoing.subjects)
        people -= {verdict.facts.external_id}  # the account is no subject
        counts = (len(people), withheld.count, shown.by_evidence)
        await self._entry.close(Ending(outcome, reason, received.status, received.status, *counts))
        picked = _pick_headers(answer, received.headers)
        headers = {**picked, **told, **say_withheld(withheld), "content-type": _JSON}
        flight.begin_answer()
        await self._incoming.start(received.status, headers, length=len(filtered.body))
        await self._incoming.write(filtered.body)
        await self._incoming.finish()

    async def _answer_stream(self, flight: Flight, response: ClientResponse) -> None:
        answer, headers = self._admitted.route.answer, read_headers(response)
        try:
            answer.check_media_type(_only(headers.get("content-type", ())))
        except AnswerMalformed as malformed:
            raise Refusal("upstream_malformed", log_detail=malformed.detail) from malformed
        length, limit_bytes = response.content_length, self._admitted.route.limits.answer_bytes
        if (length or 0) > limit_bytes or headers.get("content-encoding", ("identity",)) != ("identity",):
            raise Refusal("upstream_malformed", log_detail="larger than allowed, or coded")
        flight.begin_answer()
        picked = _pick_headers(answer, headers)
        await self._incoming.start(response.status, {**picked, **self._admitted.told}, length=length)
        held = b""  # the last part goes out after the line is closed
        async for chunk in response.content.iter_any():
            limit_bytes -= len(chunk)
            if limit_bytes < 0:
                raise Refusal("upstream_malformed", log_detail="larger than allowed")
            await self._incoming.write(held)
            held = chunk
        await self._entry.close(Ending(Outcome.PASSED, None, response.status, response.status, 0, 0))
        await self._incoming.write(held)
        await self._incoming.finish()

    def _why_ended(self, facts: TokenFacts | None) -> Refusal:
        try:
            judge(facts, self._admitted.wanted, self._door.house.clock.now())
        except Refusal as refusal:
            return refusal
        return Refusal("insufficient_scope", scopes=sorted(self._admitted.wanted.opened_by))

    async def _translated(self, error: BaseException) -> BaseException:
        """Return what the app is told; an answer that was begun cannot turn into another, so it breaks off."""
        if self._incoming.is_started and not isinstance(error, asyncio.CancelledError):
            self._incoming.hang_up()
            return error if isinstance(error, CallerGone) else CallerGone()
        if self._is_cut:
            error = await self._refusal_of_cut()
        elif isinstance(error, Unavailable) and self._was_written:  # no 503: it must not be tried again like that
            error = Refusal("upstream_failed", log_detail=f"{error.what} gave no answer after the write was sent")
        elif isinstance(error, Refusal) and self._admitted.upload is not None:
            error = self._admitted.upload.broken or error
        if isinstance(error, Refusal):
            error.facts.setdefault("rate_limit", self._admitted.told)  # the call counts, whatever came of it
            if "outcome" not in error.facts and self._is_unsure(error):
                error.facts["outcome"] = "unknown"
        return error

    async def _refusal_of_cut(self) -> Refusal:
        """A cut call is forbidden, never unauthorized: an app would renew its token and send a write twice."""
        try:
            refusal = self._why_ended(await self._door.find_token(self._admitted.hashed_token))
        except Unavailable:
            refusal = Refusal("insufficient_scope")
        if refusal.reason == "invalid_token":
            return Refusal("insufficient_scope", scopes=sorted(self._admitted.wanted.opened_by))
        return refusal

    def _is_unsure(self, refusal: Refusal) -> bool:
        return self._was_written and (self._is_cut or refusal.reason in _UNSURE)


def _find_answer(route: Route, status: int) -> Answer:
    if status == _OK:
        return route.answer
    if status in _CALLERS_FAULTS and route.error_answer is not None:
        return route.error_answer
    raise Refusal("upstream_failed", log_detail=f"status {status}")


def _only(values: tuple[str, ...]) -> str | None:
    return values[0] if len(values) == 1 else None


def _pick_headers(answer: Answer, headers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: headers[name][0] for name in answer.headers if len(headers.get(name, ())) == 1}
