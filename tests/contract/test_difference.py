"""A second request of the same app: only the difference is decided, and every family keeps to what it was given."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.acts.open_request import reconsider
from gateway.acts.pause import pause, resume
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.revoke import revoke
from gateway.acts.show_request import show_request
from gateway.acts.withdraw import withdraw
from gateway.records.apps.tables import asks as registered_asks
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import AskId, GrantId
from gateway.terms.instants import microseconds
from gateway.terms.refusal import Refusal
from tests.contract.asking import WHOLE, answered, shown, tokens_of
from tests.contract.steps import (
    CHAT,
    NAME,
    PHONE,
    PROFILE,
    SEND,
    Agreed,
    agreed,
    calls_under_way,
    find_facts,
    get_grant,
    get_permission,
    get_states,
    list_records,
    list_stones,
    live_asks,
    owner,
    refreshed,
    verified,
)
from tests.house import REDIRECT_URI, VERIFIER, Scene


async def test_what_stands_is_untouched_and_goes_on(scene: Scene) -> None:
    """The new ask gets its own end, the old ones keep row, end and time of decision, and the code reaches both."""
    first = await agreed(scene, PROFILE, NAME, duration="P90D")
    before = {ask: await get_permission(scene.house, first.grant_id, ask) for ask in (PROFILE, NAME)}
    scene.clock.advance(60)
    request = await shown(scene, PROFILE, NAME, PHONE)
    tokens = await tokens_of(scene, await answered(scene, request, PHONE, duration="P1D"))
    assert {ask: await get_permission(scene.house, first.grant_id, ask) for ask in before} == before
    added = await get_permission(scene.house, first.grant_id, PHONE)
    assert added.ends_at == scene.clock.now() + timedelta(days=1)
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, NAME, PHONE}


async def test_an_old_family_never_widens(scene: Scene) -> None:
    """Agreeing to more later gives nothing to tokens from before, also not by refreshing them."""
    first = await agreed(scene, PROFILE)
    scene.clock.advance(60)
    await answered(scene, await shown(scene), NAME, PHONE)
    assert await live_asks(scene, first.access_token) == {PROFILE}
    fresh = await refreshed(scene, first.refresh_token)
    assert fresh["scope"] == "zalo.profile.read"
    assert await live_asks(scene, fresh["access_token"]) == {PROFILE}


async def test_a_new_family_reaches_what_was_asked_and_no_more(scene: Scene) -> None:
    """What stands but was not asked for stays out of the code's reach."""
    first = await agreed(scene, PROFILE, NAME, SEND)
    scene.clock.advance(60)
    tokens = await tokens_of(scene, await answered(scene, await shown(scene, PROFILE, PHONE), PHONE))
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, PHONE}
    assert (await get_states(scene.house, first.grant_id))["order_send"] == "granted"


async def test_what_is_left_open_is_refused_and_ends_nothing(scene: Scene) -> None:
    """An unticked new ask is a refusal; nothing that stands is ended by it, nor by no tick at all."""
    first = await agreed(scene, PROFILE, NAME)
    await answered(scene, await shown(scene, PROFILE, NAME, PHONE, CHAT), CHAT)
    expected = {"oa_profile": "granted", "crm_name": "granted", "crm_phone": "refused", "chat_read": "granted"}
    states = await get_states(scene.house, first.grant_id)
    assert {ask: states[ask] for ask in expected} == expected
    refused = await answered(scene, await shown(scene, PROFILE, SEND))
    assert (refused.raw_code, refused.error) == (None, "access_denied")
    assert (await get_states(scene.house, first.grant_id))["oa_profile"] == "granted"
    assert await live_asks(scene, first.access_token) == {PROFILE, NAME}


async def test_a_required_ask_that_stands_is_given(scene: Scene) -> None:
    """What is required and stands is not asked again, so nothing is incomplete without its tick."""
    await agreed(scene, PROFILE)
    decided = await answered(scene, await shown(scene), NAME)
    assert decided.error is None
    assert decided.raw_code is not None


