"""Copies of events: one lane for each grant, in the order in which they came; taken on by lanes, destroyed one by one.

A copy that fails holds up those behind it, so that an app never gets a later event before an earlier one. When the lane
is tried again is written down with the lane.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.schema import Instant
from gateway.records.outbox.queue import hold_lines
from gateway.records.outbox.tables import event_copies, event_lanes, notice_endpoints, outbox
from gateway.records.outbox.types import Copy, EndpointState, NoticeState
from gateway.terms.ids import AppId, GrantId, PermissionId, UpstreamAppId

_ADD_LINE = Prepared(insert(outbox))
_ADD_COPY = Prepared(insert(event_copies))
_QUEUED = outbox.c.state == NoticeState.QUEUED.value


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """The end of a grant's lane, held by its row: the newest number, and how many wait."""

    newest: int
    waiting: int


async def add(connection: AsyncConnection, grant_id: GrantId, app_id: AppId) -> None:
    """Add a grant's lane, in which nothing waits; one that is there already raises IntegrityError."""
    await connection.execute(insert(event_lanes).values(grant_id=grant_id, app_id=app_id, newest=0))


async def hold_end(connection: AsyncConnection, grant_id: GrantId, now: datetime) -> LaneEnd | None:
    """Hold a grant's lane until the unit ends, and make it due unless it waits for its next try; None: none."""
    known = event_lanes.c.grant_id == grant_id
    due = func.coalesce(event_lanes.c.next_try_at, literal(now, Instant))
    if (await connection.execute(update(event_lanes).where(known).values(next_try_at=due))).rowcount == 0:
        return None
    newest = (await connection.execute(select(event_lanes.c.newest).where(known))).scalar_one()
    first = select(func.min(event_copies.c.number)).where(event_copies.c.grant_id == grant_id)
    oldest = (await connection.execute(first)).scalar_one()
    return LaneEnd(newest, 0 if oldest is None else newest - oldest + 1)


async def append(connection: AsyncConnection, app_id: AppId, copies: Sequence[Copy], *, after: int) -> None:
    """Append copies to a grant's lane whose end, `after`, is held; each gets the next number and a line in the log."""
    if not copies:
        return
    await _ADD_LINE.run_each(connection, [_line(copy, app_id, NoticeState.QUEUED) for copy in copies])
    rows = [_row(copy, number) for number, copy in enumerate(copies, start=after + 1)]
    await _ADD_COPY.run_each(connection, rows)
    held = update(event_lanes).where(event_lanes.c.grant_id == copies[0].grant_id)
    await connection.execute(held.values(newest=after + len(copies)))


async def drop(connection: AsyncConnection, app_id: AppId, copies: Sequence[Copy]) -> None:
    """Write down copies that are not kept, since too many wait."""
    if copies:
        dropped = [
            {**_line(copy, app_id, NoticeState.GIVEN_UP), "outcome": "too_many", "settled_at": copy.created_at}
            for copy in copies
        ]
        await _ADD_LINE.run_each(connection, dropped)


@dataclass(frozen=True, slots=True)
class Due:
    """A lane that is due."""

    grant_id: GrantId
    app_id: AppId


async def list_due(connection: AsyncConnection, now: datetime, *, limit: int, busy: Collection[AppId]) -> list[Due]:
    """Hold lanes that are due until the unit ends, but for those of busy apps."""
    query = (
        select(event_lanes.c.grant_id, event_lanes.c.app_id)
        .join(notice_endpoints, notice_endpoints.c.app_id == event_lanes.c.app_id)
        .where(event_lanes.c.next_try_at <= now, notice_endpoints.c.state == EndpointState.LIVE.value)
        .where(event_lanes.c.leased_until.is_(None) | (event_lanes.c.leased_until <= now))
        .where(event_lanes.c.app_id.not_in(busy))
        .order_by(event_lanes.c.next_try_at, event_lanes.c.grant_id)
        .limit(limit)
        .with_for_update(of=event_lanes, skip_locked=True)
    )
    return [Due(GrantId(row.grant_id), AppId(row.app_id)) for row in await connection.execute(query)]


