"""The control paths that only this stand-in has: the end of a shop's tokens, and what its webhooks tell."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from gateway.sandbox.calls import Call
from gateway.sandbox.control import Handler
from gateway.sandbox.kiotviet.room import Room


class Revocation(BaseModel):
    """End a shop's tokens; its key goes on working."""

    model_config = ConfigDict(extra="forbid")

    retailer: str


def revoke(room: Room, call: Call) -> web.Response:
    """End a shop's tokens."""
    wanted = Revocation.model_validate_json(call.body)
    return web.json_response({"revoked": room.tokens.revoke(wanted.retailer)})


class Happening(BaseModel):
    """Something that webhooks of a type tell, in the members of the API."""

    model_config = ConfigDict(extra="forbid")

    retailer: str
    type: str
    rows: list[dict[str, Any]]


def happen(room: Room, call: Call) -> web.Response:
    """Tell what no call of the API changes: stock, categories, branches, price lists."""
    wanted = Happening.model_validate_json(call.body)
    room.teller.tell(wanted.retailer, wanted.type, wanted.rows)
    return web.json_response({"told": True})


class Switched(BaseModel):
    """A webhook that the platform switches off, as it does after a 4xx."""

    model_config = ConfigDict(extra="forbid")

    retailer: str
    id: int


def switch_off(room: Room, call: Call) -> web.Response:
    """Switch a webhook off, without a word to anybody."""
    wanted = Switched.model_validate_json(call.body)
    return web.json_response({"was_on": room.teller.switch_off(wanted.retailer, wanted.id)})


def list_told(room: Room, _call: Call) -> web.Response:
    """Answer what was told by webhook, and what came of it."""
    return web.json_response(room.teller.told)


OWN: Mapping[tuple[str, str], Handler[Room]] = {
    ("POST", "/_sandbox/revoke"): revoke,
    ("POST", "/_sandbox/happen"): happen,
    ("POST", "/_sandbox/switch_off"): switch_off,
    ("GET", "/_sandbox/told"): list_told,
}
