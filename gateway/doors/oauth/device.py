"""The device authorization endpoint (RFC 8628): an app without a browser asks; a person decides somewhere else."""

from aiohttp import web

from gateway.acts.open_request import NO_DETAILS, AskedByDevice, open_for_device
from gateway.doors.oauth.asking import (
    CHECKS,
    Asking,
    check_challenge,
    check_response_mode,
    check_response_type,
    check_state,
)
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import keep_asks
from gateway.doors.oauth.errors import render_json
from gateway.doors.oauth.pushed import find_bound_key, read_handed_in
from gateway.doors.oauth.wishes import parse_wishes
from gateway.ground.web.addresses import address_of
from gateway.records.requests.types import DEVICE_LASTS, POLL_SECONDS
from gateway.records.requests.user_codes import show_user_code
from gateway.terms.refusal import Refusal

PAGE = "/device"
OF_REDIRECTS = (check_state, check_response_type, check_response_mode, check_challenge)
"""The checks that are about an answer by redirect; whatever else a request must hold, a device's must too."""


async def answer_device(door: OAuthDoor, request: web.Request) -> web.Response:
    """Answer POST /oauth/device_authorization: the device's code, the user's, and where to bring that (section 3.2).

    Raises:
        Refusal: a row of `errors.ERRORS`.
        Unavailable: nothing was kept.
    """
    asking = await read_handed_in(door, request)
    if not asking.app.may_use_devices:
        raise Refusal("unauthorized_client", "the app did not register the device grant")
    for check in CHECKS:
        if check not in OF_REDIRECTS:
            check(asking)
    jkt = await find_bound_key(door, request, asking)
    await keep_asks(door.house, asking.askable, asking.choose())
    codes = await open_for_device(door.house, _asked(asking, address_of(request), jkt))
    page, shown = f"{door.issuer}{PAGE}", show_user_code(codes.user_code)
    return render_json(
        {
            "device_code": codes.raw_code,
            "user_code": shown,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={shown}",
            "expires_in": int(DEVICE_LASTS.total_seconds()),
            "interval": POLL_SECONDS,
        }
    )


def _asked(asking: Asking, address: str, jkt: str | None) -> AskedByDevice:
    ask_ids = tuple(ask.id for ask in asking.choose())
    wishes, details = parse_wishes(asking.unverified), asking.find_details() or NO_DETAILS
    return AskedByDevice(asking.app.id, ask_ids, address, jkt, wishes, details)
