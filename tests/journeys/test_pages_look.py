"""The pages in a real browser, under the real headers: accessible, narrow enough, equal, decided only on purpose."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import axe_playwright_python
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from gateway.ground.web.frame import choose_lang
from gateway.ground.web.responses import html, scheme_source, stay
from tests.services.browser import ARTIFACTS, Visitors
from tests.unit.web.drawing import ASSETS, VIEWS, draw

AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
KEY_PAGES: Final = ("first", "connections", "consent", "permissions", "grant", "withdraw-ask", "receipt", "log")
FACES: Final = ("consent-difference", "consent-whole", "consent-short", "cool-down", "choose-account")
PAIRS: Final = ("consent", "consent-more", *FACES)
SCREENS: Final = [(width, scheme) for width in (320, 360, 1280) for scheme in ("light", "dark")]
# What axe found, short enough to read in a failed test.
FIND: Final = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  const tell = node => node.target.join(" ") + " " + node.failureSummary;
  return found.violations.map(rule => rule.id + ": " + rule.nodes.map(tell).join(" | "));
}"""
SIDEWAYS: Final = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
HALF: Final = """button => {
  const box = button.getBoundingClientRect(), style = getComputedStyle(button);
  return {top: box.top, width: box.width, height: box.height, tag: button.tagName, colour: style.color,
          ground: style.backgroundColor, weight: style.fontWeight, size: style.fontSize, border: style.borderColor};
}"""
SEEN: Final = """buttons => buttons.every(button => {
  const box = button.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth;
})"""


class Gateway:
    """A small server that draws the samples with the real headers and notes the forms it gets."""

    def __init__(self) -> None:
        self.forms: list[tuple[str, list[tuple[str, Any]]]] = []

    async def show(self, request: web.Request) -> web.Response:
        """Draw `/look/{name}`."""
        body = draw(request.match_info["name"], choose_lang(request.query.get("lang")))
        return html(body, is_https=False, form_action=[scheme_source("https://sobanhang.example/tro-ve")])

    async def take(self, request: web.Request) -> web.Response:
        """Note a form; a decision to stay leaves the browser where it is."""
        form = await request.post()
        self.forms.append((request.path, list(form.items())))
        if form.get("decision") == "stay":
            return stay(is_https=False)
        return html("<!doctype html><html lang=vi><title>x</title>", is_https=False)

    def routes(self) -> list[web.RouteDef]:
        """Return the server's routes."""
        question = web.get("/permissions/{grant}", self.ask)
        return [web.get("/look/{name}", self.show), question, web.post("/{path:.*}", self.take), *ASSETS.routes()]

    async def ask(self, _request: web.Request) -> web.Response:
        """Stand for the page that asks once more before a withdrawal."""
        return html("<!doctype html><html lang=vi><title>x</title>", is_https=False)


@pytest.fixture
def gateway() -> Gateway:
    """Return what the server notes."""
    return Gateway()


@pytest.fixture
async def origin(gateway: Gateway) -> AsyncIterator[str]:
    """Yield the address of a running server."""
    app = web.Application()
    app.add_routes(gateway.routes())
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def list_flaws(page: Page) -> list[str]:
    """Return what is wrong with the page that is shown."""
    await page.evaluate(AXE)
    flaws: list[str] = await page.evaluate(FIND)
    sideways = await page.evaluate(SIDEWAYS)
    return flaws + ([f"scrolls {sideways}px sideways"] if sideways > 0 else [])


@pytest.mark.parametrize("width,scheme", SCREENS)
async def test_key_pages_are_accessible(visitors: Visitors, origin: str, width: int, scheme: str) -> None:
    """On every screen, light and dark, axe finds no violation and nothing scrolls sideways; pictures are kept."""
    page = await visitors.arrive(viewport={"width": width, "height": 800}, color_scheme=scheme)
    flaws = {}
    for name in KEY_PAGES:
        await page.goto(f"{origin}/look/{name}")
        flaws[name] = await list_flaws(page)
        await page.screenshot(path=ARTIFACTS / "look" / f"{name}-{width}-{scheme}.png", full_page=True)
    assert {name: found for name, found in flaws.items() if found} == {}


