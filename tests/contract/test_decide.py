"""Decisions on both databases: what is granted, refused, recorded, and who wins a race."""

import asyncio
from datetime import timedelta

import pytest

from gateway.acts.decide import DURATIONS, Answer, Decided, decide
from gateway.acts.open_request import Asked, open_request, reconsider
from gateway.acts.pause import pause
from gateway.acts.show_request import show_request
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant, PermissionState
from gateway.records.ledger import notices, reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import AccountId, AskId, GrantId, PersonId
from gateway.terms.refusal import Refusal
from tests.house import CHALLENGE, REDIRECT_URI, Scene, agree, link_account

PROFILE, NAME, PHONE, SEND = AskId("oa_profile"), AskId("crm_name"), AskId("crm_phone"), AskId("order_send")


async def shown(scene: Scene, person_id: PersonId | None = None) -> AuthorizationRequest:
    """Open a request for all asks and let a person see it."""
    names = tuple(ask.id for ask in scene.asks)
    request = await open_request(scene.house, Asked(scene.app.id, names, REDIRECT_URI, "s", CHALLENGE))
    return await show_request(scene.house, request.id, person_id or scene.owner.id)


def answer(scene: Scene, *agreed: AskId, account: AccountId | None = None) -> Answer:
    """Return the owner's answer."""
    return Answer(
        scene.owner.id, account or scene.account.id, frozenset(agreed), DURATIONS["P30D"], "Chữ đã hiện (mẫu)", "vi"
    )


async def get_grant(scene: Scene, grant_id: GrantId | None) -> Grant:
    """Read a grant."""
    assert grant_id is not None
    async with scene.house.storage.read() as connection:
        grant = await grants.find(connection, grant_id)
    assert grant is not None
    return grant


def states(grant: Grant) -> dict[str, str]:
    """Name the state of each ask."""
    return {permission.ask_id: permission.state.value for permission in grant.permissions}


async def test_what_is_ticked_is_granted_and_the_rest_refused(scene: Scene) -> None:
    """Agreeing to a part grants that part, and the record tells both."""
    decided = await agree(scene, frozenset({PROFILE, NAME}))
    grant = await get_grant(scene, decided.grant_id)
    assert states(grant) == {
        "oa_profile": "granted",
        "crm_name": "granted",
        "crm_phone": "refused",
        "order_send": "refused",
        "chat_read": "refused",
    }
    assert decided.error is None
    async with scene.house.storage.read() as connection:
        record = await reading.find(connection, decided.recorded.record_id)
        kept = await notices.find(connection, str(record.facts["notice"])) if record else None
    assert record is not None
    assert (record.kind, record.grant_id, record.version) == (Kind.DECIDED, grant.id, 1)
    assert kept == ("vi", "Chữ đã hiện (mẫu)")


@pytest.mark.parametrize("agreed", [frozenset(), frozenset({NAME})])
async def test_no_tick_or_a_required_ask_left_out_gives_nothing(scene: Scene, agreed: frozenset[AskId]) -> None:
    """Refusals are stored, no code is made, and the app hears access_denied."""
    decided = await agree(scene, agreed)
    assert (decided.raw_code, decided.error) == (None, "access_denied")
    assert decided.error_description == ("required permission not given" if agreed else None)
    assert set(states(await get_grant(scene, decided.grant_id)).values()) == {"refused"}


async def test_refusing_later_leaves_what_was_granted(scene: Scene) -> None:
    """`refuse` at a later authorize takes nothing back."""
    first = await agree(scene, frozenset({PROFILE, NAME}))
    second = await agree(scene, frozenset())
    assert second.error == "access_denied"
    assert states(await get_grant(scene, first.grant_id))["crm_name"] == "granted"


async def test_agreeing_on_the_whole_screen_replaces_the_asks_named(scene: Scene) -> None:
    """What is left unticked there ends."""
    first = await agree(scene)
    await agree(scene, frozenset({PROFILE}), whole=True)
    assert states(await get_grant(scene, first.grant_id)) == {
        "oa_profile": "granted",
        **dict.fromkeys(("crm_name", "crm_phone", "order_send", "chat_read"), "withdrawn"),
    }


async def test_a_refusal_without_an_account_is_recorded(scene: Scene) -> None:
    """Someone who linked nothing can say no, and it stands in the log."""
    request = await shown(scene, scene.other_owner.id)
    given = Answer(scene.other_owner.id, None, frozenset(), DURATIONS["P1D"], "Chữ (mẫu)", "vi")
    decided = await decide(scene.house, request.id, given)
    assert (decided.grant_id, decided.error) == (None, "access_denied")
    async with scene.house.storage.read() as connection:
        record = await reading.find(connection, decided.recorded.record_id)
    assert record is not None
    assert record.facts["refused_asks"] == [ask.id for ask in scene.asks]


