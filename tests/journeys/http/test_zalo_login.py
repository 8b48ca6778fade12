"""A follower signs in as themself by Zalo Login: out, back, in, and every way in which it must fail."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from gateway.acts.identities import link_identity
from gateway.acts.register import NewPerson, add_person
from gateway.doors.person.provider import SignInProvider
from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Registration
from gateway.ground.storage.schema import metadata
from gateway.ground.vault.tokens import hashed
from gateway.platforms.zalo.login import ZaloApp, ZaloLogin
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.people import identities
from gateway.records.people import store as people
from gateway.records.people.types import LONG_AGO, Person, Role
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.seeds import BAKERY
from gateway.server.identity import FOLLOWERS
from tests.house import PUBLIC_URL, Scene
from tests.journeys.http.oidc_stage import PASSWORD
from tests.journeys.http.origin import Browser, Origin, Page, served
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, LOGIN_CALLBACK, ZaloCaller, zalo_config
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.provider import CALLBACK, CLIENT_ID, CLIENT_SECRET, LyingProvider

FAN, OTHER_FAN = BAKERY.followers[:2]
WAYS = "/sign-in/ways"


@dataclass(frozen=True)
class Fans:
    """The origin with Zalo Login beside an OpenID Provider, and the stand-in that people sign in at."""

    origin: Origin
    zalo: ZaloCaller
    login: ZaloLogin

    async def set_out(self, browser: Browser, return_to: str = "/permissions") -> str:
        """Press the button; return where the browser is sent."""
        page = await browser.get("/sign-in")
        return (await browser.post("/sign-in/zalo", {"csrf_token": page.token, "return_to": return_to})).location

    async def agree(self, url: str, person: str = FAN.id_by_app) -> str:
        """Agree at the stand-in as one of its people; return the path that the browser is sent back to."""
        assert url.startswith(f"{self.zalo.base}/v4/permission?")
        form = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        sent = form | {"person": person, "allow": "1"}
        _, headers, _ = await self.zalo.raw("POST", "/v4/permission", data=sent)
        back = urlsplit(headers["Location"])
        return f"{back.path}?{back.query}"

    async def sign_in(self, browser: Browser, person: str = FAN.id_by_app) -> Page:
        """Go the whole way."""
        return await browser.get(await self.agree(await self.set_out(browser), person))

    async def failed(self, browser: Browser, path: str) -> str:
        """Take a return that fails; return why, having seen its page and that nobody is in."""
        address = urlsplit((await browser.get(path)).location)
        assert address.path == "/sign-in/failed"
        assert (await browser.get(f"{address.path}?{address.query}")).status >= 400
        assert "quyen_session" not in browser.cookies()
        return parse_qs(address.query)["why"][0]

    async def find_person(self, subject: str = FAN.id_by_app) -> Person | None:
        """Find whom a subject is here."""
        async with self.origin.scene.house.storage.read() as connection:
            known = await identities.find(connection, self.login.issuer, subject)
            return await people.find(connection, known.person_id) if known else None

    async def add(self, login: str, *roles: Role) -> Person:
        """Add someone with a password."""
        hashed_password = await self.origin.door.passwords.hash_password(PASSWORD)
        wanted = NewPerson(login, f"{login} (mẫu)", frozenset(roles), hashed_password)
        return await add_person(self.origin.scene.house, wanted, Actor.system())

    async def redeemed(self) -> int:
        """Count the codes that were brought to the stand-in."""
        return sum(one["target"] == "/v4/access_token" for one in await self.zalo.received())


@pytest.fixture
async def fans(
    scene: Scene, provider: LyingProvider, clock: ManualClock, entropy: SeededEntropy
) -> AsyncIterator[Fans]:
    """Yield the origin with both providers."""
    async with (
        TestServer(build_zalo_sandbox(zalo_config(None), clock, entropy)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
    ):
        base = str(server.make_url("/zalo"))
        login = ZaloLogin(ZaloApp(base, base, APP_ID, APP_SECRET, LOGIN_CALLBACK), http, limit_seconds=2)
        known = Registration(provider.base, CLIENT_ID, CLIENT_SECRET, "client_secret_basic", CALLBACK, f"{PUBLIC_URL}/")
        oidc = SignInProvider(Provider(known, clock), "Công ty (mẫu)", "Company (mẫu)", frozenset({Role.OWNER}))
        async with served(scene, providers=(oidc, SignInProvider(login, "Zalo", "Zalo", FOLLOWERS))) as origin:
            yield Fans(origin, ZaloCaller(http, base), login)


@pytest.fixture
async def stranger(fans: Fans) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with fans.origin.browser() as browser:
        yield browser


async def test_the_button_leads_out_and_back_in(fans: Fans, stranger: Browser) -> None:
    """Four parameters and no more go out; back in, the follower sees Quản lý quyền, with nothing in it yet."""
    page = await stranger.get("/sign-in")
    assert "Đăng nhập bằng Zalo" in page.words
    assert page.text.index("/sign-in/oidc") < page.text.index('id="password"') < page.text.index("/sign-in/zalo")
    assert page.policy == "'self' http:"
    url = await fans.set_out(stranger)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert set(asked) == {"app_id", "redirect_uri", "code_challenge", "state"}
    assert (asked["app_id"], asked["redirect_uri"]) == (APP_ID, LOGIN_CALLBACK)
    assert len(asked["code_challenge"]) == len(asked["state"]) == 43
    back = await stranger.get(await fans.agree(url))
    assert back.location == "/permissions"
    shown = await stranger.get(back.location)
    assert shown.status == 200
    assert FAN.display_name in shown.words
    assert shown.grant_states == {}


async def test_a_new_subject_is_a_follower_and_nothing_more(fans: Fans, stranger: Browser) -> None:
    """Found by Zalo's id for the app alone; no owner, no staff, no password; the log has no name or id."""
    await fans.sign_in(stranger)
    person = await fans.find_person()
    assert person is not None
    assert (person.name, person.roles, person.hashed_password) == (FAN.display_name, frozenset({Role.FOLLOWER}), None)
    assert person.login.startswith("zalo-")
    assert await fans.find_person(FAN.user_id) is None
    async with fans.origin.scene.house.storage.read() as connection:
        record = (await reading.list_records(connection, reading.Search(kinds=[Kind.PERSON_ADDED]), 1))[0]
    assert record.facts == {"person": person.id, "roles": ["follower"], "issuer": fans.login.issuer}
    assert FAN.id_by_app.encode() not in record.canonical
    async with fans.origin.browser() as other:
        await fans.sign_in(other)
        assert await fans.find_person() == person
        await fans.sign_in(other, OTHER_FAN.id_by_app)
        assert await fans.find_person(OTHER_FAN.id_by_app) not in {None, person}


