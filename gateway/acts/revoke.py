"""Revoke: an app gives a token back (RFC 7009)."""

from gateway.acts import House
from gateway.acts.family import end_family, lock_family
from gateway.ground.storage.storage import ending, shielded
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App
from gateway.records.families import store as families


@shielded
@ending
async def revoke(house: House, app: App, raw_token: str) -> None:
    """End the token if it is the app's own: a refresh token ends its family, an access token only itself.

    An unknown, dead or foreign token changes nothing and is not told apart (section 2.2).

    Raises:
        Unavailable: the token lives on; the app must try again.
    """
    hashed_token = hashed(raw_token)
    async with house.storage.unit() as unit:
        refresh = await families.find_refresh(unit.connection, hashed_token)
        access = await families.find_access(unit.connection, hashed_token)
        token = refresh or access
        family = await families.find(unit.connection, token.family_id) if token else None
        if token is None or family is None or family.app_id != app.id or family.ended_at is not None:
            return
        locked = await lock_family(house, unit, family.id)
        if refresh is not None:
            await end_family(house, unit, locked, cause="revoked_by_app")
        else:
            await families.end_access(unit.connection, hashed_token, locked.at)
        await unit.commit()
    if refresh is not None:
        house.in_flight.cut_families([family.id])
    else:
        house.in_flight.cut_token(hashed_token)
    await house.ledger.publish()
