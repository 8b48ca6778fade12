"""Signing in and out: one text for every wrong answer, limits, the way back, and a session that ends."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import pytest

from gateway.acts.register import NewPerson, add_person
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Person, Role
from tests.journeys.http.origin import Browser, Origin, Page

PASSWORD = "mật khẩu đúng (mẫu)"


@pytest.fixture
async def person(origin: Origin) -> Person:
    """Add someone with a password."""
    hashed_password = await origin.door.passwords.hash_password(PASSWORD)
    wanted = NewPerson("chu-shop", "Chủ shop (mẫu)", frozenset({Role.OWNER}), hashed_password)
    return await add_person(origin.scene.house, wanted, Actor.system())


@pytest.fixture
async def stranger(origin: Origin) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with origin.browser() as browser:
        yield browser


async def sign_in(browser: Browser, login: str, password: str, return_to: str = "") -> Page:
    """Fill in the form and send it."""
    fields = {"login": login, "password": password, "return_to": return_to}
    return await browser.submit("/sign-in", fields)


async def test_the_right_password_lets_in(person: Person, stranger: Browser) -> None:
    """A protected page leads to sign-in and, after it, back to where the person wanted to go."""
    first = await stranger.get("/permissions?state=granted&lang=en")
    assert first.location == "/sign-in?return_to=%2Fpermissions%3Fstate%3Dgranted%26lang%3Den&lang=en"
    done = await sign_in(stranger, "chu-shop", PASSWORD, "/permissions?state=granted")
    assert done.location == "/permissions?state=granted"
    assert (await stranger.get(done.location)).status == 200


async def test_without_a_way_back_it_leads_to_the_first_page(person: Person, stranger: Browser) -> None:
    """No return_to, no guess: the first page, which now names the person."""
    done = await sign_in(stranger, "chu-shop", PASSWORD)
    assert done.location == "/"
    assert "Chủ shop (mẫu)" in (await stranger.get("/")).words


async def test_a_password_in_another_spelling_of_the_same_letters_is_right(person: Person, stranger: Browser) -> None:
    """Keyboards write "ậ" as one sign or as three; both are the same password."""
    assert (await sign_in(stranger, "chu-shop", unicodedata.normalize("NFD", PASSWORD))).status == 303


@pytest.mark.parametrize("login,password", [("chu-shop", "sai"), ("khong-co", PASSWORD), ("chu-1", ""), ("", "")])
async def test_every_wrong_answer_looks_the_same(
    person: Person, stranger: Browser, origin: Origin, login: str, password: str
) -> None:
    """A wrong password, an unknown login and a person without a password get one page, 401, and no session."""
    page = await sign_in(stranger, login, password)
    assert page.status == 401
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in page.words
    assert "quyen_session" not in stranger.cookies()
    assert not password or password not in page.text


async def test_a_form_sent_after_the_session_ended_leads_back_to_a_page(person: Person, origin: Origin) -> None:
    """Signing out twice ends on the first page; a decision comes back to its consent page; neither is a 405."""
    consent = await origin.ask()
    for path, wanted in (("/sign-out", "/"), (consent, consent), (f"{consent}?lang=en", f"{consent}?lang=en")):
        async with origin.browser() as browser:
            refused = await browser.post(path, {"decision": "agree"})
            assert refused.location.partition("&")[0] == f"/sign-in?return_to={quote(wanted, safe='')}"
            done = await sign_in(browser, "chu-shop", PASSWORD, refused.answer["return_to"])
            assert (await browser.get(done.location)).status == 200


async def test_ten_failures_make_the_person_wait(person: Person, stranger: Browser, origin: Origin) -> None:
    """After ten wrong passwords even the right one waits, for this login alone, and time frees it."""
    for _ in range(10):
        assert (await sign_in(stranger, "chu-shop", "sai")).status == 401
    limited = await sign_in(stranger, "chu-shop", PASSWORD)
    assert limited.status == 429
    assert 0 < int(limited.headers["Retry-After"]) <= 15 * 60
    assert (await sign_in(stranger, "khac", "sai")).status == 401
    origin.scene.clock.advance(timedelta(minutes=15))
    assert (await sign_in(stranger, "chu-shop", PASSWORD)).status == 303


async def test_of_many_guesses_at_once_ten_are_told_that_they_are_wrong(
    person: Person, stranger: Browser, origin: Origin
) -> None:
    """The right password beside ten wrong ones is not let in, and is answered like a wrong one that came too late."""
    token = (await stranger.get("/sign-in")).token
    guesses = [*(f"sai {number}" for number in range(12)), PASSWORD]
    fields = [{"login": "chu-shop", "password": guess, "csrf_token": token} for guess in guesses]
    pages = await asyncio.gather(*(stranger.post("/sign-in", each) for each in fields))
    assert sorted(page.status for page in pages) == [401] * 10 + [429] * 3
    assert pages[-1].status == 429
    assert "quyen_session" not in stranger.cookies()


async def test_signing_out_ends_the_session(person: Person, stranger: Browser) -> None:
    """After sign-out the cookie is gone and its value, kept by someone, opens nothing."""
    await sign_in(stranger, "chu-shop", PASSWORD)
    kept = stranger.cookies()["quyen_session"]
    done = await stranger.submit("/sign-out", {}, page="/permissions")
    assert done.location == "/"
    assert "quyen_session" not in stranger.cookies()
    stranger.keep("quyen_session", kept)
    assert (await stranger.get("/permissions")).location.startswith("/sign-in")


@pytest.mark.parametrize("hours,lives", [(11, True), (12, False)])
async def test_a_session_ends_when_nobody_uses_it(
    person: Person, stranger: Browser, origin: Origin, *, hours: int, lives: bool
) -> None:
    """Twelve hours without a page end it."""
    await sign_in(stranger, "chu-shop", PASSWORD)
    origin.scene.clock.advance(timedelta(hours=hours))
    assert ((await stranger.get("/permissions")).status == 200) is lives


async def test_sign_in_says_for_which_app(person: Person, stranger: Browser, origin: Origin) -> None:
    """Sign-in that continues an app's request names the app and lets the form lead on to it."""
    path = await origin.ask()
    page = await stranger.get(f"/sign-in?return_to={path}")
    assert "Sổ bán hàng (mẫu)" in page.words
    assert page.policy == "'self' http:"
    assert (await stranger.get("/sign-in")).policy == "'self'"
