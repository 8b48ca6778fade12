"""The OAuth host: what an authorize request must be, and the token endpoint (facts A0.3, A1)."""

import hmac
from collections.abc import Collection, Container, Mapping
from datetime import timedelta
from urllib.parse import urlencode

from aiohttp import web

from gateway.sandbox.calls import Call
from gateway.sandbox.zalo.config import OtherApp
from gateway.sandbox.zalo.errors import OAuthError
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.tokens import Issued, TokenBook
from gateway.sandbox.zalo.wire import answer_json

NOT_ACTIVE = "App is not active but user is not admin"


def get_app(room: Room, app_id: str, *, having: Container[str]) -> OtherApp:
    """Get an app that has this flow; a stranger, and every one while they are removed, is refused."""
    if room.board.current.app_removed:
        raise OAuthError(-14002, reason=NOT_ACTIVE)
    app = room.config.find_app(app_id)
    if app is None or app_id not in having:
        raise OAuthError(-14002)
    return app


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
    return _answer(room, call, books=room.books, tells_refresh=False)


def answer_social_token(room: Room, call: Call) -> web.Response:
    """Answer `POST /v4/access_token`; as above, and it says how long the refresh token has left."""
    return _answer(room, call, books={room.config.app_id: room.social_tokens}, tells_refresh=True)


def refuse(error: OAuthError) -> web.Response:
    """The host's error answer."""
    return answer_json(error.body())


def _answer(room: Room, call: Call, *, books: Mapping[str, TokenBook], tells_refresh: bool) -> web.Response:
    try:
        issued = _redeem(room, call, books)
    except OAuthError as error:
        return refuse(error)
    body = {"access_token": issued.access_token, "refresh_token": issued.refresh_token}
    body["expires_in"] = _seconds(issued.access_lasts)
    if tells_refresh:
        body["refresh_token_expires_in"] = _seconds(issued.refresh_lasts)
    return answer_json(body)


def _seconds(lasts: timedelta) -> str:
    return str(int(lasts.total_seconds()))


def _redeem(room: Room, call: Call, books: Mapping[str, TokenBook]) -> Issued:
    form = call.form()
    app = get_app(room, form.get("app_id", ""), having=books)
    book = books[app.app_id]
    secret = call.headers.get("secret_key", "")
    if not hmac.compare_digest(secret.encode("utf-8", "replace"), app.app_secret.encode()):
        raise OAuthError(-14004)
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        return book.redeem_code(form.get("code", ""), form.get("code_verifier", ""))
    if grant_type == "refresh_token":
        return book.redeem_refresh(form.get("refresh_token", ""))
    raise OAuthError(-14018)
