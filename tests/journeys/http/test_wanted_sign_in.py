"""An app may want a new sign-in, and whom it expects stands in the form (RFC 9470, OpenID Connect Core 3.1.2.1)."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from gateway.acts.open_request import Wishes
from gateway.acts.register import NewPerson, add_person
from gateway.records.apps.tables import apps
from gateway.records.ledger.types import Actor
from gateway.records.people.types import PASSWORD_ACR, Person, Role
from gateway.records.requests.types import Prompt
from tests.house import PUBLIC_URL, REDIRECT_URI
from tests.journeys.http.oidc_stage import Stage
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


def asked_of(url: str) -> dict[str, str]:
    """Return what a provider is asked for about the sign-in itself."""
    asked = parse_qs(urlsplit(url).query)
    return {name: asked[name][0] for name in ("max_age", "prompt", "acr_values", "login_hint") if name in asked}


@pytest.mark.parametrize(
    "wishes,asked",
    [
        (Wishes(max_age_seconds=60), {"max_age": "60"}),
        (LOGIN, {"max_age": "0", "prompt": "login"}),
        (Wishes(prompts=(Prompt.CONSENT, Prompt.SELECT_ACCOUNT)), {"max_age": "0", "prompt": "login"}),
        (Wishes(acr_values=("phr", PASSWORD_ACR, "mfa")), {"max_age": "0", "acr_values": "phr mfa"}),
        (Wishes(max_age_seconds=60, login_hint="chu-1"), {"max_age": "60"}),
    ],
)
async def test_a_provider_is_asked_for_what_the_app_wants(
    stage: Stage, stranger: Browser, wishes: Wishes, asked: dict[str, str]
) -> None:
    """Whoever signs in elsewhere presses once: the page says why, the app's wish goes there, the screen comes back."""
    clock = stage.origin.scene.clock
    ten_minutes_old = int(clock.now().timestamp()) - 600
    await stage.sign_in(stranger, "u-1", auth_time=ten_minutes_old, acr="pwd")
    clock.advance(0.7)  # auth_time is in whole seconds, and the request is not
    path = await stage.origin.ask(wishes=wishes)
    sent = (await stranger.get(path)).location
    page = await stranger.get(sent)
    assert "muốn bạn đăng nhập lại ngay bây giờ" in page.words
    done = await stranger.post("/sign-in/oidc", {"csrf_token": page.token, "return_to": path})
    assert asked_of(done.location) == asked
    back = await stranger.get(
        stage.provider.authorise(done.location, "u-1", auth_time=int(clock.now().timestamp()), acr="phr")
    )
    assert back.location == path
    for _ in range(2):
        assert (await stranger.get(path)).status == 200


async def test_a_provider_whose_clock_is_slow_sends_nobody_round(stage: Stage, stranger: Browser) -> None:
    """It asked the person for this very request, and its clock says half a minute before: within what clocks may."""
    path = await stage.origin.ask(wishes=Wishes(prompts=(Prompt.LOGIN,), max_age_seconds=10))
    slow = int(stage.origin.scene.clock.now().timestamp()) - 30
    assert (await stage.sign_in(stranger, "u-1", path, auth_time=slow)).location == path
    assert (await stranger.get(path)).status == 200


async def test_a_session_of_before_gets_no_slack(stage: Stage, stranger: Browser) -> None:
    """Signed in a second ago, before the app asked for a new sign-in: that is not one."""
    await stage.sign_in(stranger, "u-1", auth_time=int(stage.origin.scene.clock.now().timestamp()))
    stage.origin.scene.clock.advance(1)
    path = await stage.origin.ask(wishes=LOGIN)
    assert (await stranger.get(path)).location.startswith("/sign-in?return_to=")


async def test_an_old_proof_that_the_provider_sends_back_is_refused(stage: Stage, stranger: Browser) -> None:
    """A provider that does not do as it was asked: the page says that it failed, and nobody is in."""
    path = await stage.origin.ask(wishes=LOGIN)
    old = int(stage.origin.scene.clock.now().timestamp()) - 600
    assert await stage.failed(stranger, await stage.sign_in(stranger, "u-1", path, auth_time=old)) == (
        502,
        "provider_refused",
    )


async def test_who_lingers_at_the_provider_is_not_refused(stage: Stage, stranger: Browser) -> None:
    """Five minutes of the provider's own pages after its question: it was asked after the person set out."""
    path = await stage.origin.ask(wishes=LOGIN)
    url = await stage.start(stranger, return_to=path)
    asked_at = int(stage.origin.scene.clock.now().timestamp())
    stage.origin.scene.clock.advance(300)
    back = await stranger.get(stage.provider.authorise(url, "u-1", auth_time=asked_at))
    assert back.location == path
    assert (await stranger.get(path)).status == 200


async def test_the_narrower_of_two_wishes_goes_to_the_provider(stage: Stage, stranger: Browser) -> None:
    """What a page of ours wants does not loosen what the app wants, nor the other way round."""
    for seconds, sent in ((60, "60"), (86400, "900")):
        path = await stage.origin.ask(wishes=Wishes(max_age_seconds=seconds))
        assert asked_of(await stage.start(stranger, again="1", return_to=path)) == {"max_age": sent}


async def test_a_first_sign_in_is_not_called_a_second(stage: Stage, stranger: Browser) -> None:
    """Nobody is signed in: no word of again, and the provider is asked for what the app wants at once."""
    path = await stage.origin.ask(wishes=Wishes(max_age_seconds=60))
    page = await stranger.get((await stranger.get(path)).location)
    assert "đăng nhập lại" not in page.words
    assert asked_of(await stage.start(stranger, return_to=path)) == {"max_age": "60"}
