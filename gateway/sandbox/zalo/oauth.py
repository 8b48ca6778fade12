"""The OAuth host: what an authorize request must be, and the token endpoint (facts A0.3, A1)."""

import hmac

from aiohttp import web

from gateway.sandbox.calls import Call
from gateway.sandbox.zalo.errors import OAuthError
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.tokens import ACCESS_TTL, Issued
from gateway.sandbox.zalo.wire import answer_json

NOT_ACTIVE = "App is not active but user is not admin"


def check_app(room: Room, app_id: str) -> None:
    """Refuse another app, and ours after it was removed."""
    if room.board.current.app_removed:
        raise OAuthError(-14002, reason=NOT_ACTIVE)
    if app_id != room.config.app_id:
        raise OAuthError(-14002)


def check_callback(room: Room, redirect_uri: str) -> None:
    """The callback must be a saved one, byte for byte."""
    if redirect_uri not in room.config.callback_urls:
        raise OAuthError(-14003)


def answer_token(room: Room, call: Call) -> web.Response:
    """Answer `POST /v4/oa/access_token`; `expires_in` is a text, and errors are HTTP 200."""
    try:
        issued = _redeem(room, call)
    except OAuthError as error:
        return refuse(error)
    lifetime = str(int(ACCESS_TTL.total_seconds()))
    return answer_json(
        {"access_token": issued.access_token, "refresh_token": issued.refresh_token, "expires_in": lifetime}
    )


def refuse(error: OAuthError) -> web.Response:
    """The host's error answer."""
    return answer_json(error.body())


def _redeem(room: Room, call: Call) -> Issued:
    form = call.form()
    check_app(room, form.get("app_id", ""))
    secret = call.headers.get("secret_key", "")
    if not hmac.compare_digest(secret.encode("utf-8", "replace"), room.config.app_secret.encode()):
        raise OAuthError(-14004)
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        return room.tokens.redeem_code(form.get("code", ""), form.get("code_verifier", ""))
    if grant_type == "refresh_token":
        return room.tokens.redeem_refresh(form.get("refresh_token", ""))
    raise OAuthError(-14018)
