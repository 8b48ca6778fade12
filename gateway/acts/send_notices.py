"""Sending notices: take on what is due, write down what came of it, and send again what a developer asks for.

The sending itself is `gateway/doors/events`; between taking on and writing down no transaction is open. Whoever dies in
between leaves a lease that runs out, and the notice goes out again under its own id.
"""

from collections.abc import Mapping
from datetime import timedelta

from gateway.acts import House
from gateway.acts.recording import record_gone
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.ledger import reading
from gateway.records.outbox import endpoints, queue
from gateway.records.outbox.letters import Letter, Pin, make_notice
from gateway.records.outbox.schedule import find_delay, spread
from gateway.records.outbox.types import EndpointState, Errand, Event, Notice, NoticeState, Tried
from gateway.terms.ids import AppId, new_id
from gateway.terms.refusal import Refusal

LEASE = timedelta(seconds=60)
"""Longer than any try takes."""
KEPT = timedelta(days=30)
"""How long a notice that is over can be read and sent again: tries last three days, a developer's holiday longer."""
GONE_STATUS = 410


@shielded
async def take_notices(house: House, under_way: Mapping[AppId, int], *, most: int, most_of_one: int) -> list[Errand]:
    """Take on notices that are due, and hold them for a minute.

    Args:
        house: the parts.
        under_way: how many each app has under way already, here.
        most: how many more may be under way.
        most_of_one: how many of one app may be, so that no endpoint holds up the others.

    Raises:
        Unavailable: nothing was taken on.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        until = now + LEASE
        busy = [app_id for app_id, number in under_way.items() if number >= most_of_one]
        found = await queue.take(unit.connection, now, until, limit=most, busy=busy)
        chosen = spread(found, under_way, most_of_one)
        await queue.hold(unit.connection, chosen, until)
        errands = [each for each in [await _errand(unit, notice) for notice in chosen] if each is not None]
        await unit.commit()
    return errands


@shielded
async def close_notice(house: House, errand: Errand, tried: Tried) -> None:
    """Write down how a try ended, and when the next is; an endpoint that says 410 is gone.

    Raises:
        Unavailable: nothing was written; the notice goes out again when its lease is over.
    """
    notice = errand.notice
    async with house.storage.unit() as unit:
        now = house.clock.now()
        if tried.is_taken:
            if notice.grant_id is not None and notice.version is not None:
                await queue.supersede(unit.connection, notice.grant_id, notice.version, now)
            await queue.close(unit.connection, notice, NoticeState.DELIVERED, outcome=tried.outcome, now=now)
        elif tried.status == GONE_STATUS and await endpoints.mark_gone(unit.connection, errand.endpoint, now):
            await queue.close(unit.connection, notice, NoticeState.GONE, outcome=tried.outcome, now=now)
            await queue.let_go(unit.connection, notice.app_id, now)
            await record_gone(house, unit, errand.endpoint, now)
        else:
            await _put_off(house, unit, notice, tried)
        await unit.commit()
    await house.ledger.publish()


@shielded
async def send_again(house: House, app_id: AppId, notice_id: str) -> None:
    """Let a notice that is over be sent once more, now, under the same id; its tries go on counting.

    Raises:
        Refusal: `not_found`: the app has none such; `nothing_to_change`: it waits already, cannot be sent again, or
            there is no live endpoint.
    """
    async with house.storage.unit() as unit:
        if not await queue.has(unit.connection, app_id, notice_id):
            raise Refusal("not_found")
        await _check_live(unit, app_id)
        if not await queue.renew(unit.connection, app_id, notice_id, house.clock.now()):
            raise Refusal("nothing_to_change")
        await unit.commit()
    house.has_notices.set()


@shielded
async def send_test(house: House, app_id: AppId) -> None:
    """Send an app a notice about nothing, so that its developer sees whether one arrives.

    Raises:
        Refusal: `nothing_to_change`: there is no live endpoint.
    """
    async with house.storage.unit() as unit:
        await _check_live(unit, app_id)
        now = house.clock.now()
        letter = Letter(new_id("nt", house.entropy), Event.TEST, house.issuer, now, app_id, {"client_id": app_id})
        newest = await reading.newest_signed(unit.connection)
        pin = None if newest is None else Pin(*newest)
        await queue.add(unit.connection, make_notice(letter, pin, app_id=app_id, is_live=True))
        await unit.commit()
    house.has_notices.set()


@shielded
async def forget_notices(house: House) -> int:
    """Delete the notices that were over a month ago, but for each grant's newest; return how many."""
    async with house.storage.unit() as unit:
        count = await queue.forget(unit.connection, house.clock.now() - KEPT)
        await unit.commit()
    return count


async def _errand(unit: UnitOfWork, notice: Notice) -> Errand | None:
    endpoint = await endpoints.find(unit.connection, notice.app_id)
    keys = await endpoints.list_live_keys(unit.connection, notice.app_id)
    return None if endpoint is None else Errand(notice, endpoint, tuple(keys))


async def _put_off(house: House, unit: UnitOfWork, notice: Notice, tried: Tried) -> None:
    now = house.clock.now()
    delay = find_delay(notice.tries + 1, house.entropy, wish_seconds=tried.wish_seconds)
    if delay is None:
        await queue.close(unit.connection, notice, NoticeState.GIVEN_UP, outcome=tried.outcome, now=now)
    else:
        await queue.put_off(unit.connection, notice, now + delay, outcome=tried.outcome)


async def _check_live(unit: UnitOfWork, app_id: AppId) -> None:
    endpoint = await endpoints.find(unit.connection, app_id)
    if endpoint is None or endpoint.state is not EndpointState.LIVE:
        raise Refusal("nothing_to_change")
