"""What people said about an app at one account: whose data may pass, read from the authority in one look-up.

The owner's grant opens a scope; whether one person's data passes under it follows from the basis that the owner's
permission was decided on, and from what that person decided in the grant of their own profile (ADR 0031).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.authority.facts import Reach
from gateway.ground.storage.listed import each_of, listed
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.sealing import Vault
from gateway.records.accounts.noes import keys_of
from gateway.records.accounts.tables import accounts
from gateway.records.accounts.types import profile_name
from gateway.records.apps.types import Basis
from gateway.records.grants.tables import grants, permissions
from gateway.records.grants.types import NOES, PermissionState
from gateway.terms.clock import Clock
from gateway.terms.ids import AppId, AskId, PermissionId
from scopes import ANY, Answer, Event, Filtered, Opened

People = frozenset[str]
_NOBODY: People = frozenset()
_NAMED = each_of("profiles")
_QUERY = Prepared(
    select(accounts.c.external_id, *[permissions.c[name] for name in ("id", "ask_id", "state", "ends_at", "basis")])
    .select_from(_NAMED)
    .join(accounts, (accounts.c.external_id == _NAMED.c.value) & (accounts.c.platform == bindparam("on_platform")))
    .join(grants, (grants.c.account_id == accounts.c.id) & (grants.c.app_id == bindparam("by_app")))
    .join(permissions, (permissions.c.grant_id == grants.c.id) & permissions.c.is_current)
)


@dataclass(frozen=True, slots=True)
class Said:
    """What some people decided: who agrees to an ask, who said no to it, and who said yes to anything and stood by it.

    A yes whose time ran out lets nothing pass, and is no no; one that waits for its evidence is not a word at all.
    """

    agreed: Mapping[AskId, People] = field(default_factory=dict)
    refused: Mapping[AskId, People] = field(default_factory=dict)
    assenting: People = _NOBODY
    by_evidence: Mapping[AskId, People] = field(default_factory=dict)
    """Of those who agree the ones whose consent was brought in, and not given here."""

    def list_passing(self, ask_id: AskId, basis: str | None, people: People) -> People:
        """List those of some people whose data may pass under an ask; where no basis is known, who agreed."""
        if basis == Basis.CONTRACT:
            return people - self.refused.get(ask_id, _NOBODY)
        return people & self.agreed.get(ask_id, _NOBODY)

    def has_only_refused(self, person: str) -> bool:
        """Say whether somebody said no to this app, and yes to nothing of it, or took every yes back."""
        return person not in self.assenting and any(person in people for people in self.refused.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose word is asked about what: people whom an account on a platform sees, about an app."""

    app_id: AppId
    platform: str
    external_id: str
    people: People


@dataclass(frozen=True, slots=True)
class Words:
    """Where people's words on apps are found: the database, and beside it what only this process knows.

    `denied` and `recalled` are those of `CallsInFlight`.
    """

    storage: Storage
    clock: Clock
    vault: Vault
    denied: AbstractSet[PermissionId]
    recalled: Mapping[str, AbstractSet[AskId]]

    async def find(self, asked: Asked, connection: AsyncConnection | None = None) -> Said:
        """Find what people decided; one query for all, none for nobody.

        Args:
            asked: whose word about what.
            connection: of a unit of work under way, which must not wait for another of the pool.

        Raises:
            Unavailable: the authority gave no answer; nothing may pass.
        """
        names = {profile_name(asked.external_id, each): each for each in asked.people if each.isprintable()}
        if not names:
            return Said()
        known = {"profiles": listed(names), "on_platform": asked.platform, "by_app": asked.app_id}
        agreed: dict[AskId, set[str]] = defaultdict(set)
        refused: dict[AskId, set[str]] = defaultdict(set)
        assenting: set[str] = set()
        by_evidence: dict[AskId, set[str]] = defaultdict(set)
        now = self.clock.now()
        for name, permission_id, ask_id, raw_state, ends_at, basis in await self._look_up(connection, known):
            state = PermissionState(raw_state)
            if state in NOES or permission_id in self.denied:
                refused[ask_id].add(names[name])
                continue
            if state is PermissionState.PENDING:
                continue
            assenting.add(names[name])
            if state is PermissionState.GRANTED and ends_at is not None and ends_at > now:
                agreed[ask_id].add(names[name])
                if basis == Basis.IMPORTED:
                    by_evidence[ask_id].add(names[name])
        for name, person in names.items() if self.recalled else ():
            for ask_id in self._list_recalled(asked, name):
                refused[ask_id].add(person)
                agreed[ask_id].discard(person)
                by_evidence[ask_id].discard(person)
        return Said(_frozen(agreed), _frozen(refused), frozenset(assenting), _frozen(by_evidence))

    async def _look_up(self, connection: AsyncConnection | None, known: Mapping[str, Any]) -> Iterable[Iterable[Any]]:
        if connection is None:
            return await self.storage.point(_QUERY, **known)
        return [row.values() for row in await _QUERY.rows(connection, **known)]

    def _list_recalled(self, asked: Asked, profile: str) -> Iterator[AskId]:
        for key in keys_of(self.vault, asked.app_id, asked.platform, profile=profile):
            yield from self.recalled.get(key, ())


