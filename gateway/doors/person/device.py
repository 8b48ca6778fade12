"""The page for a device's code (RFC 8628, section 3.3): type it, see who asks and from where, say that it is yours.

Only then the consent screen opens, the same as for everyone. Someone who sends their own code to another person is what
this page stands against (section 5.4): a link with a code in it fills the form in and does nothing more, and before the
tick the request is nobody's, so that no address leads past it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from aiohttp import web

from gateway.acts.confirm_device import confirm_device
from gateway.acts.give_up import give_up
from gateway.authority.limits import Limit
from gateway.doors import visitor_of
from gateway.doors.person.consent import get_decider
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import app_view
from gateway.doors.person.guessing import Guesses
from gateway.doors.person.views_device import ConfirmDeviceView, DeviceDoneView, DeviceView
from gateway.ground.web.addresses import address_of
from gateway.ground.web.responses import stay
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState
from gateway.records.families import store as families
from gateway.records.requests import devices
from gateway.records.requests import store as requests
from gateway.records.requests.types import AuthorizationRequest, DeviceCode, RequestKind
from gateway.records.requests.user_codes import USER_CODE, parse_user_code, show_user_code
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal

WITHIN = timedelta(minutes=15)
PER_PERSON = Limit(10, WITHIN)
PER_ADDRESS = Limit(100, WITHIN)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A device that waits for this person, or for anyone who knows its code."""

    device: DeviceCode
    request: AuthorizationRequest
    app: App
    code: str


async def show_device(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /device`: the form. A code in the address is written into it, and looked up by nobody."""
    get_decider(request)
    code = parse_user_code(request.query.get("user_code", ""))
    return door.show(request, DeviceView(show_user_code(code) if code else ""))


async def answer_device(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /device`: for a right code the question whose device it is, and for the answer to that the way on."""
    person_id = get_decider(request).person.id
    form = await door.read_form(request)
    decision = form.find("decision")
    if decision == "stay":
        return stay(is_https=door.is_https)
    raw_code = form.get_one("user_code")
    try:
        waiting = await _find_guessed(door, request, raw_code)
    except Refusal as refusal:
        return _answer_limited(door, request, refusal)
    if waiting is None:
        code = parse_user_code(raw_code)
        return door.show(request, DeviceView(show_user_code(code) if code else "", "unknown"), status=404)
    if decision == "stop":
        await give_up(door.house, waiting.request.id, person_id)
        return door.go(request, f"/device/done/{waiting.request.id}")
    if decision is None or form.find("confirm") != "yes":
        return _ask(door, request, waiting, is_unticked=decision is not None)
    await confirm_device(door.house, waiting.request.id, person_id)
    return door.go(request, f"/consent/{waiting.request.id}")


async def show_done(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /device/done/{request}`: the person may go back to the device; a request that still waits leads to it."""
    person_id = get_decider(request).person.id
    async with door.house.storage.read() as connection:
        asked = await requests.find(connection, request.match_info["request"])
        if asked is None or asked.kind is not RequestKind.DEVICE or asked.person_id != person_id:
            raise Refusal("not_found")
        app = await apps.find(connection, asked.app_id)
        device = await devices.find_of_request(connection, asked.id)
        family = await families.find(connection, device.family_id) if device and device.family_id else None
    if app is None:
        raise Refusal("not_found")
    if asked.is_open(door.now()):
        return door.go(request, f"/consent/{asked.id}")
    if family is not None:
        state: Literal["granted", "ended"] = "ended" if family.ended_at else "granted"
        return door.show(request, DeviceDoneView(app_view(app), state, family.grant_id, family.id))
    return door.show(request, DeviceDoneView(app_view(app), "refused" if asked.decided_at else "stopped"))


async def _find_guessed(door: PersonDoor, request: web.Request, raw_code: str) -> _Waiting | None:
    """Find whose code this is; a wrong one counts.

    Raises:
        Refusal: `limited`: ten wrong ones of this person in a quarter of an hour, or a hundred from this address.
    """
    person_id, address = visitor_of(request).person.id, address_of(request)
    keys = {f"device/person/{person_id}": PER_PERSON, f"device/address/{address}": PER_ADDRESS}
    guesses = Guesses(door.limits, keys)
    await guesses.check()
    waiting = await _find_waiting(door, raw_code, person_id)
    await guesses.judge(is_right=waiting is not None)
    return waiting


async def _find_waiting(door: PersonDoor, raw_code: str, person_id: PersonId) -> _Waiting | None:
    code = parse_user_code(raw_code)
    if code is None:
        return None
    async with door.house.storage.read() as connection:
        hashed_codes = door.house.vault.list_hmac_codes(code, USER_CODE)
        device = await devices.find_by_user_code(connection, hashed_codes)
        asked = await requests.find(connection, device.request_id) if device else None
        if device is None or asked is None or not asked.is_open(door.now()):
            return None
        app = await apps.find(connection, asked.app_id)
    if asked.person_id not in {None, person_id} or app is None or app.state is not AppState.ACTIVE:
        return None
    return _Waiting(device, asked, app, code)


def _ask(door: PersonDoor, request: web.Request, waiting: _Waiting, *, is_unticked: bool) -> web.Response:
    view = ConfirmDeviceView(
        app=app_view(waiting.app),
        code=show_user_code(waiting.code),
        asked_at=waiting.request.created_at,
        address=waiting.device.address,
        is_same_network=waiting.device.address == address_of(request),
        expires_at=waiting.request.expires_at,
        is_unticked=is_unticked,
    )
    return door.show(request, view, status=400 if is_unticked else 200)


def _answer_limited(door: PersonDoor, request: web.Request, refusal: Refusal) -> web.Response:
    waits = int(str(refusal.facts["retry_after_seconds"]))
    response = door.show(request, DeviceView(state="limited", retry_after_minutes=-(-waits // 60)), status=429)
    response.headers["Retry-After"] = str(waits)
    return response
