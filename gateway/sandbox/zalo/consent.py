"""The consent page: an admin picks an OA and ticks the one box; all or nothing, as the platform has it (facts A2)."""

from aiohttp import web

from gateway.sandbox.calls import Call, first_values
from gateway.sandbox.zalo.config import OtherApp
from gateway.sandbox.zalo.errors import OAuthError
from gateway.sandbox.zalo.oauth import callback_with, check_callback, get_app, refuse
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import ACCOUNTS

CARRIED = ("app_id", "redirect_uri", "code_challenge", "state")
PERMISSIONS = (
    "Quyền gửi tin và thông báo qua OA",
    "Quyền quản lý tin nhắn người dùng",
    "Quyền quản lý thông tin OA",
    "Quyền quản lý thông tin người dùng",
)


def show_consent(room: Room, call: Call) -> web.Response:
    """Answer the browser that an app sent here: the page, or the host's error JSON."""
    return _answer(room, first_values(call.query), form=None)


def decide_consent(room: Room, call: Call) -> web.Response:
    """Take the admin's answer: back to the app with a code, or the page again with what is missing."""
    form = call.form()
    return _answer(room, form, form=form)


def _answer(room: Room, asked: dict[str, str], *, form: dict[str, str] | None) -> web.Response:
    try:
        app = get_app(room, asked.get("app_id", ""), having=room.books)
        check_callback(room.config.callback_urls, asked.get("redirect_uri", ""))
    except OAuthError as error:
        return refuse(error)
    if form is None:
        return _page(room, app, asked, chosen="", complaint="")
    if form.get("oa_id") not in ACCOUNTS:
        return _page(room, app, asked, chosen="", complaint="Chọn một Official Account.")
    if "agree" not in form or "allow" not in form:
        return _page(room, app, asked, chosen=form["oa_id"], complaint="Đánh dấu ô đồng ý để tiếp tục.")
    return _return_to_app(room, asked, oa_id=form["oa_id"])


def _return_to_app(room: Room, asked: dict[str, str], *, oa_id: str) -> web.Response:
    code = room.books[asked["app_id"]].add_code(oa_id, asked.get("code_challenge", ""))
    answer = {"code": code, "oa_id": oa_id}
    if "state" in asked:
        answer["state"] = asked["state"]
    return callback_with(asked["redirect_uri"], answer)


def _page(room: Room, app: OtherApp, asked: dict[str, str], *, chosen: str, complaint: str) -> web.Response:
    return room.pages.render(
        "consent.html",
        app_name=app.app_name,
        accounts=list(ACCOUNTS.values()),
        permissions=PERMISSIONS,
        carried=[(name, asked[name]) for name in CARRIED if name in asked],
        chosen=chosen,
        complaint=complaint,
    )
