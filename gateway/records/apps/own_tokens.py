"""Own tokens: what an app manages its own affairs with. No account granted them, and they open nothing of any account.

They have a table of their own, so that a call with one finds no token, and a grant's token finds nothing here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.apps.tables import own_tokens
from gateway.terms.ids import AppId

LASTS = timedelta(minutes=15)


class OwnScope(StrEnum):
    """What an app may do with its own affairs."""

    NOTICES_READ = "quyen.notices.read"
    NOTICES_MANAGE = "quyen.notices.manage"
    GRANTS_READ = "quyen.grants.read"


@dataclass(frozen=True, slots=True)
class OwnToken:
    """An access token for an app's own affairs, known by its hash. `jkt` is the key that it is bound to, if any."""

    hashed_token: bytes
    app_id: AppId
    scopes: tuple[OwnScope, ...]
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    jkt: str | None

    def is_live(self, now: datetime) -> bool:
        """Say whether it opens anything now."""
        return self.ended_at is None and self.expires_at > now


async def add(connection: AsyncConnection, token: OwnToken) -> None:
    """Add a token."""
    await connection.execute(insert(own_tokens).values(**{name: getattr(token, name) for name in token.__slots__}))


async def end(connection: AsyncConnection, hashed_token: bytes, app_id: AppId, now: datetime) -> bool:
    """End a token of this app's; False if there is none such, or it was over."""
    known = own_tokens.c.hashed_token == hashed_token, own_tokens.c.app_id == app_id, own_tokens.c.ended_at.is_(None)
    return (await connection.execute(update(own_tokens).where(*known).values(ended_at=now))).rowcount == 1


async def end_every(connection: AsyncConnection, now: datetime) -> int:
    """End every token there is, after a restore; return how many."""
    return (
        await connection.execute(update(own_tokens).where(own_tokens.c.ended_at.is_(None)).values(ended_at=now))
    ).rowcount


async def forget_expired(connection: AsyncConnection, app_id: AppId, now: datetime) -> None:
    """Forget the app's tokens whose time is over."""
    await connection.execute(delete(own_tokens).where(own_tokens.c.app_id == app_id, own_tokens.c.expires_at <= now))
