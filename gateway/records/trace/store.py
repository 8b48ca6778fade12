"""Questions on the trace, newest first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.trace.tables import trace_lines
from gateway.records.trace.types import ClosedLine, Ending, Line, Outcome
from gateway.terms.ids import AppId, GrantId


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A word that someone searched for, as what it may mean: one of these apps, outcomes, or routes (platform, id)."""

    app_ids: Collection[AppId] = ()
    outcomes: Collection[Outcome] = ()
    routes: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; None leaves a field open, and each of `matching` must hold.

    `before` is a cursor: (opened_at, id) of the last line seen.
    """

    grant_ids: Sequence[GrantId] | None = None
    app_id: AppId | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    request_id: str | None = None
    before: tuple[datetime, str] | None = None
    matching: Sequence[AnyOf] = ()


async def list_lines(connection: AsyncConnection, wanted: Filter, limit: int) -> list[ClosedLine]:
    """List lines, newest first."""
    query = _narrowed(select(trace_lines), wanted).order_by(trace_lines.c.opened_at.desc(), trace_lines.c.id.desc())
    return [_closed(row) for row in (await connection.execute(query.limit(limit))).mappings()]


async def find(connection: AsyncConnection, trace_id: str) -> ClosedLine | None:
    """Find one line."""
    row = (await connection.execute(select(trace_lines).where(trace_lines.c.id == trace_id))).mappings().first()
    return _closed(row) if row else None


async def count_since(
    connection: AsyncConnection, grant_ids: Sequence[GrantId], since: datetime
) -> dict[GrantId, tuple[int, datetime]]:
    """Count the calls under each grant since a moment, with the time of the newest."""
    query = (
        select(trace_lines.c.grant_id, func.count(), func.max(trace_lines.c.opened_at))
        .where(trace_lines.c.grant_id.in_(grant_ids), trace_lines.c.opened_at >= since)
        .group_by(trace_lines.c.grant_id)
    )
    return {GrantId(row[0]): (row[1], row[2]) for row in await connection.execute(query)}


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    table = trace_lines.c
    if wanted.grant_ids is not None:
        query = query.where(table.grant_id.in_(wanted.grant_ids))
    equals = {table.app_id: wanted.app_id, table.outcome: wanted.outcome, table.request_id: wanted.request_id}
    for column, value in equals.items():
        query = query if value is None else query.where(column == value)
    if wanted.since is not None:
        query = query.where(table.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.opened_at < wanted.until)
    for each in wanted.matching:
        outcomes = [outcome.value for outcome in each.outcomes]
        is_route = tuple_(table.platform, table.route).in_(list(each.routes))
        query = query.where(or_(table.app_id.in_(each.app_ids), table.outcome.in_(outcomes), is_route))
    if wanted.before is not None:
        at, seen = wanted.before
        query = query.where(or_(table.opened_at < at, and_(table.opened_at == at, table.id < seen)))
    return query


def _closed(row: RowMapping) -> ClosedLine:
    line = Line(**{name: row[name] for name in Line.__slots__})
    if row["outcome"] == Outcome.OPEN:
        return ClosedLine(line, None, None)
    fields: dict[str, Any] = {name: row[name] for name in Ending.__slots__}
    fields |= {"outcome": Outcome(row["outcome"]), "status": row["status"] or 0}
    return ClosedLine(line, Ending(**fields), row["closed_at"])
