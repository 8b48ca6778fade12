"""OAuth 2.1, section 4.3: refresh tokens, their rotation, and the one retry that a lost answer earns (I3)."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.acts.first_use import note_first_use
from gateway.acts.pause import pause, resume
from gateway.acts.withdraw import withdraw
from gateway.doors.oauth.credentials import EXCHANGES
from gateway.ground.vault.tokens import hashed
from gateway.records.families import store as families
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AskId, GrantId
from tests.house import API_URL, agree
from tests.protocol.wire import Wire


async def tokens_of(wire: Wire, *ask_ids: str) -> dict[str, Any]:
    """Return the confidential app's tokens for some asks (all, if none is named)."""
    decided = await agree(wire.scene, frozenset(map(AskId, ask_ids)) if ask_ids else None)
    return (await wire.redeem(decided.raw_code or "")).json


async def public_tokens_of(wire: Wire) -> dict[str, Any]:
    """Return the public app's tokens."""
    decided = await agree(wire.scene, app=wire.scene.public_app)
    return (await wire.redeem(decided.raw_code or "", app=wire.scene.public_app)).json


async def test_req_029_a_narrowed_refresh_narrows_once(wire: Wire) -> None:
    """Less may be asked for one access token; the new refresh token still stands for all."""
    tokens = await tokens_of(wire)
    less = (await wire.refresh(tokens["refresh_token"], scope="zalo.profile.read")).json
    assert less["scope"] == "zalo.profile.read"
    assert (await wire.introspect(less["access_token"]))["scope"] == "zalo.profile.read"
    again = (await wire.refresh(less["refresh_token"])).json
    assert set(again["scope"].split(" ")) == set(tokens["scope"].split(" "))


async def test_req_029_a_refresh_token_is_its_clients(wire: Wire) -> None:
    """Another client cannot use it, and does not spoil it."""
    tokens = await tokens_of(wire)
    assert (await wire.refresh(tokens["refresh_token"], app=wire.scene.public_app)).error == (400, "invalid_grant")
    assert (await wire.refresh(tokens["refresh_token"])).status == 200


async def test_req_030_and_224_a_public_clients_reuse_ends_the_family(wire: Wire) -> None:
    """Who holds a used refresh token of a public app is a thief or was robbed: all its tokens die, and stay dead."""
    app = wire.scene.public_app
    first = await public_tokens_of(wire)
    second = (await wire.refresh(first["refresh_token"], app=app)).json
    assert (await wire.refresh(first["refresh_token"], app=app)).error == (400, "invalid_grant")
    assert (await wire.refresh(second["refresh_token"], app=app)).error == (400, "invalid_grant")


async def test_req_031_idle_refresh_tokens_expire(wire: Wire) -> None:
    """Thirty days without use end it; use before that gives thirty more."""
    decided = await agree(wire.scene, duration="P365D")
    tokens = (await wire.redeem(decided.raw_code or "")).json
    wire.scene.clock.advance(timedelta(days=29))
    fresh = (await wire.refresh(tokens["refresh_token"])).json
    wire.scene.clock.advance(timedelta(days=30))
    assert (await wire.refresh(fresh["refresh_token"])).error == (400, "invalid_grant")
    assert not await wire.is_active(fresh["refresh_token"])


async def test_req_061_wider_is_refused_and_spends_nothing(wire: Wire) -> None:
    """What the person did not grant, or the app never registered, cannot be refreshed into being."""
    tokens = await tokens_of(wire, "oa_profile", "crm_name")
    for wider in ("zalo.follower.phone.read", "zalo.profile.read zalo.follower.phone.read", "zalo.unknown", "  "):
        assert (await wire.refresh(tokens["refresh_token"], scope=wider)).error == (400, "invalid_scope"), wider
    assert (await wire.refresh(tokens["refresh_token"], scope=tokens["scope"])).status == 200


async def test_req_061_a_scope_id_means_what_is_held_of_it(wire: Wire) -> None:
    """An app that sends back the scope of its own answer is understood, also where one of two purposes was refused."""
    rows = (
        ("crm_phone", "zalo.follower.phone.read", "crm", False),
        ("loyalty", "zalo.follower.phone.read", "loyalty", False),
    )
    app = await wire.add_app("purposes", rows)
    tokens = (await wire.redeem(await wire.agree_to(app, ["crm_phone"]), app=app)).json
    fresh = (await wire.refresh(tokens["refresh_token"], app=app, scope=tokens["scope"])).json
    assert [each["ask"] for each in fresh["authorization_details"]] == ["crm_phone"]
    reply = await wire.refresh(fresh["refresh_token"], app=app, scope="zalo.follower.phone.read#loyalty")
    assert reply.error == (400, "invalid_scope")


async def test_a_narrowed_use_of_a_dead_token_is_an_invalid_grant(wire: Wire) -> None:
    """Asking for less does not change what an unknown token is."""
    reply = await wire.refresh("qrt_unknown", scope="zalo.profile.read")
    assert reply.error == (400, "invalid_grant")


