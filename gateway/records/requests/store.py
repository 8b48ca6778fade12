"""Questions and changes on authorization requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.requests.tables import authorization_requests as requests
from gateway.records.requests.tables import device_codes
from gateway.records.requests.types import AuthorizationRequest, RequestKind
from gateway.terms.ids import AccountId, AppId, AskId, PersonId, RequestId


def _request(row: RowMapping) -> AuthorizationRequest:
    fields: dict[str, Any] = {**row, "kind": RequestKind(row["kind"])}
    return AuthorizationRequest(**fields)


async def add(connection: AsyncConnection, request: AuthorizationRequest) -> None:
    """Add a request."""
    await connection.execute(insert(requests).values(**{name: getattr(request, name) for name in request.__slots__}))


async def find(connection: AsyncConnection, request_id: str) -> AuthorizationRequest | None:
    """Find a request by id, whoever it belongs to; who shows it to a person compares the person first."""
    row = (await connection.execute(select(requests).where(requests.c.id == request_id))).mappings().first()
    return _request(row) if row else None


async def claim(
    connection: AsyncConnection, request_id: str, person_id: PersonId, now: datetime
) -> AuthorizationRequest | None:
    """Note that the person sees the screen now, bind the request to the first who does, and return it.

    None for anyone else afterwards, for an unknown id, and for a device's request that nobody confirmed: its screen has
    no first. Whom the app thought it would be is of no use any more.
    """
    is_free = and_(requests.c.person_id.is_(None), requests.c.kind != RequestKind.DEVICE.value)
    known = requests.c.id == request_id, or_(is_free, requests.c.person_id == person_id)
    seen = update(requests).where(*known).values(person_id=person_id, shown_at=now, login_hint=None).returning(requests)
    row = (await connection.execute(seen)).mappings().first()
    return _request(row) if row else None


async def mark_decided(connection: AsyncConnection, request_id: RequestId, now: datetime) -> bool:
    """Decide the request, once: False if it was decided before, or was closed meanwhile."""
    known = requests.c.id == request_id, requests.c.decided_at.is_(None), requests.c.expires_at > now
    return (await connection.execute(update(requests).where(*known).values(decided_at=now))).rowcount == 1


async def mark_refused(connection: AsyncConnection, request_id: RequestId, now: datetime) -> None:
    """Note that a decided request gave nothing: the same app waits before it asks the same again (R17)."""
    await connection.execute(update(requests).where(requests.c.id == request_id).values(refused_at=now))


async def mark_looked(connection: AsyncConnection, request_id: str, person_id: PersonId, now: datetime) -> bool:
    """Note that the person wants to see what they had refused; False if it is not theirs, or takes no answer."""
    return await _change_open(connection, request_id, person_id, now=now, looked_at=now)


async def set_account(
    connection: AsyncConnection, request_id: str, person_id: PersonId, *, account_id: AccountId | None, now: datetime
) -> bool:
    """Note which of their accounts the person chose, None for none yet; False as `mark_looked` says."""
    return await _change_open(connection, request_id, person_id, now=now, account_id=account_id)


async def bind(connection: AsyncConnection, request_id: str, person_id: PersonId, now: datetime) -> bool:
    """Give a request to the person who confirmed that it is theirs; False as `mark_looked` says."""
    return await _change_open(connection, request_id, person_id, now=now, person_id=person_id)


async def close(connection: AsyncConnection, request_id: str, person_id: PersonId, now: datetime) -> bool:
    """End a request without a decision, in this person's hands: it runs out now. False as `mark_looked` says."""
    return await _change_open(connection, request_id, person_id, now=now, expires_at=now, person_id=person_id)


async def list_refused(
    connection: AsyncConnection, person_id: PersonId, app_id: AppId, since: datetime
) -> dict[AskId, datetime]:
    """List what the person refused wholly when this app asked, with the newest refusal of each ask since then."""
    query = select(requests.c.ask_ids, requests.c.refused_at).where(
        requests.c.person_id == person_id,
        requests.c.app_id == app_id,
        requests.c.kind != RequestKind.RECONSIDER.value,
        requests.c.refused_at > since,
    )
    rows = await connection.execute(query.order_by(requests.c.refused_at))
    return {AskId(ask_id): row.refused_at for row in rows for ask_id in row.ask_ids}


async def close_of_app(connection: AsyncConnection, app_id: AppId, now: datetime) -> None:
    """End every open request of an app: it is not any more what the screens say."""
    still = requests.c.app_id == app_id, requests.c.decided_at.is_(None), requests.c.expires_at > now
    await connection.execute(update(requests).where(*still).values(expires_at=now))


async def remove_unseen(connection: AsyncConnection, app_id: AppId) -> None:
    """Forget an app's requests whose screen nobody ever saw."""
    await connection.execute(delete(requests).where(requests.c.app_id == app_id, requests.c.person_id.is_(None)))


async def forget(connection: AsyncConnection, *, unseen: datetime, seen: datetime, most: int) -> int:
    """Forget requests without a decision that ran out before `unseen`, or before `seen` where a person saw the screen.

    One that a device's code waits for stays until that is forgotten. Returns how many went, at most `most`.
    """
    is_over = or_(and_(requests.c.person_id.is_(None), requests.c.expires_at < unseen), requests.c.expires_at < seen)
    is_awaited = exists().where(device_codes.c.request_id == requests.c.id)
    due = select(requests.c.id).where(requests.c.decided_at.is_(None), is_over, ~is_awaited).limit(most)
    return (await connection.execute(delete(requests).where(requests.c.id.in_(due)))).rowcount


def seen_app_ids() -> Select[Any]:
    """Select the apps of which somebody saw a screen."""
    return select(requests.c.app_id).where(requests.c.person_id.is_not(None))


async def _change_open(
    connection: AsyncConnection, request_id: str, holder: PersonId, *, now: datetime, **values: Any
) -> bool:
    known = (
        requests.c.id == request_id,
        or_(requests.c.person_id.is_(None), requests.c.person_id == holder),
        requests.c.decided_at.is_(None),
        requests.c.expires_at > now,
    )
    return (await connection.execute(update(requests).where(*known).values(**values))).rowcount == 1
