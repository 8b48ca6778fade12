"""A grant's families as people look at them, each begun by one authorization; a credential's is not among them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.families.tables import (
    access_tokens,
    codes,
    credentials,
    families,
    family_permissions,
    refresh_tokens,
)
from gateway.terms.ids import FamilyId, GrantId, PermissionId, PersonId

DEVICE_WAITS = timedelta(minutes=10)
"""For so long at most a device may still come for what it was given."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One family, with what its tokens say of it.

    `redirect_uri` is where its code went; None: a device asked for it by a code of its own. `last_token_at` is when the
    app got a token of it last, as far as tokens are kept.
    """

    id: FamilyId
    grant_id: GrantId
    person_id: PersonId
    permission_ids: frozenset[PermissionId]
    created_at: datetime
    ended_at: datetime | None
    redirect_uri: str | None
    last_token_at: datetime | None


async def list_usable(connection: AsyncConnection, grant_id: GrantId, now: datetime, most: int) -> list[Chain]:
    """List those of a grant by which an app can still come to something, newest first.

    What has neither ended nor any code or token whose time is not over opens nothing, and there is nothing to end.
    """
    usable = _chains(grant_id).where(_is_usable(now))
    return await _list(connection, usable.order_by(families.c.created_at.desc(), families.c.id), most)


async def list_ended(connection: AsyncConnection, grant_id: GrantId, most: int) -> list[Chain]:
    """List those that were ended last, newest first."""
    ended = _chains(grant_id).where(families.c.ended_at.is_not(None))
    return await _list(connection, ended.order_by(families.c.ended_at.desc(), families.c.id), most)


async def count_usable(connection: AsyncConnection, grant_id: GrantId, now: datetime) -> int:
    """Count those by which an app can still come to something."""
    usable = _chains(grant_id).where(_is_usable(now)).subquery()
    return int((await connection.execute(select(func.count()).select_from(usable))).scalar_one())


async def find(connection: AsyncConnection, grant_id: GrantId, family_id: str) -> Chain | None:
    """Find one of a grant by its id, which may be anything that a stranger sent; it may be over."""
    found = await _list(connection, _chains(grant_id).where(families.c.id == family_id), 1)
    return found[0] if found else None


def _chains(grant_id: GrantId) -> Select[Any]:
    is_of_key = exists().where(credentials.c.family_id == families.c.id)
    last = [
        select(func.max(table.c.created_at)).where(table.c.family_id == families.c.id).scalar_subquery()
        for table in (access_tokens, refresh_tokens)
    ]
    return (
        select(
            families.c.id,
            families.c.grant_id,
            families.c.person_id,
            families.c.created_at,
            families.c.ended_at,
            codes.c.redirect_uri,
            last[0].label("last_access_at"),
            last[1].label("last_refresh_at"),
        )
        .outerjoin(codes, codes.c.family_id == families.c.id)
        .where(families.c.grant_id == grant_id, ~is_of_key)
    )


def _is_usable(now: datetime) -> ColumnElement[bool]:
    access, refresh = (
        exists().where(table.c.family_id == families.c.id, over.is_(None), table.c.expires_at > now)
        for table, over in ((access_tokens, access_tokens.c.ended_at), (refresh_tokens, refresh_tokens.c.used_at))
    )
    code = and_(codes.c.redeemed_at.is_(None), codes.c.expires_at > now)
    device = and_(codes.c.hashed_code.is_(None), families.c.created_at > now - DEVICE_WAITS)
    return and_(families.c.ended_at.is_(None), or_(access, refresh, code, device))


async def _list(connection: AsyncConnection, query: Select[Any], most: int) -> list[Chain]:
    rows = (await connection.execute(query.limit(most))).mappings().all()
    reached: dict[str, set[PermissionId]] = {row["id"]: set() for row in rows}
    pairs = select(family_permissions).where(family_permissions.c.family_id.in_(sorted(reached)))
    for pair in (await connection.execute(pairs)).mappings():
        reached[pair["family_id"]].add(pair["permission_id"])
    return [
        Chain(
            id=row["id"],
            grant_id=row["grant_id"],
            person_id=row["person_id"],
            permission_ids=frozenset(reached[row["id"]]),
            created_at=row["created_at"],
            ended_at=row["ended_at"],
            redirect_uri=row["redirect_uri"],
            last_token_at=max((at for at in (row["last_access_at"], row["last_refresh_at"]) if at), default=None),
        )
        for row in rows
    ]
