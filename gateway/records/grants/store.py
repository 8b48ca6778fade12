"""Questions on grants, and the one way to write a `Change`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.prepared import Prepared
from gateway.ground.storage.rows import list_readable
from gateway.records.grants.tables import grants, permissions
from gateway.records.grants.types import STANDING_STATES, AskTally, Change, Grant, HeldBy, Permission, PermissionState
from gateway.terms.ids import AccountId, AppId, AskId, GrantId

_AT_ONCE = 1000
"""How many ids one statement names: a database takes no more than some ten thousand parameters."""


_BY_ID = select(grants).where(grants.c.id == bindparam("grant_id"))
_FIND = {False: Prepared(_BY_ID), True: Prepared(_BY_ID.with_for_update())}
_CURRENT = Prepared(
    select(permissions)
    .where(permissions.c.grant_id == bindparam("of_grant"), permissions.c.is_current)
    .order_by(permissions.c.id)
)


def _permission(row: RowMapping | dict[str, Any]) -> Permission:
    fields: dict[str, Any] = {name: row[name] for name in Permission.__slots__}
    return Permission(**{**fields, "state": PermissionState(row["state"])})


async def _grants(connection: AsyncConnection, query: Select[Any]) -> list[Grant]:
    rows = (await connection.execute(query)).mappings().all()
    held: dict[str, list[Permission]] = {row["id"]: [] for row in rows}
    ids = list(held)
    for begin in range(0, len(ids), _AT_ONCE):
        wanted = permissions.c.grant_id.in_(ids[begin : begin + _AT_ONCE]), permissions.c.is_current
        for row in (await connection.execute(select(permissions).where(*wanted).order_by(permissions.c.id))).mappings():
            held[row["grant_id"]].append(_permission(row))
    return [Grant(**row, permissions=tuple(held[row["id"]])) for row in rows]


async def _readable(connection: AsyncConnection, query: Select[Any]) -> list[Grant]:
    """Read grants to show them; one that is damaged takes no other along."""
    try:
        return await _grants(connection, query)
    except Unreadable:
        ids = (await connection.execute(query.with_only_columns(grants.c.id))).scalars().all()
        return await list_readable(ids, lambda each: find(connection, each), kind="grant")


async def find(connection: AsyncConnection, grant_id: GrantId, *, lock: bool = False) -> Grant | None:
    """Find a grant; `lock` holds its row first, which every act does before it touches the log's head."""
    row = await _FIND[lock].first(connection, grant_id=grant_id)
    if row is None:
        return None
    return Grant(**row, permissions=tuple(map(_permission, await _CURRENT.rows(connection, of_grant=grant_id))))


async def find_between(
    connection: AsyncConnection, account_id: AccountId, app_id: AppId, *, lock: bool = False
) -> Grant | None:
    """Find the grant of an account about an app."""
    query = select(grants).where(grants.c.account_id == account_id, grants.c.app_id == app_id)
    found = await _grants(connection, query.with_for_update() if lock else query)
    return found[0] if found else None


async def list_between(
    connection: AsyncConnection, account_ids: Collection[AccountId], app_id: AppId
) -> dict[AccountId, Grant]:
    """Find the grants of some accounts about an app, by account."""
    known = grants.c.app_id == app_id, grants.c.account_id.in_(account_ids)
    return {grant.account_id: grant for grant in await _grants(connection, select(grants).where(*known))}


async def list_locked(connection: AsyncConnection, *account_ids: AccountId) -> list[Grant]:
    """Lock and list the grants of some accounts, in the one order in which several are locked."""
    query = select(grants).where(grants.c.account_id.in_(account_ids)).order_by(grants.c.id)
    return await _grants(connection, query.with_for_update())


async def list_of_accounts(connection: AsyncConnection, account_ids: Sequence[AccountId]) -> list[Grant]:
    """List the grants of some accounts that can be read, newest first."""
    query = select(grants).where(grants.c.account_id.in_(account_ids))
    return await _readable(connection, query.order_by(grants.c.created_at.desc(), grants.c.id))


async def list_ids_of_accounts(connection: AsyncConnection, account_ids: Sequence[AccountId]) -> list[GrantId]:
    """List the same grants by id, those that are damaged too."""
    query = select(grants.c.id).where(grants.c.account_id.in_(account_ids))
    rows = await connection.execute(query.order_by(grants.c.created_at.desc(), grants.c.id))
    return [GrantId(row.id) for row in rows]


