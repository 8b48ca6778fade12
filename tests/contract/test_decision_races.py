"""Decisions that race, on both databases: one outcome, and the log tells it."""

import asyncio

import pytest

from gateway.acts.decide import Decided
from gateway.acts.withdraw import withdraw
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.asking import WHOLE, answered, shown
from tests.contract.steps import NAME, PHONE, PROFILE, agreed, get_grant, list_records, owner, verified
from tests.house import Scene

AT_ONCE = 8
WAITED = 30


async def seen_by_all(scene: Scene, *, is_whole: bool) -> list[AuthorizationRequest]:
    """Let the app ask eight times, and the owner have all eight screens open."""
    requests = [await shown(scene, **({"wishes": WHOLE} if is_whole else {})) for _ in range(AT_ONCE)]
    scene.clock.advance(1)
    return requests


async def check_told(scene: Scene, grant_id: GrantId) -> None:
    """Each version of the grant has one record, and the fold of the log is the grant."""
    versions = [record.version for record in await list_records(scene.house, grant_ids=[grant_id])]
    assert versions == list(range((await get_grant(scene.house, grant_id)).version, 0, -1))
    assert (await verified(scene.house)).bad == []


async def begun_anew(scene: Scene, *asks: AskId) -> Grant:
    """Let the owner take everything back and agree to these; return the grant."""
    scene.clock.advance(1)
    first = await agreed(scene)
    await withdraw(scene.house, first.grant_id, owner(scene))
    await agreed(scene, *asks)
    scene.clock.advance(1)
    return await get_grant(scene.house, first.grant_id)


@pytest.mark.parametrize("is_whole", [False, True])
async def test_eight_decisions_on_one_drawing(scene: Scene, rounds: int, is_whole: bool) -> None:  # noqa: FBT001
    """Of eight agreements drawn from the same version one is taken; the others are asked again."""
    grant_id = (await agreed(scene)).grant_id
    for round_ in range(rounds):
        before = await begun_anew(scene, PROFILE)
        requests = await seen_by_all(scene, is_whole=is_whole)
        tries = [answered(scene, request, PROFILE, NAME, seen_version=before.version) for request in requests]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(outcome, Decided) for outcome in outcomes) == 1, round_
        assert [o.reason for o in outcomes if isinstance(o, Refusal)] == ["screen_outdated"] * (AT_ONCE - 1)
        assert (await get_grant(scene.house, before.id)).version == before.version + 1
    await check_told(scene, grant_id)


async def test_decisions_against_a_withdrawal(scene: Scene, rounds: int) -> None:
    """Seven agreements and one withdrawal: whoever is first, nothing that ended with it lives afterwards."""
    grant_id = (await agreed(scene)).grant_id
    for round_ in range(rounds):
        before = await begun_anew(scene, PROFILE, NAME, PHONE)
        requests = await seen_by_all(scene, is_whole=bool(round_ % 2))
        old = {p.id for p in before.permissions}
        tries = [answered(scene, request, PROFILE, NAME, seen_version=before.version) for request in requests[1:]]
        ending = asyncio.ensure_future(withdraw(scene.house, before.id, owner(scene)))
        place = round_ % AT_ONCE
        outcomes = await asyncio.gather(*tries[:place], ending, *tries[place:], return_exceptions=True)
        assert not [o for o in outcomes if isinstance(o, Exception) and not isinstance(o, Refusal)], round_
        assert {o.reason for o in outcomes if isinstance(o, Refusal)} <= {"screen_outdated"}
        now = scene.clock.now()
        grant = await get_grant(scene.house, before.id)
        assert not [p for p in grant.permissions if p.id in old and p.is_standing(now)]
    await check_told(scene, grant_id)


@pytest.mark.parametrize("is_decided", [False, True])
async def test_what_waited_is_dated_by_when_it_was_done(scene: Scene, is_decided: bool) -> None:  # noqa: FBT001
    """An act that waits for a grant's lock happens when it gets it: who looked in between saw what was before."""
    first = await agreed(scene, PROFILE)
    request = await shown(scene, wishes=WHOLE)
    async with scene.house.storage.unit() as unit:
        await grants.find(unit.connection, first.grant_id, lock=True)
        if is_decided:
            act: asyncio.Future[object] = asyncio.ensure_future(answered(scene, request, PROFILE, NAME))
        else:
            act = asyncio.ensure_future(withdraw(scene.house, first.grant_id, owner(scene)))
        await asyncio.sleep(0.3)
        assert not act.done()
        released_at = scene.clock.advance(WAITED)
    await act
    record, *_ = await list_records(scene.house, grant_ids=[first.grant_id])
    assert record.at == released_at