async def lease(connection: AsyncConnection, due: Collection[Due], until: datetime) -> None:
    """Write down that these lanes are under way until then."""
    named = event_lanes.c.grant_id.in_([each.grant_id for each in due])
    await connection.execute(update(event_lanes).where(named).values(leased_until=until))


async def list_next(connection: AsyncConnection, grant_id: GrantId, limit: int) -> list[Copy]:
    """List the next copies of a lane, oldest first."""
    query = (
        select(event_copies, outbox.c.event)
        .join(outbox, outbox.c.id == event_copies.c.id)
        .where(event_copies.c.grant_id == grant_id)
        .order_by(event_copies.c.number)
        .limit(limit)
    )
    return [_copy(row) for row in (await connection.execute(query)).mappings()]


_END = Prepared(
    update(outbox)
    .where(outbox.c.id == bindparam("line_id"), _QUEUED)
    .values(
        state=bindparam("new_state"),
        tries=outbox.c.tries + bindparam("more_tries"),
        outcome=bindparam("new_outcome"),
        settled_at=bindparam("new_settled_at"),
    )
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a copy ended; `tries` were made since it was taken on."""

    copy_id: str
    state: NoticeState
    outcome: str
    tries: int = 1


async def end(connection: AsyncConnection, ended: Collection[Ended], now: datetime) -> None:
    """Write down how copies ended, and destroy them."""
    rows = [
        {
            "line_id": each.copy_id,
            "new_state": each.state.value,
            "more_tries": each.tries,
            "new_outcome": each.outcome,
            "new_settled_at": now,
        }
        for each in ended
    ]
    if rows:
        await hold_lines(connection, outbox.c.id.in_([each.copy_id for each in ended]))
        await _END.run_each(connection, rows)
        await connection.execute(delete(event_copies).where(event_copies.c.id.in_([each.copy_id for each in ended])))


async def find_tries(connection: AsyncConnection, copy_id: str) -> int:
    """Return how often a copy was tried that still waits; one that is over needs no other try."""
    query = select(outbox.c.tries).where(outbox.c.id == copy_id, _QUEUED)
    return (await connection.execute(query)).scalar_one_or_none() or 0


async def put_off(connection: AsyncConnection, copy_id: str, until: datetime, *, outcome: str) -> None:
    """Write down a try of a copy that failed."""
    failed = {"tries": outbox.c.tries + 1, "outcome": outcome, "next_try_at": until}
    await connection.execute(update(outbox).where(outbox.c.id == copy_id, _QUEUED).values(**failed))


async def release(
    connection: AsyncConnection, grant_id: GrantId, leased_until: datetime, *, next_try_at: datetime
) -> None:
    """Give a lane back, to be taken on again at `next_try_at`, or never where nothing waits in it.

    Nothing where its lease ran out and another took it on. The row is held before it is seen whether something waits:
    what is added meanwhile waits for it, and makes the lane due after us.
    """
    known = event_lanes.c.grant_id == grant_id, event_lanes.c.leased_until == leased_until
    freed = update(event_lanes).where(*known).values(leased_until=None, next_try_at=next_try_at)
    if (await connection.execute(freed)).rowcount == 0:
        return
    waits = select(event_copies.c.id).where(event_copies.c.grant_id == grant_id).limit(1)
    if (await connection.execute(waits)).first() is None:
        idle = update(event_lanes).where(event_lanes.c.grant_id == grant_id)
        await connection.execute(idle.values(next_try_at=None))


async def wake(connection: AsyncConnection, app_id: AppId, now: datetime) -> None:
    """Make an app's lanes due now, where something waits: its endpoint was set anew."""
    waiting = event_lanes.c.app_id == app_id, event_lanes.c.next_try_at.is_not(None)
    await connection.execute(update(event_lanes).where(*waiting).values(next_try_at=now))


async def void(connection: AsyncConnection, grant_id: GrantId, live: Collection[PermissionId], now: datetime) -> None:
    """Destroy the copies of a grant that rest on none of the permissions that live now (I1)."""
    of_grant = event_copies.c.grant_id == grant_id
    rests = [
        row.rests_on for row in await connection.execute(select(event_copies.c.rests_on).where(of_grant).distinct())
    ]
    dead = [each for each in rests if set(live).isdisjoint(each.split())]
    if not dead:
        return
    named = select(event_copies.c.id).where(of_grant, event_copies.c.rests_on.in_(dead))
    over = {"state": NoticeState.VOID.value, "outcome": "ended", "settled_at": now}
    await hold_lines(connection, outbox.c.id.in_(named))
    await connection.execute(update(outbox).where(outbox.c.id.in_(named), _QUEUED).values(**over))
    await connection.execute(delete(event_copies).where(of_grant, event_copies.c.rests_on.in_(dead)))


async def void_heard(connection: AsyncConnection, brought_id: UpstreamAppId, now: datetime) -> None:
    """Destroy the copies that came through an upstream app that is taken back."""
    heard = event_copies.c.brought_id == brought_id
    over = {"state": NoticeState.VOID.value, "outcome": "ended", "settled_at": now}
    named = select(event_copies.c.id).where(heard)
    await hold_lines(connection, outbox.c.id.in_(named))
    await connection.execute(update(outbox).where(outbox.c.id.in_(named), _QUEUED).values(**over))
    await connection.execute(delete(event_copies).where(heard))


async def void_all(connection: AsyncConnection, now: datetime) -> None:
    """Destroy every copy, and say so in the lines that wait, also of copies that a backup left out."""
    over = {"state": NoticeState.VOID.value, "outcome": "ended", "settled_at": now}
    await connection.execute(update(outbox).where(_QUEUED).values(**over))
    await connection.execute(delete(event_copies))


async def give_up(connection: AsyncConnection, before: datetime, now: datetime, *, limit: int) -> int:
    """Destroy some of the copies that came before then; return how many (I6)."""
    old = select(event_copies.c.id).where(event_copies.c.created_at < before).limit(limit)
    ids = [row.id for row in await connection.execute(old)]
    over = {"state": NoticeState.GIVEN_UP.value, "settled_at": now}
    await hold_lines(connection, outbox.c.id.in_(ids))
    await connection.execute(update(outbox).where(outbox.c.id.in_(ids), _QUEUED).values(**over))
    await connection.execute(delete(event_copies).where(event_copies.c.id.in_(ids)))
    return len(ids)


async def forget(connection: AsyncConnection, before: datetime, *, limit: int) -> int:
    """Delete some lines of copies that were over before then; return how many."""
    old = select(outbox.c.id).where(outbox.c.version.is_(None), outbox.c.settled_at < before).limit(limit)
    return (await connection.execute(delete(outbox).where(outbox.c.id.in_(old.scalar_subquery())))).rowcount


def _line(copy: Copy, app_id: AppId, state: NoticeState) -> dict[str, Any]:
    """Return what the delivery log says of a copy: everything but the copy."""
    return {
        "id": copy.id,
        "app_id": app_id,
        "grant_id": copy.grant_id,
        "version": None,
        "event": copy.event,
        "body": b"",
        "state": state.value,
        "tries": 0,
        "next_try_at": copy.created_at,
        "leased_until": None,
        "outcome": "",
        "created_at": copy.created_at,
        "settled_at": None,
    }


def _row(copy: Copy, number: int) -> dict[str, Any]:
    fields = {name: getattr(copy, name) for name in ("id", "grant_id", "sealed", "created_at", "brought_id")}
    return {**fields, "number": number, "rests_on": " ".join(sorted(copy.rests_on))}


def _copy(row: RowMapping) -> Copy:
    rests_on = frozenset(PermissionId(each) for each in row["rests_on"].split())
    return Copy(**{**{name: row[name] for name in Copy.__slots__}, "rests_on": rests_on})
