"""The doors: who comes in. Each parses, calls one act or query, renders.

Owns: HTTP in and out, one table of endpoints for each door, one table from refusals to the wire for each surface.
Must not know: how anything is changed; doors change records only through acts.
To add one more: a package with an `endpoints` function that returns its table; `gateway/server/doors.py` installs it.

What every door shares stands here: an endpoint's row, who is at the door, how a page is handed out, and how an ask
reads (the developers' pages show exactly what the consent screen shows).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.acts.end_at_platform import OfPeople
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.tokens import hashed
from gateway.ground.web.app_labels import AppLabel
from gateway.ground.web.asks import AskView, AskWords, Recipient
from gateway.ground.web.cookies import SessionCookie
from gateway.ground.web.csrf import form_token
from gateway.ground.web.frame import Frame, Lang, PageView, Site, choose_lang
from gateway.ground.web.local import country_name
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.ground.web.queries import check_query
from gateway.ground.web.rendering import Pages
from gateway.ground.web.responses import html, see_other
from gateway.records.apps.types import App, AppOrigin, Ask, Basis
from gateway.records.people import seen
from gateway.records.people import store as people
from gateway.records.people.types import Person, Role, Session
from gateway.terms.clock import Clock
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Resources
from scopes import Catalogue, Scope, Text, Wording

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refuse = Callable[[web.Request, Refusal], web.StreamResponse]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door: a person with a live session. `form_token` goes into the forms of their pages."""

    person: Person
    session: Session
    raw_session: str

    @property
    def form_token(self) -> str:
        """Return the token that every form of this session carries."""
        return form_token(self.raw_session)


_SERVES = "serves"
VISITOR = web.RequestKey("visitor", Visitor)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of a door's table.

    Args:
        public: anyone may call it (it may still look who is there).
        roles: a signed-in person needs one of these; with neither `public` nor `roles` nor `own_check` start-up fails.
        own_check: the handler authenticates by another credential (client secret, access token) and says which.
        is_ours: its address is made by our own pages and by people alone: a name stands once in its query.
        notes: its GET leaves something behind (a request, a look, that a screen was shown, a code spent), so no HEAD
            stands beside it.
    """

    method: str
    path: str
    handler: Handler
    public: bool = False
    roles: frozenset[Role] = frozenset()
    own_check: str = ""
    is_ours: bool = False
    notes: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that says nothing, or two things, about who may."""
        if sum((self.public, bool(self.roles), bool(self.own_check))) != 1:
            raise ValueError(f"{self.method} {self.path}: say who may, once")


class Porter:
    """Recognises people by their session cookie and lets in who an endpoint admits."""

    def __init__(self, storage: Storage, clock: Clock, *, cookie: SessionCookie) -> None:
        self._storage = storage
        self._clock = clock
        self.cookie = cookie

    async def find_visitor(self, request: web.Request) -> Visitor | None:
        """Find who is signed in; None for everyone else.

        Raises:
            Unavailable: the database gave no answer.
        """
        raw_session = self.cookie.find(request)
        if raw_session is None:
            return None
        now = self._clock.now()
        async with self._storage.read() as connection:
            session = await people.find_session(connection, hashed(raw_session), now)
            person = await people.find(connection, session.person_id) if session else None
        if session is None or person is None:
            return None
        await seen.touch(self._storage, session, now)
        return Visitor(person, session, raw_session)

    def install(self, app: web.Application, endpoints: Iterable[Endpoint], *, refuse: Refuse | None = None) -> None:
        """Add a door's table to the application; each handler runs only for whom its row admits.

        `refuse` says on the door's surface that an address cannot be; by default it is raised, and becomes a page.
        HEAD is answered as GET, without the body, beside each GET that notes nothing.
        """
        table = list(endpoints)
        have_head = {endpoint.path for endpoint in table if endpoint.method == hdrs.METH_HEAD or endpoint.notes}
        for endpoint in table:
            guarded = self._guarded(endpoint, refuse)
            app.router.add_route(endpoint.method, endpoint.path, guarded)
            if endpoint.method == hdrs.METH_GET and endpoint.path not in have_head:
                app.router.add_route(hdrs.METH_HEAD, endpoint.path, guarded)

    def _guarded(self, endpoint: Endpoint, refuse: Refuse | None) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not all(part.isprintable() for part in request.match_info.values()):
                unknown = Refusal("not_found")  # no id holds a NUL, and PostgreSQL takes none in a text
                if refuse is None:
                    raise unknown
                return refuse(request, unknown)
            if endpoint.roles:
                visitor = await self.find_visitor(request)
                if visitor is None:
                    raise Refusal("sign_in_required")
                request[VISITOR] = visitor  # first: who may not enter sees a page too, and it is theirs
                if not visitor.person.roles & endpoint.roles:
                    raise Refusal("forbidden", needs=endpoint.roles)
            if endpoint.is_ours:
                check_query(request)
            return await endpoint.handler(request)

        return guarded


