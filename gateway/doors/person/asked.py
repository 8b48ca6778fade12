"""The page behind a link in the chat or a code at the counter: what an app may know of a shop's follower (R63).

The link only names: the app, the shop, the asks, and whom it was written to. Deciding, and objecting, needs the
follower's own sign-in at the platform (ADR 0032).
"""

from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from aiohttp import web

from gateway.acts.open_request import ask_subject
from gateway.acts.profiles import Objection, object_to
from gateway.doors import VISITOR, Visitor, ask_views, is_about_people, is_heeded, lang_of, visitor_of
from gateway.doors.person.consent import get_decider
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import account_view, app_view, to_self
from gateway.doors.person.meeting import Stranger, meet
from gateway.doors.person.provider import SignInProvider
from gateway.doors.person.views_asked import AskedView
from gateway.ground.web.csrf import form_token
from gateway.ground.web.plain import LONGEST_TEXT
from gateway.ground.web.request_ids import request_id_of
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, AppState, Ask, Basis
from gateway.records.grants import store as grants
from gateway.terms.refusal import Refusal

PATH = "/ask"
NAMES = ("app", "account", "follower", "asks")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link names, looked up: an app and a shop that lets it ask. `raw` are its own words.

    Args:
        consents: the asks of which each person is asked.
        contracts: those under a contract, to object to.
        serving: those by which something is done for them, whatever they say.
    """

    app: App
    shop: Account
    consents: tuple[Ask, ...]
    contracts: tuple[Ask, ...]
    serving: tuple[Ask, ...]
    raw: dict[str, str]

    @property
    def path(self) -> str:
        """The own path that it leads to."""
        return f"{PATH}?{urlencode({name: value for name, value in self.raw.items() if value}, quote_via=quote)}"


def write_link(public_url: str, app_id: str, shop: Account, follower: str = "") -> str:
    """Return the link that asks any follower of a shop, or the one whom the shop knows by `follower`."""
    named = {"app": app_id, "account": shop.external_id, **({"follower": follower} if follower else {})}
    return f"{public_url}{PATH}?{urlencode(named, quote_via=quote)}"


async def show_asked(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /ask`: whose shop, which app, what of it; nothing is decided and nobody is asked who the visitor is."""
    await door.recognise(request)
    link = await _read_link(door, {name: request.query.get(name, "") for name in NAMES})
    return _show(door, request, link)


