"""Decide: a person's answer to a request, for one account; the code for the app comes out of the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.acts import House, Settled
from gateway.acts.recording import add_code
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import App, AppState, Ask, Basis
from gateway.records.families import store as families
from gateway.records.families.types import Family
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.difference import end_beside, list_kept, list_reached, reached_facts
from gateway.records.grants.types import Change, Grant
from gateway.records.ledger import notices
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft, Recorded
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.records.requests.sign_in import SignIn, check_sign_in
from gateway.records.requests.types import AuthorizationRequest, RequestKind
from gateway.terms.ids import AccountId, AskId, FamilyId, GrantId, PermissionId, PersonId, new_id
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Resources

DURATIONS = {f"P{days}D": timedelta(days=days) for days in (1, 30, 90, 180, 365)}
STANDING = "standing"
"""The code beside those of `DURATIONS` that a screen offers: until the last of what stands ends, to the microsecond."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person sent: the asks they said yes to (none is a refusal), for which account, for how long.

    Args:
        account_id: None for a refusal that names none.
        agreed: what was ticked; where there was nothing to tick, what stands already and goes on.
        lasts: for how long, though never beyond what stands beside it; None: exactly as long as that.
        notice: the text that they saw, in `language`; it is archived.
        seen_version: the grant's version that the screen was drawn from; None: nobody asks for it.
        seen_statement: the digest of what a dynamic app said of itself on the screen; None: nobody asks for it.
        sign_in: the session that decides.
    """

    person_id: PersonId
    account_id: AccountId | None
    agreed: frozenset[AskId]
    lasts: timedelta | None
    notice: str
    language: str
    seen_version: int | None = None
    seen_statement: str | None = None
    sign_in: SignIn | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What comes of it. `raw_code` is for the app's redirect, once; `error` is OAuth's code where nothing was given."""

    request: AuthorizationRequest
    grant_id: GrantId | None
    raw_code: str | None
    error: str | None
    error_description: str | None
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class _Issued:
    """What the app may come for; `raw_code` is None where a device asks with a code that it has already."""

    raw_code: str | None


@dataclass(frozen=True, slots=True)
class _Case:
    """A request that may be decided, what it asks, the answer to it, and which asks stand and are not asked about.

    The person saw the screen last at `seen_at`.
    """

    request: AuthorizationRequest
    asks: tuple[Ask, ...]
    answer: Answer
    at: datetime
    seen_at: datetime
    kept: frozenset[AskId] = frozenset()
    statement: Statement | None = None
    """What a dynamic app says of itself; the decision rests on it."""

    @property
    def given(self) -> frozenset[AskId]:
        """The asks that the app may rely on after an agreement: what was said yes to, and what stood all along."""
        return self.answer.agreed | self.kept

    @property
    def is_incomplete(self) -> bool:
        """Say whether something was ticked, but not all that is required."""
        return bool(self.answer.agreed) and any(ask.is_required and ask.id not in self.given for ask in self.asks)

    @property
    def is_refused(self) -> bool:
        """Say whether nothing is given: no tick, or a required ask left out."""
        return not self.answer.agreed or self.is_incomplete

    def about(self, grant: Grant, at: datetime) -> "_Case":
        """Return the case as decided at `at`, with what stands in this grant; the whole screen asks about that too."""
        meanings = {ask.id: ask.meaning for ask in self.asks}
        kept = list_kept(grant, meanings, self.seen_at, narrowed_to=self.request.narrowed_to)
        return replace(self, at=at, kept=frozenset() if self.request.is_full else kept)

    def reached(self, grant: Grant) -> dict[PermissionId, Resources]:
        """Return what the tokens of the answer reach."""
        return list_reached(grant, self.given, self.at, narrowed_to=self.request.narrowed_to)

    def kind_of(self, change: Change) -> Kind:
        """Name what the answer did; to go on with what stands, and no more, decides nothing and is no consent."""
        if self.is_refused:
            return Kind.REFUSED
        return Kind.DECIDED if change.changed or change.added else Kind.RECONNECTED

    def decision_on(self, grant: Grant) -> transitions.Decision:
        """Return what the answer means for a grant: the asks named in it are those that stood as boxes."""
        named = [ask for ask in self.asks if ask.id not in self.kept]
        return transitions.Decision(
            tuple(choice for ask in named if (choice := self._choice_on(grant, ask))),
            self.answer.person_id,
            seen_at=self.seen_at,
            at=self.at,
            ends_at=self.ends_at(grant),
        )

    def ends_at(self, grant: Grant) -> datetime:
        """Return when what is newly agreed to ends."""
        return end_beside(grant, self.kept, lasts=self.answer.lasts, at=self.at)

    def is_outdated(self, grant: Grant) -> bool:
        """Say whether an agreement rests on what is over: another version of the grant, or an end that has come."""
        if self.is_refused:
            return False
        is_over = bool(self.answer.agreed - self.kept) and self.ends_at(grant) <= self.at
        return is_over or self.answer.seen_version not in {None, grant.version}

    def _choice_on(self, grant: Grant, ask: Ask) -> transitions.Choice | None:
        """Return what is decided on one ask; what stands ends only by the whole screen, and never by a refusal.

        What was brought in without them is no answer of theirs: theirs, yes or no, takes its place.
        """
        is_agreed = not self.is_refused and ask.id in self.answer.agreed
        may_end = self.request.is_full and not self.is_refused
        before = grant.find(ask.id)
        is_theirs = before is not None and before.basis != Basis.IMPORTED and before.is_standing(self.at)
        if not is_agreed and not may_end and is_theirs:
            return None
        wanted = self.request.narrowed_to.get(ask.id)
        return transitions.Choice(ask.id, ask.scope, ask.scope_version, ask.purpose, is_agreed, wanted, ask.basis)

    def refused(self, grant_id: GrantId | None, recorded: Recorded) -> Decided:
        """Return what the app hears when nothing was given."""
        description = "required permission not given" if self.is_incomplete else None
        return Decided(self.request, grant_id, None, "access_denied", description, recorded)