async def test_what_is_new_ends_with_what_stands_at_the_latest(scene: Scene) -> None:
    """`standing` is that very end, whatever time passed; a longer time is cut to it, a shorter one is not."""
    first = await agreed(scene, PROFILE, duration="P1D")
    scene.clock.advance(timedelta(minutes=2))
    await answered(scene, await shown(scene, PROFILE, NAME), NAME, duration="standing")
    await answered(scene, await shown(scene, PROFILE, PHONE), PHONE, duration="P1D")
    await answered(scene, await shown(scene, PROFILE, CHAT, wishes=WHOLE), PROFILE, CHAT, duration="P30D")
    await answered(scene, await shown(scene, PROFILE, SEND), SEND, duration="P1D")
    ends = {p.ask_id: p.ends_at for p in (await get_grant(scene.house, first.grant_id)).permissions}
    now = scene.clock.now()
    old_end = now - timedelta(minutes=2) + timedelta(days=1)
    assert (ends[NAME], ends[PHONE]) == (old_end, old_end)
    assert ends[PROFILE] == ends[CHAT] == now + timedelta(days=30)
    assert ends[SEND] == now + timedelta(days=1)


async def test_there_is_no_end_to_take_from_what_is_over(scene: Scene) -> None:
    """What stood on the screen ran out before the press, or nothing stood: asked again, and a refusal is still one."""
    await agreed(scene, PROFILE, duration="P1D")
    scene.clock.advance(timedelta(days=1, seconds=-1))
    late, refusal, alone = [await shown(scene, *asks) for asks in ((PROFILE, NAME), (PROFILE, NAME), (CHAT,))]
    scene.clock.advance(1)
    for request, ask, duration in ((late, NAME, "standing"), (late, NAME, "P30D"), (alone, CHAT, "standing")):
        with pytest.raises(Refusal, match="screen_outdated"):
            await answered(scene, request, ask, duration=duration)
    assert (await answered(scene, refusal)).error == "access_denied"


async def test_nothing_to_decide_is_a_reconnection(scene: Scene) -> None:
    """One press on what stands makes a new family, changes no permission, and is recorded as that, not as a consent."""
    first = await agreed(scene, PROFILE, NAME)
    before = await get_grant(scene.house, first.grant_id)
    decided = await answered(scene, await shown(scene, PROFILE, NAME), PROFILE, NAME)
    after = await get_grant(scene.house, first.grant_id)
    assert (after.permissions, after.version) == (before.permissions, before.version + 1)
    tokens = await tokens_of(scene, decided)
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, NAME}
    newest = (await list_records(scene.house, grant_ids=[first.grant_id]))[0]
    assert (newest.kind, newest.facts["permissions"]) == (Kind.RECONNECTED, [])
    ends = {p.ask_id: microseconds(p.ends_at) for p in after.permissions if p.ends_at is not None}
    assert newest.facts["reached"] == [
        {"ask": ask, "state": "granted", "ends_at": ends[ask], "resources": None} for ask in (NAME, PROFILE)
    ]
    assert (await verified(scene.house)).bad == []


async def test_what_is_paused_stays_paused_and_is_reached_when_resumed(scene: Scene) -> None:
    """A pause is listed, not lifted: the new family opens it when the owner resumes it."""
    first = await agreed(scene, PROFILE, NAME)
    await pause(scene.house, first.grant_id, owner(scene), ask_ids=[NAME])
    scene.clock.advance(1)
    tokens = await tokens_of(scene, await answered(scene, await shown(scene, PROFILE, NAME, PHONE), PHONE))
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, PHONE}
    await resume(scene.house, first.grant_id, owner(scene))
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, NAME, PHONE}


async def test_what_ended_is_asked_again(scene: Scene) -> None:
    """Withdrawn and run out are no part of what stands: ticked anew they get new rows, and old families stay shut."""
    first = await agreed(scene, PROFILE, NAME, PHONE, duration="P1D")
    await withdraw(scene.house, first.grant_id, owner(scene), ask_ids=[NAME])
    scene.clock.advance(timedelta(days=1))
    request = await shown(scene, PROFILE, NAME)
    refused = await answered(scene, request, NAME)
    assert refused.error_description == "required permission not given"
    tokens = await tokens_of(scene, await answered(scene, await shown(scene, PROFILE, NAME), PROFILE, NAME))
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, NAME}
    assert await live_asks(scene, first.access_token) == set()


