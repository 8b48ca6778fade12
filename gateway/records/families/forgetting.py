"""Which tokens may be forgotten. Codes and families never are: there is one of each for a decision, no more."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.families.tables import access_tokens, families, refresh_tokens


async def forget_access(connection: AsyncConnection, before: datetime, most: int) -> int:
    """Forget access tokens whose time was over by then; return how many."""
    over = select(access_tokens.c.hashed_token).where(access_tokens.c.expires_at < before).limit(most)
    return (await connection.execute(delete(access_tokens).where(access_tokens.c.hashed_token.in_(over)))).rowcount


async def list_ended_refresh(connection: AsyncConnection, before: datetime, most: int) -> list[bytes]:
    """List refresh tokens, by hash, whose family had ended by then: no second use can end it once more."""
    query = select(refresh_tokens.c.hashed_token).join(families, families.c.id == refresh_tokens.c.family_id)
    rows = await connection.execute(query.where(families.c.ended_at < before).limit(most))
    return [row.hashed_token for row in rows]


async def remove_refresh(connection: AsyncConnection, hashed_tokens: Collection[bytes]) -> None:
    """Forget refresh tokens; a family that ended never lives again, so they may have been listed before."""
    await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.hashed_token.in_(hashed_tokens)))
