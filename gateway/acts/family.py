"""What acts that hand out or end tokens do alike: a family and its grant, locked, and what of it still stands."""

from dataclasses import dataclass
from datetime import datetime

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.apps.types import App
from gateway.records.families import store as families
from gateway.records.families.minting import FamilyHolding, Terms, list_held
from gateway.records.families.types import Family
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import FamilyId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Locked:
    """A family and its grant as they are while the grant's lock is held, and the time since when."""

    family: Family
    grant: Grant
    at: datetime


async def lock_family(house: House, unit: UnitOfWork, family_id: FamilyId) -> Locked:
    """Lock a family's grant, then read both; every path takes this lock before it spends anything."""
    grant_id = await families.find_grant_id(unit.connection, family_id)
    grant = await grants.find(unit.connection, grant_id, lock=True) if grant_id else None
    family = await families.find(unit.connection, family_id)
    if grant is None or family is None:
        raise AssertionError("families and their grants are never removed")
    return Locked(family, grant, house.clock.now())


async def end_family(house: House, unit: UnitOfWork, locked: Locked, *, cause: str) -> None:
    """End a family and record why; the caller commits, and cuts its calls."""
    family, now = locked.family, locked.at
    if not await families.end(unit.connection, family.id, now):
        return
    facts = {"grant": family.grant_id, "family": family.id, "cause": cause}
    actor = Actor(ActorKind.APP, family.app_id)
    await house.ledger.append(unit.connection, Draft(Kind.FAMILY_ENDED, now, actor, facts, app_id=family.app_id))


async def get_holding(unit: UnitOfWork, locked: Locked) -> FamilyHolding:
    """Return what a family still holds, in the order in which the app registered its asks.

    Raises:
        Refusal: `invalid_grant`: the family is over, or nothing of it stands.
    """
    family, grant = locked.family, locked.grant
    account = await accounts.find(unit.connection, grant.account_id)
    standing = [p for p in grant.permissions if p.id in family.permission_ids and p.is_standing(locked.at)]
    held = list_held(standing, await apps.list_ask_ids(unit.connection, grant.app_id), family.resources)
    if account is None or family.ended_at is not None or not held:
        raise Refusal("invalid_grant", "the grant is over")
    paused = frozenset(p.id for p in standing if not p.is_live(locked.at))
    return FamilyHolding(family.id, grant.id, account.platform, account.external_id, held, paused)


def terms_of(app: App, at: datetime, *, jkt: str | None, parent_hash: bytes | None = None) -> Terms:
    """Return on what terms an app gets tokens: bound to the key that it proved, a public app's refresh token too."""
    return Terms(at, app.may_refresh, parent_hash, access_jkt=jkt, refresh_jkt=None if app.is_confidential else jkt)
