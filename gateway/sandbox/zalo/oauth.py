"""The OAuth host: what an authorize request must be, and the token endpoint (facts A0.3, A1)."""

import hmac
from collections.abc import Collection, Mapping
from datetime import timedelta
from urllib.parse import urlencode

from aiohttp import web

from gateway.sandbox.calls import Call
from gateway.sandbox.zalo.errors import OAuthError
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.tokens import Issued, TokenBook
from gateway.sandbox.zalo.wire import answer_json

NOT_ACTIVE = "App is not active but user is not admin"


def check_app(room: Room, app_id: str) -> None:
    """Refuse another app, and ours after it was removed."""
    if room.board.current.app_removed:
        raise OAuthError(-14002, reason=NOT_ACTIVE)
    if app_id != room.config.app_id:
        raise OAuthError(-14002)


def check_callback(saved: Collection[str], redirect_uri: str) -> None:
    """The callback must be a saved one, byte for byte."""
    if redirect_uri not in saved:
        raise OAuthError(-14003)


def callback_with(redirect_uri: str, answer: Mapping[str, str]) -> web.Response:
    """Send the browser back to the app with an answer."""
    joined = "&" if "?" in redirect_uri else "?"
    return web.Response(status=302, headers={"Location": f"{redirect_uri}{joined}{urlencode(answer)}"})


def answer_token(room: Room, call: Call) -> web.Response:
    """Answer `POST /v4/oa/access_token`; `expires_in` is a text, and errors are HTTP 200."""
    return _answer(room, call, book=room.tokens, tells_refresh=False)


def answer_social_token(room: Room, call: Call) -> web.Response:
    """Answer `POST /v4/access_token`; as above, and it says how long the refresh token has left."""
    return _answer(room, call, book=room.social_tokens, tells_refresh=True)


def refuse(error: OAuthError) -> web.Response:
    """The host's error answer."""
    return answer_json(error.body())


def _answer(room: Room, call: Call, *, book: TokenBook, tells_refresh: bool) -> web.Response:
    try:
        issued = _redeem(room, call, book)
    except OAuthError as error:
        return refuse(error)
    body = {"access_token": issued.access_token, "refresh_token": issued.refresh_token}
    body["expires_in"] = _seconds(issued.access_lasts)
    if tells_refresh:
        body["refresh_token_expires_in"] = _seconds(issued.refresh_lasts)
    return answer_json(body)


def _seconds(lasts: timedelta) -> str:
    return str(int(lasts.total_seconds()))


def _redeem(room: Room, call: Call, book: TokenBook) -> Issued:
    form = call.form()
    check_app(room, form.get("app_id", ""))
    secret = call.headers.get("secret_key", "")
    if not hmac.compare_digest(secret.encode("utf-8", "replace"), room.config.app_secret.encode()):
        raise OAuthError(-14004)
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        return book.redeem_code(form.get("code", ""), form.get("code_verifier", ""))
    if grant_type == "refresh_token":
        return book.redeem_refresh(form.get("refresh_token", ""))
    raise OAuthError(-14018)
