"""A follower agrees for themself only while the platform calls them no minor (ADR 0031)."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from gateway.authority.bases import Asked, Said
from gateway.authority.budgets import Budgets
from gateway.doors.admin.of_age import Desk
from gateway.records.ledger.tables import ledger_records
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID, PLACE_OF_MINOR
from gateway.terms.refusal import Refusal, Unavailable
from tests.bringing import row_of, run_at
from tests.followers import NAME, PHONE
from tests.journeys.http.origin import Browser, Page
from tests.journeys.http.shops import FAN, Shop
from tests.platforms.sandbox.zalo_caller import APP_ID
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.followers import GrownUps, open_nowhere

YOUNG = BAKERY.followers[PLACE_OF_MINOR]


@pytest.fixture
async def stranger(shop: Shop) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with shop.origin.browser() as browser:
        yield browser


async def answer_as(shop: Shop, browser: Browser, follower: str, decision: str) -> Page:
    """Go from the link to the screen and decide there, with one box ticked."""
    screen_path = (await shop.press(browser, shop.link(follower=follower), action="decide")).location
    screen = await browser.get(screen_path)
    fields = [("account", dict(screen.hidden)["account"]), ("ask", NAME), ("duration", "P30D"), ("seen", screen.seen)]
    return await browser.post(screen_path, [*fields, ("decision", decision), ("csrf_token", screen.token)])


async def count_records(shop: Shop) -> int:
    """Count what the log holds."""
    async with shop.asking.house.storage.read() as connection:
        return len((await connection.execute(select(ledger_records.c.seq))).all())


async def test_whoever_is_not_called_of_age_agrees_to_nothing(shop: Shop, stranger: Browser) -> None:
    """The flag of this moment decides; nothing is recorded of it, and to refuse or to object goes on."""
    await shop.fans.sign_in(stranger, YOUNG.id_by_app)
    await shop.press(stranger, shop.link(follower=YOUNG.user_id), action="decide")  # the pair is known from here on
    before = await count_records(shop)
    page = await answer_as(shop, stranger, YOUNG.user_id, "agree")
    assert page.status == 403
    assert "người giám hộ" in page.words
    assert await count_records(shop) == before
    refused = await answer_as(shop, stranger, YOUNG.user_id, "refuse")
    assert set((await stranger.get(refused.location)).ask_states.values()) == {"refused"}
    objected = await shop.press(stranger, shop.link("so-ban-hang", YOUNG.user_id), action="object")
    assert "Đã phản đối" in (await stranger.get(objected.location)).words


@pytest.mark.parametrize("switches, status", [({"server_error": True}, 503), ({"app_removed": True}, 400)])
async def test_a_silent_platform_lets_nobody_agree(
    shop: Shop, fan: Browser, switches: dict[str, bool], status: int
) -> None:
    """Of age a moment ago is not of age now: without an answer nothing is granted."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    await shop.fans.zalo.switch(**switches)
    fields = [("account", dict(screen.hidden)["account"]), ("ask", NAME), ("duration", "P30D"), ("seen", screen.seen)]
    page = await fan.post(screen_path, [*fields, ("decision", "agree"), ("csrf_token", screen.token)])
    assert page.status == status
    assert await shop.find_said() == Said()


async def test_who_is_a_child_by_now_resumes_nothing(shop: Shop, fan: Browser) -> None:
    """What was paused passes again only of whom the platform calls of age at that moment; to take back goes on."""
    done = await answer_as(shop, fan, FAN.user_id, "agree")
    grant_path = done.location.partition("?")[0]
    await fan.submit(grant_path, {"action": "pause"})
    await shop.fans.zalo.switch(server_error=True)
    assert (await fan.submit(grant_path, {"action": "resume"})).status == 503
    await shop.fans.zalo.switch(server_error=False)
    before = await count_records(shop)
    async with open_nowhere() as http:
        shop.origin.door.followers["zalo"] = GrownUps(http, APP_ID, minors={FAN.user_id})  # type: ignore[index]
        for path, named in ((grant_path, {}), (grant_path, {"ask": NAME}), ("/permissions", {})):
            page = await fan.submit(path, {"action": "resume", **named})
            assert page.status == 403
            assert "người giám hộ" in page.words
    assert await count_records(shop) == before
    assert (await fan.get(grant_path)).ask_states[NAME] == "paused"
    assert (await fan.submit(grant_path, {"action": "withdraw", "confirm": "yes"})).status == 303


async def test_nobody_s_consent_is_brought_in_who_is_not_called_of_age(shop: Shop, clock: ManualClock) -> None:
    """Evidence says nothing of age: the platform is asked as where they agree here; what waits opens nothing anyway."""
    door = shop.origin.door
    desk = Desk(door.connectors, door.followers, Budgets(clock))
    unknown = "4620160001000009999"
    rows = [row_of(shop.asking, each, NAME) for each in (YOUNG.user_id, FAN.user_id, unknown)]
    told = await run_at(
        shop.asking, desk, "consent import", *rows, row_of(shop.asking, YOUNG.user_id, PHONE, evidence=None)
    )
    assert told["outcomes"] == ["guardian_needed", "granted", "guardian_needed", "pending"]
    later = await run_at(shop.asking, desk, "consent import", row_of(shop.asking, YOUNG.user_id, PHONE))
    assert later["outcomes"] == ["guardian_needed"]
    again = await run_at(shop.asking, desk, "consent import", *rows)
    assert again["outcomes"] == ["guardian_needed", "there", "guardian_needed"]
    people = frozenset({YOUNG.user_id, FAN.user_id})
    said = await shop.asking.house.words.find(Asked(shop.asking.app.id, "zalo", BAKERY_ID, people))
    assert said.agreed == {NAME: {FAN.user_id}}


@pytest.mark.parametrize("switches", [{"server_error": True}, {"app_removed": True}])
async def test_a_silent_platform_lets_nothing_be_brought_in(
    shop: Shop, clock: ManualClock, switches: dict[str, bool]
) -> None:
    """Without an answer no row of the batch is brought in, those that only wait neither; it may be run again."""
    await shop.fans.zalo.switch(**switches)
    desk = Desk(shop.origin.door.connectors, shop.origin.door.followers, Budgets(clock))
    rows = row_of(shop.asking, FAN.user_id, NAME), row_of(shop.asking, FAN.user_id, PHONE, evidence=None)
    before = await count_records(shop)
    with pytest.raises((Refusal, Unavailable)):
        await run_at(shop.asking, desk, "consent import", *rows)
    assert await count_records(shop) == before


async def test_without_followers_to_ask_about_nobody_agrees(shop: Shop, fan: Browser) -> None:
    """A platform that this gateway asks nobody at any more says of nobody that they are of age."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    fields = [("account", dict(screen.hidden)["account"]), ("ask", NAME), ("duration", "P30D"), ("seen", screen.seen)]
    shop.origin.door.followers.pop("zalo")  # type: ignore[attr-defined]
    page = await fan.post(screen_path, [*fields, ("decision", "agree"), ("csrf_token", screen.token)])
    assert page.status == 403
    assert await shop.find_said() == Said()
