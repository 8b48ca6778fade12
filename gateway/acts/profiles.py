"""Profiles: the account that a person has of their own beside a shop's, and what they object to there (ADR 0031)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from gateway.acts import House, Settled
from gateway.acts.making import lock_between, make_profile
from gateway.ground.storage.failures import DiskFull
from gateway.ground.storage.storage import UnitOfWork, ending, shielded
from gateway.records.accounts import store as accounts
from gateway.records.accounts.as_facts import standing_facts
from gateway.records.accounts.pairs import note_pairs
from gateway.records.accounts.types import NEVER, SELF, Account, ProfilePair, Standing
from gateway.records.apps import store as apps
from gateway.records.apps.types import Ask, Basis
from gateway.records.grants import transitions
from gateway.records.grants.types import Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import AccountId, AppId, AskId, GrantId, PermissionId, PersonId, StandingId, new_id
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Met:
    """What was proven: by which id an account knows somebody, by which they sign in at the platform, and how."""

    subject_id: str
    login_subject: str
    how: str


@shielded
async def keep_profile(house: House, parent: Account, met: Met, *, person_id: PersonId) -> Account:
    """Keep that a person is the one whom an account knows; proven by the caller.

    The standing does not lapse: what proves it is each sign-in. It is theirs alone: who had it before has it no more.
    """
    async with house.storage.unit() as unit:
        account = await make_profile(house, unit, parent, met.subject_id)
        now = house.clock.now()
        pair = ProfilePair(parent.id, met.login_subject, met.subject_id, now)
        await note_pairs(unit.connection, house.vault, [pair])
        if await accounts.find_standing(unit.connection, account.id, person_id, now) is None:
            moved = await accounts.end_standings(unit.connection, account.id, now)
            standing_id = StandingId(new_id("st", house.entropy))
            standing = Standing(standing_id, account.id, person_id, SELF, met.how, now, NEVER)
            moved.append(await accounts.save_standing(unit.connection, standing))
            actor = Actor(ActorKind.PERSON, person_id)
            evidence = {"platform": account.platform, "external_id": account.external_id, "name": account.name}
            facts: dict[str, Any] = {"platform": account.platform, "role": SELF, "how": met.how}
            facts["standings"] = [standing_facts(each) for each in moved]
            parts = await house.parts_about(unit, actor, evidence)
            draft = Draft(Kind.LINKED, now, actor, facts, account_id=account.id, parts=parts)
            await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()
    return account


@dataclass(frozen=True, slots=True)
class Objection:
    """What a person objects to, as whose profile: asks of an app, or (None) all that it does under a contract.

    `to_people` are asks of the account alone by which the app does something to people: what the caller knows of the
    catalogue. They are objected to as those under a contract are.
    """

    account_id: AccountId
    app_id: AppId
    ask_ids: frozenset[AskId] | None = None
    to_people: frozenset[AskId] = frozenset()


@shielded
@ending
async def object_to(house: House, about: Objection, person_id: PersonId, *, request_id: str = "") -> Settled:
    """Say no to what an app does under a contract: to the asks named, or to all that it does so (R83).

    Raises:
        Refusal: `not_found`: no such profile, or another's; `nothing_to_change`: no such ask, or objected before.
        DiskFull: nothing was done; what was said no to is denied for as long as this process lives.
        Unavailable: as `House.change_grant` says.
    """
    actor = Actor(ActorKind.PERSON, person_id)
    meant: list[tuple[Account, AskId]] = []
    try:
        async with house.unit() as unit:
            account = await _get_own(house, unit, about.account_id, person_id)
            registered = await apps.list_asks(unit.connection, about.app_id)
            asks = [replace(ask, basis=Basis.CONTRACT) for ask in registered if _may_object(ask, about)]
            meant = [(account, ask.id) for ask in asks]
            grant = await lock_between(house, unit, account, about.app_id)
            now = house.clock.now() if grant.version else grant.created_at
            choices = _choose(asks, grant)
            decision = transitions.Decision(choices, person_id, seen_at=now, at=now, ends_at=now)
            change = transitions.decide(grant, decision, lambda: PermissionId(new_id("pm", house.entropy)))
            settled, ended = await house.record_change(unit, change, actor, kind=Kind.REFUSED, request_id=request_id)
            await unit.commit()
    except DiskFull:
        for account, ask_id in meant:
            house.in_flight.deny_person(house.vault, account, about.app_id, [ask_id])
        raise
    await house.settle(change, ended, about=settled.about)
    return settled


async def _get_own(house: House, unit: UnitOfWork, account_id: AccountId, person_id: PersonId) -> Account:
    account = await accounts.find(unit.connection, account_id)
    standing = await accounts.find_standing(unit.connection, account_id, person_id, house.clock.now())
    if account is None or account.parent_id is None or standing is None:
        raise Refusal("not_found")
    return account


def _choose(asks: Iterable[Ask], grant: Grant) -> tuple[transitions.Choice, ...]:
    choices = tuple(
        transitions.Choice(each.id, each.scope, each.scope_version, each.purpose, is_agreed=False, basis=each.basis)
        for each in asks
        if not grant.has_refused(each.id)
    )
    if not choices:
        raise Refusal("nothing_to_change")
    return choices


@shielded
async def lift_objection(
    house: House, grant_id: GrantId, actor: Actor, *, ask_ids: Collection[AskId] | None = None, request_id: str = ""
) -> Settled:
    """Take an objection back: what the contract lets pass passes again.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when nothing of it was objected to.
        Unavailable: as `House.change_grant` says.
    """
    return await house.change_grant(
        grant_id,
        actor,
        kind=Kind.OBJECTION_LIFTED,
        transition=lambda grant, now: transitions.lift(grant, ask_ids, now, basis=Basis.CONTRACT),
        request_id=request_id,
    )


def _may_object(ask: Ask, about: Objection) -> bool:
    is_open = ask.basis is Basis.CONTRACT or ask.id in about.to_people
    return is_open and (about.ask_ids is None or ask.id in about.ask_ids)
