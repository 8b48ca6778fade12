"""Who of a shop's followers the visitor is: proven by their own sign-in at the platform, and by the shop's connection.

A link names a follower, and anybody may write one; so it is only a question, and the answer is the platform's: by which
id the named one signs in. Who comes without a name is known where that pair was seen before (ADR 0032).
"""

from datetime import timedelta
from typing import Literal

from gateway.acts.end_at_platform import end_kept
from gateway.acts.parting_copies import Follower
from gateway.acts.profiles import Met, keep_profile
from gateway.acts.renew import find_follower
from gateway.authority.limits import Limit
from gateway.doors import Visitor, of_people
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.guessing import Guesses
from gateway.platforms.zalo.followers import ZaloFollower, ZaloFollowers
from gateway.records.accounts import store as accounts
from gateway.records.accounts.pairs import find_subject, list_subjects
from gateway.records.accounts.types import Account, profile_name
from gateway.records.people import store as people
from gateway.records.people.types import STAFF, Proof
from gateway.terms.ids import PersonId

Stranger = Literal["other_sign_in", "other_person", "unknown", "unheard"]
"""Why somebody is not met: not signed in at the platform, not the one whom the link names, or named by nobody; whoever
is so may write to the shop, but only where the platform tells events."""
QUESTIONS = Limit(20, timedelta(minutes=15))
"""How often one person may ask who a follower is: each costs the shop a call."""


async def meet(door: PersonDoor, visitor: Visitor, shop: Account, *, named: str) -> Account | Stranger:
    """Return the visitor's own profile beside a shop, or why there is none.

    Args:
        door: the parts.
        visitor: whoever is signed in.
        shop: the account whose followers are meant.
        named: the id of a follower, as the shop knows them; "" where the link names nobody.

    Raises:
        Refusal: `limited`; `connection_lost`, `platform_refused`: the platform refuses the shop.
        Unavailable: the platform, or the database, gave no answer.
    """
    followers, login_subject = door.followers.get(shop.platform), visitor.session.subject
    if followers is None or login_subject is None or visitor.session.issuer != followers.issuer:
        return "other_sign_in"
    async with door.house.storage.read() as connection:
        known = await find_subject(connection, door.house.vault, shop.id, login_subject=login_subject)
    subject_id = known or named
    if not subject_id or (named and subject_id != named):
        return "other_person" if named else "unknown" if followers.hears else "unheard"
    if known is None:
        found = await ask_platform(door, visitor, shop, followers, named=named)
        if found is None or found.login_subject != login_subject:
            return "other_person"
    met = Met(subject_id, login_subject, f"{shop.platform}_login")
    return await _keep(door, shop, met, person_id=visitor.person.id)


async def meet_again(door: PersonDoor, person_id: PersonId, proof: Proof) -> None:
    """Give whoever signs in the profiles of theirs that are there already: something was decided there in their name.

    So what the platform told of them, before they ever came, stands on their own pages with its receipts (ADR 0038).
    """
    for platform, followers in door.followers.items():
        if proof.subject is not None and followers.issuer == proof.issuer:
            for shop, met in await _list_unmet(door, person_id, proof.subject, platform=platform):
                await _keep(door, shop, met, person_id=person_id)


async def _keep(door: PersonDoor, shop: Account, met: Met, *, person_id: PersonId) -> Account:
    """Keep the profile, and end what they took back at the platform before anybody here knew them by both ids."""
    profile = await keep_profile(door.house, shop, met, person_id=person_id)
    follower = Follower(shop.id, met.subject_id, met.login_subject)
    through = door.followers[shop.platform].upstream_app
    await end_kept(door.house, follower, of_people(door.catalogue, shop.platform), upstream_app=through)
    return profile


async def _list_unmet(
    door: PersonDoor, person_id: PersonId, login_subject: str, *, platform: str
) -> list[tuple[Account, Met]]:
    upstream_app, how, now = door.followers[platform].upstream_app, f"{platform}_login", door.now()
    unmet = []
    async with door.house.storage.read() as connection:
        person = await people.find(connection, person_id)
        if person is None or person.roles & STAFF:
            return []
        vault = door.house.vault
        met = await list_subjects(connection, vault, login_subject, platform=platform, upstream_app=upstream_app)
        shops = await accounts.list_named(connection, {account_id for account_id, _ in met})
        for account_id, subject_id in met:
            name = profile_name(shops[account_id].external_id, subject_id)
            profile = await accounts.find_external(connection, platform, name)
            if profile and await accounts.find_standing(connection, profile.id, person_id, now) is None:
                unmet.append((shops[account_id], Met(subject_id, login_subject, how)))
    return unmet


async def ask_platform(
    door: PersonDoor, visitor: Visitor, shop: Account, followers: ZaloFollowers, *, named: str
) -> ZaloFollower | None:
    """Ask through the shop's own connection who a follower is.

    Raises:
        Refusal: `limited`; `connection_lost`, `platform_refused`: the platform refuses the shop.
        Unavailable: the platform, or the database, gave no answer.
    """
    await count_question(door, visitor)
    return await find_follower(door.house, door.connectors[shop.platform], followers, shop.id, named=named)


async def count_question(door: PersonDoor, visitor: Visitor) -> None:
    """Count what a person has a platform asked of themself.

    Raises:
        Refusal: `limited`.
    """
    questions = Guesses(door.limits, {f"follower {visitor.person.id}": QUESTIONS})
    await questions.check()
    await questions.count()
