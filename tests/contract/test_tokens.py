"""Codes and tokens on both databases: single use, replay, the lost answer, narrowing (I3)."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from gateway.acts.first_use import note_first_use
from gateway.acts.pause import pause, resume
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.acts.revoke import revoke
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.authority.facts import TokenFacts, find_token
from gateway.authority.verdict import check_token, list_live
from gateway.ground.vault.tokens import hashed
from gateway.records.apps.types import App
from gateway.records.families import store as families
from gateway.records.families.tables import refresh_tokens
from gateway.records.families.types import VERIFIER_TRIES
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.steps import calls_under_way
from tests.house import REDIRECT_URI, VERIFIER, Scene, agree

PROFILE, NAME, SEND = AskId("oa_profile"), AskId("crm_name"), AskId("order_send")
WRONG_VERIFIER = "x" * 43


async def get_code(scene: Scene, *asks: AskId, app: App | None = None) -> tuple[str, GrantId]:
    """Let the owner agree and return the code and its grant."""
    decided = await agree(scene, frozenset(asks) or None, app=app)
    assert decided.raw_code is not None
    return decided.raw_code, GrantId(str(decided.grant_id))


async def redeemed(scene: Scene, raw_code: str, *, verifier: str = VERIFIER, app: App | None = None) -> dict[str, Any]:
    """Redeem a code."""
    answer = await redeem(scene.house, Redemption(app or scene.app, raw_code, verifier, REDIRECT_URI))
    parsed: dict[str, Any] = orjson.loads(answer)
    return parsed


async def refreshed(scene: Scene, raw_token: str, *asks: AskId, app: App | None = None) -> dict[str, Any]:
    """Refresh."""
    renewal = Renewal(app or scene.app, raw_token, frozenset(asks) if asks else None)
    parsed: dict[str, Any] = orjson.loads(await refresh(scene.house, renewal))
    return parsed


async def facts_of(scene: Scene, raw_token: str) -> TokenFacts | None:
    """Read what the authority knows of an access token."""
    return await find_token(scene.house.storage, hashed(raw_token))


async def is_alive(scene: Scene, raw_token: str) -> bool:
    """Say whether the access token opens anything now."""
    try:
        facts = check_token(await facts_of(scene, raw_token), scene.clock.now())
    except Refusal:
        return False
    return bool(list_live(facts, scene.clock.now()))


async def test_a_code_yields_tokens_for_what_was_agreed(scene: Scene) -> None:
    """The answer names scope, grant and each ask with the account's own id."""
    raw_code, grant_id = await get_code(scene, PROFILE, NAME)
    answer = await redeemed(scene, raw_code)
    assert sorted(answer["scope"].split()) == ["zalo.follower.name.read", "zalo.profile.read"]
    assert answer["grant_id"] == grant_id
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)
    assert {each["ask"] for each in answer["authorization_details"]} == {PROFILE, NAME}
    assert {each["account"] for each in answer["authorization_details"]} == {scene.account.external_id}
    assert await is_alive(scene, answer["access_token"])


@pytest.mark.parametrize("round_", range(20))
async def test_one_of_eight_redemptions_wins_and_its_tokens_die(scene: Scene, round_: int) -> None:
    """A code's second valid use is refused and ends the family, also when both came at once."""
    raw_code, _ = await get_code(scene)
    outcomes = await asyncio.gather(*[redeemed(scene, raw_code) for _ in range(8)], return_exceptions=True)
    winners = [each for each in outcomes if isinstance(each, dict)]
    assert len(winners) == 1, round_
    assert {each.reason for each in outcomes if isinstance(each, Refusal)} == {"invalid_grant"}
    assert not await is_alive(scene, winners[0]["access_token"])


async def test_a_replay_ends_the_family_for_good(scene: Scene) -> None:
    """The failing request commits the end: access and refresh token are dead afterwards."""
    raw_code, _ = await get_code(scene)
    answer = await redeemed(scene, raw_code)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code)
    assert not await is_alive(scene, answer["access_token"])
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"])


@pytest.mark.parametrize("before", [0, 4])
async def test_a_thief_without_the_verifier_spends_and_ends_nothing(scene: Scene, before: int) -> None:
    """Wrong verifiers before and after redemption leave the rightful app alone, however many come after."""
    raw_code, _ = await get_code(scene)
    for _ in range(before):
        with pytest.raises(Refusal, match="invalid_grant"):
            await redeemed(scene, raw_code, verifier=WRONG_VERIFIER)
    answer = await redeemed(scene, raw_code)
    for _ in range(5):
        with pytest.raises(Refusal, match="invalid_grant"):
            await redeemed(scene, raw_code, verifier=WRONG_VERIFIER)
    assert await is_alive(scene, answer["access_token"])


