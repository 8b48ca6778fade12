"""Questions and changes on people and sessions."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.records.people.tables import people, sessions
from gateway.records.people.types import SESSION_IDLE, Person, Role, Session
from gateway.terms.ids import PersonId

_LAST_SEEN_STEP = timedelta(minutes=1)


def _person(row: RowMapping) -> Person:
    fields: dict[str, Any] = {**row, "roles": frozenset(Role(role) for role in row["roles"])}
    return Person(**fields)


async def find_by_login(connection: AsyncConnection, login: str) -> Person | None:
    """Find who signs in as `login` (NFC, case kept)."""
    row = (await connection.execute(select(people).where(people.c.login == login))).mappings().first()
    return _person(row) if row else None


async def find(connection: AsyncConnection, person_id: PersonId) -> Person | None:
    """Find a person by id."""
    row = (await connection.execute(select(people).where(people.c.id == person_id))).mappings().first()
    return _person(row) if row else None


async def list_named(connection: AsyncConnection, person_ids: frozenset[PersonId]) -> dict[PersonId, Person]:
    """Find several people at once, by id."""
    rows = (await connection.execute(select(people).where(people.c.id.in_(person_ids)))).mappings()
    return {PersonId(row["id"]): _person(row) for row in rows}


async def add(connection: AsyncConnection, person: Person) -> None:
    """Add a person; a login that is taken raises IntegrityError."""
    await connection.execute(
        insert(people).values(
            id=person.id,
            login=person.login,
            name=person.name,
            roles=tuple(sorted(person.roles)),
            hashed_password=person.hashed_password,
            created_at=person.created_at,
        )
    )


async def set_roles(connection: AsyncConnection, person_id: PersonId, roles: frozenset[Role]) -> None:
    """Replace what a person may be."""
    await connection.execute(update(people).where(people.c.id == person_id).values(roles=tuple(sorted(roles))))


async def add_session(connection: AsyncConnection, session: Session) -> None:
    """Add a session."""
    await connection.execute(
        insert(sessions).values(
            hashed_token=session.hashed_token,
            person_id=session.person_id,
            authenticated_at=session.authenticated_at,
            last_seen_at=session.last_seen_at,
            ends_at=session.ends_at,
            acr=session.acr,
            issuer=session.issuer,
            subject=session.subject,
            sid=session.sid,
        )
    )


async def find_session(connection: AsyncConnection, hashed_token: bytes, now: datetime) -> Session | None:
    """Find a session that is alive: not ended, not past 7 days, seen in the last 12 hours."""
    row = (
        (
            await connection.execute(
                select(sessions).where(
                    sessions.c.hashed_token == hashed_token,
                    sessions.c.ended_at.is_(None),
                    sessions.c.ends_at > now,
                    sessions.c.last_seen_at > now - SESSION_IDLE,
                )
            )
        )
        .mappings()
        .first()
    )
    return Session(**{name: value for name, value in row.items() if name != "ended_at"}) if row else None


def is_due_for_seen(session: Session, now: datetime) -> bool:
    """Say whether the last-seen mark is old enough to be worth a write."""
    return now - session.last_seen_at >= _LAST_SEEN_STEP


async def mark_seen(connection: AsyncConnection, hashed_token: bytes, now: datetime) -> None:
    """Move the session's last-seen mark."""
    await connection.execute(update(sessions).where(sessions.c.hashed_token == hashed_token).values(last_seen_at=now))


async def end_session(connection: AsyncConnection, hashed_token: bytes, now: datetime) -> None:
    """End a session; it never lives again."""
    await connection.execute(
        update(sessions)
        .where(sessions.c.hashed_token == hashed_token, sessions.c.ended_at.is_(None))
        .values(ended_at=now)
    )


async def end_every_session(connection: AsyncConnection, now: datetime) -> int:
    """End every session there is: after a restore nobody knows who had signed out; return how many."""
    return (
        await connection.execute(update(sessions).where(sessions.c.ended_at.is_(None)).values(ended_at=now))
    ).rowcount