async def test_the_session_says_what_was_proven(fans: Fans, stranger: Browser) -> None:
    """Issuer and subject; when the person was asked Zalo does not say, so it was too long ago for anyone who asks."""
    await fans.sign_in(stranger)
    async with fans.origin.scene.house.storage.read() as connection:
        raw_session = stranger.cookies()["quyen_session"]
        session = await people.find_session(connection, hashed(raw_session), fans.origin.scene.clock.now())
    assert session is not None
    assert (session.issuer, session.subject, session.acr, session.sid) == (fans.login.issuer, FAN.id_by_app, None, None)
    assert session.authenticated_at == LONG_AGO
    assert fans.login.issuer == f"https://oauth.zaloapp.com/v4/permission?app_id={APP_ID}"


async def test_no_token_of_theirs_is_kept(fans: Fans, stranger: Browser) -> None:
    """What Zalo gave stands in no table."""
    await fans.sign_in(stranger)
    sent = [one["headers"] for one in await fans.zalo.received() if one["target"].startswith("/v2.0/me")]
    token = sent[0]["access_token"]
    assert sent[0]["appsecret_proof"]
    async with fans.origin.scene.house.storage.read() as connection:
        rows = [repr(row) for table in metadata.sorted_tables for row in await connection.execute(select(table))]
    assert len(rows) > 5
    assert not any(token[:40] in row for row in rows)


