"""What stops an app although its consent stands is said where the consent is: an operator's word, a lost connection."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.acts.renew import lose
from gateway.acts.restore import Gap, restore
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.upstream_apps import Brought, bring_upstream
from gateway.ground.vault.entries import Barred
from gateway.ground.web.local import write_time
from gateway.platforms import Trouble
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.apps.types import AppState
from gateway.records.ledger.types import Actor, ActorKind
from gateway.sandbox.zalo.seeds import FLORIST_ID
from tests.house import agree, link_account
from tests.journeys.http.origin import Browser, Origin
from tests.journeys.http.shops import Shop

WHY = "lừa đảo"


@pytest.fixture
async def path(origin: Origin) -> str:
    """Let the owner grant everything; return the grant's page."""
    return f"/permissions/{(await agree(origin.scene)).grant_id}"


async def suspend(origin: Origin, actor: Actor | None = None) -> str:
    """Suspend the app an hour later; return when, as pages write it."""
    now = origin.scene.clock.advance(timedelta(hours=1))
    await suspend_app(origin.scene.house, origin.scene.app.id, actor or Actor.command_line(), reason=WHY)
    return write_time(now)


async def lose_connection(origin: Origin) -> str:
    """Let the platform take the account back an hour later; return when, as pages write it."""
    scene, now = origin.scene, origin.scene.clock.advance(timedelta(hours=1))
    async with scene.house.storage.read() as connection:
        (link,) = await accounts.list_connections(connection, [scene.account.id])
    await lose(scene.house, link, Trouble.ACCESS_REMOVED)
    return write_time(now)


async def test_the_list_says_that_an_app_is_suspended(origin: Origin, browser: Browser, path: str) -> None:
    """Since when and why; it is none of those that see data; its consent stays and can be taken back (R82)."""
    assert "1 ứng dụng đang xem được dữ liệu của bạn." in (await browser.get("/permissions")).words
    at = await suspend(origin)
    page = await browser.get("/permissions")
    assert "0 ứng dụng đang xem được dữ liệu của bạn. 1 ứng dụng đang bị dừng." in page.words
    assert f"Ứng dụng bị đình chỉ từ {at}" in page.words
    assert f"Lý do: {WHY}" in page.words
    assert 'data-stopped="suspended"' in page.text
    assert list(page.grant_states.values()) == ["granted"]
    assert "Đang hiệu lực" not in page.words
    assert 'value="withdraw"' in page.text


async def test_the_apps_page_says_it(origin: Origin, browser: Browser, path: str) -> None:
    """Nothing of it is told as passing, item by item, and the history tells when it was stopped and let go on."""
    at = await suspend(origin)
    page = await browser.get(path)
    assert f"Ứng dụng bị đình chỉ từ {at}" in page.words
    assert f"Lý do: {WHY}" in page.words
    assert "Không có mục nào của" in page.words
    assert "Đang hiệu lực" not in page.words
    assert page.words.count("Đang bị dừng") == len(page.ask_states) == list(page.ask_states.values()).count("granted")
    history = page.words.partition("Lịch sử")[2]
    assert f"Đình chỉ ứng dụng: {WHY}" in history
    origin.scene.clock.advance(timedelta(hours=1))
    await resume_app(origin.scene.house, origin.scene.app.id, Actor.command_line())
    again = await browser.get(path)
    history = again.words.partition("Lịch sử")[2]
    assert history.index("Mở lại ứng dụng") < history.index(f"Đình chỉ ứng dụng: {WHY}")
    assert "Ứng dụng bị đình chỉ từ" not in again.words
    assert "data-stopped" not in again.text
    assert "Đang hiệu lực" in again.words
    assert "1 ứng dụng đang xem được" in (await browser.get("/permissions")).words


async def test_what_happened_to_an_app_before_it_had_consent_is_not_of_its_history(
    origin: Origin, browser: Browser
) -> None:
    """An account's history begins with what its people decided."""
    await suspend(origin)
    await resume_app(origin.scene.house, origin.scene.app.id, Actor.command_line())
    origin.scene.clock.advance(timedelta(hours=1))
    path = f"/permissions/{(await agree(origin.scene)).grant_id}"
    assert "Đình chỉ ứng dụng" not in (await browser.get(path)).words


async def test_the_words_of_an_operator_who_is_a_person_are_read_too(
    origin: Origin, browser: Browser, path: str
) -> None:
    """They stand sealed under that person's key, and in the history like the others."""
    await suspend(origin, Actor(ActorKind.OPERATOR, origin.scene.other_owner.id))
    page = await browser.get(path)
    assert f"Đình chỉ ứng dụng: {WHY}" in page.words
    assert page.words.count(WHY) == 2


async def test_the_trace_says_it(origin: Origin, browser: Browser, path: str) -> None:
    """Above the calls, for they end there."""
    assert "bị đình chỉ" not in (await browser.get("/permissions/trace")).words
    at = await suspend(origin)
    page = await browser.get("/permissions/trace")
    assert f"Sổ bán hàng (mẫu) bị đình chỉ từ {at}" in page.words
    assert f"Lý do: {WHY}" in page.words