def visitor_of(request: web.Request) -> Visitor:
    """Return who is signed in, on an endpoint that admits only people."""
    return request[VISITOR]


@dataclass(frozen=True, slots=True)
class Clerk:
    """Hands out pages: puts the frame round a view, with every header of a page.

    Args:
        pages: the templates.
        site: what is the same on every page.
        public_url: the people's origin, without a slash at the end; also OAuth's issuer.
    """

    pages: Pages
    site: Site
    public_url: str

    @property
    def is_https(self) -> bool:
        """Whether the people's origin is https."""
        return self.public_url.startswith("https:")

    def frame(self, request: web.Request, csrf_token: str | None = None) -> Frame:
        """Return what stands round an answer; `csrf_token` is for pages without a session, None takes the session's."""
        visitor = request.get(VISITOR)
        token = csrf_token if csrf_token is not None else visitor.form_token if visitor else ""
        name = plain(visitor.person.name) if visitor else ""
        roles = frozenset(role.value for role in visitor.person.roles) if visitor else frozenset[str]()
        return Frame(self.site, lang_of(request), request.query_string, token, name, roles)

    def show(
        self,
        request: web.Request,
        view: PageView,
        *,
        status: int = 200,
        form_action: Iterable[str] = (),
        csrf_token: str | None = None,
    ) -> web.Response:
        """Answer with a page; `form_action`: the origins beside this one to which its forms may lead."""
        body = self.pages.page(self.frame(request, csrf_token), view)
        return html(body, is_https=self.is_https, status=status, form_action=form_action)

    def go(self, request: web.Request, own_path: str) -> web.Response:
        """Send the browser to an own path, in the same language."""
        return see_other(self.frame(request).link(own_path), is_https=self.is_https)


def lang_of(request: web.Request) -> Lang:
    """Return the language of the page that was asked for."""
    return choose_lang(request.query.get("lang"))


def spoken(text: Text, lang: Lang) -> str:
    """Return a catalogue's text in the page's language."""
    return text.en if lang == "en" else text.vi


def app_label(app: App) -> AppLabel:
    """Say what stands beside the app's name: a dynamic app chose its name, and not where it answers."""
    hosts = dict.fromkeys(host_of(each) for each in app.redirect_uris)
    known_by = app.id if app.origin is AppOrigin.DOCUMENT or not hosts else ", ".join(hosts)
    return AppLabel(app.is_reviewed, app.is_dynamic, plain(known_by, LONGEST_TEXT) if app.is_dynamic else "")


def host_of(redirect_uri: str) -> str:
    """Return where an answer goes: the host, or the private scheme."""
    parts = urlsplit(redirect_uri)
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else parts.scheme


def _words_of(wording: Wording | None, ask: Ask, lang: Lang, *, is_shared: bool) -> AskWords:
    """Say what an ask is; by its purpose too where the app has several on that scope."""
    name = spoken(wording.name, lang) if wording else ask.scope
    name = f"{name} · {plain(ask.purpose)}" if is_shared else name
    if wording is None:
        return AskWords(name)
    return AskWords(
        name=name,
        explanation=spoken(wording.explanation, lang),
        can=[spoken(each, lang) for each in wording.can],
        cannot=[spoken(each, lang) for each in wording.cannot],
    )


