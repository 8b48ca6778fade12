"""Linking a shop by its own key, which its admin fills in once."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.acts.renew import renew
from gateway.platforms import Connector, Credential
from gateway.platforms.kiotviet.connector import KiotVietConnector, KiotVietUpstream
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection
from gateway.sandbox.kiotviet.app import build_kiotviet_sandbox
from gateway.sandbox.kiotviet.seeds import BAKERY, FLORIST
from gateway.terms.refusal import Refusal
from tests.journeys.http.origin import Browser, Origin, Page
from tests.platforms.sandbox.kiotviet_caller import KEY, KiotVietCaller, kiotviet_config
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FORM = {
    "platform": "kiotviet",
    "retailer": KEY.retailer,
    "client_id": KEY.client_id,
    "client_secret": KEY.client_secret,
}


@pytest.fixture
async def kiot(clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[KiotVietCaller]:
    """Yield a caller of a served stand-in."""
    async with (
        TestServer(build_kiotviet_sandbox(kiotviet_config(), clock, entropy)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield KiotVietCaller(http, str(server.make_url("/kiotviet")))


@pytest.fixture
async def connectors(kiot: KiotVietCaller, clock: ManualClock) -> AsyncIterator[Mapping[str, Connector]]:
    """Yield the connectors of this gateway: KiotViet, towards the stand-in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http:
        upstream = KiotVietUpstream(kiot.base, kiot.base)
        yield {"kiotviet": KiotVietConnector(upstream, http, clock=clock)}


async def fill_in(browser: Browser, **changed: str) -> Page:
    """Send the form."""
    token = (await browser.get("/connections")).token
    return await browser.post("/connections", {**FORM, **changed, "csrf_token": token})


async def find_link(origin: Origin, retailer: str = BAKERY.retailer) -> Connection | None:
    """Find the connection of a shop, if it was linked."""
    async with origin.scene.house.storage.read() as connection:
        account = await accounts.find_external(connection, "kiotviet", retailer)
        return None if account is None else await accounts.find_connection(connection, account.id)


async def test_the_right_key_links(origin: Origin, other_browser: Browser) -> None:
    """The shop stands on the page; id and secret rest sealed; the secret is shown nowhere, the account named once."""
    page = await fill_in(other_browser)
    assert page.location.startswith("/connections?linked=")
    after = await other_browser.get(page.location)
    assert BAKERY.retailer in after.words
    assert "KiotViet" in after.words
    assert KEY.client_secret not in after.text
    link = await find_link(origin)
    assert link is not None
    assert KEY.client_secret.encode() not in link.sealed_credential
    vault = origin.scene.house.vault
    held = Credential.from_bytes(vault.open(link.sealed_credential, credential_place(link.id)))
    assert held.key is not None
    assert (held.key.account, held.key.client_secret) == (BAKERY.retailer, KEY.client_secret)


@pytest.mark.parametrize(
    "changed",
    [{"client_secret": "sai"}, {"client_id": "sai"}, {"retailer": FLORIST.retailer}, {"retailer": "hai tu"}],
)
async def test_a_wrong_key_links_nothing(origin: Origin, other_browser: Browser, changed: dict[str, str]) -> None:
    """The person reads what may be wrong, finds again what was typed but the secret, and nothing is stored."""
    page = await fill_in(other_browser, **changed)
    assert page.status == 400
    assert "tên gian hàng, Client ID hoặc Mã bảo mật không đúng" in page.words
    typed = {**FORM, **changed}
    assert all(f'value="{typed[name]}"' in page.text for name in ("retailer", "client_id"))
    assert typed["client_secret"] not in page.text.replace("sai-gon", "")
    assert await find_link(origin) is None
    assert await find_link(origin, FLORIST.retailer) is None


async def test_a_silent_platform_is_named(other_browser: Browser, kiot: KiotVietCaller) -> None:
    """No answer is no wrong key."""
    await kiot.switch(server_error=True)
    page = await fill_in(other_browser)
    assert (page.status, page.headers["Retry-After"] != "") == (503, True)
    assert "Không liên lạc được với nền tảng" in page.words


async def test_eleven_tries_are_one_too_many(other_browser: Browser, kiot: KiotVietCaller) -> None:
    """Guesses at a key are few, and the eleventh reaches no platform, right as it may be."""
    statuses = [(await fill_in(other_browser, client_secret=f"sai{number}")).status for number in range(10)]
    assert statuses == [400] * 10
    assert (await fill_in(other_browser)).status == 429
    assert len(await kiot.received()) == 10


async def test_a_field_that_is_missing_or_twice_is_a_bad_form(other_browser: Browser, kiot: KiotVietCaller) -> None:
    """Nothing is guessed from half a form."""
    token = (await other_browser.get("/connections")).token
    half = {name: value for name, value in FORM.items() if name != "client_secret"} | {"csrf_token": token}
    twice = [*FORM.items(), ("retailer", FLORIST.retailer), ("csrf_token", token)]
    assert [(await other_browser.post("/connections", form)).status for form in (half, twice)] == [400, 400]
    assert await kiot.received() == []


async def test_a_renewed_token_keeps_the_key(
    origin: Origin, other_browser: Browser, connectors: Mapping[str, Connector], kiot: KiotVietCaller
) -> None:
    """Renewal stores the next token under the same key; a key that the shop withdrew ends the connection, shown so."""
    await fill_in(other_browser)
    link = await find_link(origin)
    assert link is not None
    fresh = await renew(origin.scene.house, connectors["kiotviet"], link)
    assert fresh.generation == link.generation + 1
    await kiot.switch(keys_dead=True)
    with pytest.raises(Refusal, match="connection_lost"):
        await renew(origin.scene.house, connectors["kiotviet"], fresh)
    page = await other_browser.get("/connections")
    assert "Mất kết nối" in page.words
    assert 'href="#kiotviet"' in page.text
    await kiot.switch()
    assert (await fill_in(other_browser)).status == 303
    assert "Mất kết nối" not in (await other_browser.get("/connections")).words
