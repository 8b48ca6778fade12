"""Sign-in at a provider, by a browser without JavaScript: out, back, in; and a page for each way in which it fails."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import web

from gateway.acts.identities import link_identity
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.people import store as people
from gateway.records.people.types import LONG_AGO, PASSWORD_ACR, Role
from tests.journeys.http.oidc_stage import NAME, Stage, add_with_password, set_out_to_prove, sign_in_by_password
from tests.journeys.http.origin import Browser, Origin
from tests.stand_ins.provider import CALLBACK


async def test_the_button_leads_out_and_back_in(stage: Stage, stranger: Browser) -> None:
    """The page names the provider and lets the form lead there; the way back ends where the person wanted to go."""
    page = await stranger.get("/sign-in?return_to=/permissions")
    assert f"Đăng nhập bằng {NAME}" in page.words
    assert page.policy == "'self' http:"
    assert page.text.index("/sign-in/oidc") < page.text.index('id="password"')
    url = await stage.start(stranger, return_to="/permissions")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{stage.provider.base}/authorize?")
    assert asked["scope"] == "openid profile"
    assert asked["redirect_uri"] == CALLBACK
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == len(asked["state"]) == len(asked["nonce"]) == 43
    assert {"max_age", "prompt"} & set(asked) == set()
    back = await stranger.get(stage.provider.authorise(url, "u-1", name="Người Mới (mẫu)"))
    assert back.location == "/permissions"
    shown = await stranger.get(back.location)
    assert shown.status == 200
    assert "Người Mới (mẫu)" in shown.words
    assert "quyen_form" not in stranger.cookies()


async def test_a_new_subject_is_a_new_person(stage: Stage, stranger: Browser) -> None:
    """A person without password or staff role, in the log with the issuer and without a name in the clear."""
    await stage.sign_in(stranger, "u-1", name="N\u202egười\u200b  Mới")
    person = await stage.find_person("u-1")
    assert person is not None
    assert (person.name, person.roles, person.hashed_password) == ("Người Mới", frozenset({Role.OWNER}), None)
    async with stage.origin.scene.house.storage.read() as connection:
        search = reading.Search(kinds=[Kind.PERSON_ADDED])
        record = (await reading.list_records(connection, search, 1))[0]
    assert record.facts == {"person": person.id, "roles": ["owner"], "issuer": stage.provider.base}
    assert b"u-1" not in record.canonical
    await stage.sign_in(stranger, "u-1", name="Tên khác")
    assert await stage.find_person("u-1") == person


async def test_the_same_mail_address_is_another_person(stage: Stage, stranger: Browser) -> None:
    """Neither e-mail nor name nor login finds a person: only issuer and subject do."""
    known = await add_with_password(stage, "an@shop.example", Role.OWNER)
    mail = "an@shop.example"
    await stage.sign_in(stranger, "u-2", email=mail, email_verified=True, preferred_username=mail)
    person = await stage.find_person("u-2")
    assert person is not None
    assert person.id != known.id
    assert person.name == "an@shop.example"
    assert person.login.startswith("oidc-")


@pytest.mark.parametrize(
    "userinfo,name",
    [
        ({"sub": "u-3", "name": "Từ userinfo (mẫu)"}, "Từ userinfo (mẫu)"),
        ({"sub": "u-3", "preferred_username": "tu-userinfo"}, "tu-userinfo"),
        ({"sub": "u-other", "name": "Người khác"}, None),
        ({"sub": "u-3", "name": 7}, None),
    ],
)
async def test_a_name_may_come_from_userinfo(
    stage: Stage, stranger: Browser, userinfo: dict[str, object], name: str | None
) -> None:
    """An ID token without a name is followed by one question, whose answer must be about the same subject."""
    stage.provider.lies.userinfo = userinfo
    assert (await stage.sign_in(stranger, "u-3")).location == "/"
    person = await stage.find_person("u-3")
    assert person is not None
    assert person.name == (name or person.login)


async def test_a_silent_userinfo_keeps_nobody_out(stage: Stage, stranger: Browser) -> None:
    """A name is not worth a failed sign-in; without such an address nothing is asked at all."""
    stage.provider.lies.answer["/me"] = lambda: _text("no", 500)
    assert (await stage.sign_in(stranger, "u-4")).location == "/"
    async with stage.origin.browser() as other:
        assert (await stage.sign_in(other, "u-5", preferred_username="x")).location == "/"
    assert stage.provider.asked.count("/me") == 1


async def test_the_session_tells_how_it_was_proven(stage: Stage, stranger: Browser) -> None:
    """auth_time, acr and sid stand on the session; without auth_time it is too long ago for anyone who asks."""
    at = stage.origin.scene.clock.now() - timedelta(hours=3)
    await stage.sign_in(stranger, "u-1", auth_time=int(at.timestamp()), acr="phr", sid="s-1")
    session = await stage.find_session(stranger)
    assert session.authenticated_at == at.replace(microsecond=0)
    assert (session.acr, session.issuer, session.subject, session.sid) == ("phr", stage.provider.base, "u-1", "s-1")
    async with stage.origin.browser() as other:
        await stage.sign_in(other, "u-1")
        session = await stage.find_session(other)
        assert (session.authenticated_at, session.acr, session.sid) == (LONG_AGO, None, None)


async def test_a_password_session_says_so(stage: Stage, stranger: Browser) -> None:
    """A password is a proof made now, with a word of our own for its strength."""
    await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "an")
    session = await stage.find_session(stranger)
    assert (session.authenticated_at, session.acr) == (stage.origin.scene.clock.now(), PASSWORD_ACR)
    assert session.issuer is None


async def test_the_language_comes_back_with_the_person(stage: Stage, stranger: Browser) -> None:
    """Who set out in English lands in English, also on the page of a failure; no code stays in an address."""
    page = await stranger.get("/sign-in?lang=en")
    assert "Sign in with Company (mẫu)" in page.words
    out = await stranger.post("/sign-in/oidc?lang=en", {"csrf_token": page.token, "return_to": "/permissions"})
    stage.provider.lies.claims = {"nonce": "x"}
    back = await stranger.get(stage.provider.authorise(out.location, "u-1"))
    assert back.location == "/sign-in/failed?why=sign_in_nonce&lang=en"
    shown = await stranger.get(back.location)
    assert "This answer belongs to another sign-in" in shown.words
    assert "code-0" not in shown.text
    stage.provider.lies.claims = {}
    page = await stranger.get("/sign-in?lang=en")
    out = await stranger.post("/sign-in/oidc?lang=en", {"csrf_token": page.token, "return_to": "/permissions"})
    back = await stranger.get(stage.provider.authorise(out.location, "u-1"))
    assert back.location == "/permissions?lang=en"


async def test_sign_in_never_leads_elsewhere(stage: Stage, stranger: Browser) -> None:
    """A return_to of another origin is the first page."""
    assert (await stage.sign_in(stranger, "u-1", "https://evil.example/")).location == "/"
    async with stage.origin.browser() as other:
        assert (await stage.sign_in(other, "u-1", "//evil.example")).location == "/"


async def test_starting_needs_a_form_of_our_own(stage: Stage, stranger: Browser) -> None:
    """Another site can neither send somebody out nor choose as whom they come back: a form token, and no GET."""
    token = (await stranger.get("/sign-in")).token
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await stranger.post("/sign-in/oidc", {"csrf_token": token}, headers=foreign)).status == 403
    assert (await stranger.post("/sign-in/oidc", {"csrf_token": "x"})).status == 403
    assert (await stranger.get("/sign-in/oidc")).status == 405
    assert stage.provider.asked == []


async def test_a_return_of_another_browser_lets_nobody_in(stage: Stage, stranger: Browser) -> None:
    """Login CSRF: an attacker's own return, opened in the victim's browser, signs the victim in as nobody."""
    path = stage.provider.authorise(await stage.start(stranger, return_to="/"), "attacker")
    async with stage.origin.browser() as victim:
        assert await stage.failed(victim, await victim.get(path)) == (400, "sign_in_state")
        await victim.get("/sign-in")  # a victim who has a form cookie of their own
        assert await stage.failed(victim, await victim.get(path)) == (400, "sign_in_state")
    assert "/token" not in stage.provider.asked
    assert (await stranger.get(path)).location == "/"  # the victim's tries spent nothing


@pytest.mark.parametrize("state", [None, "", "x" * 43])
async def test_a_state_that_is_not_ours_is_refused(stage: Stage, stranger: Browser, state: str | None) -> None:
    """Missing, empty and made up."""
    path = stage.provider.authorise(await stage.start(stranger), "u-1")
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()} | {"state": state or ""}
    query = {name: value for name, value in query.items() if name != "state" or state is not None}
    page = await stranger.get(f"/sign-in/oidc/callback?{urlencode(query)}")
    assert await stage.failed(stranger, page) == (400, "sign_in_state")


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
async def test_a_parameter_that_stands_twice_is_refused(stage: Stage, stranger: Browser, name: str) -> None:
    """Which one counts is never guessed."""
    path = stage.provider.authorise(await stage.start(stranger), "u-1") + f"&{name}=x&{name}=y"
    assert await stage.failed(stranger, await stranger.get(path)) == (400, "sign_in_state")


async def test_a_return_counts_once(stage: Stage, stranger: Browser) -> None:
    """A replay of a return that let somebody in, or failed, is told as such, and exchanges nothing."""
    path = stage.provider.authorise(await stage.start(stranger), "u-1")
    form_cookie = stranger.cookies()["quyen_form"]
    assert (await stranger.get(path)).location == "/"
    async with stage.origin.browser() as again:
        again.keep("quyen_form", form_cookie)
        assert await stage.failed(again, await again.get(path)) == (409, "sign_in_replayed")
    assert stage.provider.asked.count("/token") == 1


async def test_of_eight_returns_at_once_one_counts(stage: Stage, stranger: Browser) -> None:
    """Single use is one atomic write."""
    path = stage.provider.authorise(await stage.start(stranger), "u-1")
    pages = await asyncio.gather(*(stranger.get(path) for _ in range(8)))
    assert sorted(page.location for page in pages) == ["/", *["/sign-in/failed?why=sign_in_replayed"] * 7]
    assert stage.provider.asked.count("/token") == 1


@pytest.mark.parametrize("late,outcome", [(timedelta(0), (410, "sign_in_expired")), (-timedelta(seconds=1), None)])
async def test_a_return_is_late_after_ten_minutes(
    stage: Stage, stranger: Browser, late: timedelta, outcome: tuple[int, str] | None
) -> None:
    """Not a second before."""
    url = await stage.start(stranger)
    stage.origin.scene.clock.advance(timedelta(minutes=10) + late)
    page = await stranger.get(stage.provider.authorise(url, "u-1"))
    if outcome is None:
        assert page.location == "/"
    else:
        assert await stage.failed(stranger, page) == outcome


@pytest.mark.parametrize(
    "error,outcome",
    [
        ("access_denied", (403, "provider_denied")),
        ("login_required", (403, "provider_denied")),
        ("server_error", (502, "provider_refused")),
        ("<script>", (502, "provider_refused")),
    ],
)
async def test_a_no_at_the_provider_is_told(
    stage: Stage, stranger: Browser, error: str, outcome: tuple[int, str]
) -> None:
    """The person's own no and the provider's trouble are two pages, and either spends the state."""
    url = await stage.start(stranger)
    state = parse_qs(urlsplit(url).query)["state"][0]
    path = f"/sign-in/oidc/callback?{urlencode({'error': error, 'state': state, 'iss': stage.provider.base})}"
    page = await stranger.get(path)
    assert await stage.failed(stranger, page) == outcome
    assert await stage.failed(stranger, await stranger.get(path)) == (409, "sign_in_replayed")


async def test_a_return_without_an_answer_is_refused(stage: Stage, stranger: Browser) -> None:
    """Neither code nor error."""
    state = parse_qs(urlsplit(await stage.start(stranger)).query)["state"][0]
    path = f"/sign-in/oidc/callback?{urlencode({'state': state, 'iss': stage.provider.base})}"
    assert await stage.failed(stranger, await stranger.get(path)) == (502, "provider_refused")


async def test_a_provider_that_is_down_is_told_before_and_after(stage: Stage, stranger: Browser) -> None:
    """Down at the start, or at the exchange: 503 with a hint, in both languages, and a password still lets in."""
    stage.provider.lies.answer["/.well-known/openid-configuration"] = lambda: _text("down", 503)
    page = await stranger.get("/sign-in")
    out = await stranger.post("/sign-in/oidc?lang=en", {"csrf_token": page.token})
    assert await stage.failed(stranger, out) == (503, "provider_silent")
    shown = await stranger.get(out.location)
    assert "The sign-in provider does not answer" in shown.words
    assert int(shown.headers["Retry-After"]) > 0
    await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "an")
    stage.provider.lies.answer.clear()
    stage.origin.scene.clock.advance(timedelta(seconds=6))
    async with stage.origin.browser() as other:
        url = await stage.start(other)
        stage.provider.lies.answer["/token"] = lambda: _text("down", 503)
        back = await other.get(stage.provider.authorise(url, "u-1"))
        assert await stage.failed(other, back) == (503, "provider_silent")


@pytest.mark.parametrize("why", ["", "internal", "forbidden", "<b>"])
async def test_the_page_of_failures_shows_failures_only(stage: Stage, stranger: Browser, why: str) -> None:
    """Nobody can make it say something else."""
    assert (await stranger.get(f"/sign-in/failed?{urlencode({'why': why})}")).status == 404


async def test_starting_is_limited(stage: Stage, stranger: Browser) -> None:
    """Each start keeps a row, so an address has its limit."""
    token = (await stranger.get("/sign-in")).token
    statuses = [(await stranger.post("/sign-in/oidc", {"csrf_token": token})).status for _ in range(301)]
    assert statuses[:300] == [303] * 300
    assert statuses[300] == 429


async def test_without_a_provider_nothing_of_it_exists(origin: Origin) -> None:
    """No button, no route, no page."""
    async with origin.browser() as stranger:
        page = await stranger.get("/sign-in")
        assert "/sign-in/oidc" not in page.text
        assert page.policy == "'self'"
        for path in ("/sign-in/oidc/callback", "/sign-in/failed?why=sign_in_state", "/signed-out", "/sign-in/ways"):
            assert (await stranger.get(path)).status == 404
        for path in ("/sign-in/oidc", "/sign-in/oidc/logout", "/sign-in/ways"):
            assert (await stranger.post(path, {})).status == 404
        assert "/sign-in/ways" not in (await (await stranger.sign_in_as(origin.scene.owner)).get("/permissions")).text


async def test_staff_roles_come_from_an_operator_alone(stage: Stage, stranger: Browser) -> None:
    """An identity gives a staff role only where an operator tied it; a role given later does not open it either."""
    await stage.sign_in(stranger, "u-1")
    person = await stage.find_person("u-1")
    assert person is not None
    house = stage.origin.scene.house
    async with house.storage.unit() as unit:
        await people.set_roles(unit.connection, person.id, frozenset({Role.OPERATOR}))
        await unit.commit()
    async with stage.origin.browser() as again:
        assert await stage.failed(again, await stage.sign_in(again, "u-1")) == (403, "identity_staff")
        await link_identity(house, person.login, stage.provider.base, subject="u-1", actor=Actor.system())
        assert (await stage.sign_in(again, "u-1")).location == "/"


async def test_a_step_up_proves_the_same_person_again(stage: Stage, stranger: Browser) -> None:
    """With max_age 0 the provider is asked for a proof made now; a fresh session carries it, and the old one ends."""
    clock = stage.origin.scene.clock
    await stage.sign_in(stranger, "u-1", auth_time=int(clock.now().timestamp()))
    before = stranger.cookies()["quyen_session"]
    clock.advance(timedelta(hours=2))
    url = await set_out_to_prove(stage, stranger, max_age_seconds=0)
    assert parse_qs(urlsplit(url).query)["max_age"] == ["0"]
    assert parse_qs(urlsplit(url).query)["prompt"] == ["login"]
    back = await stranger.get(stage.provider.authorise(url, "u-1", auth_time=int(clock.now().timestamp()), acr="mfa"))
    assert back.location == "/permissions"
    session = await stage.find_session(stranger)
    assert (session.authenticated_at, session.acr) == (clock.now().replace(microsecond=0), "mfa")
    assert stranger.cookies()["quyen_session"] != before
    stranger.keep("quyen_session", before)
    assert (await stranger.get("/permissions")).location.startswith("/sign-in")


@pytest.mark.parametrize(
    "subject,age,why",
    [("u-2", 0, "identity_other"), ("u-1", 61, "provider_refused"), ("u-1", None, "provider_refused")],
)
async def test_a_step_up_that_proves_less_changes_nothing(
    stage: Stage, stranger: Browser, subject: str, age: int | None, why: str
) -> None:
    """Another person, an old proof, or one without a time: the session stays as it was."""
    clock = stage.origin.scene.clock
    async with stage.origin.browser() as other:
        await stage.sign_in(other, "u-2")
    await stage.sign_in(stranger, "u-1")
    before = stranger.cookies()["quyen_session"]
    url = await set_out_to_prove(stage, stranger, max_age_seconds=0)
    at = {} if age is None else {"auth_time": int(clock.now().timestamp()) - age}
    back = await stranger.get(stage.provider.authorise(url, subject, **at))
    assert back.location == f"/sign-in/failed?why={why}"
    assert stranger.cookies()["quyen_session"] == before
    assert (await stage.find_session(stranger)).authenticated_at == LONG_AGO


async def test_a_step_up_ends_with_the_session_that_began_it(stage: Stage, stranger: Browser) -> None:
    """Signed out meanwhile: the return is nobody's, and is not even exchanged."""
    await stage.sign_in(stranger, "u-1")
    kept = stranger.cookies()["quyen_session"]
    url = await set_out_to_prove(stage, stranger, max_age_seconds=0)
    await stranger.submit("/sign-out", {}, page="/permissions")
    stranger.keep("quyen_session", kept)
    exchanged = stage.provider.asked.count("/token")
    back = await stranger.get(stage.provider.authorise(url, "u-1"))
    assert back.location == "/sign-in/failed?why=sign_in_state"
    assert stage.provider.asked.count("/token") == exchanged


def _text(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status)
