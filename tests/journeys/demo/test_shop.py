"""A KiotViet shop of the demo is linked by the values that its table shows."""

from playwright.async_api import expect

from tests.journeys.demo.walking import Walker


async def test_a_newcomer_links_the_shop_of_the_table(walker: Walker) -> None:
    """The values stand in the demo's table; the shop stands on *Kết nối* afterwards, its secret nowhere on the page."""
    key, page = walker.demo.facts["shop_keys"][1], walker.page
    await walker.open("/connections")
    await walker.sign_in("chu-shop-1")
    form = page.locator("#kiotviet")
    for name in ("retailer", "client_id", "client_secret"):
        await form.locator(f"[name={name}]").fill(key[name])
    await form.locator("button").click()
    await expect(page.locator("[data-connection][data-state=live]", has_text=key["retailer"])).to_be_visible()
    assert key["client_secret"] not in await page.content()
