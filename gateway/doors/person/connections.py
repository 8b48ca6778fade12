"""Connections: link an account through its platform's own page, or by a form that is filled in once."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.acts.link import Linked, abandon_link, finish_link, link_by_form, start_link
from gateway.acts.unlink import unlink
from gateway.authority.limits import Limit
from gateway.doors import visitor_of
from gateway.doors.person.connection_rows import read_rows
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.flash import has_unlinked
from gateway.doors.person.guessing import Guesses
from gateway.doors.person.outcome import telling_outcome
from gateway.doors.person.own_paths import own_path
from gateway.doors.person.views import AccountView
from gateway.doors.person.views_access import ConnectionsView
from gateway.ground.web.addresses import address_of
from gateway.ground.web.responses import scheme_source
from gateway.platforms import Connector
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import upstreams
from gateway.records.apps.upstreams import UpstreamApp
from gateway.terms.ids import AccountId, PersonId, UpstreamAppId, is_id
from gateway.terms.refusal import Refusal, Unavailable

WITHIN = timedelta(minutes=15)
PER_PERSON = Limit(10, WITHIN)
PER_USER = Limit(100, WITHIN)
PER_ADDRESS = Limit(300, WITHIN)
_PATH = "/connections"
_NOT_LINKED = {"platform_refused": "refused", "link_state": "stale", "link_standing": "own_first"}
_TRY_AGAIN = {"platform_refused": ("wrong_secret", 400), "limited": ("limited", 429)}


async def show_connections(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /connections`."""
    return await _answer(door, request, return_to=own_path(request.query.get("return_to"), ""))