async def answer_asked(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /ask`: find out who the visitor is; `action=decide` leads to the screen, `action=object` objects."""
    visitor = get_decider(request)
    form = await door.read_form(request)
    link = await _read_link(door, {name: form.find(name) or "" for name in NAMES})
    action, raw_ask = form.get_one("action"), form.find("ask")
    if action not in {"decide", "object"}:
        raise Refusal("bad_form", "no such action")
    met = await meet(door, visitor, link.shop, named=link.raw["follower"])
    if isinstance(met, str):
        return _show(door, request, link, stranger=met)
    if action == "object":
        return await _object(door, request, link, profile=met, raw_ask=raw_ask)
    return await _decide(door, request, link, profile=met)


async def _decide(door: PersonDoor, request: web.Request, link: Link, *, profile: Account) -> web.Response:
    """Open the screen for what does not stand; where all of it does, show that."""
    async with door.house.storage.read() as connection:
        grant = await grants.find_between(connection, profile.id, link.app.id)
    now = door.now()
    wanted = tuple(ask.id for ask in link.consents if grant is None or not grant.stands(ask.id, now))
    if grant is not None and not wanted:
        return door.go(request, f"/permissions/{grant.id}")
    if not wanted:
        raise Refusal("bad_form", "nobody is asked for anything")
    person_id = visitor_of(request).person.id
    opened = await ask_subject(door.house, profile.id, link.app.id, person_id=person_id, ask_ids=wanted)
    return door.go(request, f"/consent/{opened.id}")


async def _object(
    door: PersonDoor, request: web.Request, link: Link, *, profile: Account, raw_ask: str | None
) -> web.Response:
    chosen = frozenset(ask.id for ask in link.contracts if raw_ask in {None, ask.id})
    about = Objection(profile.id, link.app.id, chosen)
    try:
        settled = await object_to(door.house, about, visitor_of(request).person.id, request_id=request_id_of(request))
    except Refusal as refusal:
        if refusal.reason != "nothing_to_change":
            raise
        return door.go(request, "/permissions")
    return door.go(request, f"/permissions/{settled.change.grant.id}?done={settled.recorded.record_id}")


async def _read_link(door: PersonDoor, raw: dict[str, str]) -> Link:
    """Look up what a link names.

    Raises:
        Refusal: `not_found`: no such app or shop, or the shop lets the app ask nobody for anything of this.
    """
    if any(len(value) > LONGEST_TEXT or not value.isprintable() for value in raw.values()):
        raise Refusal("not_found")
    named = set(raw["asks"].split())
    async with door.house.storage.read() as connection:
        app = await apps.find(connection, raw["app"])
        shops = [await accounts.find_external(connection, platform, raw["account"]) for platform in door.followers]
        shop = next((each for each in shops if each and each.parent_id is None), None)
        grant = await grants.find_between(connection, shop.id, app.id) if app and shop else None
        registered = await apps.list_asks(connection, app.id) if app else []
    if app is None or shop is None or grant is None or app.state is not AppState.ACTIVE:
        raise Refusal("not_found")
    standing = {p.ask_id: p.basis for p in grant.permissions if p.is_standing(door.now())}
    asked = [ask for ask in registered if ask.id in standing and is_about_people(door.catalogue, ask.scope)]
    found = [ask for ask in asked if not named or ask.id in named]
    if not found:
        raise Refusal("not_found")
    heeded = [ask for ask in found if is_heeded(door.catalogue, ask.scope)]
    serving = tuple(ask for ask in found if ask not in heeded)
    contracts = tuple(ask for ask in heeded if standing[ask.id] == Basis.CONTRACT)
    return Link(app, shop, tuple(ask for ask in heeded if ask not in contracts), contracts, serving, raw)


def _show(door: PersonDoor, request: web.Request, link: Link, *, stranger: Stranger | None = None) -> web.Response:
    lang, is_known = lang_of(request), _is_known(door, request.get(VISITOR), link)
    provider = None if is_known else _find_provider(door, link)
    view = AskedView(
        app=app_view(link.app),
        shop=account_view(door.catalogue, link.shop, lang),
        consents=[to_self(each) for each in ask_views(door.catalogue, list(link.consents), lang)],
        contracts=[to_self(each) for each in ask_views(door.catalogue, list(link.contracts), lang)],
        serving=[to_self(each) for each in ask_views(door.catalogue, list(link.serving), lang)],
        names=[(name, value) for name, value in link.raw.items() if value],
        sign_in=f"/sign-in?return_to={quote(link.path, safe='')}",
        is_known=is_known,
        stranger=stranger or "",
    )
    status = 403 if stranger else 200
    if provider is None:
        return door.show(request, view, status=status)
    secret = door.form_cookie.find_or_make(request, door.house.entropy)
    way = replace(view, sign_in=f"/sign-in/{provider.slug}", return_to=link.path, sign_in_token=form_token(secret))
    response = door.show(request, way, status=status, form_action=[provider.form_source])
    door.form_cookie.set(response, secret)
    return response


def _find_provider(door: PersonDoor, link: Link) -> SignInProvider | None:
    """Find where followers of this shop sign in, so that the page's one press leads there at once."""
    issuer = door.followers[link.shop.platform].issuer
    return next((each for each in door.providers if each.client.issuer == issuer), None)


def _is_known(door: PersonDoor, visitor: Visitor | None, link: Link) -> bool:
    """Say whether the visitor is signed in where followers of this shop are known."""
    return visitor is not None and visitor.session.issuer == door.followers[link.shop.platform].issuer
