"""Asks narrowed to resources (ADR 0026): what is asked again, what an agreement makes of it, what tokens reach."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.acts.open_request import reconsider
from gateway.acts.show_request import show_request
from gateway.acts.withdraw import withdraw
from gateway.records.grants import store as grants
from gateway.records.grants.difference import list_reached
from gateway.records.grants.telling import tell_state
from gateway.records.grants.types import PermissionState
from gateway.records.requests.types import AuthorizationRequest
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Details, Resources
from tests.contract.asking import WHOLE, answered, shown, tokens_of
from tests.contract.steps import (
    CHAT,
    PROFILE,
    calls_under_way,
    find_facts,
    get_grant,
    get_permission,
    list_records,
    list_stones,
    owner,
    refreshed,
    verified,
)
from tests.house import Scene, link_account

TOM, TRA, LA = "!tom:x", "!tra:x", "!la:x"


async def asks_for(scene: Scene, *rooms: str, **more: Any) -> AuthorizationRequest:
    """Let the app ask to read in these rooms (none: everywhere), and the owner see it."""
    scene.clock.advance(60)
    details = Details({CHAT: frozenset(rooms) or None}, more.pop("account", None))
    return await shown(scene, CHAT, details=details, **more)


async def agreed_to(scene: Scene, *rooms: str, **more: Any) -> dict[str, Any]:
    """Let the owner agree to that, and the app have its tokens."""
    return await tokens_of(scene, await answered(scene, await asks_for(scene, *rooms, **more), CHAT))


def rooms_of(tokens: dict[str, Any]) -> list[str] | None:
    """Return the rooms that an answer names; None: it is not narrowed."""
    (detail,) = tokens["authorization_details"]
    found: list[str] | None = detail.get("resources")
    return found


def listed(resources: Resources) -> list[str] | None:
    """Write resources for comparison."""
    return None if resources is None else sorted(resources)


async def reach_of(scene: Scene, raw_token: str) -> list[list[str] | None]:
    """Return what a call with the token would find."""
    facts = await find_facts(scene, raw_token)
    return [] if facts is None else [listed(each.resources) for each in facts.reach]


async def standing(scene: Scene) -> list[str] | None:
    """Return what was decided last."""
    async with scene.house.storage.read() as connection:
        found = await grants.find_between(connection, scene.account.id, scene.app.id)
    assert found is not None
    permission = found.find(CHAT)
    assert permission is not None
    return listed(permission.resources)


async def test_a_permission_holds_its_rooms_and_the_log_says_them(scene: Scene) -> None:
    """On both databases; the log and the rows agree."""
    tokens = await agreed_to(scene, TRA, TOM)
    assert rooms_of(tokens) == [TOM, TRA]
    assert await reach_of(scene, tokens["access_token"]) == [[TOM, TRA]]
    assert (await get_permission(scene.house, tokens["grant_id"], CHAT)).resources == frozenset({TOM, TRA})
    (record,) = await list_records(scene.house, grant_ids=[tokens["grant_id"]])
    assert [each["resources"] for each in record.facts["permissions"]] == [f"{TOM} {TRA}"]
    assert (await verified(scene.house)).bad == []


async def test_what_stands_for_more_is_not_asked_again(scene: Scene) -> None:
    """The code reaches what was asked now and no more, refreshed too; the wider row and its tokens stay."""
    wide = await agreed_to(scene, TOM, TRA)
    before = await get_permission(scene.house, wide["grant_id"], CHAT)
    narrow = await agreed_to(scene, TOM)
    assert (rooms_of(narrow), rooms_of(await refreshed(scene, narrow["refresh_token"]))) == ([TOM], [TOM])
    assert await reach_of(scene, narrow["access_token"]) == [[TOM]]
    assert await get_permission(scene.house, wide["grant_id"], CHAT) == before
    assert rooms_of(await refreshed(scene, wide["refresh_token"])) == [TOM, TRA]


async def test_what_stands_for_all_stands_for_some(scene: Scene) -> None:
    """A narrower request of a whole permission is narrower by its tokens alone."""
    whole = await agreed_to(scene)
    some = await agreed_to(scene, TOM)
    assert (rooms_of(whole), rooms_of(some)) == (None, [TOM])
    assert await standing(scene) is None


@pytest.mark.parametrize("wanted", [(TOM, TRA), (TRA,), ()], ids=["wider", "other", "all"])
async def test_other_rooms_are_another_permission(scene: Scene, wanted: tuple[str, ...]) -> None:
    """They replace those that stood: a new row, a tombstone for the old one, whose calls are cut and tokens die."""
    first = await agreed_to(scene, TOM)
    old = await get_permission(scene.house, first["grant_id"], CHAT)
    facts = await find_facts(scene, first["access_token"])
    assert facts is not None
    with calls_under_way(scene, {"old": (facts, {CHAT})}) as cuts:
        second = await agreed_to(scene, *wanted)
    assert cuts.cut == ["old"]
    assert rooms_of(second) == (sorted(wanted) or None)
    assert await reach_of(scene, first["access_token"]) == []
    with pytest.raises(Refusal, match="invalid_grant"):
        await refreshed(scene, first["refresh_token"])
    assert old.id in {each for stone in list_stones(scene.house) for each in stone.permission_ids}
    assert (await verified(scene.house)).bad == []


@pytest.mark.parametrize("wanted", [(TOM, TRA), (TRA,), ()], ids=["wider", "other", "all"])
async def test_other_rooms_left_unticked_change_nothing(scene: Scene, wanted: tuple[str, ...]) -> None:
    """What stands goes on with its tokens; the app that asked gets nothing."""
    first = await agreed_to(scene, TOM)
    decided = await answered(scene, await asks_for(scene, *wanted))
    assert (decided.error, decided.raw_code) == ("access_denied", None)
    assert await standing(scene) == [TOM]
    assert await reach_of(scene, first["access_token"]) == [[TOM]]


async def test_beside_another_ask_an_unticked_one_keeps_its_rooms(scene: Scene) -> None:
    """The code reaches what was ticked: not the rooms that stand, because the app asked for others."""
    await agreed_to(scene, TOM)
    scene.clock.advance(60)
    request = await shown(scene, PROFILE, CHAT, details=Details({PROFILE: None, CHAT: frozenset({TOM, TRA})}))
    tokens = await tokens_of(scene, await answered(scene, request, PROFILE))
    assert [each["ask"] for each in tokens["authorization_details"]] == [PROFILE]
    assert await standing(scene) == [TOM]


async def test_the_whole_screen_narrows_what_is_ticked(scene: Scene) -> None:
    """By `prompt=consent` fewer rooms replace more, when the decision is made."""
    first = await agreed_to(scene, TOM, TRA)
    second = await agreed_to(scene, TOM, wishes=WHOLE)
    assert rooms_of(second) == [TOM]
    assert await standing(scene) == [TOM]
    assert await reach_of(scene, first["access_token"]) == []


async def test_the_same_rooms_on_the_whole_screen_keep_the_row(scene: Scene) -> None:
    """Other devices keep what they have."""
    first = await agreed_to(scene, TOM, TRA)
    await agreed_to(scene, TRA, TOM, wishes=WHOLE)
    assert await reach_of(scene, first["access_token"]) == [[TOM, TRA]]


@pytest.mark.parametrize(
    "kept, rooms",
    [((TOM,), [TOM]), ((TOM, LA), [TOM]), ((LA,), [LA])],
    ids=["narrower meanwhile", "overlapping", "nothing in common"],
)
async def test_of_two_decisions_that_race_the_narrower_wins(
    scene: Scene, kept: tuple[str, ...], rooms: list[str]
) -> None:
    """What was agreed to after this screen was seen bounds what this agreement gives; nobody widens it unseen."""
    late = await asks_for(scene, TOM, TRA)
    await agreed_to(scene, *kept)
    scene.clock.advance(60)
    decided = await answered(scene, late, CHAT)
    assert await standing(scene) == rooms
    if rooms == [LA]:
        assert decided.raw_code is None
    else:
        tokens = await tokens_of(scene, decided)
        assert rooms_of(tokens) == rooms


async def test_what_was_shortened_meanwhile_stays_short(scene: Scene) -> None:
    """The nearer end wins for the rooms in common too."""
    late = await asks_for(scene, TOM)
    await answered(scene, await asks_for(scene, TOM, TRA), CHAT, duration="P1D")
    ends_at = scene.clock.now() + timedelta(days=1)
    tokens = await tokens_of(scene, await answered(scene, late, CHAT, duration="P30D"))
    assert (await get_permission(scene.house, tokens["grant_id"], CHAT)).ends_at == ends_at


async def test_reconsidering_asks_for_the_same_rooms(scene: Scene) -> None:
    """From Quản lý quyền nothing comes back wider than it was asked for."""
    tokens = await agreed_to(scene, TOM)
    await withdraw(scene.house, tokens["grant_id"], owner(scene))
    request = await reconsider(scene.house, tokens["grant_id"], scene.owner.id, (CHAT,))
    assert request.resources == {CHAT: frozenset({TOM})}
    await answered(scene, await _seen(scene, request), CHAT)
    assert await standing(scene) == [TOM]


async def test_a_refusal_says_for_which_rooms(scene: Scene) -> None:
    """The newest, in the one row."""
    for rooms in ((TOM,), (TRA, LA)):
        await answered(scene, await asks_for(scene, *rooms))
    assert await standing(scene) == [LA, TRA]


async def test_the_app_is_told_for_which_resources(scene: Scene) -> None:
    """In its notices each ask says them, where it is narrowed to some."""
    tokens = await agreed_to(scene, TOM)
    grant = await get_grant(scene.house, tokens["grant_id"])
    (told,) = tell_state(grant, scene.clock.now())
    assert (told["ask"], told["resources"]) == (CHAT, [TOM])


async def test_another_account_than_the_one_named(scene: Scene) -> None:
    """It is refused, whoever sent the form."""
    other = await link_account(scene.house, scene.owner.id, external_id="4000000000000002")
    request = await asks_for(scene, account=scene.account.external_id)
    with pytest.raises(Refusal, match="account_required"):
        await answered(scene, request, CHAT, account_id=other.id)
    assert (await answered(scene, request, CHAT)).raw_code is not None


async def test_nothing_in_common_is_nothing_reached(scene: Scene) -> None:
    """A family without a room would be a token that opens nothing: the ask is left out."""
    tokens = await agreed_to(scene, TOM)
    grant = await get_grant(scene.house, tokens["grant_id"])
    now = scene.clock.now()
    assert list_reached(grant, {CHAT}, now, narrowed_to={CHAT: frozenset({TRA})}) == {}
    assert list_reached(grant, {AskId("x")}, now, narrowed_to={}) == {}
    assert [p.state for p in grant.permissions] == [PermissionState.GRANTED]


async def _seen(scene: Scene, request: AuthorizationRequest) -> AuthorizationRequest:
    return await show_request(scene.house, request.id, scene.owner.id)
