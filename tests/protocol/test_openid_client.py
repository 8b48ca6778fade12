"""An off-the-shelf client in JavaScript, npm's certified openid-client, goes every way that the gateway has."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.doors.oauth.dynamic import DynamicApps
from gateway.records.apps.types import App, AuthMethod, GrantType
from tests.house import REDIRECT_URI, fresh_parts
from tests.journeys.http.origin import Browser
from tests.journeys.http.origin import served as served_pages
from tests.protocol.devices import confirm
from tests.protocol.keys import EC, ED, public_jwks
from tests.protocol.wire import Wire, served
from tests.ready import scene_in
from tests.services.peers import ClientError, OpenIdClients, openid_clients

SCOPE = "zalo.profile.read zalo.follower.name.read"
ASKS = (("oa_profile", "zalo.profile.read", "crm", False), ("crm_name", "zalo.follower.name.read", "crm", False))
EVERY_GRANT = tuple(GrantType)
TOKEN, PUSHED = "/oauth/token", "/oauth/par"
OPEN = DynamicApps(may_register=True, scopes={"zalo.profile.read": 1})


@dataclass(frozen=True)
class Stage:
    """The gateway's two doors, the owner's browser, and the library."""

    wire: Wire
    browser: Browser
    clients: OpenIdClients

    async def discover(self, name: str, **said: Any) -> dict[str, Any]:
        """Let a client of this name find out what the server can do."""
        facts = {"issuer": self.wire.door.issuer, "now": self.wire.scene.clock.now().timestamp()}
        found: dict[str, Any] = await self.clients.do(name, "discover", {**facts, **said})
        return found

    async def decide(self, url: str, *, decision: str = "agree") -> str:
        """Be the person: follow the client's link, tick every box, press; return where the browser lands."""
        sent = await self.wire.send("GET", url.removeprefix(self.wire.door.issuer))
        return await self.press(sent.location, decision=decision)

    async def press(self, path: str, *, decision: str = "agree") -> str:
        """Tick every box of a consent screen and press."""
        screen = await self.browser.get(path)
        ticks = [("ask", box) for box in sorted(screen.boxes)]
        fields = [
            *ticks,
            *screen.hidden,
            ("account", self.wire.scene.account.id),
            ("duration", "P1D"),
            ("decision", decision),
        ]
        return (await self.browser.post(path, [*fields, ("csrf_token", screen.token)])).location


@dataclass(frozen=True)
class Kind:
    """How a client authenticates, whether it pushes, and by which kind of key it binds its tokens, if at all."""

    method: str
    pushed: bool
    proof: str | None


KINDS = {
    "basic": Kind("client_secret_basic", pushed=False, proof=None),
    "post_pushed": Kind("client_secret_post", pushed=True, proof=None),
    "key_pushed_bound": Kind("private_key_jwt", pushed=True, proof="ES256"),
    "public_bound": Kind("none", pushed=False, proof="Ed25519"),
    "public_pushed_bound": Kind("none", pushed=True, proof="ES256"),
}


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Yield the whole stage, once for all tests here; each brings an app of its own."""
    clock, entropy = fresh_parts()
    async with (
        scene_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as scene,
        served(scene, OPEN) as wire,
        served_pages(scene, public_url=wire.door.issuer) as origin,
        origin.browser() as browser,
        openid_clients() as clients,
    ):
        yield Stage(wire, await browser.sign_in_as(scene.owner), clients)


async def add_client(stage: Stage, name: str, kind: Kind) -> App:
    """Register an app of this kind for every grant, and let the library know it by the same name."""
    changes: dict[str, Any] = {"grant_types": EVERY_GRANT, "must_push": kind.pushed, "binds_tokens": bool(kind.proof)}
    key = ED if kind.proof is None else EC
    raw_secret: str | None = None
    if kind.method == "private_key_jwt":
        app = await stage.wire.add_app(name, ASKS, auth_method=AuthMethod.KEY, jwks=public_jwks(), **changes)
    elif kind.method == "none":
        app = await stage.wire.add_app(name, ASKS, **changes)
    else:
        app, raw_secret = await stage.wire.add_secret_app(name, ASKS, **changes)
    said = {"id": app.id, "method": kind.method, "secret": raw_secret, "proof": kind.proof}
    await stage.discover(name, **said, key=key.as_dict(private=True))
    return app


@pytest.mark.parametrize("kind", KINDS)
async def test_the_whole_way(stage: Stage, kind: str) -> None:
    """Discovery, PAR, a code, tokens (bound where it holds a key), refresh, introspection, revocation."""
    used, do = KINDS[kind], stage.clients.do
    app = await add_client(stage, kind, used)
    url = await do(kind, "authorize", {"redirect_uri": REDIRECT_URI, "scope": SCOPE, "pushed": used.pushed})
    assert ("request_uri=" in url) is used.pushed
    first = await do(kind, "land", await stage.decide(url))
    assert first["token_type"] == ("dpop" if used.proof else "bearer")
    assert set(first["scope"].split()) == set(SCOPE.split())
    assert {each["ask"] for each in first["authorization_details"]} == {ask for ask, *_ in ASKS}
    second = await do(kind, "refresh", first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    if used.method != "none":
        held = await do(kind, "introspect", second["access_token"])
        assert (held["active"], held["client_id"]) == (True, app.id)
        assert ("jkt" in held.get("cnf", {})) is bool(used.proof)
    await do(kind, "revoke", second["refresh_token"])
    with pytest.raises(ClientError) as refused:
        await do(kind, "refresh", second["refresh_token"])
    assert refused.value.word == (400, "invalid_grant")
    if used.method != "none":
        assert await do(kind, "introspect", second["access_token"]) == {"active": False}
    seen = [tuple(each) for each in await do(kind, "seen")]
    nonces = [each for each in seen if each in {(TOKEN, 400), (PUSHED, 400)}]
    assert len(nonces) == (2 if used.proof else 1)  # it asked for a nonce once, and kept it; the last is the refusal


async def test_a_refusal_comes_back(stage: Stage) -> None:
    """The person's no arrives as `access_denied`, with the state and the issuer that the library insists on."""
    await add_client(stage, "refused", KINDS["basic"])
    url = await stage.clients.do("refused", "authorize", {"redirect_uri": REDIRECT_URI, "scope": SCOPE})
    landed = await stage.decide(url, decision="refuse")
    with pytest.raises(ClientError) as refused:
        await stage.clients.do("refused", "land", landed)
    assert refused.value.said["word"] == "access_denied"
    with pytest.raises(ClientError) as missed:
        await stage.clients.do("refused", "land", landed.replace("iss=", "issuer="))
    assert '"iss" (issuer) missing' in missed.value.said["because"]