@dataclass(frozen=True, slots=True)
class Holding:
    """What an app holds at one account: the live permissions that an answer or event is opened by."""

    app_id: AppId
    platform: str
    external_id: str
    reach: Sequence[Reach]

    def ask(self, people: Iterable[str]) -> Asked:
        """Return the question what people said about the app; the account is none of them."""
        return Asked(self.app_id, self.platform, self.external_id, frozenset(people) - {self.external_id})


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many declared members an app cannot see: for want of a scope, and for each person's own consent (I10)."""

    by_scope: int
    by_subject: int

    @property
    def count(self) -> int:
        """How many in all."""
        return self.by_scope + self.by_subject


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer with everyone without a basis masked; how many people in it agreed by evidence that was brought in."""

    filtered: Filtered
    by_evidence: int = 0


async def show_people(words: Words, opened: Opened, holding: Holding, noted: set[str]) -> Shown:
    """Write what everyone without a basis is masked in; one look-up for all of them, none for nobody.

    Args:
        words: what people said.
        opened: as the scopes leave it.
        holding: who gets it.
        noted: gets everyone whom it is about before their word is asked for: who says no in between is found there.

    Raises:
        Unavailable: nobody's word can be had; nothing passes.
    """
    if not opened.rests_on_people:
        return Shown(opened.write())
    asked = holding.ask(opened.subjects)
    noted.update(asked.people)
    said = await words.find(asked)
    return Shown(render(opened, holding, said), count_by_evidence(holding, asked, said))


def render(opened: Opened, holding: Holding, said: Said) -> Filtered:
    """Write what everyone without a basis is masked in, by what these people said."""
    people = frozenset(opened.subjects)
    passing: dict[str, set[str]] = defaultdict(set)
    for each in holding.reach:  # the account itself is nobody whom anyone asks
        passing[each.scope] |= said.list_passing(each.ask_id, each.basis, people) | {holding.external_id}
    return opened.render({**passing, ANY: set[str]().union(*passing.values())})


def count_by_evidence(holding: Holding, asked: Asked, said: Said) -> int:
    """Count those of some people whose own consent, which lets an ask pass here, was brought in with evidence."""
    asking = [each.ask_id for each in holding.reach if each.basis != Basis.CONTRACT]
    return len(asked.people.intersection(_NOBODY.union(*(said.by_evidence.get(each, _NOBODY) for each in asking))))


def may_hear(event: Event, holding: Holding, asked: Asked, said: Said) -> bool:
    """Say whether an app may hear of an event at all: that somebody wrote, or left, is about them too.

    So an ask about people opens it only where it passes everyone who is in it; one about the account opens it alone.
    Where nobody can be read in an event that has somebody, no ask about people opens it: nobody knows whom to ask. One
    that tells of a very no asks nobody: for whom it was kept was judged when it came.
    """
    is_unread = bool(event.subjects) and not event.ends_consent and not asked.people
    return any(
        each.scope not in event.about_people
        or (not is_unread and asked.people <= said.list_passing(each.ask_id, each.basis, asked.people))
        for each in holding.reach
        if each.scope in event.opened_by
    )


def count_withheld(answer: Answer, reach: Iterable[Reach]) -> Withheld:
    """Count by declaration, never by what an answer held."""
    opened = {each.scope for each in reach}
    asked_for = {each.scope for each in reach if each.basis != Basis.CONTRACT}
    return Withheld(answer.declared_withheld(opened), answer.declared_resting(opened, asked_for))


async def list_noes(connection: AsyncConnection) -> list[tuple[str, str, AppId, AskId]]:
    """List what people said no to, as platform, profile, app and ask."""
    query = (
        select(accounts.c.platform, accounts.c.external_id, grants.c.app_id, permissions.c.ask_id)
        .join(grants, grants.c.account_id == accounts.c.id)
        .join(permissions, (permissions.c.grant_id == grants.c.id) & permissions.c.is_current)
        .where(accounts.c.parent_id.is_not(None), permissions.c.state.in_(sorted(NOES)))
    )
    return [(row[0], row[1], AppId(row[2]), AskId(row[3])) for row in await connection.execute(query)]


def _frozen(found: Mapping[AskId, set[str]]) -> dict[AskId, People]:
    return {ask_id: frozenset(people) for ask_id, people in found.items() if people}
