"""Sessions: a person signs in, and out."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.tokens import hashed
from gateway.records.people import store as people
from gateway.records.people.types import PASSWORD_ACR, SESSION_WHOLE, Session
from gateway.terms.ids import PersonId, base62


@shielded
async def open_session(house: House, person_id: PersonId, *, acr: str | None = PASSWORD_ACR) -> str:
    """Open a session for someone who has just proven who they are, in which authentication context class.

    Returns:
        The raw token for the cookie; only its hash is kept.
    """
    raw_token = base62(int.from_bytes(house.entropy.token(32)), 43)
    now = house.clock.now()
    session = Session(hashed(raw_token), person_id, now, now, now + SESSION_WHOLE, acr)
    async with house.storage.unit() as unit:
        await people.add_session(unit.connection, session)
        await unit.commit()
    return raw_token


@shielded
async def end_session(house: House, raw_token: str) -> None:
    """End the session of this token, if there is one."""
    async with house.storage.unit() as unit:
        await people.end_session(unit.connection, hashed(raw_token), house.clock.now())
        await unit.commit()
