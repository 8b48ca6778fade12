"""The token endpoint: a shop's key for a token (facts B1). Its no is undocumented: RFC 6749's words stand here."""

import hmac

from aiohttp import web

from gateway.sandbox.calls import Call
from gateway.sandbox.kiotviet.config import ApiKey
from gateway.sandbox.kiotviet.room import Room
from gateway.sandbox.kiotviet.tokens import TTL
from gateway.sandbox.kiotviet.wire import answer_json

SCOPE = "PublicApi.Access"


def answer_token(room: Room, call: Call) -> web.Response:
    """Answer `POST /connect/token`; the parameter is `scopes`, and `expires_in` is a number."""
    form = call.form()
    if form.get("grant_type") != "client_credentials":
        return _refuse(room, "unsupported_grant_type")
    if form.get("scopes") != SCOPE:
        return _refuse(room, "invalid_scope")
    key = _find_key(room, form)
    if key is None or room.board.current.keys_dead:
        return _refuse(room, "invalid_client")
    token = room.tokens.issue(key.retailer)
    return answer_json({"access_token": token, "expires_in": int(TTL.total_seconds()), "token_type": "Bearer"})


def _find_key(room: Room, form: dict[str, str]) -> ApiKey | None:
    for key in room.config.keys:
        is_secret = hmac.compare_digest(form.get("client_secret", "").encode(), key.client_secret.encode())
        if form.get("client_id") == key.client_id and is_secret:
            return key
    return None


def _refuse(room: Room, error: str) -> web.Response:
    return answer_json({"error": error}, status=room.board.current.token_refusal)
