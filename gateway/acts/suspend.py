"""Suspend: an operator stops an app at once; lifting it revives nothing that ended meanwhile (R82)."""

from gateway.acts import House
from gateway.ground.storage.storage import ending, shielded
from gateway.ground.vault.entries import Barred
from gateway.records.apps import store as apps
from gateway.records.apps.types import AppState
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.owed import store as owed
from gateway.terms.ids import AppId
from gateway.terms.refusal import Refusal


@shielded
@ending
async def suspend_app(house: House, app_id: AppId, actor: Actor, *, reason: str) -> None:
    """Stop every call of the app; what runs is cut before this returns.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when it is suspended already.
        Unavailable: as `House.change_grant` says.
    """
    await _set(house, app_id, actor, state=AppState.SUSPENDED, reason=reason)


@shielded
async def resume_app(house: House, app_id: AppId, actor: Actor) -> None:
    """Let the app's standing grants work again.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when it is active already.
        Unavailable: as `House.change_grant` says.
    """
    await _set(house, app_id, actor, state=AppState.ACTIVE, reason=None)


async def _set(house: House, app_id: AppId, actor: Actor, *, state: AppState, reason: str | None) -> None:
    is_suspended = state is AppState.SUSPENDED
    async with house.unit() as unit:
        now = house.clock.now()
        if await apps.find(unit.connection, app_id) is None:
            raise Refusal("not_found")
        since = now if is_suspended else None
        if not await apps.set_state(unit.connection, app_id, state, reason, since=since):
            raise Refusal("nothing_to_change")
        kind = Kind.APP_SUSPENDED if is_suspended else Kind.APP_RESUMED
        said = {"reason": reason} if reason else {}
        parts = await house.parts_about(unit, actor, said)
        await owed.add(unit.connection, Barred("app", app_id, is_suspended, now))
        # The command line has no person under whose key the reason could be sealed.
        draft = Draft(kind, now, actor, {} if parts else said, app_id=app_id, parts=parts)
        await house.ledger.append(unit.connection, draft)
        await unit.commit()
    if is_suspended:
        house.in_flight.cut_app(app_id)
    await house.write_owed()
    await house.ledger.publish()
