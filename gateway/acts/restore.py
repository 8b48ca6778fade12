"""Restore: the database was put back to an earlier state; make it safe to serve (I4)."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.journal import Reading
from gateway.records.apps import own_tokens
from gateway.records.apps import store as apps
from gateway.records.apps.types import BEFORE_RESTORE, AppState
from gateway.records.families import store as families
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.outbox import lanes
from gateway.records.people import store as people
from gateway.records.people.types import Role
from gateway.terms.ids import AppId, PersonId


@dataclass(frozen=True, slots=True)
class Gap:
    """What was lost of the log: its size as it was put back, and that of the newest checkpoint signed before."""

    restored_size: int
    signed_size: int

    @property
    def records_lost(self) -> int:
        """Return how many records were signed and are no longer there."""
        return max(self.signed_size - self.restored_size, 0)


@shielded
async def restore(house: House, actor: Actor, gap: Gap) -> int:
    """End every token and session, shut again what the journal says is shut, and record that the log goes on from here.

    Nobody knows which tokens were given back in the gap, or who signed out; suspensions, ended secrets and lost roles
    stand in the journal. Tombstones, newer upstream credentials and destroyed keys were applied when the house was
    opened. What was signed beyond the restored log stays signed and is kept outside; the record names its size, so that
    a stranger who holds such a checkpoint finds the explanation.

    Returns:
        How many families of tokens ended.
    """
    kept = await asyncio.to_thread(house.journal.read)
    async with house.storage.unit() as unit:
        now = house.clock.now()
        ended = await families.end_every(unit.connection, now)
        facts: dict[str, Any] = {**asdict(gap), "families_ended": ended}
        facts["own_tokens_ended"] = await own_tokens.end_every(unit.connection, now)
        facts["sessions_ended"] = await people.end_every_session(unit.connection, now)
        facts |= await _shut_again(unit, kept, now)
        await lanes.void_all(unit.connection, now)
        await house.ledger.append(unit.connection, Draft(Kind.RESTORED, now, actor, facts))
        await unit.commit()
    await house.ledger.publish()
    return ended


async def _shut_again(unit: UnitOfWork, kept: Reading, now: datetime) -> dict[str, list[str]]:
    """Suspend, end and take away what the older database holds open; return what, by kind."""
    suspended = [
        app_id
        for app_id in kept.list_barred("app")
        if await apps.set_state(unit.connection, AppId(app_id), AppState.SUSPENDED, BEFORE_RESTORE)
    ]
    secrets = [
        hashed
        for hashed in kept.list_barred("secret")
        if await apps.end_secret(unit.connection, bytes.fromhex(hashed), now)
    ]
    roles = [name for name in kept.list_barred("role") if await _take_away(unit, name)]
    return {"apps_suspended": suspended, "secrets_ended": secrets, "roles_taken": roles}


async def _take_away(unit: UnitOfWork, name: str) -> bool:
    person_id, _, role = name.partition("/")
    person = await people.find(unit.connection, PersonId(person_id))
    if person is None or role not in person.roles:
        return False
    await people.set_roles(unit.connection, person.id, person.roles - {Role(role)})
    return True
