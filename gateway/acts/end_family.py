"""End one family: one authorization of an app is over, on that device or in that browser; its others go on (I1)."""

from gateway.acts import House
from gateway.ground.storage.storage import ending, shielded
from gateway.records.families import chains
from gateway.records.families import store as families
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def end_family(house: House, grant_id: GrantId, family_id: str, actor: Actor, *, request_id: str = "") -> None:
    """End one family of a grant; whoever may decide on the grant may, not only who began it. The grant stays as it is.

    A credential's family is ended with its credential. The journal is owed nothing: a restore ends every family (ADR
    0018), so no older database revives one.

    Raises:
        Refusal: `not_found` (no such grant for this person, no such family of it), `nothing_to_change` (over).
        Unavailable: it lives on.
    """
    async with house.storage.unit() as unit:
        grant = await house.lock_grant(unit, grant_id)
        now = house.clock.now()
        await house.check_standing(unit, grant, actor, now)
        family = await chains.find(unit.connection, grant.id, family_id)
        if family is None:
            raise Refusal("not_found")
        if not await families.end(unit.connection, family.id, now):
            raise Refusal("nothing_to_change")
        facts = {"grant": grant.id, "family": family.id, "cause": "ended_by_person"}
        draft = Draft(
            Kind.FAMILY_ENDED,
            now,
            actor,
            facts,
            app_id=grant.app_id,
            account_id=grant.account_id,
            request_id=request_id,
            parts=await house.parts_about(unit, actor, facts),
        )
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    house.in_flight.cut_families([family.id])
    await house.ledger.publish()
