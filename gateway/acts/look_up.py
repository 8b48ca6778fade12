"""Look up: an operator looks at what concerns a person. It is recorded first, and that person reads who and why (R55).

This is the only way to a name behind a record: a page that shows one has gone through here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.personkeys import Erased
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.parts import list_parts
from gateway.records.ledger.reasons import Reason
from gateway.records.ledger.types import EVIDENCE, IDENTITY, Actor, ActorKind, Draft, Part
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, why, and in which request; `is_again` where this very look was recorded a few minutes ago."""

    person_id: PersonId
    reason: Reason
    request_id: str = ""
    is_again: bool = False


@shielded
async def look_up_person(house: House, login: str, looker: Looker) -> Person:
    """Find a person by login, for a search of what concerns them.

    Raises:
        Refusal: `not_found`; that the operator tried is recorded, and there is nobody to tell.
    """
    async with house.storage.unit() as unit:
        person = await people.find_by_login(unit.connection, login)
        if person is None:
            await _record(house, unit, looker, person_id=None, facts={"how": "search_of_nobody"})
        else:
            await _record(house, unit, looker, person_id=person.id, facts={"how": "search"})
        await unit.commit()
    await house.ledger.publish()
    if person is None:
        raise Refusal("not_found")
    return person


@shielded
async def look_up_record(house: House, record_id: str, looker: Looker) -> dict[PersonId, Mapping[str, Any]]:
    """Open who stands behind a record: the identity parts that are not erased, by person; each of them is told.

    Raises:
        Refusal: `not_found`.
        Unsealable: a part was changed; nothing is recorded.
    """
    async with house.storage.unit() as unit:
        parts = (await list_parts(unit.connection, [record_id])).get(record_id, [])
        identities = [row for row in parts if row["name"] == IDENTITY]
        if not identities:
            raise Refusal("not_found")
        opened: dict[PersonId, Mapping[str, Any]] = {}
        for row in identities:
            try:
                held = reading.open_part(row, house.ledger.person_keys)
            except Erased:
                continue
            person_id = PersonId(row["person_id"])
            opened[person_id] = held if isinstance(held, dict) else {}
            await _record(house, unit, looker, person_id=person_id, facts={"how": "record", "record": record_id})
        await unit.commit()
    await house.ledger.publish()
    return opened


async def _record(
    house: House, unit: UnitOfWork, looker: Looker, *, person_id: PersonId | None, facts: Mapping[str, str]
) -> None:
    if looker.is_again:
        return
    actor = Actor(ActorKind.OPERATOR, looker.person_id)
    named = await house.parts_about(unit, actor, {})
    told = () if person_id is None else (Part(EVIDENCE, person_id, {"reason": looker.reason.text}),)
    draft = Draft(
        kind=Kind.LOOKED_UP,
        at=house.clock.now(),
        actor=actor,
        facts=facts if person_id is None else {"person": person_id, **facts},
        request_id=looker.request_id,
        parts=(*named, *told),
    )
    await house.ledger.append(unit.connection, draft)
