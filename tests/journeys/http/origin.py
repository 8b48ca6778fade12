"""The people's origin, served over a real house, and a browser without JavaScript that hides nothing."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy
from yarl import URL

from gateway.acts.open_request import NO_WISHES, Asked, Wishes, open_request
from gateway.acts.session import open_session
from gateway.authority.limits import LocalLimits
from gateway.doors import Endpoint, Porter
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.endpoints import endpoints
from gateway.doors.person.errors import error_pages
from gateway.doors.person.provider import SignInProvider
from gateway.doors.person.views_consent import Keeper
from gateway.ground.web.assets import Assets
from gateway.ground.web.cookies import SessionCookie
from gateway.ground.web.frame import Site
from gateway.ground.web.rendering import Pages
from gateway.ground.web.request_ids import request_ids
from gateway.platforms import Connector
from gateway.platforms.zalo.followers import ZaloFollowers
from gateway.records.people.types import Person
from gateway.sandbox.zalo.seeds import BAKERY_ID
from gateway.terms.ids import AskId
from scopes import load_catalogue
from tests.house import CHALLENGE, PUBLIC_URL, REDIRECT_URI, Scene
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.passwords import shared_passwords

TEMPLATES = Path(__file__).parents[3] / "gateway" / "doors" / "person" / "templates"
ASSETS = Assets()
PAGES = Pages({"person": TEMPLATES}, ASSETS)
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": PUBLIC_URL}
Fields = str | Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """What came back, whole."""

    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def location(self) -> str:
        """Where a 303 leads."""
        assert self.status == 303, (self.status, self.text[:2000])
        return self.headers["Location"]

    @property
    def answer(self) -> dict[str, str]:
        """The query of the address that a 303 leads to."""
        return dict(parse_qsl(urlsplit(self.location).query, strict_parsing=True))

    @property
    def token(self) -> str:
        """The form token of the page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.text)
        assert found, self.text[:2000]
        return found[1]

    @property
    def words(self) -> str:
        """The text of the page without its tags."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    @property
    def ask_states(self) -> dict[str, str]:
        """The state of each ask."""
        return dict(re.findall(r'data-ask="([^"]+)" data-state="([^"]+)"', self.text))

    @property
    def grant_states(self) -> dict[str, str]:
        """The state of each grant."""
        return dict(re.findall(r'data-grant="([^"]+)" data-state="([^"]+)"', self.text))

    @property
    def boxes(self) -> set[str]:
        """The asks that stand as boxes; none is ever ticked."""
        found = re.findall(r'<input type="checkbox"[^>]*>', self.text)
        assert "checked" not in "".join(found)
        return {value for box in found for value in re.findall(r'value="([^"]+)"', box)}

    @property
    def seen(self) -> str:
        """The version of the grant that the page was drawn from."""
        found = re.search(r'name="seen" value="([^"]+)"', self.text)
        assert found, self.text[:2000]
        return found[1]

    @property
    def said(self) -> str:
        """The digest of what a dynamic app said of itself on the page."""
        found = re.search(r'name="said" value="([^"]+)"', self.text)
        assert found, self.text[:2000]
        return found[1]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The hidden fields of the page's forms, but the form token."""
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.text)
        return [(name, value) for name, value in found if name != "csrf_token"]

    @property
    def policy(self) -> str:
        """Where forms of the page may lead, by its CSP."""
        return self.headers["Content-Security-Policy"].rpartition("form-action ")[2]