@shielded
async def decide(house: House, raw_request_id: str, answer: Answer, *, request_id: str = "") -> Decided:
    """Record the answer, once.

    What stands already is not asked again and stays as it is; on the whole screen (`prompt=consent`) what is left
    unticked ends, now and not when the code is redeemed (ADR 0019). A required ask left unticked, or no tick at all,
    gives nothing: refusals are stored, what was granted before stays. A refusal needs no account: without one it stands
    in the log alone.

    Raises:
        Refusal: `not_found`, `decided`, `expired`, `app_suspended`, `account_required`, `unknown_ask`; `sign_in_again`,
            `unmet_authentication_requirements`; `screen_outdated`: the grant, or what the app says of
            itself, changed since the screen was drawn.
        Unavailable: as `House.change_grant` says.
    """
    actor = Actor(ActorKind.PERSON, answer.person_id)
    async with house.unit() as unit:
        case = await _take(unit, raw_request_id, answer, house.clock.now())
        if answer.account_id is None:
            recorded = await _refuse_unlinked(house, unit, case, request_id=request_id)
            await requests.mark_refused(unit.connection, case.request.id, case.at)
            await unit.commit()
            await house.ledger.publish()
            return case.refused(None, recorded)
        grant = await _get_grant(house, unit, case)
        # The time is read after the wait for the grant's lock; a grant that is new begins with its first decision.
        case = case.about(grant, house.clock.now() if grant.version else grant.created_at)
        if case.is_outdated(grant):
            raise Refusal("screen_outdated")
        change = transitions.decide(grant, case.decision_on(grant), _new_id(house))
        kind = case.kind_of(change)
        shown = await _keep_shown(unit, case)
        if kind is Kind.RECONNECTED:
            shown["reached"] = reached_facts(change.grant, case.reached(change.grant))
        settled, ended = await house.record_change(unit, change, actor, kind=kind, request_id=request_id, **shown)
        if case.is_refused:
            await requests.mark_refused(unit.connection, case.request.id, case.at)
        elif case.statement is not None:
            await statements.keep(unit.connection, grant.id, case.statement)
        issued = None if case.is_refused else await _issue(house, unit, case, settled)
        await unit.commit()
    await house.settle(change, ended, about=settled.about)
    if case.is_refused or (issued is None and case.request.is_from_app):
        return case.refused(grant.id, settled.recorded)
    raw_code = issued.raw_code if issued else None
    return Decided(case.request, grant.id, raw_code, None, None, settled.recorded)


async def _take(unit: UnitOfWork, raw_request_id: str, answer: Answer, now: datetime) -> _Case:
    request = await requests.find(unit.connection, raw_request_id)
    if request is None or request.person_id != answer.person_id:
        raise Refusal("not_found")
    if request.decided_at is not None:
        raise Refusal("decided")
    if request.expires_at <= now:
        raise Refusal("expired")
    check_sign_in(request, answer.sign_in, request.shown_at or now)
    app = await apps.find(unit.connection, request.app_id)
    if app is None or app.state is not AppState.ACTIVE:
        raise Refusal("app_suspended")
    statement = await _find_statement(unit, app)
    if statement is not None and answer.seen_statement not in {None, statement.digest}:
        raise Refusal("screen_outdated")
    asked = tuple(ask for ask in await apps.list_asks(unit.connection, app.id) if ask.id in request.ask_ids)
    if not answer.agreed <= {ask.id for ask in asked}:
        raise Refusal("unknown_ask")
    case = _Case(request, asked, answer, now, seen_at=request.shown_at or now, statement=statement)
    if answer.account_id is None and not case.is_refused:
        raise Refusal("account_required")
    if not await requests.mark_decided(unit.connection, request.id, now):
        raise Refusal("decided")
    return case