async def test_a_suspension_whose_words_a_restore_lost_is_said_without_them(
    origin: Origin, browser: Browser, path: str
) -> None:
    """The journal knows that it is, and neither since when nor why; what stands for that is shown to nobody."""
    house, app_id = origin.scene.house, origin.scene.app.id
    house.journal.append([Barred("app", app_id, True, origin.scene.clock.now())])
    await restore(house, Actor.command_line(), Gap(1, 2))
    page = await (await browser.sign_in_as(origin.scene.owner)).get(path)
    assert "Ứng dụng đang bị đình chỉ" in page.words
    assert "đã bị đình chỉ từ trước khi dữ liệu của cổng được khôi phục" in page.words
    assert "before_restore" not in page.text


async def test_a_suspension_and_its_end_leave_no_time_behind(origin: Origin, path: str) -> None:
    """The register says since when as long as it is so."""
    await suspend(origin)
    async with origin.scene.house.storage.read() as connection:
        stopped = await apps.find(connection, origin.scene.app.id)
    await resume_app(origin.scene.house, origin.scene.app.id, Actor.command_line())
    async with origin.scene.house.storage.read() as connection:
        going = await apps.find(connection, origin.scene.app.id)
    assert stopped is not None
    assert going is not None
    assert (stopped.suspended_at, going.suspended_at) == (origin.scene.clock.now(), None)
    assert going.state is AppState.ACTIVE


async def test_a_lost_connection_is_said_where_the_consent_is(origin: Origin, browser: Browser, path: str) -> None:
    """On the list and the app's page, with the way to link again; what is lost for one account is not for another."""
    other = await link_account(origin.scene.house, origin.scene.owner.id, external_id=FLORIST_ID)
    await agree(replace(origin.scene, account=other))
    at = await lose_connection(origin)
    page = await browser.get("/permissions")
    assert "1 ứng dụng đang xem được dữ liệu của bạn." in page.words
    assert page.text.count('data-stopped="lost"') == 1
    assert f"Mất kết nối từ {at}" in page.words
    one = await browser.get(path)
    assert f"Mất kết nối từ {at}" in one.words
    assert 'href="/connections"' in one.text.partition("<main")[2]
    assert "Đang hiệu lực" not in one.words
    assert await count_seeing(browser) == 1


async def count_seeing(browser: Browser) -> int:
    """Return how many apps the list says that see data."""
    words = (await browser.get("/permissions")).words
    return int(words.partition(" ứng dụng đang xem được")[0].rpartition(" ")[2])


async def test_an_app_that_waits_for_a_link_of_its_own_is_said_to(origin: Origin, browser: Browser, path: str) -> None:
    """It brought an upstream app, under which nobody linked the account yet: nothing passes until then."""
    now = origin.scene.clock.advance(timedelta(hours=1))
    brought = Brought(origin.scene.app.id, "zalo", "77", "secret")
    await bring_upstream(origin.scene.house, brought, Actor.command_line())
    page = await browser.get(path)
    assert 'data-stopped="unlinked"' in page.text
    assert f"Chưa nối qua ứng dụng riêng của Sổ bán hàng (mẫu), từ {write_time(now)}" in page.words
    assert await count_seeing(browser) == 0


async def test_what_has_ended_is_stopped_by_nothing(origin: Origin, browser: Browser, path: str) -> None:
    """Neither the suspension nor the loss is of any weight for it."""
    await browser.submit(path, {"action": "withdraw", "confirm": "yes"})
    await suspend(origin)
    await lose_connection(origin)
    for page in (await browser.get("/permissions"), await browser.get(path)):
        assert "data-stopped" not in page.text


async def test_two_things_that_stop_an_app_are_both_said(origin: Origin, browser: Browser, path: str) -> None:
    """To mend one of them would not be enough."""
    await suspend(origin)
    await lose_connection(origin)
    page = await browser.get("/permissions")
    assert 'data-stopped="suspended lost"' in page.text
    assert "1 ứng dụng đang bị dừng." in page.words


async def test_a_follower_is_told_of_the_shops_connection(shop: Shop, fan: Browser) -> None:
    """Their data passes through it too; only the shop can mend it, so no link leads anywhere."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    fields = [("account", dict(screen.hidden)["account"]), *(("ask", ask) for ask in screen.boxes)]
    fields += [("duration", "P30D"), ("decision", "agree"), ("seen", screen.seen), ("csrf_token", screen.token)]
    await fan.post(screen_path, fields)
    before = await fan.get("/permissions")
    await lose_connection(replace(shop.origin, scene=shop.asking))
    page = await fan.get("/permissions")
    assert (before.text.count("data-stopped"), page.text.count("data-stopped")) == (0, 2)
    assert f"Cổng không nối được với {shop.name}, nên không có gì về bạn đi qua." in page.words
    assert "Nối lại ở trang Kết nối" not in page.words
    assert await count_seeing(fan) == 0