class Browser:
    """One browser: cookies, no JavaScript, and no redirect followed unless a test does."""

    def __init__(self, http: aiohttp.ClientSession, base: str, scene: Scene) -> None:
        self._http, self._base, self._scene = http, base, scene

    async def get(self, path: str, **headers: str) -> Page:
        """Open an address."""
        return await self._send("GET", path, headers=headers)

    async def head(self, path: str) -> Page:
        """Ask for an address without its body."""
        return await self._send("HEAD", path)

    async def post(self, path: str, fields: Fields, *, headers: Mapping[str, str] = OWN_PAGE) -> Page:
        """Send a form, just these fields."""
        return await self._send("POST", path, headers=headers, data=fields)

    async def submit(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], *, page: str = "") -> Page:
        """Open a page, take its form token, and send these fields with it to `path`."""
        token = (await self.get(page or path)).token
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        return await self.post(path, [*pairs, ("csrf_token", token)])

    async def sign_in_as(self, person: Person) -> Self:
        """Hold a session of this person, as after a sign-in."""
        self.keep(SessionCookie(is_https=False).name, await open_session(self._scene.house, person.id))
        return self

    def keep(self, name: str, value: str) -> None:
        """Hold a cookie."""
        self._http.cookie_jar.update_cookies({name: value}, URL(self._base))

    def cookies(self) -> dict[str, str]:
        """Return the cookies that this browser holds."""
        return {name: morsel.value for name, morsel in self._http.cookie_jar.filter_cookies(URL(self._base)).items()}

    async def _send(self, method: str, path: str, **options: Any) -> Page:
        url = URL(self._base + path, encoded=True)
        async with self._http.request(method, url, allow_redirects=False, **options) as reply:
            return Page(reply.status, reply.headers, await reply.text())


@dataclass(frozen=True, slots=True)
class Origin:
    """The served origin: its scene, its door, and where it listens."""

    scene: Scene
    door: PersonDoor
    base: str

    @property
    def table(self) -> list[Endpoint]:
        """The door's rows."""
        return endpoints(self.door)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """Open a fresh browser."""
        jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Browser(http, self.base, self.scene)

    async def ask(
        self,
        *ask_ids: str,
        state: str | None = "state-1",
        redirect_uri: str = REDIRECT_URI,
        wishes: Wishes = NO_WISHES,
    ) -> str:
        """Let the app send someone here for these asks (default: all of them); return the consent page's path."""
        names = tuple(AskId(each) for each in ask_ids) or tuple(ask.id for ask in self.scene.asks)
        asked = Asked(self.scene.app.id, names, redirect_uri, state, CHALLENGE, wishes=wishes)
        return f"/consent/{(await open_request(self.scene.house, asked)).id}"


@asynccontextmanager
async def served(
    scene: Scene,
    connectors: Mapping[str, Connector] | None = None,
    *,
    providers: tuple[SignInProvider, ...] = (),
    followers: Mapping[str, ZaloFollowers] | None = None,
    port: int | None = None,
    public_url: str = PUBLIC_URL,
) -> AsyncIterator[Origin]:
    """Serve the person's door over a scene."""
    door = PersonDoor(
        house=scene.house,
        porter=Porter(scene.house.storage, scene.clock, cookie=SessionCookie(is_https=False)),
        pages=PAGES,
        assets=ASSETS,
        catalogue=load_catalogue(),
        limits=LocalLimits(scene.clock),
        passwords=shared_passwords(),
        connectors=connectors or {},
        public_url=public_url,
        site=Site("127.0.0.1:8400", has_ways=bool(providers)),
        keeper=Keeper("Công ty giữ cổng (mẫu)", "business"),
        retention_days=731,
        providers=providers,
        followers=followers or {},
    )
    async with served_door(scene, door, port=port) as origin:
        yield origin


@asynccontextmanager
async def served_door(scene: Scene, door: PersonDoor, *, port: int | None = None) -> AsyncIterator[Origin]:
    """Serve a door whose parts a test chose."""
    app = web.Application(middlewares=[request_ids(scene.house.entropy), error_pages(door)])
    door.porter.install(app, endpoints(door))
    async with TestServer(app, port=port) as server:
        yield Origin(scene, door, str(server.make_url("")).rstrip("/"))


@asynccontextmanager
async def fresh_origin(folder: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Origin]:
    """Serve the person's door over a fresh house with people and apps in it."""
    async with scene_in(folder, clock, entropy=entropy) as scene, served(scene) as origin:
        yield origin


async def allow(location: str, oa_id: str = BAKERY_ID) -> str:
    """Allow on the platform's own page, as its admin; return the path to which it sends the browser back."""
    page, form = urlsplit(location), dict(parse_qsl(urlsplit(location).query))
    form |= {"oa_id": oa_id, "agree": "1", "allow": "1"}
    url = f"{page.scheme}://{page.netloc}{page.path}"
    async with aiohttp.ClientSession() as http, http.post(url, data=form, allow_redirects=False) as reply:
        return reply.headers["Location"].removeprefix(PUBLIC_URL)