async def test_a_name_hides_nothing(fans: Fans, stranger: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody calls themself at Zalo is shown as plain text, without signs that nobody sees."""
    monkeypatch.setitem(FAN.__dict__, "display_name", "<b>N\u202egười\u200b  Mới")
    await fans.sign_in(stranger)
    person = await fans.find_person()
    assert person is not None
    assert person.name == "<b>Người Mới"
    assert "<b>Người" not in (await stranger.get("/permissions")).text


async def test_another_browser_s_return_lets_nobody_in(fans: Fans, stranger: Browser) -> None:
    """Login CSRF: an attacker's own return in the victim's browser; it is not even exchanged, and spends nothing."""
    path = await fans.agree(await fans.set_out(stranger))
    async with fans.origin.browser() as victim:
        await victim.get("/sign-in")
        assert await fans.failed(victim, path) == "sign_in_state"
    assert await fans.redeemed() == 0
    assert (await stranger.get(path)).location == "/permissions"


async def test_a_return_counts_once_and_for_ten_minutes(fans: Fans, stranger: Browser) -> None:
    """A replay and a late one are told, and exchange nothing."""
    path = await fans.agree(await fans.set_out(stranger))
    form_cookie = stranger.cookies()["quyen_form"]
    assert (await stranger.get(path)).location == "/permissions"
    async with fans.origin.browser() as again:
        again.keep("quyen_form", form_cookie)
        assert await fans.failed(again, path) == "sign_in_replayed"
        url = await fans.set_out(again)
        fans.origin.scene.clock.advance(timedelta(minutes=10))
        assert await fans.failed(again, await fans.agree(url)) == "sign_in_expired"
    assert await fans.redeemed() == 1


@pytest.mark.parametrize("state", ["", "x" * 43])
async def test_a_state_that_is_not_ours(fans: Fans, stranger: Browser, state: str) -> None:
    """Empty and made up."""
    await fans.set_out(stranger)
    path = f"/sign-in/zalo/callback?{urlencode({'code': 'x', 'state': state})}"
    assert await fans.failed(stranger, path) == "sign_in_state"


async def test_a_code_of_another_departure_is_refused(fans: Fans, stranger: Browser) -> None:
    """An attacker's code under the victim's own state: PKCE binds a code to the departure that asked for it."""
    async with fans.origin.browser() as attacker:
        stolen = parse_qs(urlsplit(await fans.agree(await fans.set_out(attacker))).query)["code"][0]
    state = parse_qs(urlsplit(await fans.set_out(stranger)).query)["state"][0]
    path = f"/sign-in/zalo/callback?{urlencode({'code': stolen, 'state': state})}"
    assert await fans.failed(stranger, path) == "provider_refused"


async def test_a_return_never_reaches_another_provider(fans: Fans, stranger: Browser, provider: LyingProvider) -> None:
    """Mix-up: a code is sent to no provider but the one that the browser was sent to, in either direction."""
    path = await fans.agree(await fans.set_out(stranger))
    moved = path.replace("/sign-in/zalo/", "/sign-in/oidc/")
    assert await fans.failed(stranger, moved) == "sign_in_state"
    page = await stranger.get("/sign-in")
    out = await stranger.post("/sign-in/oidc", {"csrf_token": page.token, "return_to": "/"})
    back = provider.authorise(out.location, "u-1")
    assert await fans.failed(stranger, back.replace("/sign-in/oidc/", "/sign-in/zalo/")) == "sign_in_state"
    assert "/token" not in provider.asked
    assert await fans.redeemed() == 0
    assert (await stranger.get(path)).location == "/permissions"


async def test_an_answer_with_an_issuer_is_another_s(fans: Fans, stranger: Browser) -> None:
    """Zalo never names one (RFC 9207)."""
    path = await fans.agree(await fans.set_out(stranger))
    assert await fans.failed(stranger, f"{path}&iss=https%3A%2F%2Fid.example") == "provider_refused"
    assert await fans.redeemed() == 0


@pytest.mark.parametrize(
    "switches,why",
    [
        ({"app_removed": True}, "provider_refused"),
        ({"tokens_dead": True}, "provider_refused"),
        ({"social_refuse": 210}, "provider_refused"),
        ({"server_error": True, "paths": ["/v4/access_token"]}, "provider_silent"),
        ({"server_error": True, "paths": ["/v2.0/me"]}, "provider_silent"),
        ({"slow_seconds": 5, "paths": ["/v2.0/me"]}, "provider_silent"),
        ({"garbage": "huge", "paths": ["/v2.0/me"]}, "provider_silent"),
        ({"garbage": "deep", "paths": ["/v2.0/me"]}, "provider_silent"),
        ({"coding": "gzip", "paths": ["/v2.0/me"]}, "provider_silent"),
        ({"redirect": "/zalo/v2.0/me", "paths": ["/v2.0/me"]}, "provider_silent"),
    ],
)
async def test_a_platform_that_fails_lets_nobody_in(
    fans: Fans, stranger: Browser, switches: dict[str, object], why: str
) -> None:
    """Our app suspended, a dead token, a person who is not visible, and every way of not answering."""
    path = await fans.agree(await fans.set_out(stranger))
    await fans.zalo.switch(**switches)
    assert await fans.failed(stranger, path) == why


async def test_starting_needs_a_form_of_our_own(fans: Fans, stranger: Browser) -> None:
    """Another site sends nobody out."""
    token = (await stranger.get("/sign-in")).token
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await stranger.post("/sign-in/zalo", {"csrf_token": token}, headers=foreign)).status == 403
    assert (await stranger.post("/sign-in/zalo", {"csrf_token": "x"})).status == 403
    assert (await stranger.get("/sign-in/zalo")).status == 405


async def test_zalo_proves_nothing_fresh(fans: Fans, stranger: Browser) -> None:
    """Where a new proof is wanted its button is not offered, and a form that asks it all the same fails at once."""
    page = await stranger.get("/sign-in?again=1&return_to=%2Fsign-in%2Fways")
    assert "Đăng nhập bằng Zalo" not in page.words
    assert "Đăng nhập bằng Công ty (mẫu)" in page.words
    out = await stranger.post("/sign-in/zalo", {"csrf_token": page.token, "again": "1"})
    assert out.location == "/sign-in/failed?why=provider_refused"


async def test_a_follower_sees_their_one_way(fans: Fans, stranger: Browser) -> None:
    """Listed and marked; it can be neither removed nor joined by another, and the page says why."""
    await fans.sign_in(stranger)
    page = await stranger.get(WAYS)
    assert page.text.count('data-way="zalo"') == 1
    assert FAN.id_by_app in page.words
    assert "Bạn đang vào bằng cách này" in page.words
    assert "không cho cổng biết bạn vừa xác nhận lúc nào" in page.words
    assert 'name="action"' not in page.text
    fields = {"action": "unlink", "provider": "zalo", "subject": FAN.id_by_app}
    assert (await stranger.submit(WAYS, fields)).location.startswith("/sign-in?again=1")
    assert await fans.find_person() is not None


async def test_a_person_with_a_password_adds_and_removes_it(fans: Fans, stranger: Browser) -> None:
    """As with any provider: linked by its return, removed with the sessions that rest on it."""
    person = await fans.add("lan", Role.FOLLOWER)
    await stranger.submit("/sign-in", {"login": "lan", "password": PASSWORD})
    out = await stranger.submit(WAYS, {"action": "link", "provider": "zalo"})
    assert (await stranger.get(await fans.agree(out.location))).location == f"{WAYS}?done=linked"
    assert await fans.find_person() == person
    async with fans.origin.browser() as other:
        await fans.sign_in(other)
        fields = {"action": "unlink", "provider": "zalo", "subject": FAN.id_by_app}
        assert (await stranger.submit(WAYS, fields)).location == f"{WAYS}?done=unlinked"
        assert (await other.get("/permissions")).location.startswith("/sign-in")
    assert await fans.find_person() is None


async def test_staff_come_in_by_an_operator_s_word_alone(fans: Fans, stranger: Browser) -> None:
    """A follower who was made staff does not carry the role in by Zalo; an identity that an operator ties does."""
    await fans.sign_in(stranger)
    person = await fans.find_person()
    assert person is not None
    house = fans.origin.scene.house
    async with house.storage.unit() as unit:
        await people.set_roles(unit.connection, person.id, frozenset({Role.DEVELOPER}))
        await unit.commit()
    async with fans.origin.browser() as again:
        assert await fans.failed(again, await fans.agree(await fans.set_out(again))) == "identity_staff"
        await link_identity(house, person.login, fans.login.issuer, subject=FAN.id_by_app, actor=Actor.system())
        assert (await fans.sign_in(again)).status == 303


async def test_signing_out_says_that_zalo_stays_open(fans: Fans, stranger: Browser) -> None:
    """It is over here; Zalo has no page to end it there, so there is no link; made-up names lead nowhere."""
    await fans.sign_in(stranger)
    out = await stranger.submit("/sign-out", {}, page="/permissions")
    assert out.location == "/signed-out?at=zalo"
    page = await stranger.get(out.location)
    assert "Bạn có thể vẫn đang đăng nhập ở Zalo" in page.words
    assert "Đăng xuất ở" not in page.words
    assert (await stranger.get("/signed-out?at=x")).status == 404
    assert (await stranger.post("/sign-in/zalo/logout", {"logout_token": "x"})).status == 404