async def test_i3_a_lost_answer_is_given_again(wire: Wire) -> None:
    """The same app with the same token gets the very same bytes, as often as it asks, until it uses one of them."""
    first = await tokens_of(wire)
    answer = await wire.refresh(first["refresh_token"])
    for _ in range(2):
        assert (await wire.refresh(first["refresh_token"])).body == answer.body
    assert await wire.is_active(answer.json["access_token"])
    less = await wire.refresh(answer.json["refresh_token"], scope="zalo.profile.read")
    assert less.body == (await wire.refresh(answer.json["refresh_token"], scope="zalo.profile.read")).body


@pytest.mark.parametrize(
    "other",
    [
        {"scope": "zalo.message.send"},
        {"scope": None},
        {"scope": "zalo.profile.read", "resource": f"{API_URL}/zalo"},
        {"scope": "zalo.profile.read", "authorization_details": '[{"type":"quyen_ask","ask":"oa_profile"}]'},
    ],
)
async def test_i3_another_request_is_no_retry(wire: Wire, other: dict[str, Any]) -> None:
    """Who asks for something else with a used token does not get what the first asked for: it is a replay."""
    first = await tokens_of(wire)
    second = (await wire.refresh(first["refresh_token"], scope="zalo.profile.read")).json
    reply = await wire.refresh(first["refresh_token"], **other)
    assert reply.error == (400, "invalid_grant")
    assert not await wire.is_active(second["access_token"])


async def test_i3_after_the_new_access_token_was_used_a_retry_is_a_replay(wire: Wire) -> None:
    """The first call with the new access token proves that the answer arrived."""
    first = await tokens_of(wire)
    second = (await wire.refresh(first["refresh_token"])).json
    await note_first_use(wire.house, hashed(first["refresh_token"]))
    assert (await wire.refresh(first["refresh_token"])).error == (400, "invalid_grant")
    assert not await wire.is_active(second["access_token"])


async def test_i3_after_the_new_refresh_token_was_used_a_retry_is_a_replay(wire: Wire) -> None:
    """So does the next refresh."""
    first = await tokens_of(wire)
    second = (await wire.refresh(first["refresh_token"])).json
    third = (await wire.refresh(second["refresh_token"])).json
    assert (await wire.refresh(first["refresh_token"])).error == (400, "invalid_grant")
    assert not await wire.is_active(third["access_token"])


async def test_i3_a_retry_without_the_secret_gets_nothing(wire: Wire) -> None:
    """The kept answer is for the app that proves itself; a thief of the old token alone is turned away at the door."""
    first = await tokens_of(wire)
    second = (await wire.refresh(first["refresh_token"])).json
    fields = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": wire.scene.app.id}
    assert (await wire.post("/oauth/token", fields)).error == (401, "invalid_client")
    assert await wire.is_active(second["access_token"])


async def test_a_withdrawn_ask_leaves_the_next_token(wire: Wire) -> None:
    """What ended is not refreshed; what stands is. When nothing stands the token is dead."""
    tokens = await tokens_of(wire, "oa_profile", "crm_name")
    actor = Actor(ActorKind.PERSON, wire.scene.owner.id)
    grant_id = GrantId(tokens["grant_id"])
    await withdraw(wire.house, grant_id, actor, ask_ids=[AskId("crm_name")])
    fresh = (await wire.refresh(tokens["refresh_token"])).json
    assert fresh["scope"] == "zalo.profile.read"
    await withdraw(wire.house, grant_id, actor)
    assert (await wire.refresh(fresh["refresh_token"])).error == (400, "invalid_grant")


async def test_a_paused_ask_comes_back_with_the_token(wire: Wire) -> None:
    """A pause is no end: the token reaches the ask, which neither answer lists until it is shared again."""
    tokens = await tokens_of(wire, "oa_profile", "crm_name")
    actor = Actor(ActorKind.PERSON, wire.scene.owner.id)
    await pause(wire.house, GrantId(tokens["grant_id"]), actor, ask_ids=[AskId("crm_name")])
    fresh = (await wire.refresh(tokens["refresh_token"], scope="zalo.follower.name.read zalo.profile.read")).json
    assert fresh["scope"] == "zalo.profile.read"
    known = await wire.introspect(fresh["access_token"])
    assert (known["scope"], known["authorization_details"]) == (fresh["scope"], fresh["authorization_details"])
    await resume(wire.house, GrantId(tokens["grant_id"]), actor)
    both = (await wire.introspect(fresh["access_token"]))["scope"]
    assert both.split(" ") == ["zalo.profile.read", "zalo.follower.name.read"]


async def test_a_family_is_refreshed_up_to_a_bound(wire: Wire) -> None:
    """Each use leaves a row that stays with the family; past the bound nothing is spent, and no other is kept out."""
    tokens, others = await tokens_of(wire), await tokens_of(wire)
    async with wire.house.storage.read() as connection:
        token = await families.find_refresh(connection, hashed(tokens["refresh_token"]))
    assert token is not None
    for _ in range(EXCHANGES.times):
        await wire.door.limits.count(f"refresh {token.family_id}", EXCHANGES)
    reply = await wire.refresh(tokens["refresh_token"])
    assert reply.error == (429, "temporarily_unavailable")
    assert (await wire.refresh(others["refresh_token"])).status == 200
    wire.scene.clock.advance(int(reply.headers["Retry-After"]))
    assert (await wire.refresh(tokens["refresh_token"])).status == 200
