"""Identities: an operator ties one to a person, and it is taken away again; the provider's word ends sessions."""

from hashlib import sha256

from gateway.acts import House
from gateway.acts.recording import draft_identity
from gateway.ground.identity.types import LoggedOut
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people import identities
from gateway.records.people import store as people
from gateway.records.people.identities import By, Identity
from gateway.records.people.types import Person
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal


@shielded
async def link_identity(house: House, login: str, issuer: str, *, subject: str, actor: Actor) -> PersonId:
    """Tie a provider's subject to a person, whatever their roles: the operator stands for it.

    Raises:
        Refusal: `not_found`; `identity_taken` (the detail names the login that has it).
    """
    async with house.storage.unit() as unit:
        person = await _get_person(unit, login)
        identity = Identity(issuer, subject, person.id, "operator", house.clock.now())
        if not await unit.is_added(identities.add(unit.connection, identity)):
            known = await identities.find(unit.connection, issuer, subject)
            if known is None or known.person_id != person.id:
                holder = await people.find(unit.connection, known.person_id) if known else None
                raise Refusal("identity_taken", f"{holder.login} signs in with it" if holder else "")
            await identities.mark_operators(unit.connection, identity)
        await house.ledger.append(unit.connection, draft_identity(Kind.IDENTITY_LINKED, identity, person, actor=actor))
        await unit.commit()
    await house.ledger.publish()
    return person.id


@shielded
async def unlink_identity(house: House, person_id: PersonId, issuer: str, *, subject: str, actor: Actor) -> int:
    """Take an identity from its person, and end the sessions that rest on it.

    A person keeps their last way in; an operator may take that too.

    Returns:
        How many sessions ended.

    Raises:
        Refusal: `not_found`; `last_way_in`.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        person = await identities.lock_person(unit.connection, person_id)
        if person is None or not await identities.remove(unit.connection, person_id, issuer, subject=subject):
            raise Refusal("not_found")
        left = await identities.list_of_person(unit.connection, person_id)
        if actor.kind is ActorKind.PERSON and person.hashed_password is None and not left:
            raise Refusal("last_way_in")
        ended = await identities.end_sessions(unit.connection, issuer, now, subject=subject, sid=None)
        by: By = "person" if actor.kind is ActorKind.PERSON else "operator"
        identity = Identity(issuer, subject, person_id, by, now)
        await house.ledger.append(
            unit.connection, draft_identity(Kind.IDENTITY_UNLINKED, identity, person, actor=actor)
        )
        await unit.commit()
    await house.ledger.publish()
    return ended


@shielded
async def end_by_provider(house: House, told: LoggedOut) -> int:
    """End the sessions that a provider's logout token names; a token counts once.

    Returns:
        How many sessions ended.

    Raises:
        Refusal: `logout_replayed`.
    """
    hashed_jti = sha256(f"{told.issuer}\n{told.jti}".encode()).digest()
    async with house.storage.unit() as unit:
        now = house.clock.now()
        adding = identities.add_logout(unit.connection, hashed_jti, told.ends_at, now=now)
        if not await unit.is_added(adding):
            raise Refusal("logout_replayed")
        ended = await identities.end_sessions(unit.connection, told.issuer, now, subject=told.subject, sid=told.sid)
        await unit.commit()
    return ended


async def _get_person(unit: UnitOfWork, login: str) -> Person:
    person = await people.find_by_login(unit.connection, login)
    if person is None:
        raise Refusal("not_found")
    return person
