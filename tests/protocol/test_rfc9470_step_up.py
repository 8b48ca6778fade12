"""RFC 9470: an app asks for a newer sign-in, gets it told at introspection, and the API may demand one."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import Asked, open_request
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.show_request import show_request
from gateway.doors.calls.server import build_calls
from gateway.records.people.types import PASSWORD_ACR
from gateway.records.requests.sign_in import SignIn
from gateway.records.requests.types import Prompt
from scopes import load_catalogue
from scopes.loading import PACKAGED
from tests.house import API_URL, CHALLENGE, REDIRECT_URI, VERIFIER, Scene
from tests.platforms.zalo.stage import MESSAGE, PROFILE, SEND, CallsServer, Stage, open_socket, zalo_stage
from tests.protocol.wire import Reply, Wire, served

FRESH_SECONDS = 300
METADATA = f"{API_URL}/.well-known/oauth-protected-resource/zalo"


async def decided(scene: Scene, sign_in: SignIn | None) -> dict[str, Any]:
    """Let the owner agree to everything in a session of this sign-in, and the app redeem; return its tokens."""
    names = tuple(ask.id for ask in scene.asks)
    request = await open_request(scene.house, Asked(scene.app.id, names, REDIRECT_URI, "s", CHALLENGE))
    await show_request(scene.house, request.id, scene.owner.id, sign_in=sign_in)
    given = Answer(scene.owner.id, scene.account.id, frozenset(names), DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    code = (await decide(scene.house, request.id, replace(given, sign_in=sign_in))).raw_code
    tokens: dict[str, Any] = orjson.loads(
        await redeem(scene.house, Redemption(scene.app, str(code), VERIFIER, REDIRECT_URI))
    )
    return tokens


def error_of(reply: Reply) -> str:
    """Return OAuth's word of an answer that goes back to the app; its state and issuer come with it."""
    assert reply.query["state"] == "s-1"
    assert reply.query["iss"]
    return reply.query["error"]


async def test_req_159_what_an_app_wants_is_kept_with_the_request(wire: Wire) -> None:
    """Each parameter reaches the screen as it came, repeated names once."""
    wanted = {
        "prompt": "login consent login",
        "max_age": "0",
        "acr_values": f"phr {PASSWORD_ACR} phr",
        "login_hint": "chu-1@shop.example",
    }
    request = await wire.find_request(await wire.authorize(wanted))
    assert request.prompts == (Prompt.LOGIN, Prompt.CONSENT)
    assert (request.max_age_seconds, request.acr_values) == (0, ("phr", PASSWORD_ACR))
    assert request.login_hint == "chu-1@shop.example"


async def test_req_159_nothing_is_wanted_where_nothing_stands(wire: Wire) -> None:
    """Absent and empty are the same: no sign-in is asked for."""
    for changes in ({}, {"prompt": "", "max_age": "", "acr_values": "", "login_hint": ""}):
        request = await wire.find_request(await wire.authorize(changes))
        assert (request.prompts, request.max_age_seconds, request.acr_values, request.login_hint) == (
            (),
            None,
            (),
            None,
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "create"},
        {"prompt": "Login"},
        {"prompt": "none login"},
        {"prompt": "consent none"},
        {"max_age": "-1"},
        {"max_age": "1.5"},
        {"max_age": "soon"},
        {"max_age": "٣"},
        {"max_age": "1" * 10},
        {"acr_values": 'a"b'},
        {"acr_values": "ê"},
        {"acr_values": "x" * 256},
        {"acr_values": " ".join(map(str, range(11)))},
    ],
)
async def test_req_159_a_wish_that_cannot_be_read_is_refused(wire: Wire, changes: dict[str, str | None]) -> None:
    """An unknown prompt, none beside another, and what is no number or name: invalid_request by redirect."""
    assert error_of(await wire.authorize(changes)) == "invalid_request"


@pytest.mark.parametrize("changes", [{}, {"login_hint": "chu-1"}, {"max_age": "0"}, {"acr_values": "phr"}])
async def test_req_159_prompt_none_is_consent_required_for_everyone(wire: Wire, changes: dict[str, str | None]) -> None:
    """The same word whatever else is asked: it says nothing about who is signed in here, or exists (R17)."""
    reply = await wire.authorize({"prompt": "none", **changes})
    assert error_of(reply) == "consent_required"


@pytest.mark.parametrize("hint", ["x" * 257, "a\u202eb", "a\tb"])
async def test_a_hint_that_no_login_looks_like_is_left_out(wire: Wire, hint: str) -> None:
    """A hint is never a reason to refuse."""
    request = await wire.find_request(await wire.authorize({"login_hint": hint}))
    assert request.login_hint is None


async def test_what_can_be_wanted_is_announced(wire: Wire) -> None:
    """Section 7 and OpenID Connect: every prompt named is answered as it says, and the class of a password."""
    document = (await wire.send("GET", "/.well-known/oauth-authorization-server")).json
    assert document["acr_values_supported"] == [PASSWORD_ACR]
    assert set(document["prompt_values_supported"]) == set(Prompt)
    for prompt in document["prompt_values_supported"]:
        assert (await wire.authorize({"prompt": prompt})).location.startswith("/consent/rq_")
    assert error_of(await wire.authorize({"prompt": "none"})) == "consent_required"


