"""Whether whoever lets their own data pass is of age: the platform says so at that moment, or nothing is agreed.

A child's consent needs a guardian's beside it, which is not offered yet (ADR 0031). What the platform answered is
written down nowhere: it would be a record of children.
"""

from gateway.doors import Visitor
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.meeting import ask_platform
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.terms.ids import AccountId
from gateway.terms.refusal import Refusal


async def check_of_age(door: PersonDoor, visitor: Visitor, account_id: AccountId | None) -> None:
    """Let somebody agree or resume as themself only where the platform calls them no minor now; owners are not asked.

    Raises:
        Refusal: `guardian_needed`: it calls them one, does not say, or cannot be asked; `limited`; `connection_lost`,
            `platform_refused`: the platform refuses the shop.
        Unavailable: the platform, or the database, gave no answer.
    """
    async with door.house.storage.read() as connection:
        profile = None if account_id is None else await accounts.find(connection, account_id)
        parent_id = None if profile is None else profile.parent_id
        shop = None if parent_id is None else await accounts.find(connection, parent_id)
    if profile is not None and shop is not None and not await _is_of_age(door, visitor, shop, profile=profile):
        raise Refusal("guardian_needed")


async def _is_of_age(door: PersonDoor, visitor: Visitor, shop: Account, *, profile: Account) -> bool:
    followers = door.followers.get(shop.platform)
    if followers is None:
        return False
    found = await ask_platform(door, visitor, shop, followers, named=profile.subject_id)
    return found is not None and found.is_of_age
