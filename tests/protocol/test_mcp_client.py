"""The published MCP client (package `mcp`) finds its way through the whole gateway by its 401 alone, and steps up."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import httpx2
import orjson
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
from gateway.doors.oauth.dynamic import CLOSED, DynamicApps
from gateway.doors.oauth.endpoints import api_endpoints, endpoints
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.ground.web.cookies import SessionCookie
from gateway.records.ledger.types import Actor
from tests.house import REDIRECT_URI, app_of, ask_of
from tests.platforms.zalo.stage import CallsServer, Stage, zalo_stage
from tests.protocol.wire import render_error
from tests.services.child import free_port
from tests.stand_ins.certificates import make_certificate
from tests.stand_ins.receiver import receiving, saying

OA_PATH = "/zalo/v2.0/oa/getoa"
CHATS_PATH = "/zalo/v2.0/oa/listrecentchat?data=%7B%22offset%22%3A0%2C%22count%22%3A5%7D"
TAGS_PATH = "/zalo/v2.0/oa/tag/gettagsofoa"
QUOTA_PATH = "/zalo/v3.0/oa/quota/message"
QUOTA = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
FOLLOWERS_PATH = "/zalo/v3.0/oa/user/getlist?data=%7B%22offset%22%3A0%2C%22count%22%3A5%7D"
OPEN = {"zalo.profile.read": 1, "zalo.tag.read": 1}
ASKS = (
    ("oa_profile", "zalo.profile.read", "assistant", False),
    ("chats", "zalo.message.read", "assistant", False),
    ("names", "zalo.follower.name.read", "assistant", False),
)


@dataclass
class Memory:
    """What the client keeps: which app it is, and its tokens."""

    app: OAuthClientInformationFull | None = None
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
        """Keep a registration; the client asks for none where it has one."""
        assert self.app is None
        self.app = client_info


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
async def gateway(stage: Stage, dynamic: DynamicApps = CLOSED) -> AsyncIterator[tuple[str, Stage]]:
    """Serve both origins of the gateway; yield the API's address."""
    issuer, api_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    house, clock = stage.scene.house, stage.scene.clock
    calls = replace(stage.door, issuer=issuer, api_url=api_url)
    platforms = {"zalo": tuple(calls.catalogue.platforms["zalo"].scopes)}
    oauth = OAuthDoor(house, LocalLimits(clock), calls.proofs, issuer, api_url, platforms, render_error, dynamic)
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


async def walk(provider: OAuthClientProvider, api_url: str) -> None:
    """Call without a token, then for more than that first challenge named, then as at first again."""
    async with httpx2.AsyncClient(auth=provider) as client:
        for path in (OA_PATH, TAGS_PATH, OA_PATH):
            reply = await client.get(api_url + path)
            assert reply.status_code == 200, reply.text


async def test_req_216_and_217_by_registration(stage: Stage) -> None:
    """Nobody knows the client: it registers with the scope of its first 401, gets its data, and steps up from there."""
    async with gateway(stage, DynamicApps(may_register=True, scopes=OPEN)) as (api_url, served):
        owner, memory = Owner(served), Memory()
        said = OAuthClientMetadata(redirect_uris=[AnyUrl(REDIRECT_URI)], client_name="Trợ lý (mẫu)")
        await walk(OAuthClientProvider(f"{api_url}/zalo", said, memory, owner.follow, owner.come_back), api_url)
    assert memory.app is not None
    assert memory.app.client_id.startswith("app_")
    assert [each["client_id"] for each in owner.asked] == [memory.app.client_id] * 2
    assert [set(each["scope"].split()) for each in owner.asked] == [{"zalo.profile.read"}, OPEN.keys()]


async def test_req_216_and_220_what_is_closed_to_it_is_left_out(stage: Stage) -> None:
    """A challenge names also what only reviewed apps may ask: the rest is asked for, and the call that it opens passes.

    Where nothing that it may ask would open a call, no challenge sends it to a screen that cannot help.
    """
    opened = {**OPEN, "zalo.quota.read": 1}
    async with gateway(stage, DynamicApps(may_register=True, scopes=opened)) as (api_url, served):
        owner, memory = Owner(served), Memory()
        said = OAuthClientMetadata(redirect_uris=[AnyUrl(REDIRECT_URI)], client_name="Trợ lý (mẫu)")
        provider = OAuthClientProvider(f"{api_url}/zalo", said, memory, owner.follow, owner.come_back)
        async with httpx2.AsyncClient(auth=provider) as client:
            first = await client.post(api_url + QUOTA_PATH, json=QUOTA)
            assert first.status_code == 200, first.text
            never = await client.get(api_url + FOLLOWERS_PATH)
    (asked,) = owner.asked
    assert {"zalo.message.read", "zalo.quota.read"} <= set(asked["scope"].split())
    assert [each.scope for each in memory.tokens] == ["zalo.quota.read"]
    assert (never.status_code, never.json()["code"], never.json()["asks"]) == (403, "insufficient_scope", [])


async def test_req_216_from_the_address_of_the_resource(stage: Stage) -> None:
    """There no operation names a scope: the client asks for all that the metadata lists, and gets what it may have."""
    async with gateway(stage, DynamicApps(may_register=True, scopes=OPEN)) as (api_url, served):
        owner, memory = Owner(served), Memory()
        said = OAuthClientMetadata(redirect_uris=[AnyUrl(REDIRECT_URI)], client_name="Trợ lý (mẫu)")
        provider = OAuthClientProvider(f"{api_url}/zalo", said, memory, owner.follow, owner.come_back)
        async with httpx2.AsyncClient(auth=provider) as client:
            assert (await client.get(f"{api_url}/zalo")).status_code == 404
            assert (await client.get(api_url + OA_PATH)).status_code == 200
    assert len(owner.asked) == 1
    assert OPEN.keys() < set(owner.asked[0]["scope"].split())
    assert [set((each.scope or "").split()) for each in memory.tokens] == [OPEN.keys()]


async def test_req_213_and_216_by_a_document(stage: Stage, tmp_path: Path) -> None:
    """The client's id is the address of its document: nothing is registered, the gateway reads it once."""
    ca_pem, context = make_certificate(tmp_path, "127.0.0.1")
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(opened_fetcher(allow_loopback=True, ca_pem=ca_pem))
        receiver = await stack.enter_async_context(receiving(context))
        dynamic = DynamicApps(may_register=True, fetcher=fetcher, scopes=OPEN)
        api_url, served = await stack.enter_async_context(gateway(stage, dynamic))
        said = OAuthClientMetadata(
            redirect_uris=[AnyUrl(REDIRECT_URI)], client_name="Trợ lý (mẫu)", token_endpoint_auth_method="none"
        )
        document = {"client_id": receiver.url, **said.model_dump(mode="json", exclude_none=True)}
        receiver.answers.append(saying(orjson.dumps(document), Content_Type="application/json"))
        owner, memory = Owner(served), Memory()
        provider = OAuthClientProvider(
            f"{api_url}/zalo",
            said,
            memory,
            owner.follow,
            owner.come_back,
            client_metadata_url=receiver.url,
        )
        await walk(provider, api_url)
        assert len(receiver.came) == 1
    assert [each["client_id"] for each in owner.asked] == [receiver.url] * 2
    assert [set(each["scope"].split()) for each in owner.asked] == [{"zalo.profile.read"}, OPEN.keys()]
