"""An app may want a new sign-in, and whom it expects stands in the form (RFC 9470, OpenID Connect Core 3.1.2.1)."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import update

from gateway.acts.open_request import Wishes
from gateway.acts.register import NewPerson, add_person
from gateway.records.apps.tables import apps
from gateway.records.ledger.types import Actor
from gateway.records.people.types import PASSWORD_ACR, Person, Role
from gateway.records.requests.types import Prompt
from tests.house import PUBLIC_URL, REDIRECT_URI
from tests.journeys.http.origin import Browser, Origin

LOGIN = Wishes(prompts=(Prompt.LOGIN,))
PASSWORD = "một câu đủ dài (mẫu)"
UNMET = "unmet_authentication_requirements"


@pytest.fixture
async def person(origin: Origin) -> Person:
    """Add someone with a password."""
    hashed = await origin.door.passwords.hash_password(PASSWORD)
    wanted = NewPerson("chu-3", "Chủ ba (mẫu)", frozenset({Role.OWNER}), hashed)
    return await add_person(origin.scene.house, wanted, Actor.system())


async def sign_in(browser: Browser, sent: str, person: Person) -> str:
    """Sign in where a redirect led, and return where that leads."""
    page = await browser.get(sent)
    hidden = re.search(r'name="return_to" value="([^"]+)"', page.text)
    assert hidden
    fields = {"login": person.login, "password": PASSWORD, "return_to": hidden[1], "csrf_token": page.token}
    return (await browser.post("/sign-in", fields)).location


@pytest.mark.parametrize("wishes", [LOGIN, Wishes(max_age_seconds=30), Wishes(prompts=(Prompt.SELECT_ACCOUNT,))])
async def test_an_old_session_is_sent_to_sign_in_and_back(
    origin: Origin, browser: Browser, person: Person, wishes: Wishes
) -> None:
    """The screen waits for a new sign-in, which may be somebody else's; then it is shown, once and for good."""
    origin.scene.clock.advance(31)
    path = await origin.ask(wishes=wishes)
    origin.scene.clock.advance(1)
    sent = (await browser.get(path)).location
    assert sent == f"/sign-in?return_to=%2Fconsent%2F{path.rpartition('/')[2]}"
    assert await sign_in(browser, sent, person) == path
    assert (await browser.get(path)).status == 200
    assert (await browser.get(path)).status == 200


async def test_a_fresh_session_is_not_sent_anywhere(origin: Origin, browser: Browser) -> None:
    """`max_age` that holds asks for nothing."""
    origin.scene.clock.advance(30)
    assert (await browser.get(await origin.ask(wishes=Wishes(max_age_seconds=30)))).status == 200


async def test_an_answer_of_an_old_session_decides_nothing(origin: Origin, browser: Browser, person: Person) -> None:
    """Another browser of the same person, signed in before: its form leads to sign-in, and the request stays open."""
    async with origin.browser() as old:
        await old.sign_in_as(person)
        token = (await old.get("/permissions")).token
        origin.scene.clock.advance(60)
        path = await origin.ask(wishes=LOGIN)
        origin.scene.clock.advance(1)
        await browser.sign_in_as(person)
        assert (await browser.get(path)).status == 200
        refused = await old.post(path, {"decision": "refuse", "csrf_token": token})
        assert refused.location.startswith("/sign-in?return_to=")
    assert (await browser.get(path)).status == 200


async def test_a_class_that_cannot_be_had_is_told_to_the_app(origin: Origin, browser: Browser, person: Person) -> None:
    """After one sign-in a reviewed app gets the error by redirect, with state and iss, and the request is over."""
    path = await origin.ask(wishes=Wishes(acr_values=("phr",)))
    origin.scene.clock.advance(1)
    async with origin.browser() as late:
        sent = (await late.get(path)).location
        assert await sign_in(late, sent, person) == path
        told = await late.get(path)
        assert told.location.startswith(REDIRECT_URI)
        assert told.answer["error"] == UNMET
        assert (told.answer["state"], told.answer["iss"]) == ("state-1", PUBLIC_URL)
        assert (await late.get(path)).status == 410


async def test_an_unreviewed_app_gets_nobody_by_redirect(origin: Origin, browser: Browser, person: Person) -> None:
    """The person gets a page with a link instead, and may stay."""
    async with origin.scene.house.storage.unit() as unit:
        await unit.connection.execute(update(apps).values(reviewed_at=None))
        await unit.commit()
    path = await origin.ask(wishes=Wishes(acr_values=("phr",)))
    await browser.sign_in_as(person)
    page = await browser.get(path)
    assert page.status == 403
    assert UNMET in page.text
    assert f"{REDIRECT_URI}?error={UNMET}" in page.text


async def test_a_password_is_the_class_that_is_announced(origin: Origin, browser: Browser, person: Person) -> None:
    """Asking for the class of a password is met by one."""
    path = await origin.ask(wishes=Wishes(acr_values=("phr", PASSWORD_ACR)))
    assert (await browser.get(path)).status == 200


async def test_whom_the_app_expects_stands_in_the_form(origin: Origin, person: Person) -> None:
    """A known login and an unknown one look alike: the hint is written into the field and compared with nothing."""
    pages = []
    for hint in (person.login, "khong-co-ai"):
        path = await origin.ask(wishes=replace(LOGIN, login_hint=hint))
        async with origin.browser() as browser:
            page = await browser.get((await browser.get(path)).location)
        assert f'name="login" type="text" value="{hint}"' in page.text
        pages.append(re.sub(r"csrf_token\" value=\"[^\"]+|rq_\w+", "", page.text.replace(hint, "…")))
    assert pages[0] == pages[1]


async def test_what_was_typed_counts_for_more_than_the_hint(origin: Origin, person: Person) -> None:
    """After a wrong try the form keeps what the person typed."""
    path = await origin.ask(wishes=replace(LOGIN, login_hint="ai-do"))
    async with origin.browser() as browser:
        page = await browser.get(f"/sign-in?return_to={path}")
        fields = {"login": person.login, "password": "sai", "return_to": path, "csrf_token": page.token}
        wrong = await browser.post("/sign-in", fields)
    assert wrong.status == 401
    assert f'value="{person.login}"' in wrong.text
    assert "ai-do" not in wrong.text


async def test_a_hint_is_plain_and_escaped(origin: Origin) -> None:
    """Marks that reorder text, and markup, do nothing in the form."""
    path = await origin.ask(wishes=replace(LOGIN, login_hint='"><b>\u202egmi'))
    async with origin.browser() as browser:
        page = await browser.get(f"/sign-in?return_to={path}")
    assert "<b>" not in page.text.split("<form")[1].split("</form>")[0]
    assert "\u202e" not in page.text
