"""Requests that take no answer any more: decided before (409), run out (410)."""

from typing import Literal

from aiohttp import web

from gateway.doors import visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.errors import STATUS
from gateway.doors.person.from_records import app_view
from gateway.doors.person.views_consent import RequestEndedView
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.grants import store as grants
from gateway.records.requests import store as requests
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import GrantId, PersonId
from gateway.terms.refusal import Refusal


async def get_own_request(door: PersonDoor, raw_request_id: str, person_id: PersonId) -> AuthorizationRequest:
    """Return a request that this person has on their screen and that still takes an answer.

    Raises:
        Refusal: `not_found` (unknown, never shown, or another person's), `decided`, `expired`.
    """
    async with door.house.storage.read() as connection:
        found = await requests.find(connection, raw_request_id)
    if found is None or found.person_id != person_id:
        raise Refusal("not_found")
    if found.decided_at is not None:
        raise Refusal("decided")
    if found.expires_at <= door.now():
        raise Refusal("expired")
    return found


async def show_ended(door: PersonDoor, request: web.Request, refusal: Refusal) -> web.Response:
    """Answer that the request is over; any other refusal goes on to the error pages."""
    state: Literal["decided", "expired"]
    if refusal.reason == "decided":
        state = "decided"
    elif refusal.reason == "expired":
        state = "expired"
    else:
        raise refusal
    person_id = visitor_of(request).person.id
    async with door.house.storage.read() as connection:
        found = await requests.find(connection, request.match_info["request"])
        app = await apps.find(connection, found.app_id) if found else None
        held = await accounts.list_held(connection, person_id, door.now())
        given = await grants.list_of_accounts(connection, [account.id for account, _ in held])
    if found is None or app is None or found.person_id != person_id:
        raise Refusal("not_found")
    grant_id = next((grant.id for grant in given if grant.app_id == app.id), GrantId(""))
    at = found.decided_at or found.expires_at
    return door.show(request, RequestEndedView(state, app_view(app), at, grant_id), status=int(STATUS[state]))
