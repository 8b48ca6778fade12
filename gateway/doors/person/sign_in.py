"""Signing in and out. One text for every wrong answer, one effort for every login, and a fresh session each time."""

from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from gateway.acts.session import end_session
from gateway.authority.limits import Limit
from gateway.doors import lang_of, visitor_of
from gateway.doors.person.continued import find_continued
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.guessing import Guesses
from gateway.doors.person.letting_in import let_in
from gateway.doors.person.own_paths import own_path
from gateway.doors.person.views_access import SignInView
from gateway.doors.person.views_sign_in import ProviderButton
from gateway.ground.web.addresses import address_of
from gateway.ground.web.csrf import form_token
from gateway.ground.web.forms import Form
from gateway.ground.web.frame import with_query
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.refusal import Refusal

WITHIN = timedelta(minutes=15)
PER_LOGIN_AND_ADDRESS = Limit(10, WITHIN)
PER_LOGIN = Limit(100, WITHIN)
PER_ADDRESS = Limit(300, WITHIN)


async def show_sign_in(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /sign-in`."""
    return_to = own_path(request.query.get("return_to"))
    return await _answer(door, request, SignInView(return_to, "again" if "again" in request.query else "first"))


async def sign_in(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /sign-in`: 303 where it is right, 401 where it is not, 429 where there were too many."""
    form = await door.read_form(request, secret=door.form_cookie.find(request) or "")
    login, return_to = form.get_one("login"), own_path(form.find("return_to"))
    guesses = _guesses(door, request, login)
    try:
        await guesses.check()
        person = await _find_person(door, login, form)
        await guesses.judge(is_right=person is not None)
    except Refusal as refusal:
        return await _answer_limited(door, request, refusal, SignInView(return_to, "limited", login))
    if person is None:
        return await _answer(door, request, SignInView(return_to, "wrong", login), status=401)
    return await let_in(door, request, door.go(request, return_to), person_id=person.id)


async def sign_out(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /sign-out`."""
    await door.read_form(request)
    visitor = visitor_of(request)
    await end_session(door.house, visitor.raw_session)
    open_at = next((each.slug for each in door.providers if each.client.issuer == visitor.session.issuer), None)
    response = door.go(request, with_query("/signed-out", at=open_at) if open_at else "/")
    door.porter.cookie.clear(response)
    return response


def _guesses(door: PersonDoor, request: web.Request, login: str) -> Guesses:
    address = address_of(request)
    keys = {
        f"sign-in/login+address/{address}/{login}": PER_LOGIN_AND_ADDRESS,
        f"sign-in/login/{login}": PER_LOGIN,
        f"sign-in/address/{address}": PER_ADDRESS,
    }
    return Guesses(door.limits, keys)


async def _find_person(door: PersonDoor, login: str, form: Form) -> Person | None:
    """Find who gave the right password; an unknown login costs the same effort."""
    async with door.house.storage.read() as connection:
        person = await people.find_by_login(connection, login)
    hashed_password = person.hashed_password if person else None
    return person if await door.passwords.is_password(hashed_password, form.get_one("password")) else None


async def _answer_limited(door: PersonDoor, request: web.Request, refusal: Refusal, view: SignInView) -> web.Response:
    if refusal.reason != "limited":
        raise refusal
    waits = int(str(refusal.facts["retry_after_seconds"]))
    response = await _answer(door, request, replace(view, retry_after_minutes=-(-waits // 60)), status=429)
    response.headers["Retry-After"] = str(waits)
    return response


async def _answer(door: PersonDoor, request: web.Request, view: SignInView, *, status: int = 200) -> web.Response:
    goes_on = await find_continued(door, view.return_to)
    secret = door.form_cookie.find_or_make(request, door.house.entropy)
    must_tell_when = view.state == "again" or goes_on.max_age_seconds is not None
    offered = [each for each in door.providers if each.client.tells_when or not must_tell_when]
    buttons = [ProviderButton(each.slug, each.name(lang_of(request)), each.is_for_followers) for each in offered]
    sources = [*goes_on.form_action, *dict.fromkeys(each.form_source for each in offered)]
    login = goes_on.login_hint if request.method != "POST" else view.login
    is_repeated = goes_on.max_age_seconds is not None and await door.porter.find_visitor(request) is not None
    shown = replace(view, for_app=goes_on.app_name, label=goes_on.label, login=login, providers=buttons)
    shown = replace(shown, is_repeated=is_repeated)
    response = door.show(request, shown, status=status, form_action=sources, csrf_token=form_token(secret))
    door.form_cookie.set(response, secret)
    return response
