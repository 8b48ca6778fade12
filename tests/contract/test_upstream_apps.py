"""An app brings its own app at a platform: one owner for each, a sealed secret, connections of its own."""

import asyncio
from dataclasses import replace

import pytest

from gateway.acts.link import Linked, finish_link, start_link
from gateway.acts.register import register_app
from gateway.acts.renew import renew
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.doors.admin.commands import AdminDoor, perform
from gateway.ground.vault.sealing import Unsealable
from gateway.platforms.upstream_apps import speaking_as
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import STANDING_LASTS, Connection, Standing
from gateway.records.apps import upstreams
from gateway.records.apps.types import AppOrigin
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.terms.ids import GATEWAYS_OWN, AccountId, AppId, UpstreamAppId
from gateway.terms.refusal import Refusal
from scopes import load_catalogue
from tests.contract.platform import StandInPlatform
from tests.contract.steps import list_records
from tests.house import Scene, app_of, ask_of
from tests.stand_ins.passwords import shared_passwords

OPERATOR = Actor.command_line()
MINE, OTHER = "2233445566778899001", "3344556677889900112"
SECRET = "a-secret-of-the-isv"


async def bring(scene: Scene, external_id: str = MINE, *, app_id: str = "so-ban-hang", secret: str = SECRET) -> None:
    """Let an app bring an upstream app."""
    await bring_upstream(scene.house, Brought(AppId(app_id), "zalo", external_id, secret), OPERATOR)


async def find(scene: Scene, app_id: str = "so-ban-hang") -> UpstreamApp | None:
    """Find what an app brought."""
    async with scene.house.storage.read() as connection:
        return await upstreams.find_of(connection, AppId(app_id), "zalo")


async def get(scene: Scene) -> UpstreamApp:
    """Get what the first app brought."""
    found = await find(scene)
    assert found is not None
    return found


async def link(scene: Scene, platform: StandInPlatform, upstream: UpstreamApp | None) -> Linked:
    """Let the owner link the platform's account under an upstream app."""
    owner = scene.owner.id
    journey = await start_link(scene.house, platform, owner, return_to="/x", upstream=upstream)
    return await finish_link(scene.house, platform, owner, raw_state=journey.raw_state, raw_code="code")


async def find_link(scene: Scene, account_id: AccountId, brought_id: UpstreamAppId) -> Connection | None:
    """Find a connection."""
    async with scene.house.storage.read() as connection:
        return await accounts.find_connection(connection, account_id, brought_id=brought_id)


async def test_what_is_brought_is_sealed_and_recorded(scene: Scene) -> None:
    """The secret stands nowhere in the clear, and the connector speaks with it; who brought what is in the log."""
    await bring(scene)
    found = await get(scene)
    assert (found.external_id, found.platform) == (MINE, "zalo")
    assert SECRET.encode() not in found.sealed_secret
    assert SECRET not in repr(found)
    assert SECRET not in repr(Brought(AppId("a"), "zalo", MINE, SECRET))
    spoken = speaking_as(scene.house.vault, platform := StandInPlatform(), found)
    assert spoken is platform.others[MINE, SECRET]
    (record,) = await list_records(scene.house, kinds=[Kind.UPSTREAM_BROUGHT])
    assert (record.app_id, record.facts) == (scene.app.id, {"platform": "zalo", "upstream_app": MINE})


async def test_another_secret_keeps_the_connections(scene: Scene) -> None:
    """A secret that was rotated at the platform is said again; accounts need not be linked anew."""
    await bring(scene)
    before, platform = await get(scene), StandInPlatform()
    await link(scene, platform, None)
    account = (await link(scene, platform, before)).account
    await bring(scene, secret="another-secret")
    after = await get(scene)
    assert (after.id, after.external_id) == (before.id, MINE)
    assert speaking_as(scene.house.vault, platform, after) is platform.others[MINE, "another-secret"]
    assert await find_link(scene, account.id, before.id) is not None


async def test_an_upstream_app_is_one_apps(scene: Scene) -> None:
    """Two that shared one would end each other's tokens: the second is refused, and nothing changes."""
    await bring(scene)
    with pytest.raises(Refusal, match="upstream_app_taken"):
        await bring(scene, app_id=scene.public_app.id)
    assert await find(scene, scene.public_app.id) is None
    await bring(scene, OTHER, app_id=scene.public_app.id)
    with pytest.raises(Refusal, match="upstream_app_taken"):
        await bring(scene, OTHER)
    assert (await get(scene)).external_id == MINE


