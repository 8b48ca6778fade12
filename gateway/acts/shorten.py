"""Shorten: bring the end of a grant nearer."""

from datetime import timedelta

from gateway.acts import House, Settled
from gateway.ground.storage.storage import ending, shielded
from gateway.records.grants import transitions
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import GrantId


@shielded
@ending
async def shorten(house: House, grant_id: GrantId, actor: Actor, *, lasts: timedelta, request_id: str = "") -> Settled:
    """Let every standing permission of the grant end `lasts` from now, unless it ends sooner already.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when none would end sooner.
        Unavailable: as `House.change_grant` says.
    """
    return await house.change_grant(
        grant_id,
        actor,
        kind=Kind.SHORTENED,
        transition=lambda grant, now: transitions.shorten(grant, None, now + lasts, now),
        request_id=request_id,
    )
