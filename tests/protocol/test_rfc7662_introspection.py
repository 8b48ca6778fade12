"""RFC 7662: an app asks what its token opens now."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.acts.expire import expire
from gateway.acts.pause import pause, resume
from gateway.acts.shorten import shorten
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.oauth.introspect import STRANGE_TOKENS
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AskId, GrantId
from tests.house import agree, end_standing
from tests.protocol.wire import Wire

PATH = "/oauth/introspect"
BOTH = ("access_token", "refresh_token")


async def tokens_of(wire: Wire, *ask_ids: str) -> dict[str, Any]:
    """Return the confidential app's tokens for some asks (all, if none is named)."""
    decided = await agree(wire.scene, frozenset(map(AskId, ask_ids)) if ask_ids else None)
    return (await wire.redeem(decided.raw_code or "")).json


def owner(wire: Wire) -> Actor:
    """Return the owner, acting."""
    return Actor(ActorKind.PERSON, wire.scene.owner.id)


async def test_what_is_said_of_an_access_token(wire: Wire) -> None:
    """Every member, and no other."""
    tokens = await tokens_of(wire, "oa_profile")
    now = int(wire.scene.clock.now().timestamp())
    assert await wire.introspect(tokens["access_token"]) == {
        "active": True,
        "scope": "zalo.profile.read",
        "client_id": wire.scene.app.id,
        "sub": wire.scene.account.id,
        "aud": "http://127.0.0.1:8401/zalo",
        "iss": wire.door.issuer,
        "iat": now,
        "exp": now + 900,
        "token_type": "Bearer",
        "grant_id": tokens["grant_id"],
        "authorization_details": tokens["authorization_details"],
    }


async def test_what_is_said_of_a_refresh_token(wire: Wire) -> None:
    """It is for this server alone, so that no resource server takes it for an access token."""
    tokens = await tokens_of(wire, "oa_profile")
    now = int(wire.scene.clock.now().timestamp())
    members = await wire.introspect(tokens["refresh_token"])
    assert "token_type" not in members
    assert members["aud"] == wire.door.issuer
    assert members["exp"] == now + int(timedelta(days=30).total_seconds())
    assert members["scope"] == "zalo.profile.read"
    assert members["authorization_details"] == tokens["authorization_details"]


async def test_req_081_the_caller_proves_itself(wire: Wire) -> None:
    """Nobody, an app by name alone, and a public app learn nothing, though the token is theirs."""
    tokens, app = await tokens_of(wire), wire.scene.public_app
    own = (await wire.redeem((await agree(wire.scene, app=app)).raw_code or "", app=app)).json
    for fields in (
        {"token": tokens["access_token"]},
        {"token": tokens["access_token"], "client_id": wire.scene.app.id},
        {"token": own["access_token"], "client_id": app.id},
    ):
        reply = await wire.post(PATH, fields)
        assert reply.error == (401, "invalid_client")
        assert set(reply.json) == {"error", "error_description"}
    assert "WWW-Authenticate" in (await wire.post(PATH, {"token": "x"})).headers


@pytest.mark.parametrize("raw_token", ["x", "qat_" + "0" * 49, "qrt_" + "0" * 49, "qac_x", "é\u202e", "a" * 5000])
async def test_req_082_unknown(wire: Wire, raw_token: str) -> None:
    """Of what was never issued exactly one thing is said."""
    assert await wire.introspect(raw_token) == {"active": False}


@pytest.mark.parametrize("kind", BOTH)
async def test_req_082_foreign(wire: Wire, kind: str) -> None:
    """Of another app's living token exactly the same is said."""
    app = wire.scene.public_app
    foreign = (await wire.redeem((await agree(wire.scene, app=app)).raw_code or "", app=app)).json
    assert await wire.introspect(foreign[kind]) == {"active": False}
    assert (await wire.refresh(foreign["refresh_token"], app=app)).status == 200


