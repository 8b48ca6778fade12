"""Sign-in at a certified provider, npm's oidc-provider in a process of its own: its pages, its keys, its logout."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from joserfc.jwk import Key
from playwright.async_api import Page as ChromiumPage
from playwright.async_api import expect
from yarl import URL

from gateway.acts.open_request import Wishes
from gateway.acts.sign_in import Errand, start_sign_in
from gateway.doors.person.provider import SignInProvider
from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Registration
from gateway.ground.vault.tokens import hashed
from gateway.records.people import store as people
from gateway.records.people.identities import Purpose
from gateway.records.people.types import Role, Session
from gateway.records.requests.types import Prompt
from tests.house import house_in, set_scene
from tests.journeys.http.origin import Browser, Origin, served
from tests.services.child import free_port
from tests.services.peers import OpenIdProvider
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.provider import new_key

SECRET = "a secret of 32 characters (mau)!"
TELL_SECONDS = 10


@dataclass(frozen=True)
class Stage:
    """A served gateway, and the provider where its people sign in."""

    origin: Origin
    client: Provider
    peer: OpenIdProvider

    async def find_session(self, raw_session: str) -> Session | None:
        """Find a session that is alive."""
        async with self.origin.scene.house.storage.read() as connection:
            return await people.find_session(connection, hashed(raw_session), self.origin.scene.clock.now())

    async def wait_for_logout(self) -> dict[str, Any]:
        """Wait until the provider has told of a logout; return what became of it."""
        async with asyncio.timeout(TELL_SECONDS):
            while not (told := await asyncio.to_thread(self.peer.told)):  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.05)
        return told[-1]


class Visitor:
    """Somebody at the provider's own pages, without JavaScript; the provider keeps its own cookies in `http`."""

    def __init__(self, http: aiohttp.ClientSession, stage: Stage) -> None:
        self._http, self._stage = http, stage

    async def sign_in(self, url: str, login: str) -> str:
        """Follow a departure through the provider's pages; return the path that leads back to the gateway."""
        while not url.startswith(self._stage.client.registration.redirect_uri):
            async with self._http.get(url, allow_redirects=False) as page:
                url = self._on(page) if page.status == 303 else await self._fill_in(page, login)
        return f"{urlsplit(url).path}?{urlsplit(url).query}"

    async def sign_out(self, url: str) -> str:
        """Press the one button of the provider's sign-out page; return where it leads in the end."""
        async with self._http.get(url) as page:
            action = re.findall(r'action="([^"]+)"', await page.text())[0]
            xsrf = re.findall(r'name="xsrf" value="([^"]+)"', await page.text())[0]
        async with self._http.post(action, data={"xsrf": xsrf, "logout": "yes"}, allow_redirects=False) as done:
            return done.headers["Location"]

    async def _fill_in(self, page: aiohttp.ClientResponse, login: str) -> str:
        text = await page.text()
        assert page.status == 200, text
        prompt = re.findall(r'name="prompt" value="(\w+)"', text)[0]
        form = {"prompt": prompt, "login": login, "password": "x"}
        action = re.findall(r'action="([^"]+)"', text)[0]
        async with self._http.post(action, data=form, allow_redirects=False) as done:
            return self._on(done)

    def _on(self, page: aiohttp.ClientResponse) -> str:
        return str(page.url.join(URL(page.headers["Location"], encoded=True)))


@pytest.fixture
def keys() -> list[Key]:
    """Return the provider's first signing key."""
    return [new_key("ES256", "first")]


