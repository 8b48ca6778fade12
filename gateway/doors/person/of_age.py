"""Whether whoever lets their own data pass is of age: the platform says so at that moment, or nothing is agreed.

A child's consent needs a guardian's beside it, which is not offered yet (ADR 0031). What the platform answered is
written down nowhere: it would be a record of children.
"""

from gateway.acts.renew import describe_account
from gateway.doors import Visitor
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.meeting import ask_platform, count_question
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import SELF, Account
from gateway.terms.ids import AccountId
from gateway.terms.refusal import Refusal


async def check_of_age(door: PersonDoor, visitor: Visitor, account_id: AccountId | None) -> None:
    """Let somebody agree or resume as themself only where the platform calls them no minor now; owners are not asked.

    As themself is for the profile that a shop sees, and for an account that is one's own alone.

    Raises:
        Refusal: `guardian_needed`: it calls them one, does not say, or cannot be asked; `limited`; `connection_lost`,
            `platform_refused`: the platform refuses the shop, or the account.
        Unavailable: the platform, or the database, gave no answer.
    """
    if account_id is None:
        return
    async with door.house.storage.read() as connection:
        account = await accounts.find(connection, account_id)
        standing = await accounts.find_standing(connection, account_id, visitor.person.id, door.now())
        parent_id = None if account is None else account.parent_id
        shop = None if parent_id is None else await accounts.find(connection, parent_id)
    if account is None or (shop is None and standing is not None and standing.role != SELF):
        return
    asking = _is_grown(door, visitor, account) if shop is None else _is_of_age(door, visitor, shop, profile=account)
    if not await asking:
        raise Refusal("guardian_needed")


async def _is_grown(door: PersonDoor, visitor: Visitor, account: Account) -> bool:
    connector = door.connectors.get(account.platform)
    if connector is None:
        return False
    await count_question(door, visitor)
    told = await describe_account(door.house, connector, account.id)
    return told.external_id == account.external_id and told.is_of_age


async def _is_of_age(door: PersonDoor, visitor: Visitor, shop: Account, *, profile: Account) -> bool:
    followers = door.followers.get(shop.platform)
    if followers is None:
        return False
    found = await ask_platform(door, visitor, shop, followers, named=profile.subject_id)
    return found is not None and found.is_of_age