async def test_req_082_expired(wire: Wire) -> None:
    """An access token is active for 15 minutes and not a second longer."""
    tokens = await tokens_of(wire)
    wire.scene.clock.advance(899)
    assert await wire.is_active(tokens["access_token"])
    wire.scene.clock.advance(1)
    assert not await wire.is_active(tokens["access_token"])


@pytest.mark.parametrize("kind", BOTH)
async def test_req_082_revoked(wire: Wire, kind: str) -> None:
    """A token that its app gave back is inactive at once."""
    tokens = await tokens_of(wire)
    assert await wire.is_active(tokens[kind])
    await wire.post("/oauth/revoke", {"token": tokens[kind]}, headers=wire.basic)
    assert not await wire.is_active(tokens[kind])


async def test_req_082_a_used_refresh_token(wire: Wire) -> None:
    """Once used it opens nothing, even while its answer may still be fetched again."""
    tokens = await tokens_of(wire)
    await wire.refresh(tokens["refresh_token"])
    assert not await wire.is_active(tokens["refresh_token"])


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "foo", ""])
async def test_req_083_a_wrong_hint_extends_the_search(wire: Wire, hint: str) -> None:
    """Whatever kind is hinted at, the token is found."""
    tokens = await tokens_of(wire)
    for kind in BOTH:
        assert (await wire.introspect(tokens[kind], token_type_hint=hint))["active"]


@pytest.mark.parametrize("kind", BOTH)
async def test_req_084_live_asks_only(wire: Wire, kind: str) -> None:
    """A paused or withdrawn ask leaves the answer at once; with none left the token is inactive."""
    tokens = await tokens_of(wire, "oa_profile", "crm_name")
    grant_id = GrantId(tokens["grant_id"])
    await pause(wire.house, grant_id, owner(wire), ask_ids=[AskId("crm_name")])
    members = await wire.introspect(tokens[kind])
    assert members["scope"] == "zalo.profile.read"
    assert [each["ask"] for each in members["authorization_details"]] == ["oa_profile"]
    await withdraw(wire.house, grant_id, owner(wire), ask_ids=[AskId("oa_profile")])
    assert not await wire.is_active(tokens[kind])
    await resume(wire.house, grant_id, owner(wire), ask_ids=[AskId("crm_name")])
    assert (await wire.introspect(tokens[kind]))["scope"] == "zalo.follower.name.read"
    await withdraw(wire.house, grant_id, owner(wire))
    assert not await wire.is_active(tokens[kind])


@pytest.mark.parametrize("kind", BOTH)
async def test_req_084_a_suspended_app(wire: Wire, kind: str) -> None:
    """While an operator holds the app its tokens are inactive, and only so long."""
    tokens = await tokens_of(wire)
    await suspend_app(wire.house, wire.scene.app.id, Actor.system(), reason="thử (mẫu)")
    assert not await wire.is_active(tokens[kind])
    await resume_app(wire.house, wire.scene.app.id, Actor.system())
    assert await wire.is_active(tokens[kind])


@pytest.mark.parametrize("kind", BOTH)
async def test_req_084_nobody_has_standing_any_more(wire: Wire, kind: str) -> None:
    """When the last who may decide for the account is gone, tokens are inactive before the record of it is written."""
    tokens = await tokens_of(wire)
    await end_standing(wire.scene, wire.scene.owner.id)
    assert not await wire.is_active(tokens[kind])
    assert await expire(wire.house) == 1
    assert not await wire.is_active(tokens[kind])


@pytest.mark.parametrize("kind", BOTH)
async def test_req_084_a_shortened_grant_shortens_exp(wire: Wire, kind: str) -> None:
    """`exp` is when the token opens nothing any more, also where its own time would be longer."""
    tokens = await tokens_of(wire)
    await shorten(wire.house, GrantId(tokens["grant_id"]), owner(wire), lasts=timedelta(minutes=5))
    assert (await wire.introspect(tokens[kind]))["exp"] == int(wire.scene.clock.now().timestamp()) + 300
    wire.scene.clock.advance(300)
    assert not await wire.is_active(tokens[kind])


