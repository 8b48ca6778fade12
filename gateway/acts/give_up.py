"""Give up: the sign-in that an app wants cannot be had here, so its request ends without a decision (RFC 9470)."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.requests import store as requests
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal


@shielded
async def give_up(house: House, raw_request_id: str, person_id: PersonId) -> None:
    """End the request; the app hears `unmet_authentication_requirements`, once.

    Raises:
        Refusal: `not_found`: unknown, another person's, or over.
    """
    async with house.storage.unit() as unit:
        if not await requests.close(unit.connection, raw_request_id, person_id, house.clock.now()):
            raise Refusal("not_found")
        await unit.commit()
