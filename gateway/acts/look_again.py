"""Look again: a person wants to see what they had refused lately, for this request (R17)."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.requests import store as requests
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal


@shielded
async def look_again(house: House, raw_request_id: str, person_id: PersonId) -> None:
    """Let the request's screen show everything; it decides nothing.

    Raises:
        Refusal: `not_found`: unknown, another person's, or over.
    """
    async with house.storage.unit() as unit:
        if not await requests.mark_looked(unit.connection, raw_request_id, person_id, house.clock.now()):
            raise Refusal("not_found")
        await unit.commit()
