"""The published MCP client (package `mcp`) finds its way through the whole gateway by its 401 alone, and steps up."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import httpx2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.register import register_app
from gateway.acts.show_request import show_request
from gateway.authority.limits import LocalLimits
from gateway.doors import Porter
from gateway.doors.calls.server import build_calls
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.endpoints import api_endpoints, endpoints
from gateway.ground.web.cookies import SessionCookie
from gateway.records.ledger.types import Actor
from tests.house import REDIRECT_URI, app_of, ask_of
from tests.platforms.zalo.stage import CallsServer, Stage, zalo_stage
from tests.protocol.wire import render_error
from tests.services.child import free_port

OA_PATH = "/zalo/v2.0/oa/getoa"
CHATS_PATH = "/zalo/v2.0/oa/listrecentchat?data=%7B%22offset%22%3A0%2C%22count%22%3A5%7D"
ASKS = (
    ("oa_profile", "zalo.profile.read", "assistant", False),
    ("chats", "zalo.message.read", "assistant", False),
    ("names", "zalo.follower.name.read", "assistant", False),
)


@dataclass
class Memory:
    """What the client keeps: which app it is, and its tokens."""

    app: OAuthClientInformationFull
    tokens: list[OAuthToken] = field(default_factory=list)

    async def get_tokens(self) -> OAuthToken | None:
        """Return the newest tokens."""
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep tokens."""
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.app

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """The client has one already."""
        raise AssertionError(client_info)


@dataclass
class Owner:
    """The person in front of the browser, who agrees to whatever is asked and keeps what stands."""

    stage: Stage
    asked: list[dict[str, str]] = field(default_factory=list)
    landed: dict[str, str] = field(default_factory=dict)

    async def follow(self, url: str) -> None:
        """Open the address that the client wants opened, and agree on the screen that it leads to."""
        self.asked.append(dict(parse_qsl(urlsplit(url).query)))
        async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as reply:
            assert reply.status == 303, await reply.text()
            request_id = reply.headers["Location"].rpartition("/")[2]
        scene = self.stage.scene
        request = await show_request(scene.house, request_id, scene.owner.id)
        answer = Answer(
            scene.owner.id, scene.account.id, frozenset(request.ask_ids), DURATIONS["P1D"], "Chữ (mẫu)", "vi"
        )
        decided = await decide(scene.house, request_id, answer)
        self.landed = {"code": decided.raw_code or "", "state": request.state or ""}

    async def come_back(self) -> AuthorizationCodeResult:
        """Return what the browser brought to the client's redirect URI."""
        return AuthorizationCodeResult(**self.landed, iss=self.issuer)

    @property
    def issuer(self) -> str:
        """The authorization server that answered."""
        return self.stage.door.issuer


@asynccontextmanager
async def gateway(stage: Stage) -> AsyncIterator[tuple[str, Stage]]:
    """Serve both origins of the gateway; yield the API's address."""
    issuer, api_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    house, clock = stage.scene.house, stage.scene.clock
    calls = replace(stage.door, issuer=issuer, api_url=api_url)
    platforms = {"zalo": tuple(calls.catalogue.platforms["zalo"].scopes)}
    oauth = OAuthDoor(house, LocalLimits(clock), calls.proofs, issuer, api_url, platforms, render_error)
    porter = Porter(house.storage, clock, cookie=SessionCookie(is_https=False))
    public, api = web.Application(), build_calls(calls)
    porter.install(public, endpoints(oauth))
    porter.install(api, api_endpoints(oauth))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(TestServer(public, port=urlsplit(issuer).port))
        await stack.enter_async_context(CallsServer(api, port=urlsplit(api_url).port))
        yield api_url, replace(stage, door=calls)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage with a linked account."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


async def test_req_216_to_220_from_401_to_data_and_on_to_more(stage: Stage) -> None:
    """Discovery by the challenge, PKCE, `iss` and `resource`, the call; then a step-up that keeps what was granted."""
    app = app_of("Trợ lý (mẫu)", "tro-ly", is_confidential=False, clock=stage.scene.clock)
    await register_app(stage.scene.house, app, [ask_of(app.id, row) for row in ASKS], Actor.system())
    async with gateway(stage) as (api_url, served):
        owner = Owner(served)
        known = {"redirect_uris": [AnyUrl(REDIRECT_URI)], "token_endpoint_auth_method": "none"}
        memory = Memory(OAuthClientInformationFull(client_id=app.id, issuer=served.door.issuer, **known))
        provider = OAuthClientProvider(
            f"{api_url}/zalo", OAuthClientMetadata(**known), memory, owner.follow, owner.come_back
        )
        async with httpx2.AsyncClient(auth=provider) as client:
            first = await client.get(api_url + OA_PATH)
            assert first.status_code == 200, first.text
            assert first.json()["data"]["name"]
            more = await client.get(api_url + CHATS_PATH)
            assert more.status_code == 200, more.text
            again = await client.get(api_url + OA_PATH)
            assert again.status_code == 200, again.text
    assert owner.asked[0]["resource"] == f"{api_url}/zalo"
    assert owner.asked[0]["scope"] == "zalo.profile.read"
    assert {"zalo.profile.read", "zalo.message.read"} <= set(owner.asked[1]["scope"].split())
    assert len(owner.asked) == 2
    assert len(memory.tokens) == 2
