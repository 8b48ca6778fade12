"""The notices that wait, are taken on, and are over."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.outbox.tables import event_copies, notice_endpoints, outbox
from gateway.records.outbox.types import EndpointState, Notice, NoticeState
from gateway.terms.ids import AppId, GrantId

Place = tuple[datetime, str]
_WAITING = outbox.c.state == NoticeState.WAITING.value
_IS_EVENT = outbox.c.version.is_(None)


async def add(connection: AsyncConnection, notice: Notice) -> None:
    """Put a notice into the outbox."""
    await connection.execute(insert(outbox).values(**{name: getattr(notice, name) for name in notice.__slots__}))


async def take(
    connection: AsyncConnection, now: datetime, until: datetime, *, limit: int, busy: Collection[AppId]
) -> list[Notice]:
    """Take on the notices that are due, and hold them until `until`.

    Of one grant only one is under way at a time, and of those that are due the lowest version goes first. One that
    waits for its next try holds up no later one: that tells all that it would have told.

    Args:
        connection: of the unit of work.
        now: what is due by then.
        until: when others may take them on, should this one not come back.
        limit: how many at most.
        busy: apps that have enough under way.
    """
    other = outbox.alias()
    in_its_way = exists().where(
        other.c.grant_id == outbox.c.grant_id,
        other.c.id != outbox.c.id,
        other.c.state == NoticeState.WAITING.value,
        or_(other.c.leased_until > now, and_(other.c.version < outbox.c.version, other.c.next_try_at <= now)),
    )
    query = (
        select(outbox)
        .join(notice_endpoints, notice_endpoints.c.app_id == outbox.c.app_id)
        .where(_WAITING, outbox.c.next_try_at <= now, notice_endpoints.c.state == EndpointState.LIVE.value)
        .where(or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now), ~in_its_way)
        .where(outbox.c.app_id.not_in(busy))
        .order_by(outbox.c.next_try_at, outbox.c.version, outbox.c.id)
        .limit(limit)
        .with_for_update(of=outbox, skip_locked=True)
    )
    return [_notice({**row, "leased_until": until}) for row in (await connection.execute(query)).mappings()]


async def hold(connection: AsyncConnection, notices: Collection[Notice], until: datetime) -> None:
    """Write down that these notices are under way until then."""
    ids = [notice.id for notice in notices]
    await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(leased_until=until))


async def close(
    connection: AsyncConnection, notice: Notice, state: NoticeState, *, outcome: str, now: datetime
) -> None:
    """Write down how a try ended a notice; what arrived has arrived, though it was let go meanwhile."""
    known = outbox.c.id == notice.id if state is NoticeState.DELIVERED else and_(outbox.c.id == notice.id, _WAITING)
    fields = {"state": state.value, "tries": outbox.c.tries + 1, "outcome": outcome, "settled_at": now}
    await connection.execute(update(outbox).where(known).values(**fields, leased_until=None))


async def put_off(connection: AsyncConnection, notice: Notice, until: datetime, *, outcome: str) -> None:
    """Write down a try that failed and when the next is; nothing if another took it on since."""
    known = outbox.c.id == notice.id, _WAITING, outbox.c.leased_until == notice.leased_until
    fields = {"tries": notice.tries + 1, "outcome": outcome, "next_try_at": until, "leased_until": None}
    await connection.execute(update(outbox).where(*known).values(**fields))


async def supersede(connection: AsyncConnection, grant_id: GrantId, version: int, now: datetime) -> None:
    """Let go of the notices of a grant that a later version overtook."""
    late = update(outbox).where(_WAITING, outbox.c.grant_id == grant_id, outbox.c.version < version)
    await connection.execute(late.values(state=NoticeState.SUPERSEDED.value, settled_at=now, leased_until=None))


async def hold_lines(connection: AsyncConnection, *which: ColumnElement[bool]) -> None:
    """Hold lines, in one order, before several are changed: else two who meet at some could wait for each other."""
    held = select(outbox.c.id).where(*which).order_by(outbox.c.id).with_for_update().subquery()
    await connection.execute(select(func.count()).select_from(held))


async def let_go(connection: AsyncConnection, app_id: AppId, now: datetime) -> None:
    """Let go of all that waits for an app, and destroy its copies of events: there is nowhere to send it."""
    waiting = outbox.c.app_id == app_id, outbox.c.state.in_([NoticeState.WAITING.value, NoticeState.QUEUED.value])
    gone = {"state": NoticeState.GONE.value, "settled_at": now, "leased_until": None}
    await hold_lines(connection, *waiting)
    await connection.execute(update(outbox).where(*waiting).values(**gone))
    over = select(outbox.c.id).where(outbox.c.app_id == app_id, _IS_EVENT, outbox.c.state == NoticeState.GONE.value)
    await connection.execute(delete(event_copies).where(event_copies.c.id.in_(over)))


async def has(connection: AsyncConnection, app_id: AppId, notice_id: str) -> bool:
    """Say whether the app's delivery log has such a line."""
    query = select(outbox.c.id).where(outbox.c.id == notice_id, outbox.c.app_id == app_id)
    return (await connection.execute(query)).first() is not None


async def renew(connection: AsyncConnection, app_id: AppId, notice_id: str, now: datetime) -> bool:
    """Let a notice that is over be sent again; False if there is none such of this app's.

    Its tries and its last outcome stay: the log tells all that was tried. What the app got of an event was destroyed.
    """
    known = outbox.c.id == notice_id, outbox.c.app_id == app_id, ~_WAITING, ~_IS_EVENT
    fields = {"state": NoticeState.WAITING.value, "next_try_at": now, "settled_at": None}
    return (await connection.execute(update(outbox).where(*known).values(**fields))).rowcount == 1


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Delete the notices that were over before then, but for each grant's newest; return how many.

    The newest stays because a person's page says by it whether the app heard of their latest change.
    """
    newer = outbox.alias()
    is_newest = outbox.c.grant_id.is_not(None) & ~exists().where(
        newer.c.grant_id == outbox.c.grant_id, newer.c.version > outbox.c.version
    )
    old = ~_WAITING, ~_IS_EVENT, outbox.c.settled_at < before, ~is_newest
    return (await connection.execute(delete(outbox).where(*old))).rowcount


async def list_of_app(connection: AsyncConnection, app_id: AppId, limit: int, *, before: Place | None) -> list[Notice]:
    """List an app's notices, newest first."""
    query = select(outbox).where(outbox.c.app_id == app_id)
    if before is not None:
        at, notice_id = before
        query = query.where(or_(outbox.c.created_at < at, and_(outbox.c.created_at == at, outbox.c.id < notice_id)))
    query = query.order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(limit)
    return [_notice(row) for row in (await connection.execute(query)).mappings()]


async def find_newest(connection: AsyncConnection, grant_id: GrantId) -> Notice | None:
    """Find the notice about a grant's latest change that its app was to hear of."""
    query = select(outbox).where(outbox.c.grant_id == grant_id, ~_IS_EVENT).order_by(outbox.c.version.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return _notice(row) if row else None


def _notice(row: RowMapping | dict[str, Any]) -> Notice:
    fields: dict[str, Any] = {**row, "state": NoticeState(row["state"])}
    return Notice(**fields)
