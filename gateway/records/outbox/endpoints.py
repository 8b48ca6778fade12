"""Questions and changes on endpoints and signing keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.outbox.tables import notice_endpoints, notice_keys
from gateway.records.outbox.types import Endpoint, EndpointState, SigningKey
from gateway.terms.ids import AppId


async def find(connection: AsyncConnection, app_id: AppId) -> Endpoint | None:
    """Find where an app hears of changes."""
    query = select(notice_endpoints).where(notice_endpoints.c.app_id == app_id)
    row = (await connection.execute(query)).mappings().first()
    return _endpoint(row) if row else None


async def save(connection: AsyncConnection, endpoint: Endpoint) -> None:
    """Set an app's endpoint; the caller holds the app's row."""
    fields = {"url": endpoint.url, "state": endpoint.state.value, "changed_at": endpoint.changed_at}
    known = update(notice_endpoints).where(notice_endpoints.c.app_id == endpoint.app_id)
    if (await connection.execute(known.values(**fields))).rowcount == 0:
        await connection.execute(insert(notice_endpoints).values(app_id=endpoint.app_id, **fields))


async def mark_gone(connection: AsyncConnection, endpoint: Endpoint, now: datetime) -> bool:
    """Mark an endpoint gone; False if it was set anew, or is gone, since it was read."""
    same = (
        notice_endpoints.c.app_id == endpoint.app_id,
        notice_endpoints.c.changed_at == endpoint.changed_at,
        notice_endpoints.c.state == EndpointState.LIVE.value,
    )
    gone = update(notice_endpoints).where(*same).values(state=EndpointState.GONE.value, changed_at=now)
    return (await connection.execute(gone)).rowcount == 1


async def remove(connection: AsyncConnection, app_id: AppId, now: datetime) -> bool:
    """Forget an app's endpoint and end its keys; False if it has none."""
    found = await connection.execute(delete(notice_endpoints).where(notice_endpoints.c.app_id == app_id))
    await end_keys(connection, app_id, keep=0, now=now)
    return found.rowcount == 1


async def add_key(connection: AsyncConnection, key: SigningKey) -> None:
    """Add a signing key."""
    await connection.execute(insert(notice_keys).values(**{name: getattr(key, name) for name in key.__slots__}))


async def end_keys(connection: AsyncConnection, app_id: AppId, *, keep: int, now: datetime) -> None:
    """End all live keys of the app but the `keep` newest; what they sealed is destroyed with them."""
    over = [key.id for key in (await list_live_keys(connection, app_id))[keep:]]
    ended = update(notice_keys).where(notice_keys.c.id.in_(over))
    await connection.execute(ended.values(ended_at=now, sealed_secret=b"", sealed_seed=b""))


async def list_live_keys(connection: AsyncConnection, app_id: AppId) -> list[SigningKey]:
    """List the keys that sign, newest first."""
    return [key for key in await list_keys(connection, app_id) if key.ended_at is None]


async def list_keys(connection: AsyncConnection, app_id: AppId) -> list[SigningKey]:
    """List every key that the app ever had, newest first."""
    query = select(notice_keys).where(notice_keys.c.app_id == app_id).order_by(notice_keys.c.number.desc())
    return [SigningKey(**row) for row in (await connection.execute(query)).mappings()]


def _endpoint(row: RowMapping) -> Endpoint:
    fields: dict[str, Any] = {**row, "state": EndpointState(row["state"])}
    return Endpoint(**fields)
