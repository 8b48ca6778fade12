"""Whose consent may be brought in: of whomever a platform calls no minor, as where somebody agrees here themself.

A child's consent needs a guardian's beside it, which is not offered yet (ADR 0031). Each costs the shop a call, taken
from what the platform takes of all apps together. What it answers is written down nowhere.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.acts import House
from gateway.acts.bring_in import Consent
from gateway.acts.renew import find_follower
from gateway.authority.budgets import SLOTS, Budget, Budgets
from gateway.platforms import Connector
from gateway.platforms.zalo.followers import ZaloFollowers
from gateway.records.accounts.types import Account
from gateway.terms.refusal import Unavailable
from scopes import Catalogue

AT_ONCE = 8
ASKING_SECONDS = 20
"""How long some rows may wait for a platform; who called waits longer."""
_OWN = "the gateway"
"""Under which name these calls are counted among those of apps."""
Person = tuple[str, str]
"""Of which account's people, by which of its ids."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people are asked about: how each platform is spoken to, and how much of its limit is left.

    A platform that is not in `followers` is asked about nobody, and so says of nobody that they are of age.
    """

    connectors: Mapping[str, Connector] = field(default_factory=dict)
    followers: Mapping[str, ZaloFollowers] = field(default_factory=dict)
    budgets: Budgets | None = None


def person_of(consent: Consent) -> Person:
    """Return whose consent it is."""
    return consent.parent.external_id, consent.subject_id


async def list_of_age(house: House, desk: Desk, catalogue: Catalogue, consents: Iterable[Consent]) -> set[Person]:
    """List those of some people whom their platform calls no minor now; silence is not that.

    Raises:
        Refusal: `connection_lost`, `platform_refused`: the platform refuses a shop.
        Unavailable: the platform, or the database, gave no answer in bound.
    """
    wanted = {person_of(each): each.parent for each in consents}
    found: set[Person] = set()
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(person: Person, shop: Account) -> None:
        followers = desk.followers.get(shop.platform)
        if followers is None:
            return
        async with gate:
            await _pace(desk, catalogue, followers)
            connector = desk.connectors[shop.platform]
            told = await find_follower(house, connector, followers, shop.id, named=person[1])
        if told is not None and told.is_of_age:
            found.add(person)

    try:
        async with asyncio.timeout(ASKING_SECONDS), asyncio.TaskGroup() as group:
            for person, shop in wanted.items():
                group.create_task(look(person, shop))
    except TimeoutError as error:
        raise Unavailable("platform") from error
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return found


async def _pace(desk: Desk, catalogue: Catalogue, followers: ZaloFollowers) -> None:
    """Wait until the platform takes one call more, by the limit that calls of apps are counted on too."""
    limit = catalogue.platforms[followers.platform].budget
    while limit is not None and desk.budgets is not None:
        key, budget = f"{followers.platform}/{followers.upstream_app}", Budget(limit.calls, limit.seconds)
        if desk.budgets.take(key, _OWN, budget).is_granted:
            return
        await asyncio.sleep(limit.seconds / SLOTS)