async def test_wrong_verifiers_after_a_theft_do_not_hide_it(scene: Scene) -> None:
    """Whoever redeemed first cannot kill the code for the rightful app: its use still ends the thief's family (I3)."""
    raw_code, _ = await get_code(scene)
    stolen = await redeemed(scene, raw_code)
    for _ in range(VERIFIER_TRIES):
        with pytest.raises(Refusal, match="invalid_grant"):
            await redeemed(scene, raw_code, verifier=WRONG_VERIFIER)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code)
    assert not await is_alive(scene, stolen["access_token"])


async def test_five_wrong_verifiers_kill_the_code(scene: Scene) -> None:
    """Guessing stops."""
    raw_code, _ = await get_code(scene)
    for _ in range(5):
        with pytest.raises(Refusal, match="invalid_grant"):
            await redeemed(scene, raw_code, verifier=WRONG_VERIFIER)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code)


async def test_a_code_is_for_its_app_its_redirect_and_a_minute(scene: Scene) -> None:
    """Another app, another redirect URI and the sixty-first second are refused."""
    raw_code, _ = await get_code(scene)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code, app=scene.public_app)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeem(scene.house, Redemption(scene.app, raw_code, VERIFIER, "https://app.example/cb"))
    scene.clock.advance(60)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code)


async def test_an_unknown_code_is_refused(scene: Scene) -> None:
    """A guess finds nothing."""
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, "qac_unknown")


async def test_a_code_of_a_grant_withdrawn_meanwhile_yields_nothing(scene: Scene) -> None:
    """A decision takes effect when it is made, not when the code is redeemed."""
    raw_code, grant_id = await get_code(scene)
    await withdraw(scene.house, grant_id, Actor(ActorKind.PERSON, scene.owner.id))
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code)


async def test_a_code_yields_what_is_left_after_narrowing(scene: Scene) -> None:
    """One ask withdrawn between screen and redemption is not in the tokens."""
    raw_code, grant_id = await get_code(scene)
    await withdraw(scene.house, grant_id, Actor(ActorKind.PERSON, scene.owner.id), ask_ids=[SEND])
    assert "zalo.message.send" not in (await redeemed(scene, raw_code))["scope"]


async def test_a_refresh_token_has_one_successor(scene: Scene) -> None:
    """Eight refreshes of a secret-holding app at once all get the very same answer: one pair of tokens."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    outcomes = await asyncio.gather(*[refreshed(scene, answer["refresh_token"]) for _ in range(8)])
    assert len({each["access_token"] for each in outcomes}) == 1
    assert await is_alive(scene, outcomes[0]["access_token"])


async def test_a_lost_answer_is_given_again_until_its_first_use(scene: Scene) -> None:
    """Once one of the new tokens was used the kept answer is gone, and the old token's return ends the family."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    first = await refreshed(scene, answer["refresh_token"])
    assert await refreshed(scene, answer["refresh_token"]) == first
    facts = await facts_of(scene, first["access_token"])
    assert facts is not None
    assert facts.has_kept_answer
    assert facts.parent_hash is not None
    await note_first_use(scene.house, facts.parent_hash)
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"])
    assert not await is_alive(scene, first["access_token"])


