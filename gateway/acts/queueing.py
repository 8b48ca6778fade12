"""Copies of events at the end of a lane, which is made where it is missing and takes so many."""

from gateway.acts import House
from gateway.authority.holders import Holder
from gateway.ground.storage.storage import UnitOfWork
from gateway.records.outbox import lanes
from gateway.records.outbox.types import Copy

MOST_WAITING = 100_000
"""How many copies wait in one lane; what comes beyond is written down as not kept."""


async def queue_copies(house: House, unit: UnitOfWork, holder: Holder, kept: list[Copy]) -> None:
    """Put copies of events at the end of a grant's lane; those beyond its bound are written down as not kept."""
    now = house.clock.now()
    end = await lanes.hold_end(unit.connection, holder.grant_id, now)
    if end is None:  # another process may add it in the same moment
        await unit.is_added(lanes.add(unit.connection, holder.grant_id, holder.app_id))
        end = await lanes.hold_end(unit.connection, holder.grant_id, now)
    if end is None:
        raise AssertionError("a lane that was added, or that collides, exists")
    room = max(0, MOST_WAITING - end.waiting)
    await lanes.append(unit.connection, holder.app_id, kept[:room], after=end.newest)
    await lanes.drop(unit.connection, holder.app_id, kept[room:])
