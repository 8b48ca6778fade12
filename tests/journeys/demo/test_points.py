"""What a newcomer does with the demo: link, decide, use, withdraw, look back. One story; each test goes on."""

import asyncio
import json
import re
from typing import Final

from playwright.async_api import expect

from gateway.cli.demo import seeds
from tests.journeys.demo.conftest import Arrive
from tests.journeys.demo.walking import Walker

FIRST, SECOND = "chu-shop-1", "chu-shop-2"
AGREED: Final = ["oa_profile", "crm_name", "chat_read", "order_send"]
REFUSED: Final = ["crm_phone", "ship_address", "tag_read"]
SENDING: Final = "order_send"
SEND_PATH: Final = "/v3.0/oa/message/cs"
CHAT_PATH: Final = "/v2.0/oa/listrecentchat"
GREETING: Final = "Bánh của chị đã xong, mời chị ghé lấy."
NEVER_SENT: Final = "Tin này không được đi."
PHONE: Final = re.compile(r"84000000\d{3}")


async def test_1_the_owner_links_an_account_through_the_platforms_own_oauth(walker: Walker) -> None:
    """The owner signs in, goes to Zalo and back; the account is there with the owner's standing, and no grant yet."""
    page, shop = walker.page, walker.demo.account(FIRST)
    await page.goto(walker.demo.facts["gateway"])
    await walker.picture("01-first-page")
    await page.get_by_role("link", name="Đăng nhập").click()
    await walker.picture("02-sign-in")
    await walker.sign_in(FIRST)
    await page.get_by_role("link", name="Kết nối", exact=True).click()
    await expect(page.get_by_text("Chưa có tài khoản nào")).to_be_visible()
    await walker.picture("03-connections-empty")
    await page.get_by_role("button", name="Sang Zalo để nối", exact=True).click()
    await walker.picture("04-zalo-consent")
    await page.go_back()
    await walker.link_zalo(shop["external_id"])
    await expect(page.locator("[data-connection][data-state=live]")).to_contain_text(shop["external_id"])
    await expect(page.get_by_role("status")).to_contain_text(f"Đã nối {shop['name']}")
    await expect(page.get_by_text("quản trị viên", exact=True)).to_be_visible()
    await walker.picture("05-connections-linked")
    await walker.open("/permissions")
    await expect(page.get_by_text("Chưa ứng dụng nào có quyền")).to_be_visible()


async def test_1_a_second_admin_links_the_same_account(walker: Walker) -> None:
    """Another admin proves the same standing; they see both accounts as theirs."""
    page = walker.page
    await walker.open("/sign-in?return_to=/connections")
    await walker.sign_in(SECOND)
    await expect(page.locator("[data-connection]")).to_have_count(1)
    await walker.link_zalo(walker.demo.account(FIRST)["external_id"])
    await expect(page.locator("[data-connection][data-state=live]")).to_have_count(2)


async def test_2_the_consent_screen_asks_each_thing_with_its_purpose(walker: Walker) -> None:
    """From the app's button to the gateway's screen: each ask with its purpose, nothing ticked; some agreed; back."""
    page, demo, app = walker.page, walker.demo, walker.demo.app()
    await page.goto(demo.facts["sample_app"])
    await walker.picture("06-sample-app")
    await walker.ask_for_consent(app)
    await walker.sign_in(FIRST)
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{app['name']} xin phép {len(app['asks'])} mục")
    for ask in seeds.list_apps("")[0]["asks"]:
        await expect(page.locator(f"#body-{ask['id']}")).to_contain_text(ask["vi"]["purpose"])
    await expect(page.locator("input[name=ask]:checked")).to_have_count(0)
    await walker.picture("07-consent")
    await walker.decide(AGREED, account=demo.account(FIRST)["name"], duration="P30D")
    await page.wait_for_url(f"{demo.facts['sample_app']}/?connected={demo.account(FIRST)['external_id']}")
    await expect(page.get_by_role("status")).to_contain_text("Đã kết nối OA")
    await walker.picture("08-sample-app-connected")


async def test_2_both_admins_see_the_same_grant(arrive: Arrive) -> None:
    """What one admin decided stands on both admins' *Quản lý quyền*, ask by ask."""
    seen = []
    for login in (FIRST, SECOND):
        walker = await arrive()
        await walker.open("/sign-in?return_to=/permissions")
        await walker.sign_in(login)
        grant_id = await walker.open_grant(walker.demo.app()["name"], walker.demo.account(FIRST)["name"])
        seen.append((grant_id, await walker.read_states()))
        await walker.picture(f"09-permissions-{login}")
    assert seen[0] == seen[1]
    assert seen[0][1] == dict.fromkeys(AGREED, "granted") | dict.fromkeys(REFUSED, "refused")


