"""Spend an assertion: an app's signed proof of itself counts once. Those whose own time is over are forgotten."""

from datetime import datetime

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.ground.vault.tokens import hashed
from gateway.records.apps import store as apps
from gateway.terms.ids import AppId


@shielded
async def spend_assertion(house: House, app_id: AppId, raw_jti: str, expires_at: datetime) -> bool:
    """Note that the app used the assertion with this id; False if it was used before, by however many at once.

    Raises:
        Unavailable: it is not spent, and must not count.
    """
    async with house.storage.unit() as unit:
        is_first = await unit.is_added(apps.add_spent(unit.connection, app_id, hashed(raw_jti), expires_at))
        await unit.commit()
    return is_first


@shielded
async def forget_spent(house: House) -> int:
    """Forget spent assertions whose own time is over; return how many."""
    async with house.storage.unit() as unit:
        count = await apps.forget_spent(unit.connection, house.clock.now())
        await unit.commit()
    return count