def ask_views(
    catalogue: Catalogue,
    asks: list[Ask],
    lang: Lang,
    *,
    new: frozenset[str] = frozenset(),
    resources: Mapping[AskId, Resources] | None = None,
) -> list[AskView]:
    """Show asks in the register's order; those in `new` are marked as not asked before, `resources` narrow some."""
    scopes = [ask.scope for ask in asks]
    views = [
        _ask_view(catalogue, ask, lang, is_shared=scopes.count(ask.scope) > 1, is_new=ask.id in new) for ask in asks
    ]
    only = [_list_only((resources or {}).get(ask.id)) for ask in asks]
    names = [_only_name(catalogue, ask.scope, lang) for ask in asks]
    return [replace(view, only=ids, only_name=name) for view, ids, name in zip(views, only, names, strict=True)]


def _list_only(resources: Resources) -> list[str] | None:
    return None if resources is None else [plain(each, LONGEST_TEXT) for each in sorted(resources)]


def is_about_people(catalogue: Catalogue, scope_id: str) -> bool:
    """Say whether a scope is about other people: each of them is asked, but where a contract says otherwise.

    By the catalogue, never by whether an ask names a basis: asks from before there were any name none.
    """
    scope = catalogue.scopes.get(scope_id)
    return scope is not None and scope.whose == "subject"


def is_heeded(catalogue: Catalogue, scope_id: str) -> bool:
    """Say whether a yes or a no of theirs changes anything for the person whom a scope is about: else nobody asks."""
    return is_about_people(catalogue, scope_id) and not catalogue.serves_subject(scope_id)


def of_people(catalogue: Catalogue, platform: str) -> OfPeople:
    """List the scopes of a platform that rest on people's word, or by which something is done to them."""
    scopes = catalogue.platforms[platform].scopes.values()
    about = frozenset(scope.id for scope in scopes if is_heeded(catalogue, scope.id))
    return OfPeople(platform, about, frozenset(scope.id for scope in scopes if scope.writes_to_people))


def _only_name(catalogue: Catalogue, scope_id: str, lang: Lang) -> str:
    kind = catalogue.find_kind(scope_id)
    return spoken(kind.only, lang) if kind else scope_id


def _ask_view(catalogue: Catalogue, ask: Ask, lang: Lang, *, is_shared: bool, is_new: bool) -> AskView:
    scope = catalogue.scopes.get(ask.scope)
    text = ask.texts.get(lang) or ask.texts["vi"]
    said = _words_of(scope, ask, lang, is_shared=is_shared)
    return AskView(
        id=ask.id,
        name=said.name,
        explanation=said.explanation,
        can=said.can,
        cannot=said.cannot,
        own=_words_of(scope.to_self, ask, lang, is_shared=is_shared) if scope and scope.to_self else None,
        purpose=plain(text.purpose, LONGEST_TEXT),
        refusal_effect=plain(text.refusal_effect, LONGEST_TEXT),
        data_types=[spoken(kind, lang) for kind in scope.data_types] if scope else [],
        kept_days=ask.retention_days,
        recipients=[Recipient(plain(each.name), plain(country_name(each.country, lang))) for each in ask.recipients],
        required=ask.is_required,
        required_why=plain(text.why_required, LONGEST_TEXT) if ask.is_required else "",
        about_others=is_about_people(catalogue, ask.scope),
        sensitive_why=_sensitive_why(scope, lang),
        advertising=ask.is_advertising,
        is_new=is_new,
        enforced_by_app=scope is not None and scope.enforced_by == "app",
        **({"basis": _SERVES} if catalogue.serves_subject(ask.scope) else _basis(ask, scope)),
    )


def _basis(ask: Ask, scope: Scope | None) -> dict[str, str]:
    """Return the basis in the view's words; an ask about other people that names none asks each of them."""
    if scope is None or scope.whose != "subject":
        return {}
    agreement = ask.agreement
    if ask.basis is Basis.IMPORTED:
        return {"basis": Basis.IMPORTED.value}
    if ask.basis is not Basis.CONTRACT or agreement is None:
        return {"basis": Basis.OWN_CONSENT.value}
    return {"basis": ask.basis.value, "agreement": plain(agreement.number), "agreed_on": f"{agreement.dated:%d/%m/%Y}"}


def _sensitive_why(scope: Scope | None, lang: Lang) -> str:
    return spoken(scope.sensitive_because, lang) if scope and scope.sensitive_because else ""
