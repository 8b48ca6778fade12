"""Withdraw: end one ask, some, or the whole app, from any door; in force when it returns (I1, I4, R30, R31)."""

from collections.abc import Collection

from gateway.acts import House, Settled
from gateway.ground.storage.storage import ending, shielded
from gateway.records.grants import transitions
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AskId, GrantId


@shielded
@ending
async def withdraw(
    house: House, grant_id: GrantId, actor: Actor, *, ask_ids: Collection[AskId] | None = None, request_id: str = ""
) -> Settled:
    """End the standing permissions named, or all of the grant.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when none of them stands.
        Unavailable: as `House.change_grant` says.
    """
    return await house.change_grant(
        grant_id,
        actor,
        kind=Kind.WITHDRAWN,
        transition=lambda grant, now: transitions.withdraw(grant, ask_ids, now),
        request_id=request_id,
    )
