"""How a person goes through the demo: each step is pressed on the page that a person sees, and presses are counted."""

from pathlib import Path
from typing import Final

from playwright.async_api import Locator, Page, expect

from tests.journeys.demo.running import Json, RunningDemo
from tests.services.browser import ARTIFACTS

PICTURES: Final = ARTIFACTS / "journeys"
WIDTHS: Final = (360, 1280)
HEIGHT: Final = "() => document.documentElement.scrollHeight"


class Walker:
    """One person at one browser.

    Args:
        page: an empty browser's page.
        demo: where they are.
    """

    def __init__(self, page: Page, demo: RunningDemo) -> None:
        self.page, self.demo = page, demo
        self.presses = 0

    async def press(self, target: Locator) -> None:
        """Press something, once."""
        self.presses += 1
        await target.click()

    async def open(self, path: str) -> None:
        """Open a page of the gateway by its address."""
        await self.page.goto(self.demo.facts["gateway"] + path)

    async def sign_in(self, login: str) -> None:
        """Fill the sign-in page that is open."""
        await self.page.locator("input[name=login]").fill(login)
        await self.page.locator("input[name=password]").fill(self.demo.password(login))
        await self.page.locator("form:has(input[name=password]) button[type=submit]").click()
        await expect(self.page.locator("header form[action^='/sign-out']")).to_be_visible()

    async def link_zalo(self, oa_id: str) -> None:
        """From the page of connections: to Zalo, tick its one box, and back."""
        await self.page.locator("button[name=platform][value=zalo]").last.click()
        await self.page.locator(f"input[name=oa_id][value='{oa_id}']").check()
        await self.page.locator("input[name=agree]").check()
        await self.page.locator("button[name=allow]").click()
        await self.page.wait_for_url(f"{self.demo.facts['gateway']}/connections**")

    async def ask_for_consent(self, app: Json) -> None:
        """Press *Kết nối Zalo OA* in the sample app; ends at the gateway's sign-in or consent screen."""
        await self.page.goto(self.demo.facts["sample_app"])
        card = self.page.locator(f"[data-app='{app['client_id']}']")
        await self.press(card.get_by_role("link", name="Kết nối Zalo OA"))
        await self.page.wait_for_url(f"{self.demo.facts['gateway']}/**")

    async def decide(self, asks: list[str], *, account: str, duration: str) -> None:
        """On the consent screen: choose for which account, tick these asks, pick a duration, agree."""
        choice = self.page.locator("label", has=self.page.locator("input[name=account]")).filter(has_text=account)
        if not await choice.locator("input").is_checked():
            await self.press(choice)
        further = self.page.locator("button[name=decision][value=choose]:not([form])")
        if await further.count() and not await self.page.locator("input[name=ask]").count():
            await self.press(further)  # decided for another account before: the asks depend on which
        for ask in asks:
            await self.press(self.page.locator(f"label[for='ask-{ask}']"))
        await self.page.locator("select[name=duration]").select_option(duration)
        await self.press(self.page.locator("button[name=decision][value=agree]"))

    async def show(self, path: str, app: Json, account: str) -> None:
        """Open a page of the sample app for one of its accounts."""
        await self.page.goto(f"{self.demo.facts['sample_app']}{path}?app={app['client_id']}&account={account}")

    async def send(self, app: Json, account: str, *, text: str) -> None:
        """Write to the customer who stands first in the chat."""
        await self.show("/chat", app, account)
        await self.page.locator("textarea[name=text]").fill(text)
        await self.page.get_by_role("button", name="Gửi tin").click()
        await self.page.wait_for_url("**/send")

    async def result(self) -> str:
        """Return what came back from the gateway, as the sample app shows it."""
        return await self.page.locator("#result").inner_text()

    async def open_grant(self, app_name: str, account: str) -> str:
        """From *Quản lý quyền* open one app's grant; returns its id."""
        card = self.page.locator("li[data-grant]").filter(has_text=app_name).filter(has_text=account)
        grant_id = await card.get_attribute("data-grant")
        assert grant_id is not None
        await card.get_by_role("link", name=app_name, exact=True).click()
        await expect(self.page.locator(f"div[data-grant='{grant_id}']")).to_be_visible()
        return grant_id

    async def read_states(self) -> dict[str, str]:
        """Return the state of each ask on the grant's page that is open."""
        rows = await self.page.locator("[data-ask][data-state]").all()
        return {str(await row.get_attribute("data-ask")): str(await row.get_attribute("data-state")) for row in rows}

    async def withdraw(self, part: str, *, picture: str = "") -> int:
        """Withdraw by the button in this part of the grant's page, confirm, and return how many presses it took."""
        self.presses = 0
        await self.press(self.page.locator(f"{part} button[value=withdraw]"))
        confirm = self.page.locator("button[name=confirm][value=yes]")
        await expect(confirm).to_be_visible()
        await expect(self.page.locator("main input:not([type=hidden]), main textarea, main select")).to_have_count(0)
        if picture:
            await self.picture(picture)
        await self.press(confirm)
        await expect(self.page.get_by_role("status")).to_be_visible()
        return self.presses

    async def picture(self, name: str) -> None:
        """Keep the whole page as it looks on a phone and on a desk, each as high as what it shows."""
        before = self.page.viewport_size
        for width in WIDTHS:
            await self.page.set_viewport_size({"width": width, "height": 800})
            await self.page.set_viewport_size({"width": width, "height": max(800, await self.page.evaluate(HEIGHT))})
            await self.page.screenshot(path=picture_path(name, width))
        if before is not None:
            await self.page.set_viewport_size(before)


def picture_path(name: str, width: int) -> Path:
    """Return where a picture is kept."""
    return PICTURES / f"{name}-{width}.png"
