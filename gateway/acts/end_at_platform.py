"""End at a platform's word: what somebody took back there ends here too, for every app of the shop (R81, ADR 0038)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.acts import House, Settled
from gateway.acts.making import lock_each, make_profile
from gateway.acts.parting_copies import Follower, Original, keep_copies
from gateway.ground.storage.failures import DiskFull
from gateway.ground.storage.storage import UnitOfWork, ending, shielded
from gateway.records.accounts import store as accounts
from gateway.records.accounts.pairs import note_pairs
from gateway.records.accounts.revoked import LASTS, look_up_kept, name_at
from gateway.records.accounts.types import Account, ProfilePair, profile_name
from gateway.records.apps import store as apps
from gateway.records.apps.types import Ask, Basis
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.passing import list_passed
from gateway.records.grants.types import Grant
from gateway.records.hooks import store as hooks
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import (
    GATEWAYS_OWN,
    AccountId,
    AppId,
    AskId,
    FamilyId,
    PermissionId,
    UpstreamAppId,
    new_id,
)

REMEMBERED: Final = timedelta(hours=26)
"""For how long a telling of what named an account is known again: longer than it would be believed."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That somebody took back, at a platform, what apps may have of them; its signature, time and form hold.

    Args:
        platform: which told it.
        name: what it calls such an event.
        hashed_name: of what names this telling: another of the same name is the same.
        followers: who they are, to each account that knows them.
        about_people: the scopes of the platform that are about people.
        original: what goes on to apps; None: it does not name them as apps know them.
        remembered: for how long it is known again.
        brought_id: by which upstream app it is told.
        for_app: the app that brought that one, and for which alone it ends; None: for every app.
        to_people: the scopes of the account by which an app does something to people, such as writing to them.
        kept_since: when it was told, where it was kept until they were known: it ends nothing of later; None: now.
    """

    platform: str
    name: str
    hashed_name: bytes
    followers: Sequence[Follower]
    about_people: frozenset[str]
    original: Original | None = None
    remembered: timedelta = REMEMBERED
    brought_id: UpstreamAppId = GATEWAYS_OWN
    for_app: AppId | None = None
    to_people: frozenset[str] = frozenset()
    kept_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfPeople:
    """The scopes of a platform that have to do with people, as in `Withdrawal`."""

    platform: str
    about_people: frozenset[str]
    to_people: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Case:
    """What one app asks about one follower; their profile may not be there yet."""

    follower: Follower
    profile: Account
    app_id: AppId
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class _End:
    """What ends in the grant of a profile, and under which asks data about them ever passed without their yes.

    `is_told`: nothing was said there since the app was last told to erase it all.
    """

    own: Grant
    asks: tuple[Ask, ...]
    passed: frozenset[AskId]
    is_told: bool


Moved = list[tuple[Settled, list[FamilyId]]]


@shielded
@ending
async def end_at_platform(house: House, told: Withdrawal) -> int:
    """End what every app of the shop asks about these followers; in force when it returns. Told again it does nothing.

    What they agreed to is withdrawn, what rests on a contract is objected to, what they never decided on is refused.
    Each app that may hold something of them is told to erase it, in the same transaction, also where they had said no
    to all of it before; the shop's own grant stays as it is.

    Returns:
        How many grants changed.

    Raises:
        DiskFull: nothing was done; what should have ended is denied for as long as this process lives.
        Unavailable: as `House.change_grant` says; the platform may tell it again.
    """
    cases: list[_Case] = []
    moved: Moved = []
    try:
        async with house.storage.unit() as unit:
            if not await hooks.list_known(unit.connection, [told.hashed_name]):
                cases = [case for each in told.followers for case in await _list_cases(house, unit, told, each)]
                moved = await _end_all(house, unit, told, cases)
                await unit.commit()
    except DiskFull:
        for case in cases:
            house.in_flight.deny_person(house.vault, case.profile, case.app_id, [ask.id for ask in case.asks])
        raise
    for settled, ended in moved:
        house.cut(settled.change, ended, about=settled.about)
    house.has_notices.set()
    await house.write_owed()  # also what an earlier telling owes, which failed after its commit
    await house.ledger.publish()
    return len(moved)


async def _list_cases(house: House, unit: UnitOfWork, told: Withdrawal, follower: Follower) -> list[_Case]:
    """List what apps ask about a follower: those that the shop ever let in, and those that they decided on."""
    parent = await _get_parent(unit, follower)
    name = profile_name(parent.external_id, follower.subject_id)
    unmade = Account(AccountId(""), parent.platform, name, parent.name, house.clock.now(), parent.id)
    profile = await accounts.find_external(unit.connection, parent.platform, name) or unmade
    known = await grants.list_of_accounts(unit.connection, [parent.id, profile.id])
    cases = []
    for app_id in sorted({grant.app_id for grant in known if told.for_app in {None, grant.app_id}}):
        asks = await apps.list_asks(unit.connection, app_id)
        cases.append(_Case(follower, profile, app_id, _list_meant(told, asks)))
    return [case for case in cases if case.asks]


def _list_meant(told: Withdrawal, asks: Sequence[Ask]) -> tuple[Ask, ...]:
    """List what of an app ends: what it asks about people; of one that asks nothing so, by what it writes to them.

    Whoever said no to all that an app asks about them hears nothing from it anyway (R61). What the account alone
    decides asks nobody, so a no to it is an objection, as to a contract: the person may lift it.
    """
    about = tuple(ask for ask in asks if ask.scope in told.about_people)
    return about or tuple(replace(ask, basis=Basis.CONTRACT) for ask in asks if ask.scope in told.to_people)


async def _get_parent(unit: UnitOfWork, follower: Follower) -> Account:
    parent = await accounts.find(unit.connection, follower.account_id)
    if parent is None:
        raise AssertionError("accounts are never removed")
    return parent


async def _end_all(house: House, unit: UnitOfWork, told: Withdrawal, cases: Sequence[_Case]) -> Moved:
    """Remember the telling and end everything.

    Rows are made and locked in the order of an import (`lock_each`), then in that of `take_events`, the head last.
    """
    until = {told.hashed_name: house.clock.now() + told.remembered}
    if not await unit.is_added(hooks.add(unit.connection, until)):  # another process took it a moment ago
        return []
    profiles = await _keep_profiles(house, unit, told.followers)
    wanted = [(profiles[case.follower], case.app_id) for case in cases]
    own = await lock_each(house, unit, set(wanted))
    held = await grants.list_locked(unit.connection, *{each.account_id for each in told.followers})
    above = {(grant.account_id, grant.app_id): grant for grant in held}
    if told.original is not None:
        for follower in told.followers:
            await keep_copies(house, unit, told.original, follower, through=told.brought_id)
    ends = [
        await _find_end(
            unit, told, case, own=own[profile.id, app_id], above=above.get((case.follower.account_id, app_id))
        )
        for case, (profile, app_id) in zip(cases, wanted, strict=True)
    ]
    ended = [await _end(house, unit, told, each) for each in ends]
    return [each for each in ended if each is not None]


async def _find_end(unit: UnitOfWork, told: Withdrawal, case: _Case, *, own: Grant, above: Grant | None) -> _End:
    """Say what ends in the grant of a profile: what they did not say no to before."""
    asks = tuple(ask for ask in case.asks if _is_meant(told, own, above, ask.id))
    history = await reading.list_history(unit.connection, own.id, *([above.id] if above else []))
    if history is None:  # somebody changed the log: whatever a contract ever opened may have passed
        opened = [p.ask_id for p in above.permissions if p.basis == Basis.CONTRACT and p.ends_at] if above else []
        return _End(own, asks, frozenset(opened), is_told=False)
    changes = [(each.grant_id == own.id, each.facts.get("permissions", ())) for each in history]
    newest = next((each for each in reversed(history) if each.grant_id == own.id), None)
    is_told = newest is not None and newest.kind is Kind.WITHDRAWN_AT_PLATFORM
    return _End(own, asks, list_passed(changes, basis=Basis.CONTRACT), is_told)


def _is_meant(told: Withdrawal, own: Grant, above: Grant | None, ask_id: AskId) -> bool:
    """Say whether a withdrawal ends an ask; one that was kept ends nothing that began after it."""
    if own.has_refused(ask_id):
        return False
    now, since = own.find(ask_id), told.kept_since
    if since is None:
        return True
    if now is not None:  # what somebody brought in tells of a yes from whenever
        return now.decided_by is None or now.decided_at <= since
    return above is not None and above.created_at <= since


async def _end(house: House, unit: UnitOfWork, told: Withdrawal, end: _End) -> tuple[Settled, list[FamilyId]] | None:
    """End it, and tell the app; None where nothing is left to end, and of what it holds it was told, or holds none."""
    own, actor = end.own, Actor(ActorKind.PLATFORM, told.platform)
    now = house.clock.now() if own.version else own.created_at
    choices = tuple(
        transitions.Choice(each.id, each.scope, each.scope_version, each.purpose, is_agreed=False, basis=each.basis)
        for each in end.asks
    )
    decision = transitions.Decision(choices, None, seen_at=now, at=now, ends_at=now)
    change = transitions.decide(own, decision, lambda: PermissionId(new_id("pm", house.entropy)))
    if not end.asks:
        given = await grants.list_given_before(unit.connection, change)
        if end.is_told or told.kept_since or not given | end.passed:
            return None
    kind, passed = Kind.WITHDRAWN_AT_PLATFORM, sorted(end.passed)
    return await house.record_change(unit, change, actor, kind=kind, passed=passed, event=told.name)


async def _keep_profiles(house: House, unit: UnitOfWork, followers: Sequence[Follower]) -> dict[Follower, Account]:
    """Find or make the profiles, and note by which id they sign in: so they find here what was done at their word."""
    parents = {each: await _get_parent(unit, each) for each in followers}
    found: dict[Follower, Account] = {}
    for each in sorted(followers, key=lambda each: profile_name(parents[each].external_id, each.subject_id)):
        found[each] = await make_profile(house, unit, parents[each], each.subject_id)
        if each.login_subject:
            pair = ProfilePair(parents[each].id, each.login_subject, each.subject_id, house.clock.now())
            await note_pairs(unit.connection, house.vault, [pair])
    return found


async def end_kept(house: House, follower: Follower, of: OfPeople, *, upstream_app: str) -> int:
    """End what somebody took back before it was known as whom this account knows them; now both ids are (ADR 0047).

    What was done here before changes nothing.

    Returns:
        How many grants changed.

    Raises:
        DiskFull, Unavailable: as `end_at_platform`.
    """
    pair = follower.login_subject, follower.subject_id
    found = await look_up_kept(house.storage, house.vault, pair, platform=of.platform, upstream_app=upstream_app)
    kept = {name_at(each.hashed_name, follower.account_id): each for each in found}
    if not kept:
        return 0
    async with house.storage.read() as connection:
        done = await hooks.list_known(connection, kept)
    ended = 0
    for name, each in kept.items():
        if name not in done:
            told = Withdrawal(
                platform=of.platform,
                name=each.event,
                hashed_name=name,
                followers=[follower],
                about_people=of.about_people,
                remembered=LASTS,
                to_people=of.to_people,
                kept_since=each.told_at,
            )
            ended += await end_at_platform(house, told)
    await house.write_owed()  # also what an earlier try owes, which failed after its commit
    return ended
