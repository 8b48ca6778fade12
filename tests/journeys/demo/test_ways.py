"""The same way on other screens: a narrow phone without scripts, another language, and what axe says of every page."""

import json
from typing import Final

import pytest
from playwright.async_api import expect

from gateway.cli.demo.seeds import FOLLOWER
from gateway.cli.demo.summary import ask_link
from tests.journeys.demo.conftest import Arrive
from tests.journeys.demo.walking import Walker
from tests.journeys.test_pages_look import SIDEWAYS, list_flaws

OWNER, OTHER = "chu-shop-1", "chu-shop-2"
PHONE_WITHOUT_SCRIPTS: Final = {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}
OWNERS_PAGES: Final = ("/", "/connections", "/permissions", "/permissions/receipts", "/permissions/trace")
SAMPLE_PAGES: Final = ("/", "/followers", "/chat")


async def choose(walker: Walker, lang: str) -> None:
    """Choose the language by the page's own switch, where a way through another site has lost it."""
    switch = walker.page.locator(f"nav.lang a[hreflang={lang}]")
    if await switch.count():
        await switch.click()


async def check_fits(walker: Walker, lang: str) -> None:
    """Check that the page of the gateway is in this language and does not scroll sideways."""
    assert await walker.page.locator("html").get_attribute("lang") == lang
    assert await walker.page.evaluate(SIDEWAYS) <= 0, walker.page.url


@pytest.mark.parametrize(
    "options,lang,withdrawn",
    [(PHONE_WITHOUT_SCRIPTS, "vi", "Đã rút lại mọi mục"), ({}, "en", "Withdrew every item")],
    ids=["narrow-without-scripts", "english"],
)
async def test_whole_way(arrive: Arrive, options: dict[str, object], lang: str, withdrawn: str) -> None:
    """Sign in, link, decide about the public app, use it, withdraw it: all of it fits the screen, in one language."""
    walker = await arrive(**options)
    page, demo, app, account = walker.page, walker.demo, walker.demo.app(1), walker.demo.account(OWNER)
    query = "" if lang == "vi" else f"&lang={lang}"
    await walker.open(f"/sign-in?return_to=/connections{query}")
    await check_fits(walker, lang)
    await walker.sign_in(OWNER)
    await check_fits(walker, lang)
    await walker.link_zalo(account["external_id"])
    await choose(walker, lang)
    await check_fits(walker, lang)
    await walker.ask_for_consent(app)
    await choose(walker, lang)
    await check_fits(walker, lang)
    await walker.picture(f"30-consent-{lang}")
    await walker.decide(["who", "where"], account=account["name"], duration="P1D")
    await page.wait_for_url(f"{demo.facts['sample_app']}/?connected=*")
    await walker.show("/followers", app, account["external_id"])
    assert await page.evaluate(SIDEWAYS) <= 0
    assert await page.locator("td.address:not(:empty)").count() == 0  # this app asks each of them, and none agreed
    assert await page.locator("td.phone:not(:empty)").count() == 0
    await walker.open(f"/permissions?{query}")
    await walker.open_grant(app["name"], account["name"])
    await check_fits(walker, lang)
    assert await walker.read_states() == {"who": "granted", "where": "granted", "call": "refused"}
    await walker.withdraw("aside")
    await expect(page.get_by_role("status")).to_contain_text(withdrawn)
    await check_fits(walker, lang)
    await walker.picture(f"31-withdrawn-{lang}")
    before = demo.newest_received()
    await walker.show("/followers", app, account["external_id"])
    assert json.loads(await walker.result())["code"] == "invalid_token"
    assert demo.received(before) == []


async def test_the_owners_real_pages_are_accessible(arrive: Arrive) -> None:
    """With real data in them, on a narrow phone, axe finds nothing on the owner's pages and the sample app's."""
    walker = await arrive(viewport={"width": 320, "height": 800})
    page, demo, flaws = walker.page, walker.demo, {}
    await walker.open("/sign-in?return_to=/connections")
    flaws["sign-in"] = await list_flaws(page)
    await walker.sign_in(OTHER)
    for path in OWNERS_PAGES:
        await walker.open(path)
        flaws[path] = await list_flaws(page)
    await walker.open("/permissions")
    await walker.open_grant(demo.app()["name"], demo.account(OTHER)["name"])
    flaws["grant"] = await list_flaws(page)
    await page.locator("aside button[value=withdraw]").click()
    await expect(page.locator("button[name=confirm]")).to_be_visible()
    flaws["confirm"] = await list_flaws(page)
    await walker.open("/permissions/receipts")
    await page.locator("main a[href*='/permissions/receipts/']").first.click()
    await page.wait_for_url("**/permissions/receipts/*")
    flaws["receipt"] = await list_flaws(page)
    await walker.ask_for_consent(demo.app())
    flaws["consent"] = await list_flaws(page)
    for path in SAMPLE_PAGES:
        await walker.show(path, demo.app(), demo.account(OTHER)["external_id"])
        flaws[f"sample{path}"] = await list_flaws(page)
    assert {name: found for name, found in flaws.items() if found} == {}