@pytest.mark.parametrize("kind", ["public_bound", "key_pushed_bound", "basic"])
async def test_a_device(stage: Stage, kind: str) -> None:
    """It shows a code, polls while its user decides elsewhere, and gets its tokens."""
    name, do = f"device_{kind}", stage.clients.do
    await add_client(stage, name, KINDS[kind])
    told = await do(name, "start", {"scope": SCOPE})
    assert told["verification_uri"] == f"{stage.wire.door.issuer}/device"
    polling = asyncio.create_task(do(name, "poll"))
    if KINDS[kind].proof:
        assert await do(name, "pass") == 400  # the nonce
    assert await do(name, "pass") == 400
    assert not polling.done()
    screen = await confirm(stage.browser, told["user_code"])
    await stage.press(screen.location)
    stage.wire.scene.clock.advance(told["interval"])
    assert await do(name, "pass") == 200
    tokens = await polling
    assert set(tokens["scope"].split()) == set(SCOPE.split())
    assert tokens["token_type"] == ("dpop" if KINDS[kind].proof else "bearer")


@pytest.mark.parametrize("kind", ["basic", "key_pushed_bound"])
async def test_its_own_affairs(stage: Stage, kind: str) -> None:
    """client_credentials, and a call of `/v1` with the token, bound or not."""
    name, do = f"own_{kind}", stage.clients.do
    await add_client(stage, name, KINDS[kind])
    tokens = await do(name, "manage", {"scope": "quyen.grants.read", "resource": stage.wire.door.own_resource})
    assert "refresh_token" not in tokens
    called = await do(name, "call", {"url": f"{stage.wire.door.issuer}/v1/asks", "token": tokens["access_token"]})
    assert called["status"] == 200
    assert {each["ask"] for each in called["body"]["asks"]} == {ask for ask, *_ in ASKS}
    with pytest.raises(ClientError) as refused:
        await do(name, "call", {"url": f"{stage.wire.door.issuer}/v1/notices", "token": tokens["access_token"]})
    challenges = refused.value.said["challenges"]
    assert {each["parameters"]["error"] for each in challenges} == {"insufficient_scope"}
    assert {each["scheme"] for each in challenges} == {"bearer", "dpop"}


async def test_an_app_that_registers_itself(stage: Stage) -> None:
    """Dynamic registration, and then the whole way with the secret that it got."""
    metadata = {
        "redirect_uris": [REDIRECT_URI],
        "client_name": "Tự đăng ký (mẫu)",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "zalo.profile.read",
    }
    found = await stage.discover("dynamic", register=metadata)
    assert found["client"]["client_id"].startswith("app_")
    url = await stage.clients.do(
        "dynamic", "authorize", {"redirect_uri": REDIRECT_URI, "scope": "zalo.profile.read", "pushed": True}
    )
    tokens = await stage.clients.do("dynamic", "land", await stage.decide(url))
    assert tokens["scope"] == "zalo.profile.read"


async def test_a_library_that_finds_another_issuer_stops(stage: Stage) -> None:
    """The metadata's issuer is byte for byte where it was asked for: by another name of the host the library stops."""
    by_name = stage.wire.door.issuer.replace("127.0.0.1", "localhost")
    with pytest.raises(ClientError, match="issuer"):
        await stage.discover("lost", id="x", method="none", issuer=by_name)