async def test_using_the_new_refresh_token_destroys_the_kept_answer(scene: Scene) -> None:
    """The second generation proves that the first arrived."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    first = await refreshed(scene, answer["refresh_token"])
    second = await refreshed(scene, first["refresh_token"])
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"])
    assert not await is_alive(scene, second["access_token"])


async def test_a_public_app_that_reuses_a_refresh_token_loses_the_family(scene: Scene) -> None:
    """Nobody can tell it from a thief."""
    raw_code, _ = await get_code(scene, app=scene.public_app)
    answer = await redeemed(scene, raw_code, app=scene.public_app)
    first = await refreshed(scene, answer["refresh_token"], app=scene.public_app)
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"], app=scene.public_app)
    assert not await is_alive(scene, first["access_token"])


async def test_a_narrower_refresh_is_for_that_access_token_alone(scene: Scene) -> None:
    """Asking for less once does not lose the rest; asking for more spends nothing."""
    answer = await redeemed(scene, (await get_code(scene, PROFILE, NAME))[0])
    with pytest.raises(Refusal, match="invalid_scope"):
        await refreshed(scene, answer["refresh_token"], SEND)
    narrow = await refreshed(scene, answer["refresh_token"], NAME)
    facts = await facts_of(scene, narrow["access_token"])
    assert facts is not None
    assert [reach.ask_id for reach in facts.reach] == [NAME]
    whole = await refreshed(scene, narrow["refresh_token"])
    assert sorted(whole["scope"].split()) == ["zalo.follower.name.read", "zalo.profile.read"]


async def test_tokens_never_outlive_the_grant(scene: Scene) -> None:
    """A refresh token ends with the grant, an access token's `expires_in` too."""
    decided = await agree(scene, duration="P1D")
    answer = await redeemed(scene, str(decided.raw_code))
    scene.clock.advance(timedelta(days=1) - timedelta(minutes=1))
    last = await refreshed(scene, answer["refresh_token"])
    assert last["expires_in"] == 60
    scene.clock.advance(60)
    assert not await is_alive(scene, last["access_token"])
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, last["refresh_token"])


async def test_an_idle_refresh_token_runs_out(scene: Scene) -> None:
    """Thirty days without use."""
    decided = await agree(scene, duration="P365D")
    answer = await redeemed(scene, str(decided.raw_code))
    scene.clock.advance(timedelta(days=30))
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"])


async def test_a_spent_refresh_token_is_a_replay_after_its_time_too(scene: Scene) -> None:
    """Time does not hide a theft: the rightful app's own token, spent by another and run out, ends the family (I3)."""
    decided = await agree(scene, duration="P365D", app=scene.public_app)
    first = await redeemed(scene, str(decided.raw_code), app=scene.public_app)
    scene.clock.advance(timedelta(days=29))
    stolen = await refreshed(scene, first["refresh_token"], app=scene.public_app)
    scene.clock.advance(timedelta(days=2))
    stolen = await refreshed(scene, stolen["refresh_token"], app=scene.public_app)
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, first["refresh_token"], app=scene.public_app)
    assert not await is_alive(scene, stolen["access_token"])


async def test_a_lost_answer_is_given_again_after_the_old_token_ran_out(scene: Scene) -> None:
    """It was spent in time; only the answer's own tokens decide how long it is worth anything."""
    decided = await agree(scene, duration="P365D")
    first = await redeemed(scene, str(decided.raw_code))
    scene.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    answer = await refreshed(scene, first["refresh_token"])
    scene.clock.advance(2)
    assert await refreshed(scene, first["refresh_token"]) == answer


async def test_a_refresh_token_of_another_app_is_not_valid(scene: Scene) -> None:
    """Bound to its client."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"], app=scene.public_app)
    assert await is_alive(scene, (await refreshed(scene, answer["refresh_token"]))["access_token"])


async def test_a_paused_grant_keeps_its_tokens(scene: Scene) -> None:
    """Nothing passes while paused, and the app's tokens go on, listing nothing; shared again, they open."""
    raw_code, grant_id = await get_code(scene, PROFILE)
    answer = await redeemed(scene, raw_code)
    actor = Actor(ActorKind.PERSON, scene.owner.id)
    await pause(scene.house, grant_id, actor)
    assert not await is_alive(scene, answer["access_token"])
    fresh = await refreshed(scene, answer["refresh_token"])
    assert (fresh["scope"], fresh["authorization_details"]) == ("", [])
    assert not await is_alive(scene, fresh["access_token"])
    await resume(scene.house, grant_id, actor)
    assert await is_alive(scene, fresh["access_token"])
    assert (await refreshed(scene, fresh["refresh_token"]))["scope"] == "zalo.profile.read"


async def test_a_code_lists_what_lives_when_it_is_redeemed(scene: Scene) -> None:
    """A pause between the decision and the exchange shows in the answer."""
    raw_code, grant_id = await get_code(scene, PROFILE, NAME)
    await pause(scene.house, grant_id, Actor(ActorKind.PERSON, scene.owner.id), ask_ids=[NAME])
    answer = await redeemed(scene, raw_code)
    assert answer["scope"] == "zalo.profile.read"
    assert [each["ask"] for each in answer["authorization_details"]] == [PROFILE]