@pytest.mark.parametrize("width,scheme,lang", [(320, "light", "en"), (1280, "dark", "vi")])
async def test_every_other_page_is_accessible(
    visitors: Visitors, origin: str, width: int, scheme: str, lang: str
) -> None:
    """Every other state passes on a narrow screen in English and on a wide dark one in Vietnamese."""
    page = await visitors.arrive(viewport={"width": width, "height": 800}, color_scheme=scheme)
    flaws = {}
    for name in set(VIEWS) - set(KEY_PAGES):
        await page.goto(f"{origin}/look/{name}?lang={lang}")
        flaws[name] = await list_flaws(page)
    assert {name: found for name, found in flaws.items() if found} == {}


@pytest.mark.parametrize("name", [*PAIRS, "confirm-account", "device-confirm", "withdraw-ask"])
@pytest.mark.parametrize("width,height", [(360, 640), (1280, 800)])
async def test_pair_is_equal_and_in_view(visitors: Visitors, origin: str, name: str, width: int, height: int) -> None:
    """Both halves have one line, size and look, and on the consent screen both are in view from the start (R5)."""
    page = await visitors.arrive(viewport={"width": width, "height": height})
    await page.goto(f"{origin}/look/{name}")
    halves = page.locator(".pair button")
    assert await halves.count() == 2
    no, yes = [await halves.nth(index).evaluate(HALF) for index in range(2)]
    assert no == yes
    if name in PAIRS:
        assert await halves.evaluate_all(SEEN)


@pytest.mark.parametrize("query", ["", "?ask=profile&ask=promo&account=ac_1&decision=agree&checked=1"])
@pytest.mark.parametrize("name,accounts", [("consent", 0), ("consent-one", 1), ("consent-none", 0)])
async def test_nothing_is_chosen_on_load(page: Page, origin: str, name: str, accounts: int, query: str) -> None:
    """No box is ticked on load, whatever the query says; an account only if it is the only one (R2)."""
    await page.goto(f"{origin}/look/{name}{query}")
    assert await page.locator("input[type=checkbox]").count() == 5
    assert await page.locator("input[type=checkbox]:checked").count() == 0
    assert await page.locator("input[type=radio]:checked").count() == accounts
    assert await page.locator("select[name=duration]").input_value() == "P1D"


async def test_enter_in_a_box_decides_nothing(page: Page, origin: str, gateway: Gateway) -> None:
    """Enter in a checkbox sends `decision=stay`, and the page stays with its ticks."""
    await page.goto(f"{origin}/look/consent-one")
    box = page.locator("input[value=promo]")
    await box.check()
    async with page.expect_response(lambda response: response.request.method == "POST") as answered:
        await box.press("Enter")
    assert (await answered.value).status == 204
    assert [value for name, value in gateway.forms[0][1] if name == "decision"] == ["stay"]
    assert await box.is_checked()
    assert page.url.endswith("/look/consent-one")


async def test_a_decision_carries_what_was_ticked(page: Page, origin: str, gateway: Gateway) -> None:
    """Agreeing sends the ticked asks, the account, the duration and the token, and the counter says how many."""
    await page.goto(f"{origin}/look/consent")
    for ask in ("profile", "follower_phone"):
        await page.locator(f"label[for=ask-{ask}]").click()
    counted = await page.locator(".count-n").evaluate("element => getComputedStyle(element, '::before').content")
    assert counted in {"counter(chosen)", '"2"'}
    await page.locator("input[value=ac_2]").check()
    await page.locator("button[value=agree]").click()
    await page.wait_for_url("**/consent/*")
    assert gateway.forms == [
        (
            "/consent/rq_7K2M94QDmau",
            [
                ("csrf_token", "token-mau"),
                ("account", "ac_2"),
                ("ask", "profile"),
                ("ask", "follower_phone"),
                ("duration", "P1D"),
                ("decision", "agree"),
            ],
        )
    ]


