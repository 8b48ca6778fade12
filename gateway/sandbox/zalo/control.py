"""The control paths that only this stand-in has: revocation, and what followers do, which webhooks tell."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from gateway.sandbox.calls import Call
from gateway.sandbox.control import Handler
from gateway.sandbox.zalo.people import Follower, OfficialAccount
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


class PersonRevocation(BaseModel):
    """End a person's tokens as they would at Zalo; `id` is by which the app knows them."""

    model_config = ConfigDict(extra="forbid")

    id: str
    keeps_refresh: bool = False


def revoke_person(room: Room, call: Call) -> web.Response:
    """End a person's tokens."""
    wanted = PersonRevocation.model_validate_json(call.body)
    is_done = room.social_tokens.revoke(wanted.id, keeps_refresh=wanted.keeps_refresh)
    return web.json_response({"revoked": is_done})


class Doing(BaseModel):
    """Something that a follower does with the OA; `follows` is for following alone."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    user_id: str
    follows: bool = True


class TakingBack(BaseModel):
    """A follower who takes their consent back, at the OA or in the Mini App."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    user_id: str
    in_mini_app: bool = False


class Stranger(BaseModel):
    """A message of somebody who writes to the OA without following it."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    anonymous_id: str
    conversation_id: str
    text: str


class CallAnswer(BaseModel):
    """What whoever was asked for leave to call answers."""

    model_config = ConfigDict(extra="forbid")

    oa_id: str
    phone: str
    allows: bool = True


def add_incoming(room: Room, call: Call) -> web.Response:
    """Let a follower write to its OA."""
    wanted = Incoming.model_validate_json(call.body)
    oa, follower = _find(wanted)
    if oa is None or follower is None:
        return _nobody()
    message = room.chat.add_message(room.chat.draft(oa, wanted.user_id, is_from_user=True, text=wanted.text))
    room.teller.tell_message(message, oa, follower)
    return web.json_response({"message_id": message.message_id})


def change_follow(room: Room, call: Call) -> web.Response:
    """Let someone follow the OA, or leave it; the list of followers stays as it is seeded."""
    wanted = Doing.model_validate_json(call.body)
    oa, follower = _find(wanted)
    if oa is None or follower is None:
        return _nobody()
    room.teller.tell_follow(oa, follower, follows=wanted.follows)
    return web.json_response({"told": room.teller.is_on})


def submit_info(room: Room, call: Call) -> web.Response:
    """Let a follower answer the form for their details, with what they are seeded with."""
    oa, follower = _find(Doing.model_validate_json(call.body))
    if oa is None or follower is None:
        return _nobody()
    room.teller.tell_info(oa, follower)
    return web.json_response({"told": room.teller.is_on})


def withdraw(room: Room, call: Call) -> web.Response:
    """Let a follower take back what the OA may have of them; with `in_mini_app` instead what the Mini App may."""
    wanted = TakingBack.model_validate_json(call.body)
    oa, follower = _find(wanted)
    if oa is None or follower is None:
        return _nobody()
    if wanted.in_mini_app:
        room.teller.tell_revocation(follower)
    else:
        room.teller.tell_withdrawal(oa, follower)
    return web.json_response({"told": room.teller.is_on})


def add_stranger(room: Room, call: Call) -> web.Response:
    """Let somebody write to an OA without following it; it stands in no list of chats."""
    wanted = Stranger.model_validate_json(call.body)
    oa = ACCOUNTS.get(wanted.oa_id)
    if oa is None:
        return _nobody()
    message_id = room.chat.draft(oa, "", is_from_user=True, text=wanted.text).message_id
    said: dict[str, object] = {"conversation_id": wanted.conversation_id, "text": wanted.text, "msg_id": message_id}
    room.teller.tell_stranger(oa, wanted.anonymous_id, said)
    return web.json_response({"message_id": message_id})


def answer_call(room: Room, call: Call) -> web.Response:
    """Let whoever was asked for leave to call give it, or block the OA."""
    wanted = CallAnswer.model_validate_json(call.body)
    oa = ACCOUNTS.get(wanted.oa_id)
    if oa is None:
        return _nobody()
    room.teller.tell_call_answer(oa, wanted.phone, allows=wanted.allows)
    return web.json_response({"told": room.teller.is_on})


def list_told(room: Room, _call: Call) -> web.Response:
    """Answer what was told by webhook, and what came of it."""
    return web.json_response({"is_on": room.teller.is_on, "told": room.teller.told})


def _find(wanted: Incoming | Doing | TakingBack) -> tuple[OfficialAccount | None, Follower | None]:
    oa = ACCOUNTS.get(wanted.oa_id)
    return oa, None if oa is None else oa.find_follower(wanted.user_id)


def _nobody() -> web.Response:
    return web.json_response({"error": "no such follower of this OA"}, status=404)


OWN: Mapping[tuple[str, str], Handler[Room]] = {
    ("POST", "/_sandbox/revoke"): revoke,
    ("POST", "/_sandbox/revoke_person"): revoke_person,
    ("POST", "/_sandbox/incoming"): add_incoming,
    ("POST", "/_sandbox/follow"): change_follow,
    ("POST", "/_sandbox/submit_info"): submit_info,
    ("POST", "/_sandbox/stranger"): add_stranger,
    ("POST", "/_sandbox/call_answer"): answer_call,
    ("POST", "/_sandbox/withdraw"): withdraw,
    ("GET", "/_sandbox/told"): list_told,
}
