"""Upstream apps that an app brought: its own registration at a platform, used in place of the gateway's.

An app has at most one on each platform, and an upstream app belongs to one app alone: two that shared one would end
each other's tokens at the platform.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.sealing import Place
from gateway.records.apps.tables import upstream_apps
from gateway.terms.ids import AppId, UpstreamAppId


@dataclass(frozen=True, slots=True)
class UpstreamApp:
    """An app's own app at a platform: `external_id` is its id there, the secret is sealed.

    So is the key that the platform signs its events with; None: nothing that it tells is heard.
    """

    id: UpstreamAppId
    app_id: AppId
    platform: str
    external_id: str
    sealed_secret: bytes = field(repr=False)
    brought_at: datetime
    sealed_event_key: bytes | None = field(default=None, repr=False)


_TELLING = Prepared(
    select(*[upstream_apps.c[name] for name in UpstreamApp.__slots__]).where(
        upstream_apps.c.platform == bindparam("at_platform"),
        upstream_apps.c.external_id == bindparam("known_as"),
        upstream_apps.c.sealed_event_key.is_not(None),
    )
)


def secret_place(upstream_id: UpstreamAppId) -> Place:
    """Return where the vault binds an upstream app's secret to."""
    return Place("upstream_apps", upstream_id, "sealed_secret")


def event_key_place(upstream_id: UpstreamAppId) -> Place:
    """Return where the vault binds the key of an upstream app's events to."""
    return Place("upstream_apps", upstream_id, "sealed_event_key")


async def look_up_telling(storage: Storage, platform: str, external_id: str) -> UpstreamApp | None:
    """Find, by one compiled look-up, the one with this id at a platform, if events that it tells are heard."""
    rows = await storage.point(_TELLING, at_platform=platform, known_as=external_id)
    return UpstreamApp(**dict(zip(UpstreamApp.__slots__, rows[0], strict=True))) if rows else None


async def find(
    connection: AsyncConnection, upstream_id: UpstreamAppId, *, platform: str, lock: bool = False
) -> UpstreamApp | None:
    """Find one of a platform by its id, which may be anything that a stranger sent; `lock` holds the row."""
    query = select(upstream_apps).where(upstream_apps.c.id == upstream_id, upstream_apps.c.platform == platform)
    return await _first(connection, query.with_for_update() if lock else query)


async def find_of(
    connection: AsyncConnection, app_id: AppId, platform: str, *, lock: bool = False
) -> UpstreamApp | None:
    """Find the one that an app brought for a platform; `lock` holds the row."""
    query = select(upstream_apps).where(upstream_apps.c.app_id == app_id, upstream_apps.c.platform == platform)
    return await _first(connection, query.with_for_update() if lock else query)


async def list_all(connection: AsyncConnection, app_id: AppId | None = None) -> list[UpstreamApp]:
    """List all of them, or those of one app, oldest first."""
    query = select(upstream_apps).order_by(upstream_apps.c.brought_at, upstream_apps.c.id)
    if app_id is not None:
        query = query.where(upstream_apps.c.app_id == app_id)
    return [UpstreamApp(**row) for row in (await connection.execute(query)).mappings()]


async def add(connection: AsyncConnection, upstream: UpstreamApp) -> None:
    """Add one; the app has one there, or the upstream app is another's: IntegrityError."""
    fields = {name: getattr(upstream, name) for name in upstream.__slots__}
    await connection.execute(insert(upstream_apps).values(**fields))


async def set_secret(connection: AsyncConnection, upstream_id: UpstreamAppId, sealed_secret: bytes) -> None:
    """Put another secret in the place of the one before."""
    known = update(upstream_apps).where(upstream_apps.c.id == upstream_id)
    await connection.execute(known.values(sealed_secret=sealed_secret))


async def set_event_key(connection: AsyncConnection, upstream_id: UpstreamAppId, sealed_key: bytes | None) -> None:
    """Put another key of its events in the place of the one before; None: nothing that it tells is heard."""
    known = update(upstream_apps).where(upstream_apps.c.id == upstream_id)
    await connection.execute(known.values(sealed_event_key=sealed_key))


async def remove(connection: AsyncConnection, upstream_id: UpstreamAppId) -> None:
    """Remove one, with its secret."""
    await connection.execute(delete(upstream_apps).where(upstream_apps.c.id == upstream_id))


async def _first(connection: AsyncConnection, query: Select[Any]) -> UpstreamApp | None:
    row = (await connection.execute(query)).mappings().first()
    return UpstreamApp(**row) if row else None
