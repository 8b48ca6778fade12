"""Questions and changes on grant-bound credentials; whether one is over, its family says."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.families.tables import access_tokens, credentials, families
from gateway.records.families.types import Credential
from gateway.terms.ids import CredentialId, FamilyId, GrantId

_OWN = tuple(name for name in Credential.__slots__ if name != "ended_at")


def _query() -> Select[Any]:
    return select(credentials, families.c.ended_at).join(families, families.c.id == credentials.c.family_id)


async def add(connection: AsyncConnection, credential: Credential) -> None:
    """Add a credential; its family is there."""
    await connection.execute(insert(credentials).values(**{name: getattr(credential, name) for name in _OWN}))


async def find(connection: AsyncConnection, credential_id: str) -> Credential | None:
    """Find a credential by its id, which may be anything that a stranger sent; it may be over."""
    row = (await connection.execute(_query().where(credentials.c.id == credential_id))).mappings().first()
    return Credential(**row) if row else None


async def list_of_grants(connection: AsyncConnection, grant_ids: Collection[GrantId]) -> list[Credential]:
    """List the credentials ever made for some grants, newest first."""
    query = _query().where(credentials.c.grant_id.in_(sorted(grant_ids)))
    query = query.order_by(credentials.c.created_at.desc(), credentials.c.id)
    return [Credential(**row) for row in (await connection.execute(query)).mappings()]


async def count_live(connection: AsyncConnection, grant_id: GrantId) -> int:
    """Count the credentials of a grant that are not over."""
    query = select(func.count()).select_from(credentials).join(families, families.c.id == credentials.c.family_id)
    live = query.where(credentials.c.grant_id == grant_id, families.c.ended_at.is_(None))
    return int((await connection.execute(live)).scalar_one())


async def note_use(connection: AsyncConnection, credential_id: CredentialId, now: datetime) -> None:
    """Note that a credential was exchanged."""
    known = update(credentials).where(credentials.c.id == credential_id)
    await connection.execute(known.values(last_used_at=now))


async def forget_expired(connection: AsyncConnection, family_id: FamilyId, now: datetime) -> None:
    """Forget the family's access tokens whose time is over: a script that asks each minute fills no table."""
    over = access_tokens.c.family_id == family_id, access_tokens.c.expires_at <= now
    await connection.execute(delete(access_tokens).where(*over))
