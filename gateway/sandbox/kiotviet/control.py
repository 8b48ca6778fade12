"""The control path that only this stand-in has: the end of a shop's tokens."""

from collections.abc import Mapping

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


OWN: Mapping[tuple[str, str], Handler[Room]] = {("POST", "/_sandbox/revoke"): revoke}
