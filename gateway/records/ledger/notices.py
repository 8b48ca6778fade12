"""The archive of what people were shown: each text kept once, under its SHA-256 (R47)."""

import hashlib
from contextlib import suppress
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.ledger.tables import notices


async def keep(connection: AsyncConnection, content: str, *, language: str, now: datetime) -> str:
    """Keep the exact text shown.

    Returns:
        Its SHA-256 in hex, over the UTF-8 bytes: what receipts name.
    """
    digest = hashlib.sha256(content.encode()).hexdigest()
    known = (await connection.execute(select(notices.c.sha256).where(notices.c.sha256 == digest))).first()
    if known is None:
        row = {"sha256": digest, "language": language, "content": content, "first_shown_at": now}
        # Where another keeps the same text at the same moment, one of the two stays.
        with suppress(IntegrityError):
            async with connection.begin_nested():
                await connection.execute(insert(notices).values(**row))
    return digest


async def find(connection: AsyncConnection, sha256: str) -> tuple[str, str] | None:
    """Find a kept text: (language, content)."""
    query = select(notices.c.language, notices.c.content).where(notices.c.sha256 == sha256)
    row = (await connection.execute(query)).first()
    return (row.language, row.content) if row else None