async def test_a_changed_meaning_is_asked_again_and_ends_nothing_unticked(scene: Scene) -> None:
    """A scope of another version needs its tick; without it the old meaning stays, outside the new family's reach."""
    first = await agreed(scene, PROFILE, NAME)
    await set_scope_version(scene, NAME, 2)
    before = await get_permission(scene.house, first.grant_id, NAME)
    tokens = await tokens_of(scene, await answered(scene, await shown(scene, PROFILE, NAME, PHONE), PHONE))
    assert await get_permission(scene.house, first.grant_id, NAME) == before
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, PHONE}
    assert await live_asks(scene, first.access_token) == {PROFILE, NAME}
    await answered(scene, await shown(scene, PROFILE, NAME), NAME)
    assert (await get_permission(scene.house, first.grant_id, NAME)).scope_version == 2
    assert await live_asks(scene, first.access_token) == {PROFILE}


async def set_scope_version(scene: Scene, ask_id: AskId, version: int) -> None:
    """Let the catalogue have moved on, as the register tells it."""
    async with scene.house.storage.unit() as unit:
        changed = update(registered_asks).where(
            registered_asks.c.app_id == scene.app.id, registered_asks.c.id == ask_id
        )
        await unit.connection.execute(changed.values(scope_version=version))
        await unit.commit()


# --- the whole screen -------------------------------------------------------------------------------------------------


async def test_a_narrower_decision_is_in_force_before_its_code_is_used(scene: Scene) -> None:
    """What is left unticked ends when it is decided: tokens, calls under way and the journal know it at once."""
    first = await agreed(scene, PROFILE, NAME, PHONE)
    facts = await find_facts(scene, first.access_token)
    assert facts is not None
    ids = {ask: (await get_permission(scene.house, first.grant_id, ask)).id for ask in (NAME, PHONE)}
    with calls_under_way(scene, {"name": (facts, [NAME]), "profile": (facts, [PROFILE])}) as cuts:
        request = await shown(scene, PROFILE, NAME, PHONE, wishes=WHOLE)
        decided = await answered(scene, request, PROFILE, duration="P90D")
    assert cuts.cut == ["name"]
    assert decided.raw_code is not None
    assert await live_asks(scene, first.access_token) == {PROFILE}
    assert set(list_stones(scene.house)[-1].permission_ids) == set(ids.values())
    states = await get_states(scene.house, first.grant_id)
    assert (states["crm_name"], states["crm_phone"]) == ("withdrawn", "withdrawn")


async def test_the_code_of_a_narrower_decision_widens_nothing(scene: Scene) -> None:
    """Used or never used, the code reaches what was ticked; what ended stays ended."""
    first = await agreed(scene, PROFILE, NAME)
    decided = await answered(scene, await shown(scene, PROFILE, NAME, wishes=WHOLE), PROFILE)
    tokens = await tokens_of(scene, decided)
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE}
    assert await live_asks(scene, first.access_token) == {PROFILE}


async def test_refusing_the_whole_screen_leaves_what_stands(scene: Scene) -> None:
    """No tick, or a required ask without one, takes nothing back there either."""
    first = await agreed(scene, PROFILE, NAME)
    for ticks in ((), (NAME,)):
        decided = await answered(scene, await shown(scene, PROFILE, NAME, wishes=WHOLE), *ticks)
        assert decided.error == "access_denied"
    assert await live_asks(scene, first.access_token) == {PROFILE, NAME}


async def test_the_whole_screen_names_only_the_asks_of_the_request(scene: Scene) -> None:
    """A narrower request ends nothing that it does not name."""
    first = await agreed(scene, PROFILE, NAME, SEND)
    await answered(scene, await shown(scene, PROFILE, NAME, wishes=WHOLE), PROFILE)
    assert await live_asks(scene, first.access_token) == {PROFILE, SEND}


# --- what raced, and what was not on the screen -----------------------------------------------------------------------


async def test_a_screen_that_is_out_of_date_decides_nothing(scene: Scene) -> None:
    """The grant moved since the screen was drawn: no agreement rests on it, and the request can still be answered."""
    first = await agreed(scene, PROFILE, NAME)
    request = await shown(scene, PROFILE, NAME, PHONE)
    seen = (await get_grant(scene.house, first.grant_id)).version
    await withdraw(scene.house, first.grant_id, owner(scene), ask_ids=[NAME])
    with pytest.raises(Refusal, match="screen_outdated"):
        await answered(scene, request, PHONE, seen_version=seen)
    assert (await get_states(scene.house, first.grant_id))["crm_phone"] == "refused"
    decided = await answered(scene, request, PHONE, seen_version=seen + 1)
    assert decided.raw_code is not None


