"""Bring in: consents that people gave elsewhere become theirs here, with evidence; nobody's own word is touched (R71).

What is said for many people at once is one transaction with a record for each of their grants, so that each has a
receipt of their own. It ends nothing, tells no app, and of it the journal learns no more than each grant's version.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from gateway.acts import House
from gateway.acts.making import add_each, lock_each
from gateway.ground.storage.storage import Connection, UnitOfWork, shielded
from gateway.ground.vault.entries import Tombstone
from gateway.records.accounts import store as accounts
from gateway.records.accounts.noes import keys_of
from gateway.records.accounts.types import Account, profile_name
from gateway.records.apps.types import Ask, Basis
from gateway.records.grants import store as grants
from gateway.records.grants import transitions
from gateway.records.grants.transitions import Brought, BroughtIn, Choice
from gateway.records.grants.types import Change, Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import EVIDENCE, Actor, Draft, Part
from gateway.records.owed import store as owed
from gateway.terms.ids import AccountId, AppId, PermissionId, PersonId, new_id


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's consent to one ask, as an operator brings it in; checked by the caller.

    Args:
        parent: the account that knows the person.
        subject_id: by which id.
        ask: of which app; about people, by their own consent.
        agreed_on: the day on which they agreed, in Vietnam.
        ends_at: until when it is to hold.
        evidence: what proves it, in words; "" opens nothing.
    """

    parent: Account
    subject_id: str = field(repr=False)
    ask: Ask
    agreed_on: date
    ends_at: datetime
    evidence: str = field(default="", repr=False)

    @property
    def profile(self) -> str:
        """The external id of the person's profile."""
        return profile_name(self.parent.external_id, self.subject_id)

    @property
    def pair(self) -> "Pair":
        """Of whom, and to which app."""
        return self.parent.platform, self.profile, self.ask.app_id

    @property
    def brought(self) -> Brought:
        """As the grant takes it."""
        ask = self.ask
        meant = (ask.id, ask.scope, ask.scope_version, ask.purpose)
        return Brought(Choice(*meant, is_agreed=bool(self.evidence), basis=Basis.IMPORTED), self.ends_at)


Pair = tuple[str, str, AppId]
"""Platform, profile and app: what has one grant."""


@dataclass(frozen=True, slots=True)
class Import:
    """One file of consents: its id, which follows from its bytes, and who brings it in (R70).

    Its evidence is sealed under one key for all of it, kept as a person's is: it goes when the retention of the whole
    ends, and a hundred thousand people who never came here need no key each (ADR 0039).
    """

    id: str
    entered_by: str


async def foretell(house: House, consents: Sequence[Consent]) -> list[BroughtIn]:
    """Say what would become of each now; nothing is written.

    Raises:
        Unavailable: the database gave no answer.
    """
    async with house.storage.read() as connection:
        found = await _find_grants(connection, consents)
    held = _list_recalled(house, consents)
    return [_judge(each, found.get(each.pair), held) for each in consents]


@shielded
async def bring_in(house: House, consents: Sequence[Consent], source: Import, actor: Actor) -> list[BroughtIn]:
    """Bring in some consents, all or none; done again it changes nothing.

    Returns:
        What became of each.

    Raises:
        Unavailable: nothing was done; or, with reason `not_settled`, it is done but its versions are not on disk.
    """
    held = _list_recalled(house, consents)
    async with house.storage.unit() as unit:
        own = await _lock_grants(house, unit, [each for each in consents if each.pair not in held])
        outcomes = [_judge(each, own.get(each.pair), held) for each in consents]
        new = [each for each, outcome in zip(consents, outcomes, strict=True) if outcome in NEW]
        moved = [_move(house, own[pair], by=(source, actor), consents=told) for pair, told in _by_pair(new).items()]
        if moved:
            await grants.save_all(unit.connection, [change for change, _ in moved])
            await owed.add(unit.connection, *(_version_of(change) for change, _ in moved))
            await house.ledger.append_all(unit.connection, [draft for _, draft in moved])
        await unit.commit()
    await house.write_owed()
    await house.ledger.publish()
    return outcomes


NEW = frozenset({BroughtIn.GRANTED, BroughtIn.PENDING})
"""What becomes of a consent that is not there yet."""


def _judge(consent: Consent, grant: Grant | None, held: Collection[Pair]) -> BroughtIn:
    return BroughtIn.KEPT if consent.pair in held else transitions.judge(grant, consent.brought)