async def test_3_the_app_sees_what_was_agreed_to_and_nothing_else(walker: Walker) -> None:
    """Names are there; phones, addresses and tags are absent though the platform was really asked."""
    page, demo = walker.page, walker.demo
    before = demo.newest_received()
    await walker.show("/followers", demo.app(), demo.account(FIRST)["external_id"])
    await expect(page.locator("tr[data-user-id]")).to_have_count(12)
    names = await page.locator("td.name").all_inner_texts()
    assert [name.endswith("(mẫu)") for name in names].count(True) == 11  # one is a minor
    for column in ("phone", "address"):
        assert set(await page.locator(f"td.{column}").all_inner_texts()) == {""}
    assert await page.locator("#tags").count() == 0
    assert not PHONE.search(await walker.result())
    assert len([each for each in demo.received(before) if "/user/detail" in each["target"]]) == 12
    await expect(page.get_by_text("Cổng giữ lại")).to_be_visible()
    await walker.picture("10-followers-refused")


async def test_3_the_seeded_grant_that_agreed_passes_phones_and_addresses(walker: Walker) -> None:
    """The other owner's grant shows six phones and four addresses to the same app."""
    page, demo = walker.page, walker.demo
    await walker.show("/followers", demo.app(), demo.account(SECOND)["external_id"])
    phones = [phone for phone in await page.locator("td.phone").all_inner_texts() if phone]
    addresses = [address for address in await page.locator("td.address").all_inner_texts() if address]
    assert [len(phones), len(addresses)] == [6, 4]
    assert all(PHONE.fullmatch(phone) for phone in phones)
    await walker.picture("11-followers-agreed")


async def test_3_the_app_sends_and_reads_the_chat(walker: Walker) -> None:
    """A message reaches the platform as it was written, once, and stands in the recent chat."""
    page, demo = walker.page, walker.demo
    before = demo.newest_received()
    await walker.send(demo.app(), demo.account(FIRST)["external_id"], text=GREETING)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Đã gửi")
    assert json.loads(await walker.result())["error"] == 0
    await walker.picture("12-sent")
    assert demo.received_paths(before) == [CHAT_PATH, SEND_PATH]
    assert json.loads(demo.received(before)[-1]["body"])["message"] == {"text": GREETING}
    await page.get_by_role("link", name="Về tin nhắn").click()
    await expect(page.locator("ol.chat .ours").last).to_contain_text(GREETING)
    await walker.picture("13-chat")


async def test_4_withdrawing_sending_alone_stops_the_very_next_send(arrive: Arrive) -> None:
    """Two presses end sending: the next send gets Zalo's own error and never reaches it; the token reads on."""
    owner, clerk = await arrive(), await arrive()
    demo, app, oa_id = owner.demo, owner.demo.app(), owner.demo.account(FIRST)["external_id"]
    token = demo.tokens(app, oa_id)["access_token"]
    await owner.open("/sign-in?return_to=/permissions")
    await owner.sign_in(FIRST)
    await owner.open_grant(app["name"], demo.account(FIRST)["name"])
    taken = await owner.withdraw(f"[data-ask={SENDING}]", picture="14-withdraw-sending")
    await expect(owner.page.locator(f"[data-ask={SENDING}]")).to_have_attribute("data-state", "withdrawn")
    await owner.picture("15-sending-withdrawn")
    before = demo.newest_received()
    await clerk.send(app, oa_id, text=NEVER_SENT)
    answer = json.loads(await clerk.result())
    assert (answer["error"], isinstance(answer["message"], str)) == (-223, True)
    assert demo.received_paths(before) == [CHAT_PATH]
    await clerk.picture("16-send-refused")
    await clerk.show("/chat", app, oa_id)
    assert json.loads(await clerk.result())["error"] == 0
    assert demo.received_paths(before) == [CHAT_PATH, CHAT_PATH]
    assert demo.tokens(app, oa_id)["access_token"] == token
    assert taken == 2


async def test_4_the_app_hears_of_it(arrive: Arrive) -> None:
    """The gateway's signed notice arrived at the app's own server, which verified it: the one ask, and no other."""
    clerk = await arrive()
    card = clerk.page.locator(f"[data-app='{clerk.demo.app()['client_id']}']")
    heard = card.locator(f"[data-notice='quyen.grant.withdrawn'] [data-ask={SENDING}][data-state=withdrawn]")
    async with asyncio.timeout(20):
        while not await heard.count():
            await clerk.page.goto(clerk.demo.facts["sample_app"])
    await expect(card.locator("[data-notice] [data-ask]")).to_have_count(1)
    await clerk.picture("16a-app-told")


