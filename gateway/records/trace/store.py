"""Questions on the trace, newest first."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TableValuedAlias,
    Text,
    and_,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.trace.entries import Entry, is_readable, lines_as_stored, read_line
from gateway.records.trace.soundness import unfold
from gateway.records.trace.tables import is_not_opened, trace_lines
from gateway.records.trace.types import NOT_SENT, PLATFORM_REFUSED, Outcome
from gateway.terms.ids import AppId, AskId, GrantId

_IS_CALL = trace_lines.c.reason.is_distinct_from(NOT_SENT)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A word that someone searched for, as what it may mean.

    One of these apps, outcomes, routes (platform, id), reasons of an ending, ids (of line or request), grants,
    accounts, or asks, each with the apps that have it.
    """

    app_ids: Collection[AppId] = ()
    outcomes: Collection[Outcome] = ()
    routes: Collection[tuple[str, str]] = ()
    reasons: Collection[str] = ()
    ids: Collection[str] = ()
    grant_ids: Collection[str] = ()
    account_ids: Collection[str] = ()
    asks: Mapping[AskId, Collection[AppId]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; None leaves a field open, and each of `matching` must hold.

    `is_masked`: something was withheld of what passed. `before` is a cursor: (opened_at, id) of the last line seen.
    `about_people` are grants beside `grant_ids`, each after a moment, of which only what was about somebody counts, or
    may have been: a line that is not closed.
    """

    grant_ids: Sequence[GrantId] | None = None
    app_id: AppId | None = None
    outcome: Outcome | None = None
    is_masked: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    request_id: str | None = None
    before: tuple[datetime, str] | None = None
    matching: Sequence[AnyOf] = ()
    about_people: Mapping[GrantId, datetime] = field(default_factory=dict)


async def list_lines(connection: AsyncConnection, wanted: Filter, limit: int) -> list[Entry]:
    """List lines, newest first; one that was changed to what cannot be read stands in its place."""
    query = _ended_so(connection, _narrowed(lines_as_stored(connection), wanted), wanted)
    newest_first = query.order_by(trace_lines.c.opened_at.desc(), trace_lines.c.id.desc())
    return [read_line(row) for row in (await connection.execute(newest_first.limit(limit))).mappings()]


async def count_lines(connection: AsyncConnection, wanted: Filter) -> int:
    """Count the lines that `list_lines` would list in all."""
    query = _narrowed(select(func.count()).select_from(trace_lines), wanted)
    return int((await connection.execute(_ended_so(connection, query, wanted))).scalar_one())


async def find(connection: AsyncConnection, trace_id: str) -> Entry | None:
    """Find one line."""
    row = (await connection.execute(lines_as_stored(connection).where(trace_lines.c.id == trace_id))).mappings().first()
    return read_line(row) if row else None


async def count_since(
    connection: AsyncConnection, grant_ids: Sequence[GrantId], since: datetime
) -> dict[GrantId, tuple[int, datetime]]:
    """Count the calls under each grant since a moment, with the time of the newest.

    Here as in every count, a line that cannot be read is no call, nor is one of which nothing was sent.
    """
    query = (
        select(trace_lines.c.grant_id, func.count(), func.max(trace_lines.c.opened_at))
        .where(trace_lines.c.grant_id.in_(grant_ids), trace_lines.c.opened_at >= since)
        .where(_IS_CALL, is_readable(connection))
        .group_by(trace_lines.c.grant_id)
    )
    return {GrantId(row[0]): (row[1], row[2]) for row in await connection.execute(query)}


async def count_by_ask(
    connection: AsyncConnection, grant_ids: Sequence[GrantId], since: datetime
) -> dict[tuple[GrantId, AskId], tuple[int, datetime]]:
    """Count the calls that used each ask of some grants since a moment, with the time of the newest.

    A refused call used nothing. An ask's name is its app's own, so it says which one only together with its grant.
    """
    table, asked = trace_lines.c, _asked(connection)
    query = (
        select(table.grant_id, asked.c.value, func.count(), func.max(table.opened_at))
        .select_from(trace_lines.join(asked, true()))
        .where(table.grant_id.in_(grant_ids), table.opened_at >= since, table.outcome != Outcome.REFUSED)
        .where(_IS_CALL, is_readable(connection))
        .group_by(table.grant_id, asked.c.value)
    )
    return {(GrantId(row[0]), AskId(row[1])): (row[2], row[3]) for row in await connection.execute(query)}


async def count_refused(
    connection: AsyncConnection, grant_id: GrantId, since: Mapping[AskId, datetime]
) -> dict[AskId, int]:
    """Count the calls that were refused for want of each ask, each since a moment of its own; 0 is left out."""
    table, asked = trace_lines.c, _asked(connection)
    wanted = [and_(asked.c.value == ask_id, table.opened_at >= moment) for ask_id, moment in since.items()]
    query = (
        select(asked.c.value, func.count())
        .select_from(trace_lines.join(asked, true()))
        .where(table.grant_id == grant_id, table.outcome == Outcome.REFUSED, or_(false(), *wanted))
        .where(is_readable(connection))
        .group_by(asked.c.value)
    )
    return {AskId(row[0]): row[1] for row in await connection.execute(query)}


async def list_not_opened(
    connection: AsyncConnection, grant_ids: Sequence[GrantId], since: datetime
) -> dict[str, tuple[GrantId, datetime]]:
    """List the routes that the platform did not open to some grants since a moment, each with whose call that was last.

    One that was answered after that is none: by whichever of these grants, for they go through one connection.
    """
    table, is_theirs = trace_lines.c, and_(trace_lines.c.grant_id.in_(grant_ids), is_readable(connection))
    shut = select(table.route, table.grant_id, table.opened_at).where(
        is_theirs, is_not_opened, table.opened_at >= since
    )
    rows = await connection.execute(shut.order_by(table.opened_at, table.id))
    found = {row[0]: (GrantId(row[1]), row[2]) for row in rows}
    if not found:
        return {}
    is_answered = or_(table.outcome == Outcome.PASSED, table.reason == PLATFORM_REFUSED)
    later = select(table.route, func.max(table.opened_at)).where(
        is_theirs, is_answered, table.route.in_(found), table.opened_at >= min(at for _, at in found.values())
    )
    answered = {row[0]: row[1] for row in await connection.execute(later.group_by(table.route))}
    return {route: newest for route, newest in found.items() if route not in answered or answered[route] < newest[1]}


def _asked(connection: AsyncConnection) -> TableValuedAlias:
    return unfold(trace_lines.c.ask_ids, on_sqlite=connection.dialect.name == "sqlite")


def _names_ask(ask_id: AskId) -> ColumnElement[bool]:
    written = cast(trace_lines.c.ask_ids, Text)
    return func.replace(written, json.dumps(ask_id), "") != written


def _ended_so(connection: AsyncConnection, query: Select[Any], wanted: Filter) -> Select[Any]:
    """Narrow a question to how a call ended; what cannot be read may have ended in any way."""
    if wanted.outcome is None:
        return query
    ended_so = and_(trace_lines.c.outcome == wanted.outcome, _is_masked(wanted))
    return query.where(or_(ended_so, not_(is_readable(connection))))


def _is_masked(wanted: Filter) -> ColumnElement[bool]:
    return true() if wanted.is_masked is None else (trace_lines.c.withheld > 0) == wanted.is_masked


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    table = trace_lines.c
    if wanted.grant_ids is not None:
        has_people = or_(table.subjects > 0, table.closed_at.is_(None))
        partly = [
            and_(table.grant_id == grant_id, table.opened_at > since, has_people)
            for grant_id, since in wanted.about_people.items()
        ]
        query = query.where(or_(table.grant_id.in_(wanted.grant_ids), *partly))
    equals = {table.app_id: wanted.app_id, table.request_id: wanted.request_id}
    for column, value in equals.items():
        query = query if value is None else query.where(column == value)
    if wanted.since is not None:
        query = query.where(table.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.opened_at < wanted.until)
    for each in wanted.matching:
        outcomes = [outcome.value for outcome in each.outcomes]
        is_route = tuple_(table.platform, table.route).in_(list(each.routes))
        is_named = or_(table.reason.in_(each.reasons), table.id.in_(each.ids), table.request_id.in_(each.ids))
        is_about = or_(table.grant_id.in_(each.grant_ids), table.account_id.in_(each.account_ids))
        asked = [and_(table.app_id.in_(app_ids), _names_ask(ask_id)) for ask_id, app_ids in each.asks.items()]
        is_of = table.app_id.in_(each.app_ids)
        query = query.where(or_(is_of, table.outcome.in_(outcomes), is_route, is_named, is_about, *asked))
    if wanted.before is not None:
        at, seen = wanted.before
        query = query.where(or_(table.opened_at < at, and_(table.opened_at == at, table.id < seen)))
    return query
