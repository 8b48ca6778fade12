"""Questions and changes on authorization requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.requests.tables import authorization_requests as requests
from gateway.records.requests.types import AuthorizationRequest, RequestKind
from gateway.terms.ids import PersonId, RequestId


def _request(row: RowMapping) -> AuthorizationRequest:
    fields: dict[str, Any] = {**row, "kind": RequestKind(row["kind"])}
    return AuthorizationRequest(**fields)


async def add(connection: AsyncConnection, request: AuthorizationRequest) -> None:
    """Add a request."""
    await connection.execute(insert(requests).values(**{name: getattr(request, name) for name in request.__slots__}))


async def find(connection: AsyncConnection, request_id: str) -> AuthorizationRequest | None:
    """Find a request by id, whoever it belongs to; only the sign-in page needs it so."""
    row = (await connection.execute(select(requests).where(requests.c.id == request_id))).mappings().first()
    return _request(row) if row else None


async def claim(
    connection: AsyncConnection, request_id: str, person_id: PersonId, now: datetime
) -> AuthorizationRequest | None:
    """Note that the person sees the screen now, bind the request to the first who does, and return it.

    None for anyone else afterwards, and for an unknown id.
    """
    known = requests.c.id == request_id, or_(requests.c.person_id.is_(None), requests.c.person_id == person_id)
    seen = update(requests).where(*known).values(person_id=person_id, shown_at=now).returning(requests)
    row = (await connection.execute(seen)).mappings().first()
    return _request(row) if row else None


async def mark_decided(connection: AsyncConnection, request_id: RequestId, now: datetime) -> bool:
    """Decide the request, once: False if it was decided before."""
    known = requests.c.id == request_id, requests.c.decided_at.is_(None)
    return (await connection.execute(update(requests).where(*known).values(decided_at=now))).rowcount == 1
