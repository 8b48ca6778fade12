"""One call, walked: match, authenticate, verdict, request, trace, forward. `docs/architecture.md` follows it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import ClientSession

from gateway.acts.first_use import note_first_use
from gateway.authority.facts import TokenFacts
from gateway.authority.verdict import check_token, judge
from gateway.doors.calls.admission import check_query, find_match, limit_body, wanted_of, write_outgoing
from gateway.doors.calls.credentials import Presented, find_credential
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.forwarding import Admitted, Forwarding
from gateway.doors.calls.incoming import Incoming
from gateway.doors.calls.pacing import pace_call, pace_refusal, pace_upstream
from gateway.doors.calls.proving import check_holder
from gateway.doors.calls.tracing import Entry, ending_of, line_of
from gateway.doors.calls.uploading import Upload, open_upload
from gateway.ground.vault.tokens import hashed
from gateway.records.apps import store as apps
from gateway.records.apps.dialects import find_dialect
from gateway.records.apps.types import Ask
from gateway.terms.ids import AskId, new_id
from gateway.terms.refusal import Refusal
from scopes import Match


@dataclass(frozen=True, slots=True)
class Walk:
    """The way of one call through the door."""

    door: CallsDoor
    session: ClientSession
    incoming: Incoming

    async def run(self) -> None:
        """Answer the call, or say why not.

        Refusals are traced when the token is known: a stranger's guesses would fill the trace and concern nobody in it.

        Raises:
            Refusal: with the contract's codes.
            Unavailable: no verdict, or the trace cannot be written; nothing was sent.
            CallerGone: the app hung up.
        """
        match = self._find_match()
        presented = self._find_credential(match)
        hashed_token = hashed(presented.raw_token)
        facts = await self.door.find_token(hashed_token)
        if facts is None:
            raise Refusal("invalid_token")
        self.incoming.is_of_dialect = facts.app_dialect == find_dialect(match.route.platform_id)
        try:
            admitted = await self._admit(match, facts, presented=presented, hashed_token=hashed_token)
        except Refusal as refusal:
            await pace_refusal(self.door, facts)
            hinted = await self._with_hints(facts, refusal)
            ask_ids = _ask_ids(hinted, match, facts, now=self.door.house.clock.now())
            line = line_of(self.door, self.incoming, match.route, facts=facts, ask_ids=ask_ids)
            await self.door.trace.note(line, ending_of(refusal, None, is_cut=False, render=self.incoming.renderer))
            raise hinted from refusal
        await self._forward(admitted)

    def _find_match(self) -> Match:
        """Find the route; at the API's own identifier there is none, but who sent no token hears where to get one.

        That address is what `resource` names (RFC 9728), and a client may begin with it.
        """
        try:
            return find_match(self.door, self.incoming.head)
        except Refusal:
            head = self.incoming.head
            if head.raw_path == "/" and head.platform in self.door.connectors:
                find_credential(head)
            raise

    def _find_credential(self, match: Match) -> Presented:
        """Find the credential; who has none yet is told everything that the operation may need (MCP authorization)."""
        try:
            return find_credential(self.incoming.head)
        except Refusal as refusal:
            if refusal.reason != "no_credential":
                raise
            asks = sorted(match.route.opened_by | match.route.field_scopes)
            raise Refusal("no_credential", asks=asks) from refusal

    async def _admit(self, match: Match, facts: TokenFacts, *, presented: Presented, hashed_token: bytes) -> Admitted:
        head, house = self.incoming.head, self.door.house
        check_token(facts, house.clock.now())
        await check_holder(self.door, head, presented, facts)
        if presented.dialect not in {None, facts.app_dialect}:
            raise Refusal("invalid_token", log_detail="the app does not speak this dialect")
        if facts.app_addresses is not None and not self.incoming.is_from(facts.app_addresses):
            raise Refusal("address_not_listed")
        if facts.has_kept_answer and facts.parent_hash is not None:
            await note_first_use(house, facts.parent_hash)
        await pace_call(self.door, facts)
        wanted = wanted_of(match, head)
        verdict = judge(facts, wanted, house.clock.now())
        query = check_query(match, verdict, head)
        limit_bytes = limit_body(match.route, head)
        upload = await self._open_upload(match, limit_bytes)
        raw_body = await self.incoming.read_body(limit_bytes) if limit_bytes and upload is None else b""
        outgoing = write_outgoing(match, verdict, head, query=query, raw_body=raw_body)
        if wanted.named is None:  # the body has been read: what it names counts too
            wanted = wanted_of(match, head, body=outgoing.body)
            verdict = judge(facts, wanted, house.clock.now())
            check_query(match, verdict, head)
        told = pace_upstream(self.door, match.route, facts)
        return Admitted(match.route, wanted, verdict, hashed_token, outgoing, told, upload)

    async def _open_upload(self, match: Match, limit_bytes: int) -> Upload | None:
        rule = match.route.body.upload if match.route.body else None
        if rule is None:
            return None
        if not limit_bytes:
            raise Refusal("bad_body", "this route takes a file")
        return await open_upload(self.incoming, rule, boundary=new_id("up", self.door.house.entropy))

    async def _forward(self, admitted: Admitted) -> None:
        verdict = admitted.verdict
        line = line_of(self.door, self.incoming, admitted.route, facts=verdict.facts, ask_ids=verdict.ask_ids)
        await self.door.trace.open(line)
        entry = Entry(self.door.trace, line, self.incoming.renderer)
        forwarding = Forwarding(self.door, self.session, admitted=admitted, incoming=self.incoming, entry=entry)
        try:
            await forwarding.run()
        except Refusal as refusal:
            raise await self._with_hints(verdict.facts, refusal) from refusal

    async def _with_hints(self, facts: TokenFacts, refusal: Refusal) -> Refusal:
        """Name the asks that would open the route, and where they can be asked for; or say that none would."""
        if refusal.reason != "insufficient_scope":
            return refusal
        async with self.door.house.storage.read() as connection:
            registered = await apps.list_asks(connection, facts.app_id)
            app = await apps.find(connection, facts.app_id)
        found = refusal.facts.get("scopes")
        scopes = found if isinstance(found, list) else []
        asks = [ask for ask in registered if ask.scope in scopes]
        names = _wire_names(asks, registered)
        none = "no ask that this app registered opens the call"
        if app is not None and app.is_dynamic:  # what it names becomes an ask
            names = sorted(each for each in scopes if self.door.catalogue.is_for_unreviewed(each))
            none = "what opens the call is open only to apps that an operator reviewed"
        hints: dict[str, object] = {"ask_ids": tuple(ask.id for ask in asks)}
        if scopes:
            hints["asks"] = names
        if names:
            query = urlencode({"client_id": facts.app_id, "scope": " ".join(names)})
            hints["consent_url"] = f"{self.door.issuer}/oauth/authorize?{query}"
        told = refusal.detail or ("" if names or not scopes else none)
        return Refusal(refusal.reason, told, log_detail=refusal.log_detail, **{**refusal.facts, **hints})


def _wire_names(asks: list[Ask], registered: list[Ask]) -> list[str]:
    scopes = [ask.scope for ask in registered]
    return [ask.scope if scopes.count(ask.scope) == 1 else ask.wire_name for ask in asks]


def _ask_ids(refusal: Refusal, match: Match, facts: TokenFacts, *, now: datetime) -> tuple[AskId, ...]:
    """Return the asks for want of which a call was refused; none where something else was wrong with it.

    A token that ended with its asks is refused before anything of it is judged, and still was used for them: for those
    that open the route.
    """
    found = refusal.facts.get("ask_ids", ())
    if not facts.is_ended and facts.expires_at > now:
        return found if isinstance(found, tuple) else ()
    return tuple(sorted(reach.ask_id for reach in facts.reach if reach.scope in match.route.opened_by))