async def list_of_app(
    connection: AsyncConnection, app_id: AppId, limit: int, *, among: Select[Any], before: tuple[datetime, str] | None
) -> list[Grant]:
    """List the grants of an app that ever gave something, of some accounts, newest first; `before`: the last one seen.

    `among` selects the accounts that are told of, here and in the counts: what a person decides for themself is not.
    """
    gave = permissions.c.grant_id == grants.c.id, permissions.c.state != PermissionState.REFUSED.value
    query = select(grants).where(grants.c.app_id == app_id, grants.c.account_id.in_(among), exists().where(*gave))
    if before is not None:
        at, seen = before
        query = query.where(or_(grants.c.created_at < at, and_(grants.c.created_at == at, grants.c.id < seen)))
    return await _readable(connection, query.order_by(grants.c.created_at.desc(), grants.c.id.desc()).limit(limit))


async def list_named(connection: AsyncConnection, grant_ids: Iterable[GrantId], *, lock: bool = False) -> list[Grant]:
    """List those of some grants, however many, that there are; `lock` locks them, in the order of `list_locked`."""
    ids, found = sorted(grant_ids), list[Grant]()
    for begin in range(0, len(ids), _AT_ONCE):
        query = select(grants).where(grants.c.id.in_(ids[begin : begin + _AT_ONCE])).order_by(grants.c.id)
        found += await _grants(connection, query.with_for_update() if lock else query)
    return found


async def list_given_before(connection: AsyncConnection, change: Change) -> frozenset[AskId]:
    """List the asks of a grant that were given at any time before a change, however long they are over."""
    added = [permission.id for permission in change.added]
    given = permissions.c.grant_id == change.grant.id, permissions.c.ends_at.is_not(None)  # a refusal has no end
    query = select(permissions.c.ask_id).where(*given, permissions.c.id.not_in(added)).distinct()
    return frozenset(AskId(row.ask_id) for row in await connection.execute(query))


async def list_orphaned(connection: AsyncConnection, lapsed: Select[Any]) -> list[GrantId]:
    """List the grants that still stand although their account is one of `lapsed`: nobody may decide for it."""
    return await _list_standing(connection, grants.c.account_id.in_(lapsed))


async def list_standing(connection: AsyncConnection, chosen: Select[Any]) -> list[GrantId]:
    """List those of some grants, chosen by id, of which something still stands."""
    return await _list_standing(connection, grants.c.id.in_(chosen))


def decided_app_ids() -> Select[Any]:
    """Select the apps that some account ever decided about."""
    return select(grants.c.app_id)


async def _list_standing(connection: AsyncConnection, chosen: ColumnElement[bool]) -> list[GrantId]:
    stands = (
        permissions.c.grant_id == grants.c.id,
        permissions.c.is_current,
        permissions.c.state.in_(sorted(STANDING_STATES)),
    )
    query = select(grants.c.id).where(exists().where(*stands), chosen)
    return [GrantId(row.id) for row in await connection.execute(query)]


async def list_all(connection: AsyncConnection) -> list[Grant]:
    """List every grant that can be read, for the command line."""
    return await _readable(connection, select(grants).order_by(grants.c.id))


async def list_due(connection: AsyncConnection, now: datetime) -> list[GrantId]:
    """List the grants that hold a permission whose time ran out without a record of it."""
    due = (
        permissions.c.is_current,
        permissions.c.state.in_(sorted(STANDING_STATES)),
        permissions.c.ends_at <= now,
    )
    rows = await connection.execute(select(permissions.c.grant_id).where(*due).distinct())
    return [GrantId(row.grant_id) for row in rows]


async def count_by_ask(
    connection: AsyncConnection, app_id: AppId, now: datetime, *, among: Select[Any]
) -> dict[AskId, AskTally]:
    """Count every permission that some accounts ever held about an app, by ask and by where it stands now."""
    is_over = and_(permissions.c.state.in_(sorted(STANDING_STATES)), permissions.c.ends_at <= now)
    state = case((is_over, PermissionState.EXPIRED.value), else_=permissions.c.state).label("stands")
    query = (
        select(permissions.c.ask_id, state, func.count())
        .join(grants, grants.c.id == permissions.c.grant_id)
        .where(grants.c.app_id == app_id, grants.c.account_id.in_(among))
        .group_by(permissions.c.ask_id, state)
    )
    counted: dict[AskId, dict[str, int]] = {}
    for ask_id, stands, number in await connection.execute(query):
        name = "live" if stands == PermissionState.GRANTED else str(stands)
        counted.setdefault(AskId(ask_id), {})[name] = number
    return {ask_id: AskTally(**numbers) for ask_id, numbers in counted.items()}