async def test_a_required_ask_left_out_without_an_account_is_a_refusal(scene: Scene) -> None:
    """Someone who linked nothing and left out what is required has refused, and the app is told why."""
    request = await shown(scene, scene.other_owner.id)
    given = Answer(scene.other_owner.id, None, frozenset({NAME}), DURATIONS["P1D"], "Chữ (mẫu)", "vi")
    decided = await decide(scene.house, request.id, given)
    assert (decided.grant_id, decided.raw_code, decided.error) == (None, None, "access_denied")
    assert decided.error_description == "required permission not given"
    async with scene.house.storage.read() as connection:
        record = await reading.find(connection, decided.recorded.record_id)
    assert record is not None
    assert (record.kind, record.facts["refused_asks"]) == (Kind.REFUSED, [ask.id for ask in scene.asks])


async def test_a_request_is_decided_once(scene: Scene) -> None:
    """Eight answers at once: exactly one is taken, the others hear `decided`."""
    request = await shown(scene)
    tries = [decide(scene.house, request.id, answer(scene, PROFILE)) for _ in range(8)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Decided) for outcome in outcomes) == 1
    assert {o.reason for o in outcomes if isinstance(o, Refusal)} == {"decided"}
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == 7


async def test_first_decisions_on_one_pair_share_one_grant(scene: Scene) -> None:
    """Eight requests decided at once make one grant at version 8."""
    requests = [await shown(scene) for _ in range(8)]
    decided = await asyncio.gather(*[decide(scene.house, r.id, answer(scene, PROFILE, NAME)) for r in requests])
    assert len({each.grant_id for each in decided}) == 1
    assert (await get_grant(scene, decided[0].grant_id)).version == 8


async def test_a_withdrawal_after_the_screen_was_seen_wins(scene: Scene) -> None:
    """Of an agreement and a withdrawal that race the narrower holds, whichever commits last."""
    first = await agree(scene)
    scene.clock.advance(60)
    request = await shown(scene)
    scene.clock.advance(60)
    actor = Actor(ActorKind.PERSON, scene.owner.id)
    await withdraw(scene.house, GrantId(str(first.grant_id)), actor, ask_ids=[SEND])
    scene.clock.advance(60)
    await decide(scene.house, request.id, answer(scene, *scene.all_asks))
    assert states(await get_grant(scene, first.grant_id))["order_send"] == "withdrawn"


@pytest.mark.parametrize("round_", range(20))
async def test_agreeing_and_withdrawing_at_once_never_breaks(scene: Scene, round_: int) -> None:
    """Twenty rounds of decide against withdraw: no deadlock, one version for each record."""
    first = await agree(scene)
    request = await shown(scene)
    actor = Actor(ActorKind.PERSON, scene.owner.id)
    outcomes = await asyncio.gather(
        decide(scene.house, request.id, answer(scene, *scene.all_asks)),
        withdraw(scene.house, GrantId(str(first.grant_id)), actor),
        return_exceptions=True,
    )
    assert not [each for each in outcomes if isinstance(each, Exception)], round_
    grant = await get_grant(scene, first.grant_id)
    assert grant.version == 3
    async with scene.house.storage.read() as connection:
        records = await reading.list_records(connection, reading.Search(grant_ids=[grant.id]), 10)
    assert [record.version for record in records] == [3, 2, 1]


async def test_an_agreement_that_lost_every_race_gives_the_app_nothing(scene: Scene) -> None:
    """When all that was ticked was withdrawn meanwhile, no code is made."""
    first = await agree(scene, frozenset({PROFILE}))
    request = await shown(scene)
    scene.clock.advance(1)
    await withdraw(scene.house, GrantId(str(first.grant_id)), Actor(ActorKind.PERSON, scene.owner.id))
    decided = await decide(scene.house, request.id, answer(scene, PROFILE))
    assert (decided.raw_code, decided.error) == (None, "access_denied")


async def test_a_paused_ask_is_resumed_by_agreeing_anew(scene: Scene) -> None:
    """Agreeing to what is paused says it plainly: let it through."""
    first = await agree(scene)
    await pause(scene.house, GrantId(str(first.grant_id)), Actor(ActorKind.PERSON, scene.owner.id), ask_ids=[NAME])
    scene.clock.advance(1)
    await agree(scene, whole=True)
    assert states(await get_grant(scene, first.grant_id))["crm_name"] == "granted"


async def test_a_second_holder_of_the_account_decides_on_the_same_grant(scene: Scene) -> None:
    """There is one grant for each account and app, whoever decides."""
    first = await agree(scene, frozenset({PROFILE}))
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    request = await shown(scene, scene.other_owner.id)
    given = Answer(scene.other_owner.id, scene.account.id, frozenset({PROFILE, NAME}), DURATIONS["P1D"], "x", "vi")
    second = await decide(scene.house, request.id, given)
    assert second.grant_id == first.grant_id
    assert states(await get_grant(scene, first.grant_id))["crm_name"] == "granted"


