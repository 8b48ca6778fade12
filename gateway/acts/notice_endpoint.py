"""The endpoint: where an app hears of changes, and the keys that sign them; set, cleared, rotated by its developer."""

from dataclasses import replace

from gateway.acts import House
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.records.apps import store as apps
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, Draft
from gateway.records.outbox import endpoints, lanes, queue
from gateway.records.outbox.keys import make_key
from gateway.records.outbox.types import Endpoint, EndpointState, address_facts
from gateway.terms.ids import AppId
from gateway.terms.refusal import Refusal

LIVE_KEYS = 2


@shielded
async def set_endpoint(house: House, app_id: AppId, url: str, actor: Actor) -> str | None:
    """Send an app's notices to `url` from now on, which the caller checked; one that was gone is live again.

    Where they go there already nothing changes and nothing is recorded: a machine may say it at each of its starts.

    Returns:
        The raw secret of the first key, shown this once; None where the app has keys, which stay.

    Raises:
        Refusal: `not_found`.
    """
    async with house.storage.unit() as unit:
        await _get_app(unit, app_id)
        now = house.clock.now()
        known = await endpoints.find(unit.connection, app_id)
        if known is not None and known.is_live_at(url):
            return None
        await endpoints.save(unit.connection, Endpoint(app_id, url, EndpointState.LIVE, now))
        await lanes.wake(unit.connection, app_id, now)
        has_keys = bool(await endpoints.list_live_keys(unit.connection, app_id))
        raw_secret = None if has_keys else await _add_key(house, unit, app_id)
        await _record(house, unit, actor, Draft(Kind.NOTICES_SET, now, actor, address_facts(url), app_id=app_id))
        await unit.commit()
    await house.ledger.publish()
    house.has_notices.set()
    return raw_secret


@shielded
async def clear_endpoint(house: House, app_id: AppId, actor: Actor) -> None:
    """Send an app nothing any more; its keys end, and what waits is let go.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when it has no endpoint.
    """
    async with house.storage.unit() as unit:
        await _get_app(unit, app_id)
        now = house.clock.now()
        if not await endpoints.remove(unit.connection, app_id, now):
            raise Refusal("nothing_to_change")
        await queue.let_go(unit.connection, app_id, now)
        await _record(house, unit, actor, Draft(Kind.NOTICES_CLEARED, now, actor, {}, app_id=app_id))
        await unit.commit()
    await house.ledger.publish()


@shielded
async def rotate_key(house: House, app_id: AppId, actor: Actor, *, newest_id: str | None = None) -> str:
    """Give the app a new signing key; the one before signs beside it until the next rotation, older ones end.

    `newest_id` is the newest key that its developer saw; None: nobody asks for it.

    Returns:
        Its raw secret, shown this once.

    Raises:
        Refusal: `not_found`; `nothing_to_change` when it has no endpoint, or was given another key since.
    """
    async with house.storage.unit() as unit:
        await _get_app(unit, app_id)
        if await endpoints.find(unit.connection, app_id) is None:
            raise Refusal("nothing_to_change")
        keys = await endpoints.list_live_keys(unit.connection, app_id)
        if newest_id is not None and [newest_id] != [key.id for key in keys[:1]]:
            raise Refusal("nothing_to_change")
        now = house.clock.now()
        await endpoints.end_keys(unit.connection, app_id, keep=LIVE_KEYS - 1, now=now)
        raw_secret = await _add_key(house, unit, app_id)
        facts = {"last4": raw_secret[-4:]}
        await _record(house, unit, actor, Draft(Kind.NOTICE_KEY_ROTATED, now, actor, facts, app_id=app_id))
        await unit.commit()
    await house.ledger.publish()
    return raw_secret


async def _record(house: House, unit: UnitOfWork, actor: Actor, draft: Draft) -> None:
    """Add the record, with the identity of a developer who acted, so that they find it among their own."""
    await house.ledger.append(unit.connection, replace(draft, parts=await house.parts_about(unit, actor, {})))


async def _get_app(unit: UnitOfWork, app_id: AppId) -> None:
    """Hold the app's row: changes of its endpoint and keys take turns."""
    if await apps.find(unit.connection, app_id, lock=True) is None:
        raise Refusal("not_found")


async def _add_key(house: House, unit: UnitOfWork, app_id: AppId) -> str:
    number = len(await endpoints.list_keys(unit.connection, app_id)) + 1
    made = make_key(app_id, number, vault=house.vault, entropy=house.entropy, now=house.clock.now())
    await endpoints.add_key(unit.connection, made.key)
    return made.raw_secret
