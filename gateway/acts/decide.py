"""Decide: a person's answer to a request, for one account; the code for the app comes out of the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.acts import House, Settled
from gateway.acts.answers import DURATIONS, STANDING, Answer, Case
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.tokens import CODE, hashed, new_token
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import statements
from gateway.records.apps import store as apps
from gateway.records.apps.statements import Statement
from gateway.records.apps.types import App, AppState, Basis
from gateway.records.families import store as families
from gateway.records.families.types import CODE_LASTS, Code, Family
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.difference import reached_facts
from gateway.records.grants.types import Grant
from gateway.records.ledger import notices
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft, Recorded
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.records.requests.sign_in import check_sign_in
from gateway.records.requests.types import AuthorizationRequest, RequestKind
from gateway.terms.ids import FamilyId, GrantId, PermissionId, new_id
from gateway.terms.refusal import Refusal

__all__ = ["DURATIONS", "STANDING", "Answer", "Decided", "decide"]


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
            return _refused(case, None, recorded)
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
        return _refused(case, grant.id, settled.recorded)
    raw_code = issued.raw_code if issued else None
    return Decided(case.request, grant.id, raw_code, None, None, settled.recorded)


def _refused(case: Case, grant_id: GrantId | None, recorded: Recorded) -> Decided:
    """Return what the app hears when nothing was given."""
    description = "required permission not given" if case.is_incomplete else None
    return Decided(case.request, grant_id, None, "access_denied", description, recorded)


async def _take(unit: UnitOfWork, raw_request_id: str, answer: Answer, now: datetime) -> Case:
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
    case = Case(request, asked, answer, now, seen_at=request.shown_at or now, statement=statement)
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


async def _get_grant(house: House, unit: UnitOfWork, case: Case) -> Grant:
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


def _check_whose(case: Case, account: Account) -> None:
    """Hold apart what accounts and people are asked: a profile gets no tokens, and a contract asks nobody (R83).

    Which asks are about people the catalogue knows, and so whoever opened the request; an old one names no basis.
    """
    if account.parent_id is None and case.request.kind is not RequestKind.SUBJECT:
        return
    if account.parent_id is None or case.request.is_from_app:
        raise Refusal("account_required")
    if any(ask.basis is Basis.CONTRACT for ask in case.asks):
        raise Refusal("unknown_ask")


async def _issue(house: House, unit: UnitOfWork, case: Case, settled: Settled) -> _Issued | None:
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
    return _Issued(await _add_code(house, unit, request, family_id=family_id, now=now))


async def _add_code(
    house: House, unit: UnitOfWork, request: AuthorizationRequest, *, family_id: FamilyId, now: datetime
) -> str:
    """Keep a code for the family that was opened by deciding `request`; return it, once.

    Raises:
        AssertionError: the request is not one of authorize.
    """
    if request.redirect_uri is None or request.code_challenge is None:
        raise AssertionError("an authorize request has a redirect URI and a challenge")
    raw_code = new_token(CODE, house.entropy)
    code = Code(
        hashed_code=hashed(raw_code),
        family_id=family_id,
        request_id=request.id,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        expires_at=now + CODE_LASTS,
        redeemed_at=None,
        wrong_verifiers=0,
        jkt=request.jkt,
    )
    await families.add_code(unit.connection, code)
    return raw_code


async def _keep_shown(unit: UnitOfWork, case: Case) -> dict[str, Any]:
    """Archive the text that was shown; return what the record says of it."""
    answer = case.answer
    sha256 = await notices.keep(unit.connection, answer.notice, language=answer.language, now=case.at)
    shown = {"notice": sha256, "language": answer.language, "request": case.request.id}
    return shown if case.statement is None else {**shown, "statement": case.statement.digest}


async def _refuse_unlinked(house: House, unit: UnitOfWork, case: Case, *, request_id: str) -> Recorded:
    actor = Actor(ActorKind.PERSON, case.answer.person_id)
    facts = {**await _keep_shown(unit, case), "refused_asks": list(case.request.ask_ids)}
    parts = await house.parts_about(unit, actor, facts)
    draft = Draft(Kind.REFUSED, case.at, actor, facts, app_id=case.request.app_id, request_id=request_id, parts=parts)
    return await house.ledger.append(unit.connection, draft)


def _new_id(house: House) -> Callable[[], PermissionId]:
    return lambda: PermissionId(new_id("pm", house.entropy))