@pytest.fixture
async def stage(tmp_path: Path, peer_folder: Path, keys: list[Key]) -> AsyncIterator[Stage]:
    """Yield a gateway at the machine's own time, and a provider that knows where it is."""
    clock, port = ManualClock(datetime.now(UTC)), free_port()
    public_url = f"http://127.0.0.1:{port}"
    callback = f"{public_url}/sign-in/oidc/callback"
    client = {
        "client_id": "quyen",
        "client_secret": SECRET,
        "redirect_uris": [callback],
        "post_logout_redirect_uris": [f"{public_url}/"],
        "backchannel_logout_uri": f"{public_url}/sign-in/oidc/logout",
        "backchannel_logout_session_required": True,
        "id_token_signed_response_alg": "ES256",
    }
    peer = OpenIdProvider(peer_folder, clients=[client], keys=[key.as_dict(private=True) for key in keys])
    try:
        registration = Registration(peer.issuer, "quyen", SECRET, "client_secret_basic", callback, f"{public_url}/")
        relying = Provider(registration, clock)
        at = SignInProvider(relying, "Công ty (mẫu)", "Company (mẫu)", frozenset({Role.OWNER}))
        async with (
            house_in(tmp_path, clock, entropy=SeededEntropy()) as house,
            served(await set_scene(house, clock), providers=(at,), port=port) as origin,
        ):
            yield Stage(origin, relying, peer)
    finally:
        peer.child.stop()


@pytest.fixture
async def visitor(stage: Stage) -> AsyncIterator[Visitor]:
    """Yield somebody who is not signed in at the provider."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False)) as http:
        yield Visitor(http, stage)


@pytest.fixture
async def here(stage: Stage) -> AsyncIterator[Browser]:
    """Yield the same person's browser at the gateway."""
    async with stage.origin.browser() as browser:
        yield browser


async def sign_in(here: Browser, visitor: Visitor, login: str = "an") -> str:
    """Sign in the whole way; return the session's cookie."""
    out = await here.submit("/sign-in/oidc", {"return_to": "/permissions"}, page="/sign-in")
    back = await here.get(await visitor.sign_in(out.location, login))
    assert back.location == "/permissions", back.location
    return here.cookies()["quyen_session"]


