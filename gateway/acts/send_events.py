"""Sending copies of events: take on lanes that are due, write down what came of each, destroy what is over (I6)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from gateway.acts import House
from gateway.acts.recording import record_gone
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.hooks import store as hooks
from gateway.records.outbox import endpoints, lanes, queue
from gateway.records.outbox.lanes import Ended
from gateway.records.outbox.schedule import find_delay, spread
from gateway.records.outbox.types import Copy, Lane, NoticeState, Tried
from gateway.terms.ids import AppId, GrantId

LEASE = timedelta(seconds=60)
LONGEST = timedelta(hours=24)
"""After so long a copy is destroyed, sent or not."""
LINES_KEPT = timedelta(days=1)
"""How long the delivery log tells of a copy that is over; the trace tells longer."""
MOST_OF_LANE = 40
MOST_AT_ONCE = 500
GONE_STATUS = 410


@shielded
async def take_lanes(house: House, under_way: Mapping[AppId, int], *, most: int, most_of_one: int) -> list[Lane]:
    """Take on lanes that are due, and hold them for a minute.

    Args:
        house: the parts.
        under_way: how much each app has under way already, here.
        most: how many lanes more may be under way.
        most_of_one: how many things of one app may be.

    Raises:
        Unavailable: nothing was taken on.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        until = now + LEASE
        busy = [app_id for app_id, number in under_way.items() if number >= most_of_one]
        found = await lanes.list_due(unit.connection, now, limit=most, busy=busy)
        chosen = spread(found, under_way, most_of_one)
        await lanes.lease(unit.connection, chosen, until)
        taken = [await _lane(unit, each.grant_id, each.app_id, until=until) for each in chosen]
        await unit.commit()
    return [lane for lane in taken if lane is not None]


@shielded
async def close_lane(house: House, lane: Lane, ended: Sequence[Ended], failed: tuple[Copy, Tried] | None) -> None:
    """Write down how copies ended, and when the lane is tried again; an endpoint that says 410 is gone.

    Args:
        house: the parts.
        lane: as it was taken on.
        ended: those that are over, in their order.
        failed: the first that was not taken, behind which the others wait.

    Raises:
        Unavailable: nothing was written; what was sent goes out again, under its own id, when the lease is over.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        is_gone = failed is not None and failed[1].status == GONE_STATUS
        is_gone = is_gone and await endpoints.mark_gone(unit.connection, lane.endpoint, now)
        await lanes.end(unit.connection, ended, now)
        next_try_at = now
        if is_gone:
            await queue.let_go(unit.connection, lane.app_id, now)
        elif failed is not None:
            next_try_at += await _put_off(house, unit, *failed)
        await lanes.release(unit.connection, lane.grant_id, lane.leased_until, next_try_at=next_try_at)
        if is_gone:  # the log's head is held last
            await record_gone(house, unit, lane.endpoint, now)
        await unit.commit()
    await house.ledger.publish()


@shielded
async def drop_stale(house: House) -> int:
    """Destroy copies that wait for longer than a day, and forget lines and arrivals (I6).

    Returns:
        How many of that of which it was most: `MOST_AT_ONCE`, and there is more to do.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        given_up = await lanes.give_up(unit.connection, now - LONGEST, now, limit=MOST_AT_ONCE)
        lines = await lanes.forget(unit.connection, now - LINES_KEPT, limit=MOST_AT_ONCE)
        arrivals = await hooks.forget(unit.connection, now, limit=MOST_AT_ONCE)
        await unit.commit()
    return max(given_up, lines, arrivals)


async def _lane(unit: UnitOfWork, grant_id: GrantId, app_id: AppId, *, until: datetime) -> Lane | None:
    endpoint = await endpoints.find(unit.connection, app_id)
    copies = await lanes.list_next(unit.connection, grant_id, MOST_OF_LANE)
    if endpoint is None or not copies:
        await lanes.release(unit.connection, grant_id, until, next_try_at=until)
        return None
    keys = await endpoints.list_live_keys(unit.connection, app_id)
    return Lane(grant_id, app_id, until, endpoint, tuple(keys), tuple(copies))


async def _put_off(house: House, unit: UnitOfWork, copy: Copy, tried: Tried) -> timedelta:
    """Let a copy wait for its next try, or give it up where that would be too late; return how long its lane waits."""
    now = house.clock.now()
    tries = await lanes.find_tries(unit.connection, copy.id)
    delay = find_delay(tries + 1, house.entropy, wish_seconds=tried.wish_seconds)
    if delay is None or now + delay >= copy.created_at + LONGEST:
        await lanes.end(unit.connection, [Ended(copy.id, NoticeState.GIVEN_UP, tried.outcome)], now)
        return timedelta(0)
    await lanes.put_off(unit.connection, copy.id, now + delay, outcome=tried.outcome)
    return delay