async def test_a_refusal_never_waits_for_a_newer_screen(scene: Scene) -> None:
    """A No is taken whatever happened meanwhile."""
    first = await agreed(scene, PROFILE)
    request = await shown(scene, PROFILE, PHONE)
    seen = (await get_grant(scene.house, first.grant_id)).version
    await pause(scene.house, first.grant_id, owner(scene))
    decided = await answered(scene, request, seen_version=seen)
    assert decided.error == "access_denied"
    assert (await get_states(scene.house, first.grant_id))["crm_phone"] == "refused"


async def test_nothing_rests_on_what_was_decided_behind_the_screen(scene: Scene) -> None:
    """An ask granted after the screen was seen is no part of the family unless it was ticked, and is not ended."""
    first = await agreed(scene, PROFILE)
    scene.clock.advance(1)
    request = await shown(scene, PROFILE, NAME, PHONE)
    scene.clock.advance(1)
    await answered(scene, await shown(scene, NAME), NAME)
    tokens = await tokens_of(scene, await answered(scene, request, PHONE))
    assert await live_asks(scene, tokens["access_token"]) == {PROFILE, PHONE}
    assert (await get_states(scene.house, first.grant_id))["crm_name"] == "granted"


async def test_looking_again_from_the_list_ends_nothing(scene: Scene) -> None:
    """What stands by the time the person answers is left alone there too."""
    first = await agreed(scene, PROFILE)
    request = await reconsider(scene.house, first.grant_id, scene.owner.id, (NAME, PHONE))
    await show_request(scene.house, request.id, scene.owner.id)
    scene.clock.advance(1)
    await answered(scene, await shown(scene, NAME), NAME)
    await answered(scene, request, PHONE)
    states = await get_states(scene.house, first.grant_id)
    assert (states["crm_name"], states["crm_phone"]) == ("granted", "granted")


# --- several families for a grant -------------------------------------------------------------------------------------


async def test_each_family_ends_alone(scene: Scene) -> None:
    """Of three devices one gives its token back; the other two work on, and refresh."""
    devices = [await agreed(scene, PROFILE, NAME)]
    devices += [await again(scene) for _ in range(2)]
    await revoke(scene.house, scene.app, devices[0].refresh_token)
    assert [await live_asks(scene, each.access_token) for each in devices] == [set(), {PROFILE, NAME}, {PROFILE, NAME}]
    for device in devices[1:]:
        assert await refreshed(scene, device.refresh_token)


async def test_a_replayed_code_ends_its_own_family_alone(scene: Scene) -> None:
    """The thief of one code takes no other device along."""
    kept = await agreed(scene, PROFILE)
    decided = await answered(scene, await shown(scene, PROFILE), PROFILE)
    stolen = await tokens_of(scene, decided)
    with pytest.raises(Refusal, match="invalid_grant"):
        await redeem(scene.house, Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI))
    assert await live_asks(scene, stolen["access_token"]) == set()
    assert await live_asks(scene, kept.access_token) == {PROFILE}


async def test_all_families_end_with_the_grant(scene: Scene) -> None:
    """Withdrawing the app ends every device at once, and a code that was not used buys nothing."""
    devices = [await agreed(scene, PROFILE), await again(scene, PROFILE)]
    waiting = await answered(scene, await shown(scene, PROFILE), PROFILE)
    await withdraw(scene.house, devices[0].grant_id, owner(scene))
    assert [await live_asks(scene, each.access_token) for each in devices] == [set(), set()]
    with pytest.raises(Refusal, match="invalid_grant"):
        await tokens_of(scene, waiting)


async def test_families_reach_what_each_was_given(scene: Scene) -> None:
    """Two devices with different asks: what ends for one ends for the other only where it reaches it."""
    narrow = await agreed(scene, PROFILE)
    scene.clock.advance(1)
    wide = await tokens_of(scene, await answered(scene, await shown(scene), NAME, PHONE))
    await withdraw(scene.house, narrow.grant_id, owner(scene), ask_ids=[NAME])
    assert await live_asks(scene, narrow.access_token) == {PROFILE}
    assert await live_asks(scene, wide["access_token"]) == {PROFILE, PHONE}


async def again(scene: Scene, *asks: AskId) -> Agreed:
    """Let another device of the owner's connect to what stands."""
    names = asks or (PROFILE, NAME)
    decided = await answered(scene, await shown(scene, *names), *names)
    tokens = await tokens_of(scene, decided)
    return Agreed(GrantId(str(decided.grant_id)), tokens["access_token"], tokens["refresh_token"])