async def _find_statement(unit: UnitOfWork, app: App) -> Statement | None:
    """Return what a dynamic app says of itself; holding its row, so that it says nothing else until this is decided."""
    if not app.is_dynamic:
        return None
    await apps.find(unit.connection, app.id, lock=True)
    return await statements.find_current(unit.connection, app.id)


async def _get_grant(house: House, unit: UnitOfWork, case: _Case) -> Grant:
    app_id, asked_for, named = case.request.app_id, case.request.grant_id, case.answer.account_id
    account = await accounts.find(unit.connection, named) if named else None
    if (
        account is None
        or not case.request.is_about(account.id, account.external_id)
        or not await accounts.find_standing(unit.connection, account.id, case.answer.person_id, case.at)
    ):
        raise Refusal("account_required")
    _check_whose(case, account)
    grant = await grants.find_between(unit.connection, account.id, app_id, lock=True)
    if grant is None:
        fresh = Grant(GrantId(new_id("gr", house.entropy)), account.id, app_id, 0, case.at, ())
        # Where someone else's first decision on this pair committed meanwhile, theirs is locked instead.
        await unit.is_added(grants.add(unit.connection, fresh))
        grant = await grants.find_between(unit.connection, account.id, app_id, lock=True)
    if grant is None or asked_for not in {None, grant.id}:
        raise Refusal("account_required")
    # Asked once more after the wait for the lock: the account may have been taken away in it.
    if not await accounts.find_standing(unit.connection, account.id, case.answer.person_id, house.clock.now()):
        raise Refusal("account_required")
    return grant


def _check_whose(case: _Case, account: Account) -> None:
    """Hold apart what accounts and people are asked: a profile gets no tokens, and a contract asks nobody (R83).

    Which asks are about people the catalogue knows, and so whoever opened the request; an old one names no basis.
    """
    if account.parent_id is None and case.request.kind is not RequestKind.SUBJECT:
        return
    if account.parent_id is None or case.request.is_from_app:
        raise Refusal("account_required")
    if any(ask.basis is Basis.CONTRACT for ask in case.asks):
        raise Refusal("unknown_ask")


async def _issue(house: House, unit: UnitOfWork, case: _Case, settled: Settled) -> _Issued | None:
    """Open a family for what was given, behind a code for the app's redirect or for the device that asks for it."""
    request, now = case.request, case.at
    if not request.is_from_app:
        return None
    grant, sign_in = settled.change.grant, case.answer.sign_in
    reached = case.reached(grant)
    if not reached:
        return None
    family_id = FamilyId(new_id("fa", house.entropy))
    signed = (sign_in.at, sign_in.acr) if sign_in else (None, None)
    less = {permission_id: ids for permission_id, ids in reached.items() if ids is not None}
    family = Family(family_id, grant.id, grant.app_id, case.answer.person_id, frozenset(reached), now, None, *signed)
    await families.add(unit.connection, replace(family, resources=less))
    if request.kind is RequestKind.DEVICE:
        await devices.give(unit.connection, request.id, family_id)
        return _Issued(None)
    return _Issued(await add_code(house, unit, request, family_id=family_id, now=now))


async def _keep_shown(unit: UnitOfWork, case: _Case) -> dict[str, Any]:
    """Archive the text that was shown; return what the record says of it."""
    answer = case.answer
    sha256 = await notices.keep(unit.connection, answer.notice, language=answer.language, now=case.at)
    shown = {"notice": sha256, "language": answer.language, "request": case.request.id}
    return shown if case.statement is None else {**shown, "statement": case.statement.digest}


async def _refuse_unlinked(house: House, unit: UnitOfWork, case: _Case, *, request_id: str) -> Recorded:
    actor = Actor(ActorKind.PERSON, case.answer.person_id)
    facts = {**await _keep_shown(unit, case), "refused_asks": list(case.request.ask_ids)}
    parts = await house.parts_about(unit, actor, facts)
    draft = Draft(Kind.REFUSED, case.at, actor, facts, app_id=case.request.app_id, request_id=request_id, parts=parts)
    return await house.ledger.append(unit.connection, draft)


def _new_id(house: House) -> Callable[[], PermissionId]:
    return lambda: PermissionId(new_id("pm", house.entropy))
