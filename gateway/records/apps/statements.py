"""What a dynamic app says of itself: kept as it was said, version by version, and tied to the grants that rest on it.

One statement of an app is current. Two are the same app for a person who decided only while keys, client
authentication and redirect URIs are the same: that is their `identity`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

import orjson
from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.apps.tables import app_statements, granted_statements
from gateway.terms.ids import AppId, GrantId

_IDENTITY = ("jwks", "redirect_uris", "token_endpoint_auth_method")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `content` is client metadata of RFC 7591 by its wire names, checked.

    `said_at` is when it was first read, `read_at` when last; `fresh_until` is when it is to be read again, None for a
    registration, which is said once.
    """

    id: str
    app_id: AppId
    content: Mapping[str, Any]
    digest: str
    identity: str
    said_at: datetime
    read_at: datetime
    fresh_until: datetime | None

    @classmethod
    def of(
        cls, statement_id: str, app_id: AppId, content: Mapping[str, Any], *, at: datetime, fresh_until: datetime | None
    ) -> Self:
        """Make the statement of checked metadata, read now."""
        identity = _digest(_identity_in(content))
        return cls(statement_id, app_id, content, _digest(content), identity, at, at, fresh_until)

    def list_others(self, before: Self | None) -> list[str]:
        """List the members of the identity that are others than in a statement before; none where nothing is known."""
        known, now = _identity_in(before.content if before else self.content), _identity_in(self.content)
        return [name for name in _IDENTITY if now[name] != known[name]]

    def is_fresh(self, now: datetime) -> bool:
        """Say whether it need not be read again yet."""
        return self.fresh_until is None or now < self.fresh_until


async def find_current(connection: AsyncConnection, app_id: str) -> Statement | None:
    """Find what an app says of itself now; None for an app that operators registered, or that nobody knows."""
    query = select(app_statements).where(app_statements.c.app_id == app_id, app_statements.c.is_current)
    row = (await connection.execute(query)).mappings().first()
    return Statement(**{name: row[name] for name in Statement.__slots__}) if row else None


async def find_granted(connection: AsyncConnection, grant_id: GrantId) -> Statement | None:
    """Find what the app said of itself when the grant was last decided."""
    granted = select(granted_statements.c.statement_id).where(granted_statements.c.grant_id == grant_id)
    row = (await connection.execute(select(app_statements).where(app_statements.c.id.in_(granted)))).mappings().first()
    return Statement(**{name: row[name] for name in Statement.__slots__}) if row else None


async def put(connection: AsyncConnection, statement: Statement) -> None:
    """Make a statement the current one; the caller holds the app's row. Others stay where a grant rests on them."""
    others = app_statements.c.app_id == statement.app_id, app_statements.c.id != statement.id
    kept = select(granted_statements.c.statement_id)
    await connection.execute(delete(app_statements).where(*others, app_statements.c.id.not_in(kept)))
    await connection.execute(update(app_statements).where(*others).values(is_current=False))
    fields = {name: getattr(statement, name) for name in Statement.__slots__}
    await connection.execute(insert(app_statements).values(**fields, is_current=True))


async def renew(connection: AsyncConnection, statement: Statement) -> None:
    """Note that the current statement was read again and says the same."""
    current = app_statements.c.app_id == statement.app_id, app_statements.c.is_current
    values = {"read_at": statement.read_at, "fresh_until": statement.fresh_until}
    await connection.execute(update(app_statements).where(*current).values(**values))


async def keep(connection: AsyncConnection, grant_id: GrantId, statement: Statement) -> None:
    """Tie a grant to the statement that it was decided on; the caller holds the grant's row."""
    await connection.execute(delete(granted_statements).where(granted_statements.c.grant_id == grant_id))
    await connection.execute(insert(granted_statements).values(grant_id=grant_id, statement_id=statement.id))


async def remove(connection: AsyncConnection, app_id: AppId) -> None:
    """Forget what an app said; refused by the database where a grant rests on it."""
    await connection.execute(delete(app_statements).where(app_statements.c.app_id == app_id))


def decided_otherwise(app_id: AppId, identity: str) -> Select[Any]:
    """Select the grants about an app that were decided on another identity than this."""
    others = app_statements.c.app_id == app_id, app_statements.c.identity != identity
    return _granted().where(*others)


def decided_before() -> Select[Any]:
    """Select the grants that were decided on another identity than their app has now."""
    now = app_statements.alias("now")
    is_of_app = (now.c.app_id == app_statements.c.app_id) & now.c.is_current
    return _granted().join(now, is_of_app).where(now.c.identity != app_statements.c.identity)


def _granted() -> Select[Any]:
    is_granted = granted_statements.c.statement_id == app_statements.c.id
    return select(granted_statements.c.grant_id).join(app_statements, is_granted)


def _identity_in(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content.get(name) for name in _IDENTITY} | {"redirect_uris": sorted(content["redirect_uris"])}


def _digest(content: Mapping[str, Any]) -> str:
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