async def test_what_would_be_lost_stands_out_until_it_is_not(visitors: Visitors, origin: str) -> None:
    """Without a script, the bar's words on required boxes stand out while a tick would be in vain."""
    page = await visitors.arrive(java_script_enabled=False)
    await page.goto(f"{origin}/look/consent")
    weights = []
    for box in (None, "promo", "profile"):
        if box:
            await page.locator(f"label[for=ask-{box}]").click()
        weights.append(await page.locator("#must").evaluate("words => getComputedStyle(words).fontWeight"))
    assert weights == ["400", "650", "400"]


async def test_refusing_needs_no_account(page: Page, origin: str, gateway: Gateway) -> None:
    """A missing account never stands in the way of a No."""
    await page.goto(f"{origin}/look/consent")
    await page.locator("button[value=refuse]").click()
    await page.wait_for_url("**/consent/*")
    assert ("decision", "refuse") in gateway.forms[0][1]


async def test_taking_back_one_ask_is_one_press_on_its_row(page: Page, origin: str, gateway: Gateway) -> None:
    """The row of an ask holds its own form: which act, which ask; it opens the question, in the same language."""
    await page.goto(f"{origin}/look/grant?lang=en")
    await page.locator("[data-ask=follower_phone] button[value=withdraw]").click()
    await page.wait_for_url("**/permissions/*")
    assert page.url.endswith("/permissions/gr_1?lang=en&ask=follower_phone&action=withdraw")
    assert gateway.forms == []


async def test_pausing_one_ask_is_one_press_on_its_row(page: Page, origin: str, gateway: Gateway) -> None:
    """What is done at once is sent with the token."""
    await page.goto(f"{origin}/look/grant?lang=en")
    await page.locator("[data-ask=follower_phone] button[value=pause]").click()
    await page.wait_for_url("**/permissions/*")
    path, fields = gateway.forms[0]
    assert path == "/permissions/gr_1"
    assert fields == [("csrf_token", "token-mau"), ("ask", "follower_phone"), ("action", "pause")]
    assert page.url.endswith("?lang=en")


async def test_focus_is_never_under_the_bar(visitors: Visitors, origin: str) -> None:
    """Going through the consent screen by Tab, every stop is wholly in view, the sticky bar notwithstanding."""
    page = await visitors.arrive(viewport={"width": 320, "height": 640})
    await page.goto(f"{origin}/look/consent")
    hidden = []
    for _ in range(24):
        await page.keyboard.press("Tab")
        covered = await page.evaluate("""() => {
            const stop = document.activeElement, bar = document.querySelector('.decide');
            if (stop === document.body || bar.contains(stop)) return '';
            const box = stop.getBoundingClientRect(), limit = bar.getBoundingClientRect();
            const under = box.bottom > limit.top && box.top < limit.bottom;
            return under ? stop.outerHTML.slice(0, 80) : '';
        }""")
        if covered:
            hidden.append(covered)
    assert hidden == []


async def test_receipt_prints_on_one_sheet(page: Page, origin: str) -> None:
    """A receipt with six asks is one page of A4, without the frame of the site."""
    await page.goto(f"{origin}/look/receipt")
    pdf = await page.pdf(format="A4", prefer_css_page_size=True, path=ARTIFACTS / "look" / "receipt.pdf")
    assert pdf.count(b"/Type /Page\n") == 1
    await page.emulate_media(media="print")
    assert not await page.locator("header.top").is_visible()
    weights = "span => [span, span.querySelector('.small')].map(one => getComputedStyle(one).fontWeight)"
    with_basis = page.locator(".receipt tbody th > span:has(.small)").first
    assert await with_basis.evaluate(weights) == ["600", "400"], "the basis is no part of the name"


async def test_works_without_scripts_and_asks_no_one_else(visitors: Visitors, origin: str) -> None:
    """With scripts off every page is drawn, and nothing is fetched from anywhere but the gateway (R19)."""
    page = await visitors.arrive(java_script_enabled=False)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    for name in ("first", "consent", "grant", "log"):
        await page.goto(f"{origin}/look/{name}")
        assert await page.locator("h1").count() == 1
    assert {url for url in asked if not url.startswith(origin)} == set()