async def test_req_085_a_token_is_for_one_platform(wire: Wire) -> None:
    """The audience is the API of the account's platform, and of no other."""
    tokens = await tokens_of(wire)
    resource = await wire.send("GET", "/.well-known/oauth-protected-resource/zalo")
    assert (await wire.introspect(tokens["access_token"]))["aud"] == resource.json["resource"]


async def test_req_086_scanning_is_limited(wire: Wire) -> None:
    """An app that asks about token after token of others hears no more of them, and may go on later."""
    key = f"introspect {wire.scene.app.id}"
    for number in range(3):
        await wire.introspect(f"qat_{number}")
    for _ in range(STRANGE_TOKENS.times - 3):
        await wire.door.limits.count(key, STRANGE_TOKENS)
    with capture_logs() as logs:
        closed = await wire.post(PATH, {"token": "qat_x"}, headers=wire.basic)
    assert closed.error == (429, "temporarily_unavailable")
    assert [line["event"] for line in logs] == ["introspection_limited"]
    wire.scene.clock.advance(int(closed.headers["Retry-After"]))
    assert await wire.introspect("qat_x") == {"active": False}


async def test_req_086_own_tokens_are_no_scan(wire: Wire) -> None:
    """An app may ask about its own tokens, dead ones too, without end, whatever others made it ask about before."""
    tokens = await tokens_of(wire)
    await wire.refresh(tokens["refresh_token"])
    for _ in range(30):
        assert await wire.is_active(tokens["access_token"])
        assert not await wire.is_active(tokens["refresh_token"])
    key = f"introspect {wire.scene.app.id}"
    for _ in range(STRANGE_TOKENS.times):
        await wire.door.limits.count(key, STRANGE_TOKENS)
    assert (await wire.post(PATH, {"token": "qat_x"}, headers=wire.basic)).status == 429
    assert await wire.is_active(tokens["access_token"])


async def test_req_087_authorization_details(wire: Wire) -> None:
    """Each live ask with its purpose and account, as the token answer named it."""
    tokens = await tokens_of(wire)
    members = await wire.introspect(tokens["access_token"])
    assert {each["ask"] for each in members["authorization_details"]} == wire.scene.all_asks
    assert {each["account"] for each in members["authorization_details"]} == {wire.scene.account.external_id}


async def test_req_052_a_subject_is_never_a_client(wire: Wire) -> None:
    """`sub` has the prefix of accounts, which no app's id can be mistaken for by what reads it."""
    members = await wire.introspect((await tokens_of(wire))["access_token"])
    assert members["sub"].startswith("ac_")
    assert members["sub"] != members["client_id"]


async def test_req_016_the_answer_is_not_stored(wire: Wire) -> None:
    """It is true only now."""
    reply = await wire.post(PATH, {"token": "x"}, headers=wire.basic)
    assert reply.headers["Cache-Control"] == "no-store"


async def test_without_the_database_there_is_no_answer(wire: Wire, tmp_path: Path) -> None:
    """Neither active nor inactive is said: 503, and the caller takes it for no."""
    tokens = await tokens_of(wire)
    with sqlite3.connect(tmp_path / "quyen.db") as outside:
        outside.execute("ALTER TABLE grants RENAME TO gone")
    for kind in BOTH:
        reply = await wire.post(PATH, {"token": tokens[kind]}, headers=wire.basic)
        assert reply.error == (503, "temporarily_unavailable")
        assert reply.headers["Retry-After"] == "1"


async def test_get_is_refused(wire: Wire) -> None:
    """A token never stands in an address."""
    reply = await wire.send("GET", f"{PATH}?token=x", headers=wire.basic)
    assert reply.error == (405, "invalid_request")