@pytest.mark.parametrize("width,scheme", [(320, "light"), (1280, "dark")])
async def test_the_staffs_real_pages_are_accessible(arrive: Arrive, width: int, scheme: str) -> None:
    """With real data in them axe finds nothing on the operator's and the developer's pages, narrow and wide."""
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    operator, developer = await arrive(**screen), await arrive(**screen)
    client_id, flaws = operator.demo.app()["client_id"], {}
    await operator.open("/sign-in?return_to=/operators/log?q=source:log")
    await operator.sign_in("van-hanh-1")
    flaws["log"] = await list_flaws(operator.page)
    await operator.page.locator("tr[data-source=log]").get_by_role("link").first.click()
    await operator.page.wait_for_url("**/operators/log/*")
    flaws["record"] = await list_flaws(operator.page)
    await operator.open("/operators/log/export")
    flaws["export"] = await list_flaws(operator.page)
    await developer.open("/sign-in?return_to=/developers")
    await developer.sign_in("dev-1")
    flaws["apps"] = await list_flaws(developer.page)
    await developer.open(f"/developers/{client_id}")
    flaws["app"] = await list_flaws(developer.page)
    assert {name: found for name, found in flaws.items() if found} == {}


async def test_a_follower_objects_from_the_printed_link_and_takes_it_back(arrive: Arrive) -> None:
    """Through the stand-in's Zalo Login, on a narrow phone without scripts; the app's very next look shows it."""
    walker = await arrive(**PHONE_WITHOUT_SCRIPTS)
    page, demo, shop = walker.page, walker.demo, walker.demo.account(OTHER)["external_id"]
    phone = page.locator(f"tr[data-user-id='{FOLLOWER.user_id}'] td.phone")
    await walker.show("/followers", demo.app(), shop)
    await expect(phone).not_to_be_empty()
    await page.goto(ask_link(demo.facts))
    await check_fits(walker, "vi")
    await walker.picture("40-asked")
    await page.get_by_role("button", name="Đăng nhập bằng Zalo").click()
    await page.locator(f"input[name=person][value='{FOLLOWER.id_by_app}']").check()
    await page.locator("button[name=allow]").click()
    await page.wait_for_url(ask_link(demo.facts))
    await page.locator("[data-ask=crm_phone] button[value=object]").click()
    await expect(page.locator("[data-ask=crm_phone]")).to_contain_text("Đã phản đối")
    await expect(page.locator("header")).to_contain_text(FOLLOWER.display_name)
    await check_fits(walker, "vi")
    await walker.picture("41-objected")
    await walker.show("/followers", demo.app(), shop)
    await expect(phone).to_be_empty()
    await page.go_back()
    await page.locator("[data-ask=crm_phone] button[value=lift]").click()
    await expect(page.locator("[data-contract=crm_phone]")).to_be_visible()
    await walker.show("/followers", demo.app(), shop)
    await expect(phone).not_to_be_empty()


async def test_a_person_lets_an_app_read_their_own_zalo_name(arrive: Arrive) -> None:
    """By Zalo Login, on a narrow phone without scripts: asked, linked, confirmed, read; taken back, read no more."""
    walker = await arrive(**PHONE_WITHOUT_SCRIPTS)
    page, demo = walker.page, walker.demo
    app = demo.app(2)

    async def agree_at_zalo() -> None:
        await page.locator(f"input[name=person][value='{FOLLOWER.id_by_app}']").check()
        await page.locator("button[name=allow]").click()

    await page.goto(demo.facts["sample_app"])
    card = page.locator(f"[data-app='{app['client_id']}']")
    await card.get_by_role("link", name="Nối tài khoản Zalo của bạn").click()
    await page.get_by_role("button", name="Đăng nhập bằng Zalo").click()
    await agree_at_zalo()
    await check_fits(walker, "vi")
    await walker.picture("50-own-asked")
    await page.locator("label[for='ask-card_name']").click()
    await page.locator("select[name=duration]").select_option("P30D")
    await page.locator("button[name=decision][value=agree]").click()
    await agree_at_zalo()
    await check_fits(walker, "vi")
    await walker.picture("51-own-confirm")
    await page.locator("button[name=decision][value=agree]").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã kết nối tài khoản Zalo")
    await card.get_by_role("link", name="Thẻ thành viên").click()
    await expect(page.locator("dd.name")).to_have_text(FOLLOWER.display_name)
    await walker.open("/connections")
    await check_fits(walker, "vi")
    await walker.picture("52-own-linked")
    await walker.open("/permissions")
    await walker.open_grant(app["name"], FOLLOWER.display_name)
    await check_fits(walker, "vi")
    assert await walker.read_states() == {"card_name": "granted", "card_id": "refused"}
    await walker.withdraw("aside")
    before = demo.newest_received()
    await page.goto(f"{demo.facts['sample_app']}/me?app={app['client_id']}")
    assert json.loads(await walker.result())["code"] == "invalid_token"
    assert demo.received(before) == []
