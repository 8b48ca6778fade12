"""Fixed addresses of the people's origin, and pages that are not there."""

from dataclasses import replace

from gateway.ground.web.frame import Contact, Site
from tests.journeys.http.origin import Browser, Origin, served_door


async def test_a_hole_is_told_to_whom_the_settings_name(origin: Origin) -> None:
    """RFC 9116: contact and an expiry that lies ahead; without a contact there is no such file."""
    site = Site("127.0.0.1:8400", protection=Contact("Người phụ trách (mẫu)", email="dulieu@quyen.example"))
    async with served_door(origin.scene, replace(origin.door, site=site)) as named, named.browser() as anyone:
        page = await anyone.get("/.well-known/security.txt")
        assert (page.status, page.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        lines = dict(line.split(": ", 1) for line in page.text.splitlines())
        assert lines["Contact"] == "mailto:dulieu@quyen.example"
        assert lines["Expires"] == "2027-02-19T02:00:00Z"
        assert lines["Canonical"].endswith("/.well-known/security.txt")
    async with origin.browser() as anyone:
        assert (await anyone.get("/.well-known/security.txt")).status == 404


async def test_password_managers_are_led_to_who_changes_it(origin: Origin) -> None:
    """The page says whom to ask."""
    async with origin.browser() as anyone:
        led = await anyone.get("/.well-known/change-password")
        page = await anyone.get(led.location)
    assert (page.status, "do người vận hành đặt" in page.words) == (200, True)


async def test_a_page_that_is_not_there_knows_who_is_signed_in(origin: Origin, browser: Browser) -> None:
    """Whoever is signed in is not asked to sign in again; a stranger is."""
    page = await browser.get("/nowhere")
    assert (page.status, "Đăng xuất" in page.words, "Đăng nhập" in page.words) == (404, True, False)
    async with origin.browser() as anyone:
        assert "Đăng nhập" in (await anyone.get("/nowhere")).words
