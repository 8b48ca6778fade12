"""A served OAuth door over a real house, and a plain HTTP client of it that hides nothing."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy
from yarl import URL

from gateway.acts import House
from gateway.acts.decide import DURATIONS, Answer, Decided, decide
from gateway.acts.open_request import Asked, open_request
from gateway.acts.register import register_app
from gateway.acts.show_request import show_request
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.limits import Limits, LocalLimits
from gateway.doors import Porter
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.endpoints import endpoints as management_endpoints
from gateway.doors.management.problems import render_problem
from gateway.doors.oauth.dialects import dialect_endpoints
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import CLOSED, DynamicApps
from gateway.doors.oauth.endpoints import api_endpoints, endpoints
from gateway.ground.web.cookies import SessionCookie
from gateway.records.apps.types import App, Ask
from gateway.records.ledger.types import Actor
from gateway.records.requests import store as requests
from gateway.records.requests.types import AuthorizationRequest
from gateway.server.api_document import document_endpoints
from gateway.terms.ids import AskId
from scopes import load_catalogue
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, Scene, app_of, ask_of
from tests.services.child import free_port

PLATFORMS = {"zalo": ("zalo.profile.read", "zalo.follower.phone.read"), "matrix": ("matrix.room.read",)}
KINDS = {scope: kind for scope in load_catalogue().scopes if (kind := load_catalogue().find_kind(scope))}
Fields = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; its declared type is checked too."""
        assert self.headers["Content-Type"].partition(";")[0] == "application/json"
        content = orjson.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> tuple[int, str]:
        """Status and OAuth's error word."""
        return self.status, self.json["error"]

    @property
    def location(self) -> str:
        """Where it sends the browser."""
        return self.headers["Location"]

    @property
    def query(self) -> dict[str, str]:
        """The decoded query of the redirect."""
        return dict(parse_qsl(urlsplit(self.location).query, strict_parsing=True, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Wire:
    """The door, served; `scene` is what stands behind it."""

    scene: Scene
    door: OAuthDoor
    session: aiohttp.ClientSession

    @property
    def house(self) -> House:
        """The house behind the door."""
        return self.scene.house

    @property
    def basic(self) -> dict[str, str]:
        """The confidential app's right credentials, as a header."""
        return basic(self.scene.app.id, self.scene.raw_secret)

    async def send(
        self, method: str, target: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request; `target` goes out byte for byte, redirects are not followed."""
        url = URL(self.door.issuer + target, encoded=True)
        async with self.session.request(
            method, url, data=body, headers=headers, allow_redirects=False, skip_auto_headers=("Content-Type",)
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def authorize(self, changes: Mapping[str, str | None] | None = None, *, extra: str = "") -> Reply:
        """Send a right authorization request with some parameters changed (None: left out) and `extra` as it is."""
        asked = {**self.right_request(), **(changes or {})}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return await self.send("GET", f"/oauth/authorize?{query}{extra}")

    def right_request(self) -> dict[str, str | None]:
        """Return the parameters of an authorization request that nothing is wrong with."""
        return {
            "response_type": "code",
            "client_id": self.scene.app.id,
            "redirect_uri": REDIRECT_URI,
            "state": "s-1",
            "scope": "zalo.profile.read",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }

    async def post(self, path: str, fields: Fields, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Post a form."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self.send("POST", path, body=urlencode(fields).encode(), headers=typed)

    async def redeem(self, raw_code: str, *, app: App | None = None, **changes: str | None) -> Reply:
        """Redeem a code as the confidential app, or as a public one."""
        fields = {"grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER}
        return await self.ask_token({**fields, **changes}, app=app)

    async def refresh(self, raw_token: str, *, app: App | None = None, **changes: str | None) -> Reply:
        """Refresh as the confidential app, or as a public one."""
        return await self.ask_token({"grant_type": "refresh_token", "refresh_token": raw_token, **changes}, app=app)

    async def ask_token(self, fields: Mapping[str, str | None], *, app: App | None = None) -> Reply:
        """Post to the token endpoint, authenticated."""
        sent = {name: value for name, value in fields.items() if value is not None}
        if app is None:
            return await self.post("/oauth/token", sent, headers=self.basic)
        return await self.post("/oauth/token", {**sent, "client_id": app.id})

    async def introspect(self, raw_token: str, **fields: str) -> dict[str, Any]:
        """Introspect as the confidential app."""
        reply = await self.post("/oauth/introspect", {"token": raw_token, **fields}, headers=self.basic)
        assert reply.status == 200, reply.body
        return reply.json

    async def is_active(self, raw_token: str) -> bool:
        """Say whether the confidential app's token opens anything; a dead one answers exactly one member."""
        content = await self.introspect(raw_token)
        assert content["active"] or content == {"active": False}
        return bool(content["active"])

    async def find_request(self, reply: Reply) -> AuthorizationRequest:
        """Return the request that an authorize answer leads to."""
        assert reply.status == 303
        prefix, _, request_id = reply.location.rpartition("/")
        assert prefix == "/consent"
        async with self.house.storage.read() as connection:
            found = await requests.find(connection, request_id)
        assert found is not None
        return found

    async def agree_on(self, opened: Reply) -> Decided:
        """Let the owner see the screen that an authorize answer leads to, and agree to all of it."""
        request = await self.find_request(opened)
        await show_request(self.house, request.id, self.scene.owner.id)
        agreed, lasts = frozenset(request.ask_ids), DURATIONS["P30D"]
        answer = Answer(self.scene.owner.id, self.scene.account.id, agreed, lasts, "Chữ (mẫu)", "vi")
        return await decide(self.house, request.id, answer)

    async def add_app(self, app_id: str, asks: Sequence[tuple[str, str, str, bool]] = (), **changes: Any) -> App:
        """Register another app: public unless `is_confidential`, with the asks given."""
        confidential = bool(changes.pop("is_confidential", False))
        app = app_of(f"{app_id} (mẫu)", app_id, is_confidential=confidential, clock=self.scene.clock)
        app = replace(app, **changes)
        rows = asks or (("oa_profile", "zalo.profile.read", "crm", False),)
        await register_app(self.house, app, [ask_of(app.id, row) for row in rows], Actor.system())
        return app

    async def add_secret_app(
        self, app_id: str, asks: Sequence[tuple[str, str, str, bool]] = (), **changes: Any
    ) -> tuple[App, str]:
        """Register another confidential app, with the asks given; return it with its raw secret."""
        app = replace(app_of(f"{app_id} (mẫu)", app_id, is_confidential=True, clock=self.scene.clock), **changes)
        rows = asks or (("oa_profile", "zalo.profile.read", "crm", False),)
        raw_secret = await register_app(self.house, app, [ask_of(app.id, row) for row in rows], Actor.system())
        assert raw_secret is not None
        return app, raw_secret

    async def agree_to(self, app: App, asks: Sequence[Ask | str]) -> str:
        """Let the owner agree to these asks of any app; return the code."""
        names = tuple(AskId(each if isinstance(each, str) else each.id) for each in asks)
        request = await open_request(self.house, Asked(app.id, names, REDIRECT_URI, "s", CHALLENGE))
        await show_request(self.house, request.id, self.scene.owner.id)
        answer = Answer(
            self.scene.owner.id, self.scene.account.id, frozenset(names), DURATIONS["P30D"], "Chữ (mẫu)", "vi"
        )
        decided = await decide(self.house, request.id, answer)
        assert decided.raw_code is not None
        return decided.raw_code


def basic(client_id: str, raw_secret: str) -> dict[str, str]:
    """Return a Basic header, form-encoded as RFC 6749 section 2.3.1 says."""
    pair = f"{quote_plus(client_id)}:{quote_plus(raw_secret)}"
    return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}


async def render_error(
    request: web.Request, status: int, *, code: str, detail: str, link: str = "", told_as: str = ""
) -> web.Response:
    """Stand in for the person's door, which owns the page."""
    way = f'<a href="{escape(link)}">back</a>' if link else ""
    body = f'<h1 class="{told_as}">{escape(code)}</h1><p>{escape(detail)}</p>{way}'
    return web.Response(text=body, status=status, content_type="text/html")


@asynccontextmanager
async def served(
    scene: Scene,
    dynamic: DynamicApps = CLOSED,
    *,
    limits: Limits | None = None,
    platforms: Mapping[str, tuple[str, ...]] = PLATFORMS,
    classes: frozenset[str] | None = None,
) -> AsyncIterator[Wire]:
    """Serve the door of a scene on a free port, both origins' tables on one listener; closed to dynamic apps."""
    issuer = f"http://127.0.0.1:{free_port()}"
    limits = limits or LocalLimits(scene.clock)
    proofs = LocalProofMemory(scene.clock, scene.house.entropy)
    door = OAuthDoor(
        scene.house, limits, proofs, issuer, "http://127.0.0.1:8401", platforms, render_error, dynamic, KINDS, classes
    )
    porter = Porter(scene.house.storage, scene.clock, cookie=SessionCookie(is_https=False))
    app = web.Application()
    porter.install(app, [*endpoints(door), *dialect_endpoints(door)])
    porter.install(app, api_endpoints(door))
    management = ManagementDoor(scene.house, limits, proofs, issuer, is_on_loopback=True)
    porter.install(app, management_endpoints(management), refuse=partial(render_problem, management))
    porter.install(app, document_endpoints(door, management))
    server = TestServer(app, port=URL(issuer).port)
    await server.start_server()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield Wire(scene, door, session)
    finally:
        await server.close()