def _list_recalled(house: House, consents: Iterable[Consent]) -> set[Pair]:
    """List whose no only the journal or this process knows: it stands as one that is written down does (I4)."""
    recalled = house.in_flight.recalled
    if not any(recalled.values()):
        return set()
    pairs = {each.pair for each in consents}
    return {
        (platform, profile, app_id)
        for platform, profile, app_id in pairs
        if any(recalled.get(key) for key in keys_of(house.vault, app_id, platform, profile=profile))
    }


def _by_pair(consents: Iterable[Consent]) -> dict[Pair, list[Consent]]:
    found: dict[Pair, list[Consent]] = defaultdict(list)
    for each in consents:
        found[each.pair].append(each)
    return found


def _move(house: House, grant: Grant, *, by: tuple[Import, Actor], consents: Sequence[Consent]) -> tuple[Change, Draft]:
    """Move one grant and return its record; a grant that is new begins with it."""
    source, actor = by
    now = house.clock.now() if grant.version else grant.created_at
    change = transitions.bring_in(
        grant, [each.brought for each in consents], now, lambda: PermissionId(new_id("pm", house.entropy))
    )
    return change, _draft(change, source, actor, consents=consents)


def _version_of(change: Change) -> Tombstone:
    """Return the grant's version for the journal: after a restore none is used twice (ADR 0006)."""
    return Tombstone(change.grant.id, change.grant.version, (), Kind.BROUGHT_IN.value, change.at)


def _draft(change: Change, source: Import, actor: Actor, *, consents: Sequence[Consent]) -> Draft:
    grant = change.grant
    return Draft(
        kind=Kind.BROUGHT_IN,
        at=change.at,
        actor=actor,
        facts={"import": source.id, "permissions": [p.to_facts() for p in (*change.changed, *change.added)]},
        grant_id=grant.id,
        version=grant.version,
        app_id=grant.app_id,
        account_id=grant.account_id,
        parts=(Part(EVIDENCE, PersonId(source.id), _evidence_of(source, consents)),),
    )


def _evidence_of(source: Import, consents: Iterable[Consent]) -> dict[str, Any]:
    asks = {each.ask.id: {"evidence": each.evidence, "agreed_on": each.agreed_on.isoformat()} for each in consents}
    return {"entered_by": source.entered_by, "asks": asks}


async def _find_grants(connection: Connection, consents: Sequence[Consent]) -> dict[Pair, Grant]:
    """Find the grants that there are."""
    found: dict[Pair, Grant] = {}
    for platform, profiles in (await _find_profiles(connection, consents)).items():
        by_id = {account.id: name for name, account in profiles.items()}
        for app_id in {each.ask.app_id for each in consents}:
            for account_id, grant in (await grants.list_between(connection, by_id, app_id)).items():
                found[platform, by_id[account_id], app_id] = grant
    return found


async def _find_profiles(connection: Connection, consents: Sequence[Consent]) -> dict[str, dict[str, Account]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in consents:
        wanted[each.parent.platform].add(each.profile)
    return {each: await accounts.list_external(connection, each, sorted(names)) for each, names in wanted.items()}


async def _lock_grants(house: House, unit: UnitOfWork, consents: Sequence[Consent]) -> dict[Pair, Grant]:
    """Find or make profiles and grants, then lock all of these, in the order in which several are locked."""
    await _make_profiles(house, unit, consents)
    profiles = await _find_profiles(unit.connection, consents)
    wanted = {(profiles[each.parent.platform][each.profile], each.ask.app_id): each.pair for each in consents}
    locked = await lock_each(house, unit, wanted.keys())
    return {pair: locked[account.id, app_id] for (account, app_id), pair in wanted.items()}


async def _make_profiles(house: House, unit: UnitOfWork, consents: Sequence[Consent]) -> None:
    known: Mapping[str, Mapping[str, Account]] = await _find_profiles(unit.connection, consents)
    missing = {
        (each.parent.platform, each.profile): each.parent
        for each in consents
        if each.profile not in known[each.parent.platform]
    }
    now = house.clock.now()
    fresh = [
        Account(AccountId(new_id("ac", house.entropy)), platform, name, parent.name, now, parent.id)
        for (platform, name), parent in sorted(missing.items(), key=lambda pair: pair[0])
    ]
    await add_each(unit, fresh, accounts.add_all)
