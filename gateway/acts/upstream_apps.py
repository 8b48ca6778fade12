"""Upstream apps: an app brings its own app at a platform, through which its calls go, or takes it back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.apps import upstreams
from gateway.records.apps.upstreams import UpstreamApp, event_key_place, secret_place
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.outbox import lanes
from gateway.terms.ids import AppId, UpstreamAppId, new_id
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Brought:
    """What an app brings: its id and secret at a platform.

    `raw_event_key`: what the platform signs the upstream app's events with; "" takes it away, None says nothing of it.
    """

    app_id: AppId
    platform: str
    external_id: str
    raw_secret: str = field(repr=False)
    raw_event_key: str | None = field(default=None, repr=False)


@shielded
async def bring_upstream(house: House, brought: Brought, actor: Actor) -> None:
    """Let an app's calls go through its own upstream app from now on; said again, it has another secret.

    Accounts have to be linked under it first: no connection of the gateway's own upstream app serves in its place. One
    that the app brought before is removed.

    Raises:
        Refusal: `not_found`: no such app, or one that registered itself; `upstream_app_taken`: another app brought it.
    """
    async with house.storage.unit() as unit:
        app = await apps.find(unit.connection, brought.app_id, lock=True)
        if app is None or app.is_dynamic:
            raise Refusal("not_found", "no operator registered such an app")
        now = house.clock.now()
        known = await upstreams.find_of(unit.connection, brought.app_id, brought.platform, lock=True)
        facts = _facts(brought)
        if known is not None and known.external_id == brought.external_id:
            await upstreams.set_secret(unit.connection, known.id, _sealed(house, known.id, brought))
        else:
            if known is not None:
                await _remove(unit, known, now)
                facts["unconnected"] = {"brought": known.id}
            known = await _add(house, unit, brought, now)
        await _set_event_key(house, unit, known, brought)
        draft = Draft(Kind.UPSTREAM_BROUGHT, now, actor, facts, app_id=brought.app_id)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()


@shielded
async def remove_upstream(house: House, app_id: AppId, platform: str, actor: Actor) -> None:
    """Take an app's upstream app away, with its secrets and every connection through it; the gateway's serves again.

    What it told and no app was brought yet is destroyed.

    Raises:
        Refusal: `not_found`.
    """
    async with house.storage.unit() as unit:
        app = await apps.find(unit.connection, app_id, lock=True)
        known = await upstreams.find_of(unit.connection, app_id, platform, lock=True) if app else None
        if known is None:
            raise Refusal("not_found")
        now = house.clock.now()
        await _remove(unit, known, now)
        facts = {"platform": platform, "upstream_app": known.external_id, "unconnected": {"brought": known.id}}
        draft = Draft(Kind.UPSTREAM_REMOVED, now, actor, facts, app_id=app_id)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    await house.ledger.publish()


async def _add(house: House, unit: UnitOfWork, brought: Brought, now: datetime) -> UpstreamApp:
    upstream_id = UpstreamAppId(new_id("ua", house.entropy))
    sealed = _sealed(house, upstream_id, brought)
    fresh = UpstreamApp(upstream_id, brought.app_id, brought.platform, brought.external_id, sealed, now)
    if not await unit.is_added(upstreams.add(unit.connection, fresh)):
        raise Refusal("upstream_app_taken")
    return fresh


async def _set_event_key(house: House, unit: UnitOfWork, known: UpstreamApp, brought: Brought) -> None:
    """Keep the key of its events, where one is said; what came under the one before still goes out."""
    if brought.raw_event_key is None:
        return
    raw_key = brought.raw_event_key.encode()
    sealed = house.vault.seal(raw_key, event_key_place(known.id)) if raw_key else None
    await upstreams.set_event_key(unit.connection, known.id, sealed)


def _facts(brought: Brought) -> dict[str, Any]:
    facts = {"platform": brought.platform, "upstream_app": brought.external_id}
    if brought.raw_event_key is None:
        return facts
    return {**facts, "events": "heard" if brought.raw_event_key else "not_heard"}


async def _remove(unit: UnitOfWork, known: UpstreamApp, now: datetime) -> None:
    await upstreams.remove(unit.connection, known.id)
    await accounts.remove_connections(unit.connection, known.id)
    await lanes.void_heard(unit.connection, known.id, now)


def _sealed(house: House, upstream_id: UpstreamAppId, brought: Brought) -> bytes:
    return house.vault.seal(brought.raw_secret.encode(), secret_place(upstream_id))
