"""Forget devices: codes whose time was over a day ago. Until then a stolen one that comes back still shows (I3)."""

from datetime import timedelta

from gateway.acts import House
from gateway.ground.storage.storage import shielded
from gateway.records.requests import devices

KEPT = timedelta(days=1)


@shielded
async def forget_devices(house: House) -> int:
    """Forget what ran out; return how many."""
    async with house.storage.unit() as unit:
        count = await devices.forget(unit.connection, house.clock.now() - KEPT)
        await unit.commit()
    return count
