"""Show a request: the consent screen is on a person's display; from now on it is theirs alone."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.requests import store as requests
from gateway.records.requests.sign_in import SignIn, check_sign_in
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal


@shielded
async def show_request(
    house: House, raw_request_id: str, person_id: PersonId, *, sign_in: SignIn | None = None
) -> AuthorizationRequest:
    """Bind the request to the first person who opens it, note when they saw it, and return it.

    Raises:
        Refusal: `not_found` (unknown, or another person's), `decided`, `expired`; `sign_in_again` or
            `unmet_authentication_requirements`: the app wants another sign-in, and the request is nobody's yet.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        request = await requests.claim(unit.connection, raw_request_id, person_id, now)
        if request is None:
            raise Refusal("not_found")
        if request.is_open(now):
            check_sign_in(request, sign_in, now)
        await unit.commit()
    if request.decided_at is not None:
        raise Refusal("decided")
    if request.expires_at <= now:
        raise Refusal("expired")
    return request
