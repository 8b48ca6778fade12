"""Poll: a device asks what came of its request, and gets its tokens, once (RFC 8628, section 3.5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from gateway.acts import House
from gateway.acts.family import end_family, get_holding, lock_family, terms_of
from gateway.ground.storage.storage import UnitOfWork, shielded
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App, AppState
from gateway.records.families import store as families
from gateway.records.families.minting import check_target, detailed, mint
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.records.requests.types import AuthorizationRequest, DeviceCode
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details


@dataclass(frozen=True, slots=True)
class Poll:
    """What the token endpoint received, with the app already authenticated (or public); `jkt` is the key it proved.

    `platform` is the one that it named as the target of its tokens, if any; `details` are what it wants of what it has.
    """

    app: App
    raw_code: str
    jkt: str | None = None
    platform: str | None = None
    details: Details | None = None


@shielded
async def poll_device(house: House, poll: Poll) -> bytes:
    """Exchange the device's code, if its user agreed.

    Returns:
        The token answer, JSON.

    Raises:
        Refusal: `authorization_pending`; `slow_down`: from now on it waits longer between polls; `access_denied`,
            `expired_token`; `invalid_grant`: unknown, another app's, another key's, or spent before, which has ended
            the family (I3); `invalid_target`, `invalid_authorization_details`: nothing was spent.
        Unavailable: nothing was spent.
    """
    async with house.storage.unit() as unit:
        now = house.clock.now()
        device = await _find(unit, poll, now)
        if device.family_id is None:
            return await _keep_waiting(unit, device, now)
        locked = await lock_family(house, unit, device.family_id)
        await _find(unit, poll, locked.at)  # the time may have run out before the lock was free
        if not await devices.redeem(unit.connection, device.hashed_code, locked.at):
            await end_family(house, unit, locked, cause="device_code_replayed")
            await unit.commit()
            house.in_flight.cut_families([locked.family.id])
            await house.ledger.publish()
            raise Refusal("invalid_grant", "the device code was used before; its tokens are ended")
        holding = detailed(await get_holding(unit, locked), poll.details)
        check_target(holding, poll.platform)
        minted = mint(holding, terms_of(poll.app, locked.at, jkt=poll.jkt), house.entropy)
        await families.add_tokens(unit.connection, minted.access, minted.refresh)
        await unit.commit()
    return minted.answer


async def _find(unit: UnitOfWork, poll: Poll, now: datetime) -> DeviceCode:
    """Find the code of a device that may hear what came of it.

    The request is read first: what is decided between the two reads then shows in the code, and no yes is told as a no.
    """
    if poll.app.state is not AppState.ACTIVE:
        raise Refusal("invalid_grant", "the app is suspended")
    hashed_code = hashed(poll.raw_code)
    request_id = await devices.find_request_id(unit.connection, hashed_code)
    request = await requests.find(unit.connection, request_id) if request_id else None
    device = await devices.find(unit.connection, hashed_code)
    if request is None or device is None or request.app_id != poll.app.id:
        raise Refusal("invalid_grant", "the device code is unknown")
    if request.jkt not in {None, poll.jkt}:
        raise Refusal("invalid_grant", "the device code is bound to a key that was not proven")
    if device.redeemed_at is None:  # a spent one goes on to the replay
        _check_open(device, request, now)
    return device


def _check_open(device: DeviceCode, request: AuthorizationRequest, now: datetime) -> None:
    if device.expires_at <= now:
        raise Refusal("expired_token", "the device code has expired")
    if device.family_id is None and not request.is_open(now):
        raise Refusal("access_denied", "the person gave nothing")


async def _keep_waiting(unit: UnitOfWork, device: DeviceCode, now: datetime) -> NoReturn:
    """Raise what a device hears that has to wait. One of several polls at once is in time, the others are too soon."""
    is_in_time = not device.is_too_soon(now) and await devices.note_poll(unit.connection, device, now)
    if not is_in_time:
        await devices.slow_down(unit.connection, device.hashed_code, now)
    await unit.commit()
    if is_in_time:
        raise Refusal("authorization_pending", "nobody has decided yet")
    raise Refusal("slow_down", "wait five seconds longer between two polls")
