"""Every answer of the people's origin carries the headers that keep it from being framed, cached or led elsewhere."""

import pytest

from gateway.terms.refusal import Unavailable
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin, Page


def check_headers(page: Page) -> None:
    """Check the headers that no answer goes without."""
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Request-ID"]


async def test_every_page_has_its_headers(origin: Origin, browser: Browser) -> None:
    """Each GET of the table, signed in and not, found and not found, is answered with them."""
    decided = await agree(origin.scene)
    code = decided.recorded.record_id
    known = {"{request}": (await origin.ask()).rpartition("/")[2], "{grant}": str(decided.grant_id), "{code}": code}
    paths = [row.path for row in origin.table if row.method == "GET" and not row.path.startswith("/static/")]
    async with origin.browser() as stranger:
        for path in [*paths, "/nowhere", "/permissions/gr_unknown"]:
            for name, value in known.items():
                path = path.replace(name, value)  # noqa: PLW2901 - filled in step by step
            path = path.replace("{platform}", "zalo")  # noqa: PLW2901
            check_headers(await browser.get(path))
            check_headers(await stranger.get(path))


async def test_redirects_and_refusals_have_them_too(origin: Origin, browser: Browser) -> None:
    """A 303, a 204, a 403 and a 415 are answers of the origin like any other."""
    path = await origin.ask()
    check_headers(await browser.submit(path, {"decision": "stay"}))
    check_headers(await browser.submit(path, {"decision": "refuse"}))
    check_headers(await browser.post("/permissions", {}))
    check_headers(await browser.post("/permissions", "x", headers={"Content-Type": "text/plain"}))


async def test_the_stylesheet_is_ours_and_fixed(origin: Origin, browser: Browser) -> None:
    """The one asset of a page is on this origin, cached for ever under its hash, and never sniffed."""
    page = await browser.get("/")
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert address.startswith("/static/")
    sheet = await browser.get(address)
    assert sheet.status == 200
    assert "immutable" in sheet.headers["Cache-Control"]
    assert sheet.headers["X-Content-Type-Options"] == "nosniff"
    assert "http://" not in page.text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "given,is_kept", [("abcDEF-123._", True), ("short", False), ("a b c d e f g", False), ("x" * 65, False)]
)
async def test_request_ids_are_taken_over_when_well_formed(browser: Browser, given: str, *, is_kept: bool) -> None:
    """A well-formed X-Request-ID comes back and stands on the error page; another is replaced."""
    page = await browser.get("/nowhere", **{"X-Request-ID": given})
    assert (page.headers["X-Request-ID"] == given) is is_kept
    assert page.headers["X-Request-ID"] in page.text


async def test_a_bug_shows_no_internals(
    origin: Origin, browser: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody expected is 500 with a request id: no trace, no name of a module, no message, also not in the log."""

    async def fail(*_: object) -> None:
        raise ZeroDivisionError("so dien thoai 84000000101 (mau)")

    monkeypatch.setattr("gateway.doors.person.permissions.read_own", fail)
    page = await browser.get("/permissions")
    assert page.status == 500
    check_headers(page)
    for inner in ("ZeroDivision", "Traceback", "gateway.", "84000000101", ".py"):
        assert inner not in page.text
    written = capsys.readouterr()
    assert "84000000101" not in written.out + written.err
    assert "ZeroDivisionError" in written.out + written.err


async def test_silence_of_the_database_is_told(
    origin: Origin, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the authority gives no answer the page is 503, says when to come again, and lets nobody in."""

    def fail(*_: object) -> None:
        raise Unavailable("database", retry_after_seconds=7)

    monkeypatch.setattr(type(origin.scene.house.storage), "read", fail)
    page = await browser.get("/permissions")
    assert (page.status, page.headers["Retry-After"]) == (503, "7")
    check_headers(page)


async def test_large_forms_are_refused(browser: Browser) -> None:
    """A form beyond the limit is 413 and the connection closes."""
    page = await browser.post("/permissions", {"action": "x" * 70_000})
    assert page.status == 413
    assert page.headers["Connection"] == "close"
    check_headers(page)
