"""The exact text that someone decided on: kept, linked, and readable by that person alone (R47)."""

import hashlib
import re
from html import unescape

from tests.house import end_standing, link_account
from tests.journeys.http.origin import Browser, Origin, Page

WORDS = "Đúng chữ bạn đã thấy"


async def decide(origin: Origin, browser: Browser) -> Page:
    """Let the owner agree to two asks; return the screen as it was shown."""
    path = await origin.ask()
    screen = await browser.get(path)
    ticked = [("ask", "oa_profile"), ("ask", "crm_phone"), ("account", origin.scene.account.id)]
    done = await browser.submit(path, [*ticked, ("duration", "P1D"), ("decision", "agree")])
    assert done.answer["code"]
    return screen


async def find_notice(browser: Browser) -> str:
    """Return the path to which the receipt of the only decision leads."""
    listed = await browser.get("/permissions/receipts")
    (code,) = set(re.findall(r'href="/permissions/receipts/(BN-[^"]+)"', listed.text))
    receipt = await browser.get(f"/permissions/receipts/{code}")
    assert WORDS in receipt.words
    (path,) = re.findall(r'href="(/permissions/notices/[0-9a-f]{64})"', receipt.text)
    return str(path)


def archived(page: Page) -> str:
    """Return the text that the page shows, byte for byte."""
    return unescape(page.text.partition("<pre")[2].partition(">")[2].partition("</pre>")[0])


async def test_who_decided_reads_the_very_text(origin: Origin, browser: Browser) -> None:
    """Receipt and history lead to it, and its bytes have the hash that the receipt names."""
    screen = await decide(origin, browser)
    path = await find_notice(browser)
    page = await browser.get(path)
    assert page.status == 200
    assert hashlib.sha256(archived(page).encode()).hexdigest() == path.rpartition("/")[2]
    assert "Đồng ý các mục đã chọn" in archived(page)
    heading = re.findall(r"<h1[^>]*>([^<]+)", screen.text)[0]
    assert " ".join(unescape(heading).split()) in archived(page)
    (grant_id,) = (await browser.get("/permissions")).grant_states
    assert path in (await browser.get(f"/permissions/{grant_id}")).text
    english = await browser.get(f"{path}?lang=en")
    assert archived(english) == archived(page)


async def test_nobody_else_reads_it(origin: Origin, browser: Browser, other_browser: Browser) -> None:
    """Another holder of the account sees the receipt without the link, and the address is nothing to them."""
    await decide(origin, browser)
    path = await find_notice(browser)
    assert (await other_browser.get(path)).status == 404
    scene = origin.scene
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    (grant_id,) = (await other_browser.get("/permissions")).grant_states
    assert WORDS not in (await other_browser.get(f"/permissions/{grant_id}")).words
    assert (await other_browser.get(path)).status == 404
    async with origin.browser() as stranger:
        assert (await stranger.get(path)).location.startswith("/sign-in?")


async def test_it_stays_theirs_without_the_account(origin: Origin, browser: Browser) -> None:
    """What someone saw is theirs to read when they may decide for the account no longer."""
    await decide(origin, browser)
    path = await find_notice(browser)
    scene = origin.scene
    await end_standing(scene, scene.owner.id)
    assert (await browser.get(path)).status == 200


async def test_a_text_that_was_never_kept_is_not_found(origin: Origin, browser: Browser) -> None:
    """A hash of nothing, or something that is no hash."""
    await decide(origin, browser)
    for wrong in ("0" * 64, "x", "%00"):
        assert (await browser.get(f"/permissions/notices/{wrong}")).status == 404


async def test_every_link_of_the_consent_screen_leads_somewhere(origin: Origin, browser: Browser) -> None:
    """No link of the screen on which people decide, its footer included, is dead."""
    screen = await browser.get(await origin.ask())
    links = {unescape(link) for link in re.findall(r'<a [^>]*href="(/[^"]*)"', screen.text)}
    assert links
    assert [link for link in links if (await browser.get(link)).status not in {200, 303}] == []
