"""Pause and resume: hold back what was agreed without losing it (R37)."""

from collections.abc import Collection

from gateway.acts import House, Settled
from gateway.ground.storage.storage import ending, shielded
from gateway.records.grants import transitions
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AskId, GrantId


@shielded
@ending
async def pause(
    house: House, grant_id: GrantId, actor: Actor, *, ask_ids: Collection[AskId] | None = None, request_id: str = ""
) -> Settled:
    """Hold back the live permissions named, or all of the grant; its tokens stay.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when none of them is live.
        Unavailable: as `House.change_grant` says.
    """
    return await house.change_grant(
        grant_id,
        actor,
        kind=Kind.PAUSED,
        transition=lambda grant, now: transitions.pause(grant, ask_ids, now),
        request_id=request_id,
    )


@shielded
async def resume(
    house: House, grant_id: GrantId, actor: Actor, *, ask_ids: Collection[AskId] | None = None, request_id: str = ""
) -> Settled:
    """Let the paused permissions named, or all, through again.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when none of them is paused, or their time ran out meanwhile.
        Unavailable: as `House.change_grant` says.
    """
    return await house.change_grant(
        grant_id,
        actor,
        kind=Kind.RESUMED,
        transition=lambda grant, now: transitions.resume(grant, ask_ids, now),
        request_id=request_id,
    )
