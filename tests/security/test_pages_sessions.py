"""Sessions cannot be fixed, carried on, or read; the way back after sign-in is always our own."""

from collections.abc import AsyncIterator

import pytest

from gateway.acts.register import NewPerson, add_person
from gateway.doors.person.own_paths import own_path
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from tests.journeys.http.origin import Browser, Origin, Page

PASSWORD = "mật khẩu đúng (mẫu)"


@pytest.fixture
async def browser(origin: Origin) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in, of someone who has a password."""
    hashed_password = await origin.door.passwords.hash_password(PASSWORD)
    wanted = NewPerson("chu-shop", "Chủ shop (mẫu)", frozenset({Role.OWNER}), hashed_password)
    await add_person(origin.scene.house, wanted, Actor.system())
    async with origin.browser() as browser:
        yield browser


async def sign_in(browser: Browser, return_to: str = "") -> Page:
    """Sign in with the right password."""
    return await browser.submit("/sign-in", {"login": "chu-shop", "password": PASSWORD, "return_to": return_to})


async def test_a_session_cannot_be_fixed(origin: Origin, browser: Browser) -> None:
    """A session value planted before sign-in, live or made up, is not the one that sign-in gives, and opens nothing."""
    async with origin.browser() as attacker:
        await attacker.sign_in_as(origin.scene.other_owner)
        planted = attacker.cookies()["quyen_session"]
        browser.keep("quyen_session", planted)
        done = await sign_in(browser)
        assert done.status == 303
        assert browser.cookies()["quyen_session"] != planted
        assert (await attacker.get("/permissions")).status == 303


async def test_each_sign_in_is_a_session_of_its_own(browser: Browser) -> None:
    """Signing in again gives another value and ends the one before, in this browser."""
    await sign_in(browser)
    first = browser.cookies()["quyen_session"]
    await sign_in(browser)
    assert browser.cookies()["quyen_session"] != first
    browser.keep("quyen_session", first)
    assert (await browser.get("/permissions")).location.startswith("/sign-in")


async def test_cookies_have_every_flag(browser: Browser) -> None:
    """Scripts cannot read them, other sites' forms do not carry them, and they go to this host alone."""
    page = await browser.get("/sign-in")
    done = await sign_in(browser)
    cookies = page.headers.getall("Set-Cookie") + done.headers.getall("Set-Cookie")
    assert len(cookies) == 3
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


async def test_a_fresh_browser_gets_no_cookie_it_does_not_need(browser: Browser) -> None:
    """The first page sets none; a page with a form sets the one that the form rests on (R85)."""
    await browser.get("/")
    assert browser.cookies() == {}
    await browser.get("/sign-in")
    assert set(browser.cookies()) == {"quyen_form"}


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "\\\\evil.example",
    "/%2f/evil.example",
    "/%2F%2Fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "/ /evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "@evil.example",
    "/permissions@evil.example//x",
    "/permissions//evil.example",
    "/.//evil.example",
    "/permissions#//evil.example",
    "/permissions\r\nSet-Cookie: a=b",
    "/permissions?x=\\evil",
    "/" + "a" * 5000,
    "",
]


@pytest.mark.parametrize("raw_path", ELSEWHERE)
async def test_sign_in_never_leads_elsewhere(browser: Browser, raw_path: str) -> None:
    """Whatever stands in return_to, in the form or in the address, the browser stays here: at the first page."""
    assert own_path(raw_path) == "/"
    done = await sign_in(browser, raw_path.replace("\r\n", "%0d%0a"))
    assert done.location == "/"


@pytest.mark.parametrize(
    "path",
    ["/", "/permissions", "/permissions/gr_1?lang=en", "/oauth/authorize?scope=a%20b&state=x%2F", "/.well-known/x"],
)
def test_own_paths_are_kept(path: str) -> None:
    """Paths of this origin, with their queries, come back as they were."""
    assert own_path(path) == path


async def test_passwords_are_never_shown(
    origin: Origin, browser: Browser, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A password typed in either field's form stands in no page, no address and no log line."""
    secret = "bi-mat-7Qz9"
    pages = [await browser.submit("/sign-in", {"login": "chu-shop", "password": secret}) for _ in range(11)]
    written = capsys.readouterr()
    assert {page.status for page in pages} == {401, 429}
    assert not [page for page in pages if secret in page.text or secret in str(page.headers)]
    assert secret not in caplog.text + written.out + written.err
