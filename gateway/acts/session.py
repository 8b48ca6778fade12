"""Sessions: a person signs in, and out."""

from gateway.acts import House
from gateway.ground.storage.storage import ending, shielded
from gateway.ground.vault.tokens import hashed
from gateway.records.people import store as people
from gateway.records.people.types import PASSWORD_ACR, SESSION_WHOLE, Proof, Session
from gateway.terms.ids import PersonId, random_base62


@shielded
async def open_session(house: House, person_id: PersonId, proof: Proof | None = None) -> str:
    """Open a session for someone who has just proven who they are; without a `proof` by their password, now.

    Returns:
        The raw token for the cookie; only its hash is kept.
    """
    raw_token = random_base62(house.entropy)
    now = house.clock.now()
    by = proof or Proof(now, PASSWORD_ACR)
    session = Session(
        hashed_token=hashed(raw_token),
        person_id=person_id,
        authenticated_at=by.at,
        last_seen_at=now,
        ends_at=now + SESSION_WHOLE,
        acr=by.acr,
        issuer=by.issuer,
        subject=by.subject,
        sid=by.sid,
    )
    async with house.storage.unit() as unit:
        await people.add_session(unit.connection, session)
        await unit.commit()
    return raw_token


@shielded
@ending
async def end_session(house: House, raw_token: str) -> None:
    """End the session of this token, if there is one."""
    async with house.storage.unit() as unit:
        await people.end_session(unit.connection, hashed(raw_token), house.clock.now())
        await unit.commit()
