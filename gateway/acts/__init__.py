"""The acts: the use cases that change records. One file, one act, one transaction.

Owns: what happens together or not at all; only acts open a unit of work. Must not know: HTTP, pages, who renders the
answer. An act takes `House`, the parts it works with, as its first argument.
To add one more: a module with one public coroutine wrapped in `shielded`; if it changes a grant, it goes through
`House.change_grant`, so that the log, the journal and the calls in flight cannot be forgotten.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.authority.in_flight import CallsInFlight
from gateway.ground.storage.storage import Storage, UnitOfWork
from gateway.ground.vault.journal import Journal, Tombstone
from gateway.ground.vault.sealing import Vault
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.families import store as families
from gateway.records.families.minting import Held, Holding, in_order
from gateway.records.families.types import Family
from gateway.records.grants import store as grants
from gateway.records.grants.types import STANDING_STATES, Change, Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.log import Ledger
from gateway.records.ledger.types import EVIDENCE, IDENTITY, Actor, ActorKind, Draft, Part, Recorded
from gateway.records.people import store as people
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy
from gateway.terms.ids import FamilyId, GrantId, PersonId
from gateway.terms.refusal import Refusal, Unavailable

Transition = Callable[[Grant, datetime], Change]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a change to a grant left behind, in force when the act returns."""

    change: Change
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class House:
    """The parts that acts work with; `gateway/server` puts them together."""

    storage: Storage
    clock: Clock
    entropy: Entropy
    vault: Vault
    ledger: Ledger
    journal: Journal
    in_flight: CallsInFlight

    async def change_grant(
        self, grant_id: GrantId, actor: Actor, *, kind: Kind, transition: Transition, request_id: str = ""
    ) -> Settled:
        """Lock the grant, check that the actor may, move it, record it, commit, and put it in force.

        Raises:
            Refusal: `not_found` (no such grant, or the person has no standing), `nothing_to_change`.
            Unavailable: nothing was done; or, with reason `not_settled`, it is done but the tombstone is not on disk.
        """
        async with self.storage.unit() as unit:
            now = self.clock.now()
            grant = await self._get_locked(unit, grant_id, actor, now)
            change = transition(grant, now)
            settled, ended = await self.record_change(unit, change, actor, kind=kind, request_id=request_id)
            await unit.commit()
        await self.settle(change, ended, cause=kind)
        return settled

    async def record_change(
        self, unit: UnitOfWork, change: Change, actor: Actor, *, kind: Kind, request_id: str = "", **facts: Any
    ) -> tuple[Settled, list[FamilyId]]:
        """Write a change, end the families that reach nothing any more, and add its record; the caller commits."""
        await grants.save(unit.connection, change)
        standing = [p.id for p in change.grant.permissions if p.state in STANDING_STATES]
        ended = await families.end_unreachable(unit.connection, change.grant.id, standing, change.at)
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
        return Settled(change, await self.ledger.append(unit.connection, draft)), ended

    async def get_locked_grant(self, unit: UnitOfWork, grant_id: GrantId) -> Grant:
        """Lock and return a grant that a family points at; every path takes this lock before it spends anything."""
        grant = await grants.find(unit.connection, grant_id, lock=True)
        if grant is None:
            raise AssertionError("a family points at a grant")
        return grant

    async def end_family(self, unit: UnitOfWork, family: Family, *, cause: str) -> None:
        """End a family and record why; the caller holds the grant's lock, commits, and cuts its calls."""
        now = self.clock.now()
        if not await families.end(unit.connection, family.id, now):
            return
        facts = {"grant": family.grant_id, "family": family.id, "cause": cause}
        actor = Actor(ActorKind.APP, family.app_id)
        await self.ledger.append(unit.connection, Draft(Kind.FAMILY_ENDED, now, actor, facts, app_id=family.app_id))

    async def holding(self, unit: UnitOfWork, family: Family, grant: Grant, now: datetime) -> Holding:
        """Return what a family still holds, in the order in which the app registered its asks.

        Raises:
            Refusal: `invalid_grant`: the family is over, or nothing of it stands.
        """
        account = await accounts.find(unit.connection, grant.account_id)
        standing = [p for p in grant.permissions if p.id in family.permission_ids and p.is_standing(now)]
        held = tuple(Held(p.id, p.ask_id, p.scope, p.purpose, p.ends_at) for p in standing if p.ends_at is not None)
        if account is None or family.ended_at is not None or not held:
            raise Refusal("invalid_grant", "the grant is over")
        registered = await apps.list_ask_ids(unit.connection, grant.app_id)
        return Holding(family.id, grant.id, account.external_id, in_order(held, registered))

    async def settle(self, change: Change, ended: list[FamilyId], *, cause: str) -> None:
        """Put a committed change in force: cut what it stopped, write the tombstone, publish the checkpoint.

        Raises:
            Unavailable: `not_settled`: recorded and cut here, but the tombstone did not reach the disk.
        """
        self.in_flight.cut_permissions(change.stopped)
        self.in_flight.cut_families(ended)
        if change.stopped:  # a pause ends nothing, and still must not be lost in a restore: the version tells of it
            stone = Tombstone(change.grant.id, change.grant.version, tuple(sorted(change.ended)), cause, change.at)
            try:
                await asyncio.to_thread(self.journal.append, [stone])
            except OSError as error:
                raise Unavailable("journal", reason="not_settled") from error
        await self.ledger.publish()

    async def parts_about(self, unit: UnitOfWork, actor: Actor, evidence: dict[str, Any]) -> tuple[Part, ...]:
        """Return the sealed parts of a record made in a person's name: who they are, and what they were shown."""
        if actor.kind not in {ActorKind.PERSON, ActorKind.OPERATOR}:
            return ()
        person = await people.find(unit.connection, PersonId(actor.id))
        if person is None:
            return ()
        named = Part(IDENTITY, person.id, {"login": person.login, "name": person.name})
        return (named, Part(EVIDENCE, person.id, evidence)) if evidence else (named,)

    async def _get_locked(self, unit: UnitOfWork, grant_id: GrantId, actor: Actor, now: datetime) -> Grant:
        grant = await grants.find(unit.connection, grant_id, lock=True)
        if grant is None:
            raise Refusal("not_found")
        if actor.kind is ActorKind.PERSON:
            standing = await accounts.find_standing(unit.connection, grant.account_id, PersonId(actor.id), now)
            if standing is None:
                raise Refusal("not_found")
        return grant
