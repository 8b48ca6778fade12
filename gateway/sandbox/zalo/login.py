"""The login page of Zalo Social: a person picks who they are and agrees to show an app their name and picture.

The real page knows who is signed in to Zalo; this one asks. No source says what a person's refusal sends back, so
whoever does not agree closes the page (facts A1, A8).
"""

from aiohttp import web

from gateway.sandbox.calls import Call, first_values
from gateway.sandbox.zalo.errors import OAuthError
from gateway.sandbox.zalo.oauth import callback_with, check_callback, get_app, refuse
from gateway.sandbox.zalo.room import Room
from gateway.sandbox.zalo.seeds import ACCOUNTS, find_by_app_id

CARRIED = ("app_id", "redirect_uri", "code_challenge", "state")


def show_login(room: Room, call: Call) -> web.Response:
    """Answer the browser that an app sent here: the page, or the host's error JSON."""
    return _answer(room, first_values(call.query), form=None)


def decide_login(room: Room, call: Call) -> web.Response:
    """Take the person's answer: back to the app with a code, or the page again with what is missing."""
    form = call.form()
    return _answer(room, form, form=form)


def _answer(room: Room, asked: dict[str, str], *, form: dict[str, str] | None) -> web.Response:
    try:
        get_app(room, asked.get("app_id", ""), having={room.config.app_id})
        check_callback(room.config.login_callback_urls, asked.get("redirect_uri", ""))
    except OAuthError as error:
        return refuse(error)
    if form is None:
        return _page(room, asked, complaint="")
    person = find_by_app_id(form.get("person", ""))
    if person is None or "allow" not in form:
        return _page(room, asked, complaint="Chọn một người, rồi bấm Cho phép.")
    return _return_to_app(room, asked, person_id=person.id_by_app)


def _return_to_app(room: Room, asked: dict[str, str], *, person_id: str) -> web.Response:
    """Go back with what the official SDK reads: code, state, and the challenge as it was sent."""
    code = room.social_tokens.add_code(person_id, asked.get("code_challenge", ""))
    sent: dict[str, str] = {name: asked[name] for name in ("state", "code_challenge") if name in asked}
    return callback_with(asked["redirect_uri"], {"code": code, **sent})


def _page(room: Room, asked: dict[str, str], *, complaint: str) -> web.Response:
    return room.pages.render(
        "login.html",
        app_name=room.config.app_name,
        accounts=list(ACCOUNTS.values()),
        carried=[(name, asked[name]) for name in CARRIED if name in asked],
        complaint=complaint,
    )
