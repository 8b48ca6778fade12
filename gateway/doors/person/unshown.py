"""Requests whose screen is not shown: another sign-in is wanted, it could not be had, or they are over."""

from urllib.parse import quote

from aiohttp import web

from gateway.acts.give_up import give_up
from gateway.doors import visitor_of
from gateway.doors.person.app_return import error_url
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.ended import show_ended
from gateway.doors.person.errors import render_error
from gateway.records.apps import store as apps
from gateway.records.requests import store as requests
from gateway.terms.refusal import Refusal

UNMET = "unmet_authentication_requirements"
UNMET_DETAIL = "the person signed in, but not in an authentication context class that was asked for"


async def answer_unshown(door: PersonDoor, request: web.Request, refusal: Refusal) -> web.Response:
    """Answer why: by the sign-in page and back, by OAuth's error to the app, or by the page of what is over.

    Raises:
        Refusal: any other one, for the error pages.
    """
    if refusal.reason == "sign_in_again":
        path = f"/consent/{request.match_info['request']}"
        return door.go(request, f"/sign-in?return_to={quote(path, safe='')}")
    if refusal.reason == UNMET:
        return await _tell_app(door, request)
    return await show_ended(door, request, refusal)


async def _tell_app(door: PersonDoor, request: web.Request) -> web.Response:
    """End the request with RFC 9470's error; an app that nobody reviewed gets nobody without their own press."""
    raw_id = request.match_info["request"]
    await give_up(door.house, raw_id, visitor_of(request).person.id)
    async with door.house.storage.read() as connection:
        asked = await requests.find(connection, raw_id)
        app = await apps.find(connection, asked.app_id) if asked else None
    if asked is None or app is None:
        raise Refusal("not_found")
    if asked.redirect_uri is None:  # a device hears it when it asks
        return render_error(door, request, 403, code=UNMET, detail=UNMET_DETAIL)
    away = error_url(asked, UNMET, UNMET_DETAIL, issuer=door.public_url)
    if app.is_reviewed:
        return door.leave(away)
    return render_error(door, request, 403, code=UNMET, detail=UNMET_DETAIL, link=away)
