"""Confirm a device: its user says that it shows the code they typed; from now on the request is theirs alone."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.requests import store as requests
from gateway.terms.ids import PersonId, RequestId
from gateway.terms.refusal import Refusal


@shielded
async def confirm_device(house: House, request_id: RequestId, person_id: PersonId) -> None:
    """Give the request to the person, so that its screen opens for them; it grants nothing.

    Raises:
        Refusal: `not_found`: another person confirmed it meanwhile, or it is over.
    """
    async with house.storage.unit() as unit:
        if not await requests.bind(unit.connection, request_id, person_id, house.clock.now()):
            raise Refusal("not_found")
        await unit.commit()
