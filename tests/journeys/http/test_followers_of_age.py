"""A follower agrees for themself only while the platform calls them no minor (ADR 0031)."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from gateway.authority.bases import Said
from gateway.records.ledger.tables import ledger_records
from gateway.sandbox.zalo.seeds import BAKERY, PLACE_OF_MINOR
from tests.followers import NAME
from tests.journeys.http.origin import Browser, Page
from tests.journeys.http.shops import Shop

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


async def test_without_followers_to_ask_about_nobody_agrees(shop: Shop, fan: Browser) -> None:
    """A platform that this gateway asks nobody at any more says of nobody that they are of age."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    fields = [("account", dict(screen.hidden)["account"]), ("ask", NAME), ("duration", "P30D"), ("seen", screen.seen)]
    shop.origin.door.followers.pop("zalo")  # type: ignore[attr-defined]
    page = await fan.post(screen_path, [*fields, ("decision", "agree"), ("csrf_token", screen.token)])
    assert page.status == 403
    assert await shop.find_said() == Said()
