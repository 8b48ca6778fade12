"""Sign-in at a provider: out by a form, back once, and a page for each way in which it can fail.

A return's address holds a code, so no page is shown there: every return is a 303, a failed one to `/sign-in/failed`.
Other pages send somebody out by `set_out`, with the errand that says why and how they are to be asked.
"""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import structlog
from aiohttp import web

from gateway.acts.sign_in import Errand, Return, find_attempt, finish_sign_in, start_sign_in
from gateway.authority.limits import Limit
from gateway.doors.person.continued import find_continued
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.errors import STATUS, render_error
from gateway.doors.person.guessing import Guesses
from gateway.doors.person.letting_in import let_in
from gateway.doors.person.meeting import meet_again
from gateway.doors.person.own_paths import own_path
from gateway.doors.person.provider import SignInProvider
from gateway.doors.person.views_sign_in import SignedOutView
from gateway.ground.identity.provider import IDENTITY
from gateway.ground.web.addresses import address_of
from gateway.ground.web.frame import with_query
from gateway.ground.web.request_ids import request_id_of
from gateway.records.people.identities import Purpose, SignInAttempt
from gateway.terms.refusal import Refusal, Unavailable

RECENT = timedelta(minutes=15)
PER_ADDRESS = Limit(300, timedelta(minutes=15))
SILENT = "provider_silent"
FAILURES = frozenset(
    {
        "sign_in_state",
        "sign_in_expired",
        "sign_in_replayed",
        "sign_in_nonce",
        "provider_denied",
        "provider_refused",
        SILENT,
        "identity_taken",
        "identity_other",
        "identity_staff",
    }
)
_SILENT_SECONDS = 30
_log = structlog.get_logger(__name__)


async def start(provider: SignInProvider, door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /sign-in/{slug}`: off to the provider; `again` asks for a proof made now, not some hours ago.

    What the app that waits behind `return_to` wants of the sign-in, the provider is asked for: one that is not told may
    send back a proof that the screen refuses, for ever (ADR 0020).
    """
    raw_browser = door.form_cookie.find(request) or ""
    form = await door.read_form(request, secret=raw_browser)
    return_to = own_path(form.find("return_to"))
    goes_on = await find_continued(door, return_to)
    ours = int(RECENT.total_seconds()) if form.find("again") else None
    oldest = min((each for each in (ours, goes_on.max_age_seconds) if each is not None), default=None)
    link, classes = door.frame(request).link(return_to), goes_on.acr_values
    errand = Errand(link, max_age_seconds=oldest, prompt=goes_on.prompt, acr_values=classes)
    return await set_out(door, request, provider, errand, raw_browser=raw_browser)


async def set_out(
    door: PersonDoor, request: web.Request, provider: SignInProvider, errand: Errand, *, raw_browser: str
) -> web.Response:
    """Send the browser to the provider on an errand; the page with the form names `SignInProvider.form_source`.

    Args:
        door: the person's door.
        request: a form of our own, checked.
        provider: to which.
        errand: why; with `max_age_seconds=0` and `Purpose.PROVE` the signed-in person proves again who they are.
        raw_browser: the cookie that must come back: the session's, or before sign-in the form's.

    Raises:
        Refusal: `limited`.
    """
    guesses = Guesses(door.limits, {f"sign-in/out/{address_of(request)}": PER_ADDRESS})
    await guesses.check()
    await guesses.count()
    try:
        url = await start_sign_in(door.house, provider.client, errand, raw_browser=raw_browser)
    except (Refusal, Unavailable) as failure:
        return _fail(door, request, failure, return_to=errand.return_to)
    return door.leave(url)


async def finish(provider: SignInProvider, door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /sign-in/{slug}/callback`: the provider sent the browser back."""
    cookies = (door.form_cookie.find(request), door.porter.cookie.find(request))
    attempt = None
    try:
        raw_state = _get_once(request, "state")
        attempt = await find_attempt(door.house, raw_state or "", [each for each in cookies if each])
        return await _finish(door, request, provider, attempt)
    except (Refusal, Unavailable) as failure:
        return _fail(door, request, failure, return_to=attempt.return_to if attempt else "")


async def show_failed(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /sign-in/failed`: what went wrong, in a page that can be reloaded and read in both languages."""
    why = request.query.get("why", "")
    if why not in FAILURES:
        raise Refusal("not_found")
    await door.recognise(request)
    response = render_error(door, request, int(STATUS[why]), code=why, back="/sign-in")
    if why == SILENT:
        response.headers["Retry-After"] = str(_SILENT_SECONDS)
    return response


async def show_signed_out(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /signed-out?at=SLUG`: over here; still open there, where a link leads if it has such a page."""
    provider = door.find_provider(request.query.get("at", ""))
    if provider is None:
        raise Refusal("not_found")
    try:
        url = await provider.client.sign_out_url()
    except (Refusal, Unavailable):
        url = None
    await door.recognise(request)
    return door.show(request, SignedOutView(provider.name(door.frame(request).lang), url or ""))


async def _finish(
    door: PersonDoor, request: web.Request, provider: SignInProvider, attempt: SignInAttempt
) -> web.Response:
    if attempt.purpose is not Purpose.SIGN_IN:
        visitor = await door.porter.find_visitor(request)
        if visitor is None or visitor.person.id != attempt.person_id:
            raise Refusal("sign_in_state", log_detail="who went out is no longer signed in")
    back = Return(*(_get_once(request, name) for name in ("code", "error", "iss")))
    signed_in = await finish_sign_in(door.house, provider.client, attempt, back, newcomer=provider.newcomer)
    response = door.leave(attempt.return_to)  # an own path, checked and brought into its language when it was kept
    if attempt.purpose is Purpose.LINK:
        return response
    await meet_again(door, signed_in.person_id, signed_in.proof)
    return await let_in(door, request, response, person_id=signed_in.person_id, proof=signed_in.proof)


def _fail(door: PersonDoor, request: web.Request, failure: Refusal | Unavailable, *, return_to: str) -> web.Response:
    """Lead to the page of this failure, in the language in which the person set out."""
    why = SILENT if isinstance(failure, Unavailable) and failure.what == IDENTITY else getattr(failure, "reason", "")
    if why not in FAILURES:
        raise failure
    detail = getattr(failure, "log_detail", "")
    _log.warning("sign-in failed", reason=why, detail=detail, request_id=request_id_of(request))
    lang = parse_qs(urlsplit(return_to).query).get("lang", [None])[0]
    return door.leave(with_query("/sign-in/failed", why=why, lang="en" if lang == "en" else None))


def _get_once(request: web.Request, name: str) -> str | None:
    """Return a parameter that stands once; one that stands twice is none, as RFC 6749 section 3.1 has it.

    Raises:
        Refusal: `sign_in_state`: it stands more than once, and which one counts is never guessed.
    """
    values = request.query.getall(name, [])
    if len(values) > 1:
        raise Refusal("sign_in_state", log_detail="a parameter of the return stands more than once")
    return values[0] if values else None
