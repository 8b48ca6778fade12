"""The control paths under `/_sandbox`, which no real platform has: arrivals, switches, revocation, incoming messages.

They are never recorded. A POST must be `application/json`: a foreign page cannot send that without a preflight, and
the preflight fails.
"""

from collections.abc import Callable
from dataclasses import asdict

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import ACCOUNTS
from gateway.sandbox.zalo.switches import Switches
from gateway.sandbox.zalo.visit import Call, first_values


class Revocation(BaseModel):
    """End an OA's tokens as its admin would; `keeps_refresh` ends the access token only."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    keeps_refresh: bool = False


class Incoming(BaseModel):
    """A message that a follower writes to the OA."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    user_id: str
    text: str


def list_received(room: Room, call: Call) -> web.Response:
    """Answer what arrived, numbered above `after`."""
    after = first_values(call.query).get("after", "0")
    if not after.isdecimal():
        return web.json_response({"error": "after must be a number"}, status=400)
    return web.json_response([asdict(arrival) for arrival in room.received.list_after(int(after))])


def show_switches(room: Room, _call: Call) -> web.Response:
    """Answer the switches in force."""
    return web.json_response(room.board.current.model_dump(mode="json"))


def set_switches(room: Room, call: Call) -> web.Response:
    """Replace all switches; what is not named goes back to a faithful Zalo."""
    room.board.set(Switches.model_validate_json(call.body))
    return show_switches(room, call)


def revoke(room: Room, call: Call) -> web.Response:
    """End an OA's tokens."""
    wanted = Revocation.model_validate_json(call.body)
    return web.json_response({"revoked": room.tokens.revoke(wanted.oa_id, keeps_refresh=wanted.keeps_refresh)})


def add_incoming(room: Room, call: Call) -> web.Response:
    """Let a follower write to its OA."""
    wanted = Incoming.model_validate_json(call.body)
    oa = ACCOUNTS.get(wanted.oa_id)
    if oa is None or oa.find_follower(wanted.user_id) is None:
        return web.json_response({"error": "no such follower of this OA"}, status=404)
    message = room.chat.draft(oa, wanted.user_id, is_from_user=True, text=wanted.text)
    return web.json_response({"message_id": room.chat.add_message(message).message_id})


Handler = Callable[[Room, Call], web.Response]

ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/_sandbox/received"): list_received,
    ("GET", "/_sandbox/switches"): show_switches,
    ("POST", "/_sandbox/switches"): set_switches,
    ("POST", "/_sandbox/revoke"): revoke,
    ("POST", "/_sandbox/incoming"): add_incoming,
}


def answer_control(room: Room, call: Call) -> web.StreamResponse:
    """Answer one control call; these speak plain HTTP status codes."""
    static = room.pages.find_static(call.path.removeprefix("/_sandbox/static/"))
    if call.method == "GET" and static is not None:
        return static
    handler = ROUTES.get((call.method, call.path))
    if handler is None:
        return web.json_response({"error": "no such control path"}, status=404)
    if (
        call.method == "POST"
        and call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json"
    ):
        return web.json_response({"error": "send application/json"}, status=415)
    try:
        return handler(room, call)
    except ValidationError as error:
        return web.json_response({"error": str(error)}, status=422)