async def test_4_taking_back_is_no_harder_than_giving(arrive: Arrive) -> None:
    """From the same page, confirm step included, taking sending back takes no more presses than giving it (I9)."""
    owner = await arrive()
    demo, page = owner.demo, owner.page
    await owner.open("/sign-in?return_to=/permissions")
    await owner.sign_in(FIRST)
    grant_id = await owner.open_grant(demo.app()["name"], demo.account(FIRST)["name"])
    owner.presses = 0
    await owner.press(page.locator(f"[data-ask={SENDING}] button[value=reconsider]"))
    await expect(page.locator("input[name=ask]")).to_have_count(1)
    await owner.picture("17-reconsider")
    await owner.decide([SENDING], account=demo.account(FIRST)["name"], duration="P1D")
    await page.wait_for_url(f"**/permissions/{grant_id}**")
    await expect(page.locator(f"[data-ask={SENDING}]")).to_have_attribute("data-state", "granted")
    given = owner.presses
    assert await owner.withdraw(f"[data-ask={SENDING}]") <= given


async def test_4_withdrawing_the_app_ends_call_refresh_and_introspection(arrive: Arrive) -> None:
    """After the app is withdrawn its call, its refresh token and introspection all say no; Zalo hears nothing."""
    owner, clerk = await arrive(), await arrive()
    demo, app, oa_id = owner.demo, owner.demo.app(), owner.demo.account(FIRST)["external_id"]
    held = demo.tokens(app, oa_id)
    assert (await demo.ask(app, "/oauth/introspect", token=held["access_token"]))["active"] is True
    await owner.open("/sign-in?return_to=/permissions")
    await owner.sign_in(FIRST)
    await owner.open_grant(app["name"], demo.account(FIRST)["name"])
    assert await owner.withdraw("aside", picture="18-withdraw-app") == 2
    await owner.picture("19-app-withdrawn")
    assert set((await owner.read_states()).values()) == {"withdrawn", "refused"}
    before = demo.newest_received()
    assert await demo.ask(app, "/oauth/introspect", token=held["access_token"]) == {"active": False}
    assert await demo.ask(app, "/oauth/introspect", token=held["refresh_token"]) == {"active": False}
    refused = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
    assert (await demo.ask(app, "/oauth/token", **refused))["error"] == "invalid_grant"
    await clerk.show("/chat", app, oa_id)
    assert json.loads(await clerk.result())["error"] == -216
    assert demo.received(before) == []
    await clerk.picture("20-call-after-withdrawal")


async def test_4_the_other_accounts_grant_goes_on(walker: Walker) -> None:
    """Withdrawing at one account leaves the seeded grant of the other as it was."""
    demo = walker.demo
    await walker.show("/chat", demo.app(), demo.account(SECOND)["external_id"])
    assert json.loads(await walker.result())["error"] == 0


async def test_5_the_owner_sees_what_the_app_read_and_did(walker: Walker) -> None:
    """Newest first: what the app read, sent and was refused, with purposes, and never the content."""
    page = walker.page
    await walker.open("/sign-in?return_to=/permissions")
    await walker.sign_in(FIRST)
    await page.get_by_role("link", name="Ai đã xem dữ liệu của bạn").first.click()
    await expect(page.locator("[data-trace]").first).to_be_visible()
    times = [await each.get_attribute("datetime") for each in await page.locator("[data-trace] time").all()]
    assert times == sorted(times, key=str, reverse=True)
    asks: dict[str, str] = {ask["id"]: ask["vi"]["purpose"].rstrip(".") for ask in seeds.list_apps("")[0]["asks"]}
    for result, thing, ask in [
        ("blocked", "gửi một tin nhắn", ""),
        ("passed", "gửi một tin nhắn", SENDING),
        ("passed", "xem các tin nhắn gần đây", "chat_read"),
        ("masked", "người quan tâm", "crm_name"),
    ]:
        rows = page.locator(f"[data-trace][data-result={result}]").filter(has_text=thing)
        await expect(rows.first).to_contain_text(asks.get(ask, "Không có gì được gửi tới nền tảng."))
    shown = await page.locator("main").inner_text()
    assert not PHONE.search(shown)
    assert GREETING not in shown
    assert NEVER_SENT not in shown
    await walker.picture("21-trace")
