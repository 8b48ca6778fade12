"""Choose account: of several accounts, the one that a request's screen is to be about; it decides nothing."""

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.accounts import store as accounts
from gateway.records.requests import store as requests
from gateway.terms.ids import AccountId, PersonId
from gateway.terms.refusal import Refusal


@shielded
async def choose_account(
    house: House, raw_request_id: str, person_id: PersonId, *, account_id: AccountId | None
) -> None:
    """Note the account, or with None that none is chosen yet.

    Raises:
        Refusal: `account_required`: the person may not decide for it. `not_found`: the request is unknown, another
            person's, or over.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        if account_id and not await accounts.find_standing(unit.connection, account_id, person_id, now):
            raise Refusal("account_required")
        if not await requests.set_account(unit.connection, raw_request_id, person_id, account_id=account_id, now=now):
            raise Refusal("not_found")
        await unit.commit()
