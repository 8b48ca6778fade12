"""Identities: who at a provider is whom here, the ways out to it, and what it told behind the browser's back.

An identity is issuer and subject and nothing else: an e-mail address or a name never finds a person.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.vault.sealing import Place
from gateway.records.people.store import find as find_person
from gateway.records.people.tables import identities, people, provider_logouts, sessions, sign_in_attempts
from gateway.records.people.types import Person
from gateway.terms.ids import PersonId

ATTEMPT_LASTS = timedelta(minutes=10)
KEPT_AFTERWARDS = timedelta(days=1)
By = Literal["person", "operator", "provider"]
"""Who tied an identity to a person: themselves, an operator, or the first sign-in with it."""


class Purpose(StrEnum):
    """What a way out to the provider is for."""

    SIGN_IN = "sign_in"
    LINK = "link"
    PROVE = "prove"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at a provider, and the person whom that is here."""

    issuer: str
    subject: str
    person_id: PersonId
    linked_by: By
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """One way out to the provider, good for one return of one browser.

    Args:
        hashed_browser: of the cookie that the browser must still hold when it comes back.
        person_id: who is signed in and links, or proves again who they are; None for a sign-in.
        sealed_secrets: PKCE's verifier and the nonce, sealed for this state.
        return_to: own path in the person's language, checked when it was kept.
    """

    hashed_state: bytes
    hashed_browser: bytes
    purpose: Purpose
    person_id: PersonId | None
    max_age_seconds: int | None
    sealed_secrets: bytes
    return_to: str
    expires_at: datetime
    used_at: datetime | None = None


def secrets_place(hashed_state: bytes) -> Place:
    """Return where an attempt's sealed secrets lie."""
    return Place("sign_in_attempts", hashed_state.hex(), "sealed_secrets")


async def find(connection: AsyncConnection, issuer: str, subject: str) -> Identity | None:
    """Find whom a provider's subject is here."""
    query = select(identities).where(identities.c.issuer == issuer, identities.c.subject == subject)
    row = (await connection.execute(query)).mappings().first()
    return Identity(**row) if row else None


async def list_of_person(connection: AsyncConnection, person_id: PersonId) -> list[Identity]:
    """List a person's identities, oldest first."""
    query = select(identities).where(identities.c.person_id == person_id)
    rows = await connection.execute(query.order_by(identities.c.linked_at, identities.c.subject))
    return [Identity(**row) for row in rows.mappings()]


async def add(connection: AsyncConnection, identity: Identity) -> None:
    """Add an identity; one that is somebody's raises IntegrityError."""
    await connection.execute(insert(identities).values(**_fields(identity)))


async def mark_operators(connection: AsyncConnection, identity: Identity) -> None:
    """Note that an operator stands for an identity that the person had before."""
    known = identities.c.issuer == identity.issuer, identities.c.subject == identity.subject
    await connection.execute(update(identities).where(*known).values(linked_by="operator"))


async def remove(connection: AsyncConnection, person_id: PersonId, issuer: str, *, subject: str) -> bool:
    """Take an identity from its person; False if it is not theirs."""
    known = identities.c.issuer == issuer, identities.c.subject == subject, identities.c.person_id == person_id
    return (await connection.execute(delete(identities).where(*known))).rowcount == 1


async def lock_person(connection: AsyncConnection, person_id: PersonId) -> Person | None:
    """Find a person and hold the row until the unit ends, so that two ways in are not taken at once."""
    await connection.execute(select(people.c.id).where(people.c.id == person_id).with_for_update())
    return await find_person(connection, person_id)


async def add_attempt(connection: AsyncConnection, attempt: SignInAttempt, now: datetime) -> None:
    """Remember a way out, and forget those that ended a day ago."""
    await connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.expires_at < now - KEPT_AFTERWARDS))
    await connection.execute(insert(sign_in_attempts).values(**_fields(attempt)))


async def find_attempt(
    connection: AsyncConnection, hashed_state: bytes, hashed_browsers: Collection[bytes]
) -> SignInAttempt | None:
    """Find a way out of this browser, used or not."""
    query = select(sign_in_attempts).where(
        sign_in_attempts.c.hashed_state == hashed_state, sign_in_attempts.c.hashed_browser.in_(hashed_browsers)
    )
    row = (await connection.execute(query)).mappings().first()
    return SignInAttempt(**{**row, "purpose": Purpose(row["purpose"])}) if row else None


async def redeem_attempt(connection: AsyncConnection, attempt: SignInAttempt, now: datetime) -> bool:
    """Take a return, once; False if it was taken before or is too late."""
    known = (
        sign_in_attempts.c.hashed_state == attempt.hashed_state,
        sign_in_attempts.c.used_at.is_(None),
        sign_in_attempts.c.expires_at > now,
    )
    return (await connection.execute(update(sign_in_attempts).where(*known).values(used_at=now))).rowcount == 1


async def add_logout(connection: AsyncConnection, hashed_jti: bytes, ends_at: datetime, *, now: datetime) -> None:
    """Remember a logout token; one that came before raises IntegrityError. Forget those that are over."""
    await connection.execute(delete(provider_logouts).where(provider_logouts.c.ends_at < now))
    await connection.execute(insert(provider_logouts).values(hashed_jti=hashed_jti, ends_at=ends_at))


async def end_sessions(
    connection: AsyncConnection, issuer: str, now: datetime, *, subject: str | None, sid: str | None
) -> int:
    """End the live sessions that rest on this provider's word for a subject, a session of its own, or both."""
    if subject is None and sid is None:
        raise ValueError("all sessions of a provider are never meant")
    known = [sessions.c.issuer == issuer, sessions.c.ended_at.is_(None)]
    known += [sessions.c.subject == subject] if subject is not None else []
    known += [sessions.c.sid == sid] if sid is not None else []
    return (await connection.execute(update(sessions).where(*known).values(ended_at=now))).rowcount


def _fields(record: Identity | SignInAttempt) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}
