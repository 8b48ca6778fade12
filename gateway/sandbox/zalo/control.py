"""The control paths that only this stand-in has: revocation, and messages that followers write."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from gateway.sandbox.calls import Call
from gateway.sandbox.control import Handler
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import ACCOUNTS


class Revocation(BaseModel):
    """End an OA's tokens as its admin would; `keeps_refresh` ends the access token only.

    `app_id`: those of this app; left out, the first one's.
    """

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    keeps_refresh: bool = False
    app_id: str | None = None


class Incoming(BaseModel):
    """A message that a follower writes to the OA."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    user_id: str
    text: str


def revoke(room: Room, call: Call) -> web.Response:
    """End an OA's tokens."""
    wanted = Revocation.model_validate_json(call.body)
    book = room.books.get(wanted.app_id or room.config.app_id)
    if book is None:
        return web.json_response({"error": "no such app"}, status=404)
    return web.json_response({"revoked": book.revoke(wanted.oa_id, keeps_refresh=wanted.keeps_refresh)})


def add_incoming(room: Room, call: Call) -> web.Response:
    """Let a follower write to its OA."""
    wanted = Incoming.model_validate_json(call.body)
    oa = ACCOUNTS.get(wanted.oa_id)
    if oa is None or oa.find_follower(wanted.user_id) is None:
        return web.json_response({"error": "no such follower of this OA"}, status=404)
    message = room.chat.draft(oa, wanted.user_id, is_from_user=True, text=wanted.text)
    return web.json_response({"message_id": room.chat.add_message(message).message_id})


OWN: Mapping[tuple[str, str], Handler[Room]] = {
    ("POST", "/_sandbox/revoke"): revoke,
    ("POST", "/_sandbox/incoming"): add_incoming,
}