async def test_an_app_that_nobody_knows_brings_nothing(scene: Scene) -> None:
    """Nor does one that registered itself, and nobody takes back what was never brought."""
    for app_id in ("app_unknown", scene.app.id):
        with pytest.raises(Refusal, match="not_found"):
            await remove_upstream(scene.house, AppId(app_id), "zalo", OPERATOR)
    itself = app_of("Tự đăng ký (mẫu)", "tu-dang-ky", is_confidential=True, clock=scene.clock)
    await register_app(scene.house, replace(itself, origin=AppOrigin.ITSELF), [], OPERATOR)
    for app_id in ("app_unknown", itself.id):
        with pytest.raises(Refusal, match="not_found"):
            await bring(scene, app_id=app_id)


async def test_an_account_is_linked_under_each(scene: Scene) -> None:
    """Two connections with their own credentials and generations; the record names what is not the gateway's own."""
    await bring(scene)
    upstream, platform = await get(scene), StandInPlatform()
    account = (await link(scene, platform, None)).account
    again = (await link(scene, platform, upstream)).account
    assert again.id == account.id
    ours, theirs = [await find_link(scene, account.id, each) for each in (GATEWAYS_OWN, upstream.id)]
    assert ours is not None
    assert theirs is not None
    assert (ours.upstream_app, theirs.upstream_app) == ("upstream-app", MINE)
    assert (ours.generation, theirs.generation) == (1, 1)
    fresh = await renew(scene.house, speaking_as(scene.house.vault, platform, upstream), theirs)
    assert (fresh.generation, fresh.brought_id) == (2, upstream.id)
    assert await find_link(scene, account.id, GATEWAYS_OWN) == ours
    facts = [record.facts.get("upstream_app") for record in await list_records(scene.house, kinds=[Kind.LINKED])]
    assert sorted(facts, key=str) == [MINE, None, None]


@pytest.mark.parametrize("has_lapsed", [False, True])
async def test_linking_under_it_proves_no_standing(scene: Scene, *, has_lapsed: bool) -> None:
    """The ISV says where that app's codes go, so a code may be somebody else's: whoever holds none gets none by it."""
    await bring(scene)
    upstream, platform = await get(scene), StandInPlatform()
    account = (await link(scene, platform, None)).account
    if has_lapsed:
        scene.clock.advance(STANDING_LASTS.total_seconds())
    stranger = scene.owner.id if has_lapsed else scene.other_owner.id
    journey = await start_link(scene.house, platform, stranger, return_to="/x", upstream=upstream)
    with pytest.raises(Refusal, match="link_standing"):
        await finish_link(scene.house, platform, stranger, raw_state=journey.raw_state, raw_code="code")
    assert await find_link(scene, account.id, upstream.id) is None
    async with scene.house.storage.read() as connection:
        assert await accounts.find_standing(connection, account.id, stranger, scene.clock.now()) is None
    assert len(await list_records(scene.house, kinds=[Kind.LINKED])) == 2


async def test_linking_under_it_makes_no_standing_last_longer(scene: Scene) -> None:
    """Nor does it renew the standing of whoever holds one."""
    await bring(scene)
    upstream, platform = await get(scene), StandInPlatform()
    account = (await link(scene, platform, None)).account

    async def standing() -> Standing | None:
        async with scene.house.storage.read() as connection:
            return await accounts.find_standing(connection, account.id, scene.owner.id, scene.clock.now())

    before = await standing()
    scene.clock.advance(86_400)
    await link(scene, platform, upstream)
    assert await standing() == before
    assert before is not None


async def test_removing_takes_secret_and_connections_away(scene: Scene) -> None:
    """Nothing of them is left, the gateway's own stay, and a renewal that was under way finds nothing to keep."""
    await bring(scene)
    upstream, platform = await get(scene), StandInPlatform()
    account = (await link(scene, platform, None)).account
    await link(scene, platform, upstream)
    theirs = await find_link(scene, account.id, upstream.id)
    assert theirs is not None
    spoken = platform.others[MINE, SECRET]

    async def remove() -> None:
        await remove_upstream(scene.house, scene.app.id, "zalo", OPERATOR)

    spoken.in_between = remove
    with pytest.raises(Refusal, match="connection_lost"):
        await renew(scene.house, spoken, theirs)
    assert await find(scene) is None
    assert await find_link(scene, account.id, upstream.id) is None
    assert await find_link(scene, account.id, GATEWAYS_OWN) is not None
    with pytest.raises(Refusal, match="connection_lost"):
        await renew(scene.house, spoken, theirs)
    (record,) = await list_records(scene.house, kinds=[Kind.UPSTREAM_REMOVED])
    assert record.facts == {"platform": "zalo", "upstream_app": MINE, "unconnected": {"brought": upstream.id}}


