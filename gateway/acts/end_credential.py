"""End a credential: it and every token that came of it are dead when this returns (I1)."""

from gateway.acts import House
from gateway.ground.storage.storage import ending, shielded
from gateway.records.families import credentials
from gateway.records.families import store as families
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def end_credential(
    house: House, grant_id: GrantId, credential_id: str, actor: Actor, *, request_id: str = ""
) -> None:
    """End one credential of a grant; whoever may decide on the grant may, not only who made it.

    The journal is owed nothing: a restore ends every family (ADR 0018), so no older database revives one.

    Raises:
        Refusal: `not_found` (no such grant for this person, no such credential of it), `nothing_to_change` (over).
        Unavailable: it lives on.
    """
    async with house.storage.unit() as unit:
        grant = await house.lock_grant(unit, grant_id)
        now = house.clock.now()
        await house.check_standing(unit, grant, actor, now)
        credential = await credentials.find(unit.connection, credential_id)
        if credential is None or credential.grant_id != grant.id:
            raise Refusal("not_found")
        if not await families.end(unit.connection, credential.family_id, now):
            raise Refusal("nothing_to_change")
        facts = {"credential": credential.id, "family": credential.family_id, "grant": grant.id}
        parts = await house.parts_about(unit, actor, {"name": credential.name})
        draft = Draft(
            Kind.CREDENTIAL_ENDED,
            now,
            actor,
            facts,
            app_id=grant.app_id,
            account_id=grant.account_id,
            request_id=request_id,
            parts=parts,
        )
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    house.in_flight.cut_families([credential.family_id])
    await house.ledger.publish()
