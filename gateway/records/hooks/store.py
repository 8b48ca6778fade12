"""Questions on arrivals, and on where platforms tell."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.storage import Storage
from gateway.records.hooks.tables import hook_arrivals, hook_points, hook_registrations
from gateway.records.hooks.types import HookPoint, Registered
from gateway.terms.ids import AccountId

_ADD = Prepared(insert(hook_arrivals))
_POINT = Prepared(
    select(*[hook_points.c[name] for name in HookPoint.__slots__]).where(hook_points.c.id == bindparam("point_id"))
)


async def list_known(connection: AsyncConnection, hashed_names: Collection[bytes]) -> set[bytes]:
    """List those that were taken before."""
    query = select(hook_arrivals.c.hashed_name).where(hook_arrivals.c.hashed_name.in_(hashed_names))
    return {row.hashed_name for row in await connection.execute(query)}


async def add(connection: AsyncConnection, until: Mapping[bytes, datetime]) -> None:
    """Remember arrivals, each until its time; one that another process took meanwhile raises IntegrityError."""
    await _ADD.run_each(connection, [{"hashed_name": name, "forget_at": at} for name, at in until.items()])


async def forget(connection: AsyncConnection, now: datetime, *, limit: int) -> int:
    """Forget some of those whose time is over; return how many."""
    old = select(hook_arrivals.c.hashed_name).where(hook_arrivals.c.forget_at <= now).limit(limit)
    query = delete(hook_arrivals).where(hook_arrivals.c.hashed_name.in_(old.scalar_subquery()))
    return (await connection.execute(query)).rowcount


async def look_up_point(storage: Storage, point_id: str) -> HookPoint | None:
    """Find an address by its id, by one compiled look-up."""
    rows = await storage.point(_POINT, point_id=point_id)
    return HookPoint(*rows[0]) if rows else None


async def find_registered(connection: AsyncConnection, account_id: AccountId) -> Registered | None:
    """Find an account's address and what is registered there."""
    query = select(hook_points).where(hook_points.c.account_id == account_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    known = select(hook_registrations).where(hook_registrations.c.point_id == row["id"])
    found = {each.name: each.upstream_id for each in await connection.execute(known)}
    return Registered(HookPoint(**row), found)


async def add_point(connection: AsyncConnection, point: HookPoint) -> None:
    """Add an address."""
    await connection.execute(insert(hook_points).values(**{name: getattr(point, name) for name in point.__slots__}))


async def remove_point(connection: AsyncConnection, point_id: str) -> None:
    """Forget an address at which nothing is registered any more."""
    await connection.execute(delete(hook_points).where(hook_points.c.id == point_id))


async def add_registration(
    connection: AsyncConnection, point_id: str, name: str, *, upstream_id: str, now: datetime
) -> None:
    """Write down what the platform was asked to tell."""
    fields = {"point_id": point_id, "name": name, "upstream_id": upstream_id, "registered_at": now}
    await connection.execute(insert(hook_registrations).values(**fields))


async def remove_registration(connection: AsyncConnection, point_id: str, name: str) -> None:
    """Forget what the platform tells no more."""
    known = hook_registrations.c.point_id == point_id, hook_registrations.c.name == name
    await connection.execute(delete(hook_registrations).where(*known))