async def link(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /connections`: off to the platform's page, or linked by what was filled in at once; or `action=unlink`."""
    form = await door.read_form(request)
    if form.find("action") == "unlink":
        done = await unlink(door.house, AccountId(form.get_one("account")), visitor_of(request).person.id)
        return door.go(request, f"{_PATH}?done={done}")
    connector = door.connectors.get(form.get_one("platform"))
    if connector is None:
        raise Refusal("bad_form", "no such platform")
    return_to = own_path(form.find("return_to"), "")
    if connector.link_form is not None:
        answers = {name: form.get_one(name) for name in (*connector.link_form.named, connector.link_form.secret)}
        return await _link_by_form(door, request, connector, answers=answers, return_to=return_to)
    upstream = await _find_upstream(door, connector, form.find("upstream") or "")
    person_id = visitor_of(request).person.id
    with telling_outcome():
        journey = await start_link(
            door.house,
            connector,
            person_id,
            return_to=return_to,
            upstream=upstream,
            unverified_wanted_id=_read_account(form.find("account")),
        )
    return door.leave(journey.url)


async def _find_upstream(door: PersonDoor, connector: Connector, unverified_id: str) -> UpstreamApp | None:
    """Find the upstream app that the form names; None where it names none, and the gateway's own is meant."""
    if not unverified_id:
        return None
    async with door.house.storage.read() as connection:
        found = await upstreams.find(connection, UpstreamAppId(unverified_id), platform=connector.platform)
    if found is None:
        raise Refusal("bad_form", "no such upstream app")
    return found


async def finish(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /connections/{platform}/callback`: the platform sent the browser back."""
    connector = door.connectors.get(request.match_info["platform"])
    if connector is None or not has_page(connector):
        raise Refusal("not_found")
    try:
        linked = await _take_return(door, request, connector)
    except Refusal as refusal:
        if refusal.reason not in _NOT_LINKED:
            raise
        return await _answer(door, request, error=_NOT_LINKED[refusal.reason], platform=connector.platform, status=400)
    except Unavailable as missing:
        return await _unreachable(door, request, connector, missing=missing)
    if linked is None:
        return await _answer(door, request, error="cancelled", platform=connector.platform, status=400)
    if missed := await _find_missed(door, request, linked):
        return door.go(request, _linked_path(linked.account, missed=missed.id, return_to=linked.return_to))
    if linked.return_to:
        return door.leave(linked.return_to)  # an own path, checked and brought into its language when it was kept
    return door.go(request, _linked_path(linked.account))


async def _find_missed(door: PersonDoor, request: web.Request, linked: Linked) -> Account | None:
    """Find the account that was to be linked again where another was; None for any that is not the person's."""
    if not linked.unverified_wanted_id:
        return None
    async with door.house.storage.read() as connection:
        held = await accounts.list_held(connection, visitor_of(request).person.id, door.now())
    return next((account for account, _ in held if account.id == linked.unverified_wanted_id), None)


async def _take_return(door: PersonDoor, request: web.Request, connector: Connector) -> Linked | None:
    """Take what came back; None: the person stopped on the platform's page, which a state of theirs proves."""
    raw_state, codes = _get_once(request, "state"), request.query.getall("code", [])
    person_id = visitor_of(request).person.id
    if not raw_state or len(codes) > 1:
        raise Refusal("link_state")
    if not codes or not codes[0]:
        await abandon_link(door.house, connector, person_id, raw_state=raw_state)
        return None
    return await finish_link(door.house, connector, person_id, raw_state=raw_state, raw_code=codes[0])


async def _link_by_form(
    door: PersonDoor, request: web.Request, connector: Connector, *, answers: Mapping[str, str], return_to: str
) -> web.Response:
    person, (named, *_) = visitor_of(request).person, answers.values()
    guesses = Guesses(
        door.limits,
        {
            f"link/person/{person.id}": PER_PERSON,
            f"link/user/{connector.platform}/{named.strip().lower()}": PER_USER,
            f"link/address/{address_of(request)}": PER_ADDRESS,
        },
    )
    typed = {name: value for name, value in answers.items() if name in _kept(connector)}
    again: dict[str, Any] = {"platform": connector.platform, "typed": typed, "return_to": return_to}
    try:
        await _count_try(door, guesses, person.id)
        account = await link_by_form(door.house, connector, person.id, answers=answers)
    except Refusal as refusal:
        if refusal.reason not in _TRY_AGAIN:
            raise
        error, status = _TRY_AGAIN[refusal.reason]
        return await _answer(door, request, error=error, status=status, **again)
    except Unavailable as missing:
        return await _unreachable(door, request, connector, missing=missing, typed=typed)
    return door.go(request, return_to or _linked_path(account))


async def _count_try(door: PersonDoor, guesses: Guesses, person_id: PersonId) -> None:
    """Count a try before the platform is asked: it is the platform's secret, and each try costs it work.

    One at a time for each person, so that of a hundred sent at once no more than the limit is ever tried.
    """
    async with door.house.storage.exclusive(f"link-try/{person_id}"):
        await guesses.check()
        await guesses.count()


async def _unreachable(
    door: PersonDoor,
    request: web.Request,
    connector: Connector,
    *,
    missing: Unavailable,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """Say that the platform did not answer; anything else that is silent is the error page's."""
    if missing.what != connector.platform:
        raise missing
    response = await _answer(
        door, request, error="unreachable", platform=connector.platform, typed=typed or {}, status=503
    )
    response.headers["Retry-After"] = str(missing.retry_after_seconds)
    return response


async def _answer(
    door: PersonDoor, request: web.Request, *, status: int = 200, error: str = "", platform: str = "", **kept: Any
) -> web.Response:
    views, rows, damaged = await read_rows(door, request)
    linked, missed = (_named(views, request.query.get(name)) for name in ("linked", "missed"))
    kept["unlinked"] = await has_unlinked(door, request)
    kept["damaged"] = damaged
    view = ConnectionsView(rows, tuple(door.connectors), error, platform, linked=linked, missed=missed, **kept)
    return door.show(request, view, status=status, form_action=list_sources(door.connectors.values()))


def has_page(connector: Connector) -> bool:
    """Tell whether accounts of this platform are linked on a page of its own."""
    return connector.link_form is None


def _kept(connector: Connector) -> tuple[str, ...]:
    """Name the fields that are shown again after a mistake: never the secret."""
    return () if connector.link_form is None else connector.link_form.named


def list_sources(connectors: Iterable[Connector]) -> list[str]:
    """Return the CSP sources of the platforms' own pages, where a POST may lead."""
    urls = [connector.link_url("", "") for connector in connectors]
    return [scheme_source(url) for url in urls if url is not None]


def _get_once(request: web.Request, name: str) -> str:
    values = request.query.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _read_account(unverified_id: str | None) -> str:
    """Return what may be an account's id, and "" for anything else."""
    return unverified_id if unverified_id is not None and is_id(unverified_id, "ac") else ""


def _named(views: Iterable[AccountView], unverified_id: str | None) -> AccountView | None:
    return next((view for view in views if view.id == unverified_id), None)


def _linked_path(account: Account, **more: str) -> str:
    """Name what was linked in the address of the page, and what else is known."""
    return f"{_PATH}?{urlencode({'linked': account.id, **{name: value for name, value in more.items() if value}})}"