async def count_people(
    connection: AsyncConnection, app_id: AppId, now: datetime, *, among: Select[Any]
) -> dict[AskId, dict[str | None, HeldBy]]:
    """Count the permissions that some people hold about an app, by ask and by the basis that each was given on."""
    is_live = and_(permissions.c.state == PermissionState.GRANTED.value, permissions.c.ends_at > now)
    waits = permissions.c.state == PermissionState.PENDING.value
    query = (
        select(permissions.c.ask_id, permissions.c.basis, func.count(case((is_live, 1))), func.count(case((waits, 1))))
        .join(grants, grants.c.id == permissions.c.grant_id)
        .where(grants.c.app_id == app_id, grants.c.account_id.in_(among), permissions.c.is_current)
        .group_by(permissions.c.ask_id, permissions.c.basis)
    )
    counted: dict[AskId, dict[str | None, HeldBy]] = {}
    for ask_id, basis, live, pending in await connection.execute(query):
        counted.setdefault(AskId(ask_id), {})[basis] = HeldBy(live, pending)
    return counted


async def count_live(
    connection: AsyncConnection, app_ids: Sequence[AppId], now: datetime, *, among: Select[Any]
) -> dict[AppId, int]:
    """Count those of some accounts that let each app do something now; an app without any is absent."""
    query = (
        select(grants.c.app_id, func.count(grants.c.id.distinct()))
        .join(permissions, grants.c.id == permissions.c.grant_id)
        .where(grants.c.app_id.in_(app_ids), grants.c.account_id.in_(among))
        .where(permissions.c.is_current, permissions.c.ends_at > now)
        .where(permissions.c.state == PermissionState.GRANTED.value)
        .group_by(grants.c.app_id)
    )
    return {AppId(row[0]): row[1] for row in await connection.execute(query)}


async def add(connection: AsyncConnection, grant: Grant) -> None:
    """Add an empty grant (version 0); the same pair at once raises IntegrityError."""
    await add_all(connection, [grant])


async def add_all(connection: AsyncConnection, fresh: Sequence[Grant]) -> None:
    """Add several empty grants, likewise."""
    names = ("id", "account_id", "app_id", "version", "created_at")
    await connection.execute(insert(grants), [{name: getattr(each, name) for name in names} for each in fresh])


async def save(connection: AsyncConnection, change: Change) -> None:
    """Write a change: touched rows first, so that a current row never meets its successor."""
    grant = change.grant
    known = grants.c.id == grant.id, grants.c.version == grant.version - 1
    if (await connection.execute(update(grants).where(*known).values(version=grant.version))).rowcount != 1:
        raise AssertionError("a grant is changed under its lock only")
    await _write_permissions(connection, [change])


async def save_all(connection: AsyncConnection, changes: Sequence[Change]) -> None:
    """Write changes of several grants, each locked, in as many statements as one takes."""
    known = tuple_(grants.c.id, grants.c.version).in_([(each.grant.id, each.grant.version - 1) for each in changes])
    moved = update(grants).where(known).values(version=grants.c.version + 1)
    if (await connection.execute(moved)).rowcount != len(changes):
        raise AssertionError("a grant is changed under its lock only")
    await _write_permissions(connection, changes)


async def _write_permissions(connection: AsyncConnection, changes: Iterable[Change]) -> None:
    added: list[dict[str, Any]] = []
    for change in changes:
        for permission in change.changed:
            known = permissions.c.id == permission.id, permissions.c.grant_id == change.grant.id
            await connection.execute(update(permissions).where(*known).values(**_fields(permission)))
        added += [{**_fields(permission), "grant_id": change.grant.id} for permission in change.added]
    if added:
        await connection.execute(insert(permissions), added)


async def raise_version(connection: AsyncConnection, grant_id: GrantId, version: int) -> None:
    """Lift the version to at least `version`: after a restore it goes on above the journal's highest."""
    known = grants.c.id == grant_id, grants.c.version < version
    await connection.execute(update(grants).where(*known).values(version=version))


def _fields(permission: Permission) -> dict[str, Any]:
    return {name: getattr(permission, name) for name in Permission.__slots__}