async def test_a_suspended_app_gets_no_tokens(scene: Scene) -> None:
    """Neither by code nor by refresh token."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    raw_code, _ = await get_code(scene)
    await suspend_app(scene.house, scene.app.id, Actor.system(), reason="kiểm tra (mẫu)")
    async with scene.house.storage.read() as connection:
        from gateway.records.apps import store as apps

        app = await apps.find(connection, scene.app.id)
    assert app is not None
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeemed(scene, raw_code, app=app)
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"], app=app)


async def test_giving_back_the_refresh_token_ends_the_family(scene: Scene) -> None:
    """RFC 7009: the access tokens die with it."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    await revoke(scene.house, scene.app, answer["refresh_token"])
    assert not await is_alive(scene, answer["access_token"])


async def test_giving_back_the_access_token_ends_it_alone(scene: Scene) -> None:
    """The refresh token goes on, and so does what runs under another access token of the family."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    other = await refreshed(scene, answer["refresh_token"])
    raw_tokens = [answer["access_token"], other["access_token"]]
    facts = await facts_of(scene, raw_tokens[0])
    assert facts is not None
    with calls_under_way(scene, {raw: (facts, [PROFILE]) for raw in raw_tokens}) as cuts:
        await revoke(scene.house, scene.app, raw_tokens[0])
        assert cuts.cut == raw_tokens[:1]
        assert [await is_alive(scene, raw) for raw in raw_tokens] == [False, True]
        again = await refreshed(scene, other["refresh_token"])
        assert await is_alive(scene, again["access_token"])
        await revoke(scene.house, scene.app, again["refresh_token"])
        assert cuts.cut == raw_tokens


async def test_a_foreign_or_unknown_token_is_not_given_back(scene: Scene) -> None:
    """Nothing happens, and nobody is told."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    await revoke(scene.house, scene.public_app, answer["refresh_token"])
    await revoke(scene.house, scene.app, "qat_unknown")
    assert await is_alive(scene, answer["access_token"])


@pytest.mark.parametrize("round_", range(20))
async def test_refresh_against_withdrawal_ends_dead(scene: Scene, round_: int) -> None:
    """Whichever commits first, after the withdrawal returned no token of the grant lives (I1, I4)."""
    raw_code, grant_id = await get_code(scene)
    answer = await redeemed(scene, raw_code)
    outcomes = await asyncio.gather(
        refreshed(scene, answer["refresh_token"]),
        withdraw(scene.house, grant_id, Actor(ActorKind.PERSON, scene.owner.id)),
        return_exceptions=True,
    )
    assert not isinstance(outcomes[1], BaseException), round_
    for each in [answer, outcomes[0]]:
        if isinstance(each, dict):
            assert not await is_alive(scene, each["access_token"])


async def test_a_family_does_not_reach_what_is_granted_after_it(scene: Scene) -> None:
    """Withdrawn and agreed again: the old token stays without it, a new code has it (I4)."""
    raw_code, grant_id = await get_code(scene)
    answer = await redeemed(scene, raw_code)
    await withdraw(scene.house, grant_id, Actor(ActorKind.PERSON, scene.owner.id), ask_ids=[SEND])
    scene.clock.advance(1)
    newer = await redeemed(scene, (await get_code(scene))[0])
    old, new = await facts_of(scene, answer["access_token"]), await facts_of(scene, newer["access_token"])
    assert old is not None
    assert new is not None
    now = scene.clock.now()
    assert SEND not in {reach.ask_id for reach in list_live(old, now)}
    assert SEND in {reach.ask_id for reach in list_live(new, now)}


async def test_no_token_rests_in_the_clear(scene: Scene) -> None:
    """What the database holds of a code and its tokens are hashes (I8)."""
    raw_code, _ = await get_code(scene)
    answer = await redeemed(scene, raw_code)
    await refreshed(scene, answer["refresh_token"])
    async with scene.house.storage.read() as connection:
        token = await families.find_refresh(connection, hashed(answer["refresh_token"]))
    assert token is not None
    assert token.sealed_answer is not None
    assert b"qat_" not in token.sealed_answer


async def test_a_kept_answer_that_was_tampered_with_is_never_given(scene: Scene) -> None:
    """It does not open under the token any more: the retry counts as a replay and ends the family."""
    answer = await redeemed(scene, (await get_code(scene))[0])
    first = await refreshed(scene, answer["refresh_token"])
    async with scene.house.storage.unit() as unit:
        changed = update(refresh_tokens).where(refresh_tokens.c.sealed_answer.is_not(None))
        await unit.connection.execute(changed.values(sealed_answer=b"no seal"))
        await unit.commit()
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, answer["refresh_token"])
    assert not await is_alive(scene, first["access_token"])
