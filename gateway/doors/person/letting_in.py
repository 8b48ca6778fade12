"""Letting in someone who has just proven who they are: a fresh session each time, and the browser's old one ends."""

from aiohttp import web

from gateway.acts.session import end_session, open_session
from gateway.doors.person.door import PersonDoor
from gateway.records.people.types import SESSION_WHOLE, Proof
from gateway.terms.ids import PersonId


async def let_in(
    door: PersonDoor, request: web.Request, response: web.Response, *, person_id: PersonId, proof: Proof | None = None
) -> web.Response:
    """Open a session with a name that no one knew before, and end the one this browser had; return the response."""
    raw_old = door.porter.cookie.find(request)
    raw_session = await open_session(door.house, person_id, proof)
    if raw_old is not None:
        await end_session(door.house, raw_old)
    door.porter.cookie.set(response, raw_session, ttl_seconds=int(SESSION_WHOLE.total_seconds()))
    door.form_cookie.clear(response)
    return response
