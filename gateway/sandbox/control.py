"""The control paths under `/_sandbox`, which no real platform has: what every stand-in has of them.

They are never recorded. A POST must be `application/json`: a foreign page cannot send that without a preflight, and
the preflight fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from aiohttp import web
from pydantic import ValidationError

from gateway.sandbox.calls import Call, first_values
from gateway.sandbox.pages import Pages
from gateway.sandbox.received import ReceivedLog
from gateway.sandbox.switching import SwitchBoard


class Watched(Protocol):
    """The room of a stand-in, as far as these paths look into it."""

    @property
    def received(self) -> ReceivedLog:
        """What arrived."""

    @property
    def board(self) -> SwitchBoard[Any]:
        """The switches in force."""


R = TypeVar("R", bound=Watched)
Handler = Callable[[R, Call], web.Response]


def list_received(room: Watched, call: Call) -> web.Response:
    """Answer what arrived, numbered above `after`."""
    after = first_values(call.query).get("after", "0")
    if not after.isdecimal():
        return web.json_response({"error": "after must be a number"}, status=400)
    return web.json_response([asdict(arrival) for arrival in room.received.list_after(int(after))])


def show_switches(room: Watched, _call: Call) -> web.Response:
    """Answer the switches in force."""
    return web.json_response(room.board.current.model_dump(mode="json"))


def set_switches(room: Watched, call: Call) -> web.Response:
    """Replace all switches; what is not named goes back to a faithful platform."""
    room.board.set(type(room.board.current).model_validate_json(call.body))
    return show_switches(room, call)


COMMON: Mapping[tuple[str, str], Callable[[Watched, Call], web.Response]] = {
    ("GET", "/_sandbox/received"): list_received,
    ("GET", "/_sandbox/switches"): show_switches,
    ("POST", "/_sandbox/switches"): set_switches,
}


def answer_control(room: R, call: Call, *, own: Mapping[tuple[str, str], Handler[R]]) -> web.Response:
    """Answer one control call by the common paths or the platform's own; these speak plain HTTP status codes."""
    place = (call.method, call.path)
    handler: Handler[R] | None = own.get(place) or COMMON.get(place)
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
        return web.json_response({"error": _say_wrong(error)}, status=422)


def _say_wrong(error: ValidationError) -> str:
    """Name each place and what it would take."""
    wrong = error.errors(include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in wrong)


def find_static(pages: Pages, call: Call) -> web.FileResponse | None:
    """Find the stylesheet that a stand-in's own pages ask for."""
    return pages.find_static(call.path.removeprefix("/_sandbox/static/")) if call.method == "GET" else None