async def test_reconsidering_adds_to_the_grant_and_makes_no_code(scene: Scene) -> None:
    """From Quản lý quyền a refused ask is looked at again; the decision returns there."""
    first = await agree(scene, frozenset({PROFILE}))
    request = await reconsider(scene.house, GrantId(str(first.grant_id)), scene.owner.id, (PHONE,))
    await show_request(scene.house, request.id, scene.owner.id)
    decided = await decide(scene.house, request.id, answer(scene, PHONE))
    assert (decided.raw_code, decided.error, decided.grant_id) == (None, None, first.grant_id)
    assert states(await get_grant(scene, first.grant_id))["crm_phone"] == "granted"


async def test_reconsidering_is_for_those_who_may_decide(scene: Scene) -> None:
    """Another person's grant does not exist for them."""
    first = await agree(scene)
    with pytest.raises(Refusal, match="not_found"):
        await reconsider(scene.house, GrantId(str(first.grant_id)), scene.other_owner.id, (PHONE,))


async def test_a_reconsidered_grant_cannot_be_swapped_for_another_account(scene: Scene) -> None:
    """The account of the answer is the account of the grant that was opened."""
    first = await agree(scene, frozenset({PROFILE}))
    other = await link_account(scene.house, scene.owner.id, external_id="4000000000000009")
    request = await reconsider(scene.house, GrantId(str(first.grant_id)), scene.owner.id, (PHONE,))
    await show_request(scene.house, request.id, scene.owner.id)
    with pytest.raises(Refusal, match="account_required"):
        await decide(scene.house, request.id, answer(scene, PHONE, account=other.id))


async def test_a_request_belongs_to_who_saw_it_first(scene: Scene) -> None:
    """Another person can neither see nor decide it."""
    request = await shown(scene)
    with pytest.raises(Refusal, match="not_found"):
        await show_request(scene.house, request.id, scene.other_owner.id)
    given = Answer(scene.other_owner.id, scene.account.id, frozenset(), DURATIONS["P1D"], "x", "vi")
    with pytest.raises(Refusal, match="not_found"):
        await decide(scene.house, request.id, given)


async def test_bad_answers_change_nothing(scene: Scene) -> None:
    """An unknown ask, no account, and another person's account are refused, and the request can still be decided."""
    request = await shown(scene)
    strange = await link_account(scene.house, scene.other_owner.id, external_id="4000000000000002")
    cases = [
        (answer(scene, AskId("no_such_ask")), "unknown_ask"),
        (Answer(scene.owner.id, None, frozenset({PROFILE}), DURATIONS["P1D"], "x", "vi"), "account_required"),
        (answer(scene, PROFILE, account=strange.id), "account_required"),
    ]
    for given, reason in cases:
        with pytest.raises(Refusal, match=reason):
            await decide(scene.house, request.id, given)
    assert (await decide(scene.house, request.id, answer(scene, PROFILE))).raw_code is not None


async def test_a_request_runs_out_after_half_an_hour(scene: Scene) -> None:
    """Neither shown nor decided afterwards."""
    request = await shown(scene)
    scene.clock.advance(timedelta(minutes=30))
    with pytest.raises(Refusal, match="expired"):
        await show_request(scene.house, request.id, scene.owner.id)
    with pytest.raises(Refusal, match="expired"):
        await decide(scene.house, request.id, answer(scene, PROFILE))


async def test_a_decided_request_is_not_shown_again(scene: Scene) -> None:
    """Back in the browser leads to `decided`."""
    request = await shown(scene)
    await decide(scene.house, request.id, answer(scene))
    with pytest.raises(Refusal, match="decided"):
        await show_request(scene.house, request.id, scene.owner.id)


async def test_a_suspended_app_gets_no_decision(scene: Scene) -> None:
    """Suspended between screen and answer: nothing is granted; after lifting it the request still stands."""
    request = await shown(scene)
    await suspend_app(scene.house, scene.app.id, Actor.system(), reason="kiểm tra (mẫu)")
    with pytest.raises(Refusal, match="app_suspended"):
        await decide(scene.house, request.id, answer(scene, PROFILE))
    await resume_app(scene.house, scene.app.id, Actor.system())
    decided = await decide(scene.house, request.id, answer(scene, PROFILE))
    assert states(await get_grant(scene, decided.grant_id))["oa_profile"] == PermissionState.GRANTED


async def test_an_unknown_request_is_not_found(scene: Scene) -> None:
    """A guessed id says nothing."""
    with pytest.raises(Refusal, match="not_found"):
        await show_request(scene.house, "rq_guess", scene.owner.id)
    with pytest.raises(Refusal, match="not_found"):
        await decide(scene.house, "rq_guess", answer(scene, PROFILE))