async def test_the_whole_way_in(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """Out, through the provider's sign-in and consent pages, and in: its subject, its session, the name it gives."""
    session = await stage.find_session(await sign_in(here, visitor))
    assert session is not None
    assert (session.issuer, session.subject) == (stage.peer.issuer, "an")
    assert session.sid
    page = await here.get("/permissions")
    assert "an ở nơi khác (mẫu)" in page.words


async def test_the_provider_remembers_and_the_person_is_the_same(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """A second sign-in passes the provider without a question, in a session of its own, as the same person."""
    first = await stage.find_session(await sign_in(here, visitor))
    second = await stage.find_session(await sign_in(here, visitor))
    assert first is not None
    assert second is not None
    assert (first.person_id, first.sid) == (second.person_id, second.sid)
    assert first.hashed_token != second.hashed_token


async def test_signing_out_there_ends_the_session_here(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """The link after a sign-out leads to the provider's page; its logout token ends every session of that sign-in."""
    first = await sign_in(here, visitor)
    async with stage.origin.browser() as second_browser:
        second = await sign_in(second_browser, visitor)
        out = await here.submit("/sign-out", {}, page="/permissions")
        assert out.location == "/signed-out?at=oidc"
        page = await here.get("/signed-out?at=oidc")
        assert await stage.find_session(first) is None
        assert await stage.find_session(second) is not None
        link = re.findall(rf'href="({re.escape(stage.peer.issuer)}[^"]+)"', page.text)[0].replace("&amp;", "&")
        assert (await visitor.sign_out(link)).rstrip("/") == f"{stage.origin.base}".rstrip("/")
        told = await stage.wait_for_logout()
        assert (told["ok"], told.get("accountId")) == (True, "an"), told
        assert await stage.find_session(second) is None
        assert (await second_browser.get("/permissions")).location.startswith("/sign-in")


async def test_another_person_s_logout_ends_nothing_else(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """Only the sessions of whom the logout token names."""
    kept = await sign_in(here, visitor, "binh")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False)) as http:
        other = Visitor(http, stage)
        async with stage.origin.browser() as browser:
            gone = await sign_in(browser, other, "an")
        url = await stage.client.sign_out_url()
        assert url is not None
        await other.sign_out(url)
    assert (await stage.wait_for_logout())["ok"] is True
    assert await stage.find_session(gone) is None
    assert await stage.find_session(kept) is not None


async def test_keys_rotate(stage: Stage, here: Browser, visitor: Visitor, keys: list[Key]) -> None:
    """The provider comes back with another key: within the minute it is told of, and then fetched."""
    await sign_in(here, visitor)
    stage.peer.child.stop()
    fresh = [new_key("ES256", "second"), *keys]
    await asyncio.to_thread(stage.peer.start, [key.as_dict(private=True) for key in fresh])
    out = await here.submit("/sign-in/oidc", {}, page="/sign-in")
    back = await here.get(await visitor.sign_in(out.location, "an"))
    assert back.location == "/sign-in/failed?why=provider_refused"
    stage.origin.scene.clock.advance(61)
    await sign_in(here, visitor)


async def test_a_proof_made_now(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """max_age 0 makes the provider ask again although it remembers, and its auth_time stands on the fresh session."""
    session = await stage.find_session(await sign_in(here, visitor))
    assert session is not None
    errand = Errand("/permissions", Purpose.PROVE, session.person_id, max_age_seconds=0)
    raw_browser = here.cookies()["quyen_session"]
    url = await start_sign_in(stage.origin.scene.house, stage.client, errand, raw_browser=raw_browser)
    assert (await here.get(await visitor.sign_in(url, "an"))).location == "/permissions"
    proven = await stage.find_session(here.cookies()["quyen_session"])
    assert proven is not None
    assert abs((proven.authenticated_at - datetime.now(UTC)).total_seconds()) < 60


async def test_what_an_app_wants_of_the_sign_in_is_asked_there(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """An app's `prompt` and `max_age` make the provider ask once more, and then the consent screen stands for good."""
    await sign_in(here, visitor)
    for wishes in (
        Wishes(prompts=(Prompt.LOGIN,)),
        Wishes(max_age_seconds=0),
        Wishes(prompts=(Prompt.SELECT_ACCOUNT,)),
    ):
        stage.origin.scene.clock.advance(1)
        path = await stage.origin.ask(wishes=wishes)
        sent = (await here.get(path)).location
        assert sent.startswith("/sign-in?return_to="), wishes
        out = await here.submit("/sign-in/oidc", {"return_to": path}, page=sent)
        assert (await here.get(await visitor.sign_in(out.location, "an"))).location == path, wishes
        assert (await here.get(path)).status == 200, wishes


async def test_another_way_in_is_linked(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """Whoever is signed in here adds a way: the provider knows the request, and asks whom they are there."""
    await here.sign_in_as(stage.origin.scene.owner)
    out = await here.submit("/sign-in/ways", {"action": "link", "provider": "oidc"})
    back = await here.get(await visitor.sign_in(out.location, "an"))
    assert back.location == "/sign-in/ways?done=linked"
    assert (await here.get("/sign-in/ways")).text.count('data-way="oidc"') == 1


async def test_stopping_there_is_told(stage: Stage, here: Browser, visitor: Visitor) -> None:
    """prompt=none without a session there is the provider's no."""
    out = await here.submit("/sign-in/oidc", {}, page="/sign-in")
    back = await here.get(await visitor.sign_in(f"{out.location}&prompt=none", "an"))
    assert back.location == "/sign-in/failed?why=provider_denied"


@pytest.mark.console_errors("fonts.googleapis")  # the provider's own page wants a font of another machine
async def test_in_a_real_browser(stage: Stage, page: ChromiumPage) -> None:
    """The button, the provider's pages and every redirect pass the page's own CSP; no console error."""
    await page.goto(f"{stage.origin.base}/sign-in?return_to=/sign-in/ways")
    await page.get_by_role("button", name="Đăng nhập bằng Công ty (mẫu)").click()
    await page.fill("input[name=login]", "an")
    await page.fill("input[name=password]", "x")
    await page.click("button[type=submit]")
    await page.get_by_role("button", name="Continue").click()
    await expect(page).to_have_url(f"{stage.origin.base}/sign-in/ways")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Cách đăng nhập")
    await page.get_by_role("button", name="Đăng xuất").click()
    await expect(page).to_have_url(f"{stage.origin.base}/signed-out?at=oidc")