async def test_req_159_a_class_that_nobody_can_have_is_refused_before_a_sign_in(wire: Wire) -> None:
    """Section 5: where no provider may know it, nobody types a password to hear so; the app is told at once."""
    lacking, reached = {"acr_values": "phr mfa"}, {"acr_values": f"phr {PASSWORD_ACR}"}
    async with served(wire.scene, classes=frozenset({PASSWORD_ACR})) as closed:
        assert error_of(await closed.authorize(lacking)) == "unmet_authentication_requirements"
        right = {name: value for name, value in closed.right_request().items() if value is not None}
        pushed = await closed.post("/oauth/par", right | lacking, headers=closed.basic)
        assert pushed.error == (400, "unmet_authentication_requirements")
        for changes in ({}, reached):
            assert (await closed.authorize(changes)).location.startswith("/consent/rq_")
    assert (await wire.authorize(lacking)).location.startswith("/consent/rq_")


async def test_req_160_the_sign_in_is_told_at_introspection(wire: Wire) -> None:
    """`auth_time` and `acr` of the sign-in that decided, in both kinds of token, and through a refresh."""
    signed = SignIn(wire.scene.clock.now(), PASSWORD_ACR)
    wire.scene.clock.advance(120)
    tokens = await decided(wire.scene, signed)
    wire.scene.clock.advance(60)
    fresh = (await wire.refresh(tokens["refresh_token"])).json
    for raw_token in (tokens["access_token"], fresh["access_token"], fresh["refresh_token"]):
        members = await wire.introspect(raw_token)
        assert (members["auth_time"], members["acr"]) == (int(signed.at.timestamp()), PASSWORD_ACR)


async def test_req_160_what_nobody_knows_is_not_said(wire: Wire) -> None:
    """A sign-in without a class has no `acr`; a decision without a sign-in has neither."""
    members = await wire.introspect((await decided(wire.scene, SignIn(wire.scene.clock.now(), None)))["access_token"])
    assert "auth_time" in members
    assert "acr" not in members
    members = await wire.introspect((await decided(wire.scene, None))["access_token"])
    assert not {"auth_time", "acr"} & members.keys()


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield the proxy under a catalogue in which sending wants a sign-in of the last five minutes."""
    folder = tmp_path / "catalogue"
    shutil.copytree(PACKAGED, folder)
    file = folder / "zalo.yaml"
    marked = f"  - id: zalo.message.send\n    fresh_auth_seconds: {FRESH_SECONDS}\n"
    written = file.read_text(encoding="utf-8").replace("  - id: zalo.message.send\n", marked, 1)
    file.write_text(written, encoding="utf-8")
    async with zalo_stage(tmp_path) as stage:
        door = replace(stage.door, catalogue=load_catalogue(folder))
        async with CallsServer(build_calls(door), socket_factory=open_socket) as gateway:
            stage.app.base = str(gateway.make_url("")).rstrip("/")
            yield stage


async def hold(stage: Stage, signed_at: datetime | None) -> None:
    """Let the app hold a token of a decision by someone who signed in then."""
    sign_in = SignIn(signed_at, PASSWORD_ACR) if signed_at else None
    stage.app.token = (await decided(stage.scene, sign_in))["access_token"]


async def test_req_158_an_old_sign_in_is_challenged(stage: Stage) -> None:
    """401, the word of the RFC, how recent it must be, and nothing at the platform; to the second."""
    await hold(stage, stage.scene.clock.now())
    stage.scene.clock.advance(FRESH_SECONDS)
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).status == 200
    stage.scene.clock.advance(1)
    reply = await stage.app.call(SEND, "POST", json=MESSAGE)
    assert (reply.status, reply.code) == (401, "insufficient_user_authentication")
    assert reply.json["max_age"] == FRESH_SECONDS
    challenge = reply.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="insufficient_user_authentication", ')
    assert f'max_age="{FRESH_SECONDS}"' in challenge
    assert f'resource_metadata="{METADATA}"' in challenge
    assert len(await stage.arrived()) == 1


async def test_req_158_a_token_without_a_sign_in_is_challenged(stage: Stage) -> None:
    """Nobody can say when, so it was not recent."""
    await hold(stage, None)
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).status == 401
    assert await stage.arrived() == []


async def test_req_158_a_refresh_makes_no_sign_in_newer(stage: Stage) -> None:
    """The time stays with the family; a new decision after a new sign-in opens the route again."""
    await hold(stage, stage.scene.clock.now() - timedelta(hours=1))
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).status == 401
    await hold(stage, stage.scene.clock.now())
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).status == 200


async def test_req_158_other_routes_do_not_ask(stage: Stage) -> None:
    """Only what the catalogue marks; and the shipped catalogue marks nothing."""
    await hold(stage, None)
    assert (await stage.app.call(PROFILE)).status == 200
    assert not [scope for scope in load_catalogue().scopes.values() if scope.fresh_auth_seconds]


async def test_req_158_the_platforms_own_dialect_is_told_too(stage: Stage) -> None:
    """In Zalo's envelope it is the code for a missing right: another token by refreshing would not help."""
    await hold(stage, None)
    reply = await stage.app.call(SEND, "POST", json=MESSAGE, headers={"access_token": stage.app.token})
    assert (reply.status, reply.code) == (200, "insufficient_user_authentication")
    assert reply.json["error"] == -223
