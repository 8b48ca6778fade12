"""The acts: the use cases that change records. One act, one transaction; one file, one act or those of one thing.

Owns: what happens together or not at all; only acts open a unit of work. Must not know: HTTP, pages, who renders the
answer. An act takes `House`, the parts it works with, as its first argument.
To add one more: a module with a public coroutine wrapped in `shielded`, or such a coroutine beside its like
(`register.py`, `identities.py`); if it changes a grant, it goes through `House.change_grant`, so that the log, the
journal and the calls in flight cannot be forgotten. What several acts do alike stands in rooms of its own: what they
write in `recording.py`, make where it is missing in `making.py`, put into lanes in `queueing.py`, let lapse in
`lapsing.py`, and do to a family in `family.py`.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.authority.bases import Words
from gateway.authority.in_flight import CallsInFlight
from gateway.ground.storage.failures import DiskFull
from gateway.ground.storage.storage import Storage, UnitOfWork
from gateway.ground.vault.entries import Entry, Tombstone
from gateway.ground.vault.journal import Journal
from gateway.ground.vault.sealing import Vault
from gateway.records.accounts import noes
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.families import store as families
from gateway.records.grants import store as grants
from gateway.records.grants.telling import ERASE, tell_asks, tell_erasure
from gateway.records.grants.types import STANDING_STATES, Change, Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.log import Ledger
from gateway.records.ledger.types import EVIDENCE, IDENTITY, Actor, ActorKind, Draft, Part, Recorded
from gateway.records.outbox import endpoints, lanes, queue
from gateway.records.outbox.letters import Letter, Pin, make_notice
from gateway.records.outbox.types import EndpointState, Event
from gateway.records.owed import store as owed
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy
from gateway.terms.ids import FamilyId, GrantId, PersonId, new_id
from gateway.terms.refusal import Refusal, Unavailable

_SO_ALREADY = frozenset({"nothing_to_change", "decided"})
"""Refusals that tell a caller that it is done: by an act before, which may have failed after its commit."""

Transition = Callable[[Grant, datetime], Change]
_EVENTS = {
    Kind.WITHDRAWN: Event.WITHDRAWN,
    Kind.WITHDRAWN_AT_PLATFORM: Event.WITHDRAWN,
    Kind.BURIED: Event.WITHDRAWN,
    Kind.PAUSED: Event.PAUSED,
    Kind.RESUMED: Event.RESUMED,
    Kind.SHORTENED: Event.SHORTENED,
    Kind.EXPIRED: Event.EXPIRED,
    Kind.RECONFIRM: Event.RECONFIRM,
}
"""What an app hears of a change; a decision narrows or renews, as it turns out."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a change to a grant left behind, in force when the act returns; `about`: the profile, of a person's own."""

    change: Change
    recorded: Recorded
    about: Account | None = None