async def test_another_upstream_app_replaces_the_one_before(scene: Scene) -> None:
    """With its connections: a token of the one is nothing to the other."""
    await bring(scene)
    before, platform = await get(scene), StandInPlatform()
    await link(scene, platform, None)
    account = (await link(scene, platform, before)).account
    await bring(scene, OTHER)
    after = await get(scene)
    assert (after.external_id, after.id != before.id) == (OTHER, True)
    assert await find_link(scene, account.id, before.id) is None
    await bring(scene, MINE, app_id=scene.public_app.id)  # free again, and under a new id
    found = await find(scene, scene.public_app.id)
    assert found is not None
    assert found.id != before.id


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_return_to_what_was_taken_back_links_nothing(scene: Scene, *, is_late: bool) -> None:
    """The person was at the platform meanwhile, or the platform thought: no connection without its upstream app."""
    await bring(scene)
    upstream, platform = await get(scene), StandInPlatform()

    async def remove() -> None:
        await remove_upstream(scene.house, scene.app.id, "zalo", OPERATOR)

    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/x", upstream=upstream)
    if is_late:
        platform.others[MINE, SECRET].in_between = remove
    else:
        await remove()
    with pytest.raises(Refusal, match="link_state"):
        await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="code")
    async with scene.house.storage.read() as connection:
        account = await accounts.find_external(connection, "zalo", platform.profile.external_id)
    assert account is None


async def test_a_secret_of_another_place_does_not_open(scene: Scene) -> None:
    """The sealed secret is bound to its row: moved into another it is worth nothing (I8)."""
    await bring(scene)
    await bring(scene, OTHER, app_id=scene.public_app.id)
    other = await find(scene, scene.public_app.id)
    assert other is not None
    moved = replace(await get(scene), sealed_secret=other.sealed_secret)
    with pytest.raises(Unsealable):
        speaking_as(scene.house.vault, StandInPlatform(), moved)


async def test_the_gateways_own_is_no_apps(scene: Scene) -> None:
    """An operator cannot enter it by mistake: the app's tokens and the gateway's would end each other."""
    door = AdminDoor(scene.house, load_catalogue(), shared_passwords(), own_apps={"zalo": MINE})
    arguments = {"client_id": scene.app.id, "platform": "zalo", "secret": SECRET}
    with pytest.raises(Refusal, match="upstream_app_taken"):
        await perform(door, "app bring-upstream", {**arguments, "upstream_app": MINE})
    await perform(door, "app bring-upstream", {**arguments, "upstream_app": OTHER})
    assert (await get(scene)).external_id == OTHER


async def test_only_an_app_with_calls_there_brings_one(scene: Scene) -> None:
    """For any other it would serve nothing, and be kept from the app that it is meant for."""
    door = AdminDoor(scene.house, load_catalogue(), shared_passwords(), own_apps={})
    shop_only = app_of("Chỉ KiotViet (mẫu)", "chi-kiotviet", is_confidential=True, clock=scene.clock)
    ask = ask_of(shop_only.id, ("shop_read", "kiotviet.shop.read", "shop", False))
    await register_app(scene.house, shop_only, [ask], OPERATOR)
    arguments = {"client_id": shop_only.id, "platform": "zalo", "secret": SECRET, "upstream_app": MINE}
    with pytest.raises(Refusal, match="bad_arguments") as refused:
        await perform(door, "app bring-upstream", arguments)
    assert refused.value.detail == "platform: the app asks for nothing there"
    assert await find(scene, shop_only.id) is None
    await perform(door, "app bring-upstream", {**arguments, "client_id": scene.app.id})
    assert (await get(scene)).external_id == MINE


async def test_of_two_apps_that_bring_one_at_once_one_has_it(scene: Scene) -> None:
    """Both look and see it free; the database decides, and the other hears that it is taken."""
    apps = (scene.app.id, scene.public_app.id)
    said = await asyncio.gather(*(bring(scene, app_id=each) for each in apps), return_exceptions=True)
    (refused,) = [each for each in said if each is not None]
    assert isinstance(refused, Refusal)
    assert refused.reason == "upstream_app_taken"
    assert [await find(scene, each) is not None for each in apps].count(True) == 1
    assert len(await list_records(scene.house, kinds=[Kind.UPSTREAM_BROUGHT])) == 1


async def test_a_link_that_races_a_removal_leaves_nothing_behind(scene: Scene) -> None:
    """Whichever comes first: the link is refused, or removed with the rest; no connection outlives its upstream app."""
    platform = StandInPlatform()
    for _ in range(8):
        await bring(scene)
        upstream = await get(scene)
        removing = remove_upstream(scene.house, scene.app.id, "zalo", OPERATOR)
        said = await asyncio.gather(link(scene, platform, upstream), removing, return_exceptions=True)
        assert said[1] is None
        assert isinstance(said[0], Linked) or (isinstance(said[0], Refusal) and said[0].reason == "link_state")
        async with scene.house.storage.read() as connection:
            account = await accounts.find_external(connection, "zalo", platform.profile.external_id)
            links = await accounts.list_connections(connection, [account.id] if account else [])
        assert links == []
