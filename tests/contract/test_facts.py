"""What the authority finds about a token equals what the acts did, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.acts.first_use import note_first_use
from gateway.acts.pause import pause
from gateway.acts.shorten import shorten
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.authority.facts import TokenFacts
from gateway.authority.verdict import Wanted, is_still, judge
from gateway.ground.vault.tokens import hashed
from gateway.records.accounts.types import STANDING_LASTS
from gateway.records.apps.types import AppState
from gateway.records.families.types import ACCESS_LASTS
from gateway.terms.refusal import Refusal
from tests.contract.steps import (
    ALL,
    NAME,
    SEND,
    SYSTEM,
    agreed,
    find_facts,
    get_grant,
    owner,
    refreshed,
)
from tests.house import Scene, agree, end_standing, link_account

WANTED = Wanted("zalo", frozenset({"zalo.follower.name.read"}), frozenset({"zalo.profile.read"}), None)


async def get_facts(scene: Scene, raw_token: str) -> TokenFacts:
    """Read what is known of a token that exists."""
    facts = await find_facts(scene, raw_token)
    assert facts is not None
    return facts


async def test_a_fresh_token_s_facts_are_the_decision_s(scene: Scene) -> None:
    """Every field: app, account, family, times, connection, standing, and each permission."""
    given = await agreed(scene)
    facts = await get_facts(scene, given.access_token)
    grant = await get_grant(scene.house, given.grant_id)
    now = scene.clock.now()
    expected = TokenFacts(
        app_id=scene.app.id,
        app_state=AppState.ACTIVE,
        app_dialect="zalo",
        app_addresses=None,
        grant_id=given.grant_id,
        account_id=scene.account.id,
        platform="zalo",
        external_id=scene.account.external_id,
        family_id=facts.family_id,
        parent_hash=None,
        has_kept_answer=False,
        jkt=None,
        created_at=now,
        expires_at=now + ACCESS_LASTS,
        is_ended=False,
        standing_lapses_at=now + STANDING_LASTS,
        reach=(),
    )
    assert replace(facts, reach=()) == expected
    rows = {(each.id, each.ask_id, each.scope, each.purpose, each.state, each.ends_at) for each in grant.permissions}
    assert {(r.id, r.ask_id, r.scope, r.purpose, r.state, r.ends_at) for r in facts.reach} == rows


async def test_a_guess_is_no_token(scene: Scene) -> None:
    """And neither is a refresh token."""
    given = await agreed(scene)
    assert await find_facts(scene, "qat_guess") is None
    assert await find_facts(scene, given.refresh_token) is None


async def test_facts_change_with_the_act_and_at_no_other_time(scene: Scene) -> None:
    """What one act did, the next look-up finds: there is no cache to wait for."""
    given = await agreed(scene)
    verdict = judge(await get_facts(scene, given.access_token), WANTED, scene.clock.now())
    assert set(verdict.ask_ids) == {"crm_name", "oa_profile"}
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    assert is_still(verdict, await get_facts(scene, given.access_token), scene.clock.now())
    await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
    facts = await get_facts(scene, given.access_token)
    assert not is_still(verdict, facts, scene.clock.now())
    with pytest.raises(Refusal, match="paused"):
        judge(facts, WANTED, scene.clock.now())
    await shorten(scene.house, given.grant_id, owner(scene), lasts=timedelta(hours=1))
    ends = {reach.ends_at for reach in (await get_facts(scene, given.access_token)).reach if reach.ask_id != SEND}
    assert ends == {scene.clock.now() + timedelta(hours=1)}


async def test_an_ask_granted_anew_is_out_of_the_old_token_s_reach(scene: Scene) -> None:
    """The old family reaches the old row, which is not current any more (I4)."""
    old = await agreed(scene)
    await withdraw(scene.house, old.grant_id, owner(scene), ask_ids=[NAME])
    scene.clock.advance(1)
    new = await agreed(scene)
    assert {reach.ask_id for reach in (await get_facts(scene, old.access_token)).reach} == ALL - {NAME}
    assert {reach.ask_id for reach in (await get_facts(scene, new.access_token)).reach} == ALL


async def test_the_app_and_the_standing_are_told(scene: Scene) -> None:
    """Suspension and lapsed standings, as they are now."""
    given = await agreed(scene)
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    await suspend_app(scene.house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)")
    scene.clock.advance(1)
    await end_standing(scene, scene.owner.id)
    facts = await get_facts(scene, given.access_token)
    assert facts.app_state is AppState.SUSPENDED
    assert facts.standing_lapses_at == scene.clock.now() - timedelta(seconds=1) + STANDING_LASTS


async def test_a_kept_answer_shows_until_its_first_use(scene: Scene) -> None:
    """The facts say what a first use must destroy (I3)."""
    given = await agreed(scene)
    fresh = await refreshed(scene, given.refresh_token)
    facts = await get_facts(scene, fresh["access_token"])
    assert (facts.has_kept_answer, facts.parent_hash) == (True, hashed(given.refresh_token))
    await note_first_use(scene.house, hashed(given.refresh_token))
    assert not (await get_facts(scene, fresh["access_token"])).has_kept_answer


async def test_a_token_without_any_reach_is_still_known(scene: Scene) -> None:
    """All that a family reached was decided anew: the token lives, and opens nothing."""
    given = await agreed(scene, duration="P1D")
    scene.clock.advance(timedelta(days=1))
    await agree(scene)
    facts = await get_facts(scene, given.access_token)
    assert facts.reach == ()
    assert facts.is_ended


async def test_verdicts_beside_a_withdrawal_are_before_or_after_it(scene: Scene) -> None:
    """Read while the act runs, the facts are whole: all granted, or none; after it returned, none (I1)."""
    given = await agreed(scene)
    seen: list[int] = []

    async def watch(act: "asyncio.Future[object]") -> None:
        while not act.done():
            facts = await get_facts(scene, given.access_token)
            seen.append(sum(reach.is_live(scene.clock.now()) for reach in facts.reach))
            await asyncio.sleep(0)

    act: asyncio.Future[object] = asyncio.ensure_future(withdraw(scene.house, given.grant_id, owner(scene)))
    await asyncio.gather(watch(act), act)
    assert set(seen) <= {0, 5}
    assert seen == sorted(seen, reverse=True)
    assert not any(reach.is_live(scene.clock.now()) for reach in (await get_facts(scene, given.access_token)).reach)