@dataclass(frozen=True, slots=True)
class House:
    """The parts that acts work with; `gateway/server` puts them together.

    `issuer` names this gateway to apps; `has_notices` is set when there may be something new in the outbox.
    """

    storage: Storage
    clock: Clock
    entropy: Entropy
    vault: Vault
    ledger: Ledger
    journal: Journal
    in_flight: CallsInFlight
    issuer: str = ""
    has_notices: asyncio.Event = field(default_factory=asyncio.Event)
    _paying: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    @property
    def words(self) -> Words:
        """What people said about apps, with what only this process knows of it."""
        return Words(self.storage, self.clock, self.vault, self.in_flight.denied, self.in_flight.recalled)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[UnitOfWork]:
        """Open the unit of work of an act that ends something; that it is so already is said once nothing is owed."""
        try:
            async with self.storage.unit() as unit:
                yield unit
        except Refusal as refusal:
            if refusal.reason in _SO_ALREADY:
                await self.write_owed()
            raise

    async def change_grant(
        self, grant_id: GrantId, actor: Actor, *, kind: Kind, transition: Transition, request_id: str = "", **facts: Any
    ) -> Settled:
        """Lock the grant, check that the actor may, move it, record it with the facts, commit, and put it in force.

        Raises:
            Refusal: `not_found` (no such grant, or the person has no standing), `nothing_to_change`.
            DiskFull: nothing was done; what should have ended is denied for as long as this process lives.
            Unavailable: nothing was done; or, with reason `not_settled`, it is done but the tombstone is not on disk.
        """
        account: Account | None = None
        change: Change | None = None
        try:
            async with self.unit() as unit:
                grant = await self.lock_grant(unit, grant_id)
                account = await accounts.find(unit.connection, grant.account_id)
                now = self.clock.now()  # after the wait for the lock: what is written last, happened last
                await self.check_standing(unit, grant, actor, now)
                change = transition(grant, now)
                settled, ended = await self.record_change(
                    unit, change, actor, kind=kind, request_id=request_id, **facts
                )
                await unit.commit()
        except DiskFull:
            if change is not None:
                self.in_flight.deny(change.stopped)
                said_no = [ask_id for ask_id, is_no in change.noes.items() if is_no]
                self.in_flight.deny_person(self.vault, account, change.grant.app_id, said_no)
            raise
        await self.settle(change, ended, about=settled.about)
        return settled

    async def record_change(
        self, unit: UnitOfWork, change: Change, actor: Actor, *, kind: Kind, request_id: str = "", **facts: Any
    ) -> tuple[Settled, list[FamilyId]]:
        """Write a change, end the families that reach nothing any more, add its record and the app's notice of it.

        It owes the journal the tombstone. The caller commits, and calls `settle`. Where a platform told it, the fact
        `passed` names the asks under which data about the person ever passed without their yes.
        """
        await grants.save(unit.connection, change)
        # What ends nothing is told too: after a restore versions go on above every one that anybody saw.
        dead = tuple(sorted(change.ended))
        await owed.add(unit.connection, Tombstone(change.grant.id, change.grant.version, dead, kind.value, change.at))
        if change.stopped:
            live = {p.id for p in change.grant.live(change.at)}
            await lanes.void(unit.connection, change.grant.id, live, change.at)
        about = await self._note_noes(unit, change)
        standing = [p.id for p in change.grant.permissions if p.state in STANDING_STATES]
        ended = await families.end_unreachable(unit.connection, change.grant.id, standing, change.at)
        given = await grants.list_given_before(unit.connection, change)
        if kind is Kind.WITHDRAWN_AT_PLATFORM:
            asks = tell_erasure(change, given.union(facts["passed"]))
            facts |= await self._erasure_facts(unit, change.grant, asks) if asks else {}
        else:
            asks = tell_asks(change, given, is_own=about is not None)
        draft = Draft(
            kind=kind,
            at=change.at,
            actor=actor,
            facts={**facts, "permissions": [p.to_facts() for p in (*change.changed, *change.added)]},
            grant_id=change.grant.id,
            version=change.grant.version,
            app_id=change.grant.app_id,
            account_id=change.grant.account_id,
            request_id=request_id,
            parts=await self.parts_about(unit, actor, facts),
        )
        recorded = await self.ledger.append(unit.connection, draft)
        event = _EVENTS.get(kind, Event.NARROWED if change.stopped else Event.RENEWED)
        await self._tell_app(unit, change, recorded, event=event, asks=asks)
        return Settled(change, recorded, about), ended

    async def lock_grant(self, unit: UnitOfWork, grant_id: GrantId) -> Grant:
        """Lock and return a grant; the time of what is done to it is read after that, so that it cannot run backwards.

        Raises:
            Refusal: `not_found`.
        """
        grant = await grants.find(unit.connection, grant_id, lock=True)
        if grant is None:
            raise Refusal("not_found")
        return grant

    async def check_standing(self, unit: UnitOfWork, grant: Grant, actor: Actor, now: datetime) -> None:
        """Check that a person who acts on a grant may decide for its account.

        Raises:
            Refusal: `not_found`.
        """
        if actor.kind is not ActorKind.PERSON:
            return
        if await accounts.find_standing(unit.connection, grant.account_id, PersonId(actor.id), now) is None:
            raise Refusal("not_found")

    async def settle(self, change: Change, ended: list[FamilyId], *, about: Account | None = None) -> None:
        """Put a committed change in force: cut what it stopped, write the tombstone, publish the checkpoint.

        Raises:
            Unavailable: `not_settled`: recorded and cut here, but the tombstone did not reach the disk.
        """
        self.cut(change, ended, about=about)
        try:
            await self.write_owed()
        finally:
            self.has_notices.set()
        await self.ledger.publish()

    def cut(self, change: Change, ended: Collection[FamilyId], *, about: Account | None = None) -> None:
        """Cut what a committed change stopped, and go by what the database says of it now.

        `about` is the profile that it is of, whose person is in calls of the account that sees them.
        """
        self.in_flight.cut_permissions(change.stopped)
        self.in_flight.cut_families(ended)
        self.in_flight.believe_person(self.vault, about, change.grant.app_id, change.noes)
        self.in_flight.believe(change.stopped)

    async def write_owed(self) -> None:
        """Bring to the journal what acts owe it, this one's and earlier ones'; nothing is acknowledged before (I4).

        Raises:
            Unavailable: `not_settled`: the journal's disk did not take it; it stays owed.
        """
        try:
            async with self._paying:
                await self.storage.with_room(self._pay)
        except OSError as error:
            self.storage.note_failure(error)
            raise Unavailable("journal", reason="not_settled") from error
        except Unavailable as unavailable:
            raise Unavailable(unavailable.what, reason="not_settled") from unavailable

    async def _pay(self) -> None:
        """Write what is owed, then forget it; killed in between, it is written twice and says the same."""
        while waiting := await self._list_owed():
            try:
                await asyncio.to_thread(self.journal.append, list(waiting.values()))
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise DiskFull("journal") from error
                raise
            async with self.storage.unit() as unit:
                await owed.remove(unit.connection, waiting)
                await unit.commit()

    async def _list_owed(self) -> dict[int, Entry]:
        async with self.storage.read() as connection:
            return await owed.list_oldest(connection)

    async def _note_noes(self, unit: UnitOfWork, change: Change) -> Account | None:
        """Owe the journal what a person said of their own profile, and return that; None for any other account."""
        account = await accounts.find(unit.connection, change.grant.account_id)
        if account is None or account.parent_id is None:
            return None
        for entry in noes.draw_up(self.vault, account, change.grant.app_id, noes=change.noes, at=change.at):
            await owed.add(unit.connection, entry)
        return account

    async def parts_about(self, unit: UnitOfWork, actor: Actor, evidence: dict[str, Any]) -> tuple[Part, ...]:
        """Return the sealed parts of a record made in a person's name: who they are, and what they were shown."""
        if actor.kind not in {ActorKind.PERSON, ActorKind.OPERATOR}:
            return ()
        person = await people.find(unit.connection, PersonId(actor.id))
        if person is None:
            return ()
        who = named(person)
        return (who, Part(EVIDENCE, person.id, evidence)) if evidence else (who,)

    async def _erasure_facts(self, unit: UnitOfWork, grant: Grant, asks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Say for the receipt what the app is to erase, and whether it has an address at which it hears of it."""
        endpoint = await endpoints.find(unit.connection, grant.app_id)
        erase = [each["ask"] for each in asks if each["wanted"] == ERASE]
        return {"erase": erase, "is_told": endpoint is not None and endpoint.state is EndpointState.LIVE}

    async def _tell_app(
        self, unit: UnitOfWork, change: Change, recorded: Recorded, *, event: Event, asks: Sequence[dict[str, Any]]
    ) -> None:
        """Put the notice of a change into the outbox, where the app has an endpoint and there is something to tell."""
        grant = change.grant
        endpoint = await endpoints.find(unit.connection, grant.app_id) if asks else None
        account = await accounts.find(unit.connection, grant.account_id) if endpoint else None
        if endpoint is None or account is None:
            return
        facts = {"grant_id": grant.id, "version": grant.version, "account": account.external_id, "asks": asks}
        letter = Letter(new_id("nt", self.entropy), event, self.issuer, change.at, grant.id, facts)
        pin = Pin(recorded.size, recorded.root, recorded.note)
        is_live = endpoint.state is EndpointState.LIVE
        await queue.add(unit.connection, make_notice(letter, pin, app_id=grant.app_id, is_live=is_live))


def named(person: Person, **more: str) -> Part:
    """Return the part of a record that says who a person is, for the log to seal under that person's key."""
    return Part(IDENTITY, person.id, {"login": person.login, "name": person.name, **more})
