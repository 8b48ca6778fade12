"""The KiotViet connector against the stand-in, and against upstreams that lie."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.doors.calls.upstream import open_session
from gateway.platforms import ClientKey, Credential, Trouble
from gateway.platforms.exchange import LIMIT_BYTES
from gateway.platforms.kiotviet.connector import KiotVietConnector, KiotVietUpstream
from gateway.sandbox.kiotviet.app import build_kiotviet_sandbox
from gateway.sandbox.kiotviet.seeds import BAKERY, FLORIST
from gateway.terms.refusal import Refusal, Unavailable
from tests.platforms.sandbox.kiotviet_caller import KEY, OTHER_KEY, KiotVietCaller, kiotviet_config
from tests.platforms.zalo.lying import answering, lying, saying
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

ANSWERS = {"retailer": KEY.retailer, "client_id": KEY.client_id, "client_secret": KEY.client_secret}
HELD = Credential("t" * 20, None, None, ClientKey(KEY.retailer, KEY.client_id, KEY.client_secret))


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a session as the gateway opens it."""
    async with open_session(4) as session:
        yield session


@pytest.fixture
async def kiot(clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[KiotVietCaller]:
    """Yield a caller of a served stand-in."""
    async with (
        TestServer(build_kiotviet_sandbox(kiotviet_config(), clock, entropy)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
    ):
        yield KiotVietCaller(browser, str(server.make_url("/kiotviet")))


def connector_to(url: str, http: aiohttp.ClientSession, clock: ManualClock) -> KiotVietConnector:
    """Return a connector whose two hosts are one."""
    return KiotVietConnector(KiotVietUpstream(url, url), http, clock=clock)


@pytest.fixture
def connector(kiot: KiotVietCaller, http: aiohttp.ClientSession, clock: ManualClock) -> KiotVietConnector:
    """Return a connector to the stand-in."""
    return connector_to(kiot.base, http, clock)


async def test_a_key_becomes_a_token_that_shows_its_shop(
    connector: KiotVietConnector, kiot: KiotVietCaller, clock: ManualClock
) -> None:
    """The form is the documents' own; what proves the shop is that its name opens and another does not."""
    credential = await connector.log_in(ANSWERS)
    assert credential.expires_at == clock.now() + timedelta(hours=24)
    profile = await connector.describe(credential)
    assert (profile.external_id, profile.name, profile.role) == (BAKERY.retailer, BAKERY.retailer, "admin")
    token, right, wrong = await kiot.received()
    assert parse_qs(token["body"]) == {
        "scopes": ["PublicApi.Access"],
        "grant_type": ["client_credentials"],
        "client_id": [KEY.client_id],
        "client_secret": [KEY.client_secret],
    }
    assert {one["target"] for one in (right, wrong)} == {"/branches?pageSize=1"}
    assert right["headers"]["Retailer"] == BAKERY.retailer != wrong["headers"]["Retailer"]


async def test_a_shops_name_has_one_spelling(connector: KiotVietConnector) -> None:
    """Spaces around what was pasted and capitals make no second account."""
    answers = {name: f" {value}\n" for name, value in ANSWERS.items()} | {"retailer": f" {KEY.retailer.title()} "}
    credential = await connector.log_in(answers)
    assert credential.key == HELD.key


@pytest.mark.parametrize(
    "changed",
    [
        {"retailer": ""},
        {"retailer": "a b"},
        {"retailer": "-a"},
        {"retailer": "tiệm"},
        {"retailer": "a\r\nX: y"},
        {"retailer": "a" * 101},
        {"client_id": ""},
        {"client_id": "a b"},
        {"client_secret": ""},
        {"client_secret": "b" * 257},
    ],
)
async def test_what_no_key_looks_like_is_not_tried(
    connector: KiotVietConnector, kiot: KiotVietCaller, changed: dict[str, str]
) -> None:
    """A name that would not stand in a header, or nothing at all, reaches no platform."""
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.log_in(ANSWERS | changed)
    assert await kiot.received() == []


@pytest.mark.parametrize("status", [400, 401])
async def test_a_wrong_key_is_refused(connector: KiotVietConnector, kiot: KiotVietCaller, status: int) -> None:
    """However the token host says so; what was tried stands in no error."""
    await kiot.switch(token_refusal=status)
    with pytest.raises(Refusal, match="platform_refused") as refused:
        await connector.log_in(ANSWERS | {"client_secret": "sai-sai-sai"})
    assert "sai-sai-sai" not in str(refused.value) + refused.value.log_detail


@pytest.mark.parametrize("status", [401, 403, 420])
async def test_a_key_proves_its_own_shop_only(connector: KiotVietConnector, kiot: KiotVietCaller, status: int) -> None:
    """The florist's name with the bakery's key is nobody's account."""
    await kiot.switch(retailer_refusal=status)
    credential = await connector.log_in(ANSWERS | {"retailer": FLORIST.retailer})
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.describe(credential)


async def test_a_platform_that_takes_any_name_proves_nothing(
    connector: KiotVietConnector, kiot: KiotVietCaller
) -> None:
    """Whether the platform looks at the name is measured: if it does not, no shop is linked."""
    await kiot.switch(retailer_is_checked=False)
    with pytest.raises(Refusal, match="platform_refused") as refused:
        await connector.describe(await connector.log_in(ANSWERS))
    assert "any name" in refused.value.log_detail


async def test_renewal_is_another_token_for_the_same_key(connector: KiotVietConnector, kiot: KiotVietCaller) -> None:
    """The key stays; a key that was withdrawn is refused; without a key nothing is sent."""
    old = await connector.log_in(ANSWERS)
    new = await connector.renew(old)
    assert new.access_token != old.access_token
    assert new.key == old.key
    await kiot.switch(keys_dead=True)
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.renew(new)
    count = len(await kiot.received())
    for refused in (connector.renew(replace(new, key=None)), connector.redeem("code", "verifier")):
        with pytest.raises(Refusal, match="platform_refused"):
            await refused
    assert len(await kiot.received()) == count
    assert connector.link_url("state", "challenge") is None


def test_headers_name_the_accounts_shop(connector: KiotVietConnector) -> None:
    """The credential goes with its own shop's name, never another (I11)."""
    assert connector.headers(HELD) == {"Authorization": f"Bearer {'t' * 20}", "Retailer": KEY.retailer}
    other = replace(HELD, key=ClientKey(OTHER_KEY.retailer, "a", "b"))
    assert connector.headers(other)["Retailer"] == OTHER_KEY.retailer


def test_a_key_is_kept_with_its_token_and_shown_nowhere() -> None:
    """The vault gets all of it; nothing that prints a credential prints the secret."""
    assert Credential.from_bytes(HELD.to_bytes()) == HELD
    assert Credential.from_bytes(b'{"access_token":"a","refresh_token":null,"expires_at":null}').key is None
    assert KEY.client_secret in HELD.to_bytes().decode()
    assert KEY.client_secret not in repr(HELD)


TOKEN = b'"access_token":"a","token_type":"Bearer"'
LIES: list[Any] = [
    answering(b"<html>"),
    answering(b"[]"),
    answering(b"{}"),
    answering(b"{" + TOKEN + b"}"),
    answering(b"{" + TOKEN + b',"expires_in":"86400"}'),
    answering(b"{" + TOKEN + b',"expires_in":true}'),
    answering(b"{" + TOKEN + b',"expires_in":-1}'),
    answering(b'{"access_token":"a b","expires_in":86400}'),
    answering(b'{"access_token":7,"expires_in":86400}'),
    answering(b"{" + TOKEN + b',"expires_in":86400}', b"Content-Encoding: gzip"),
    answering(b"{}", b"Location: http://127.0.0.1:1/", status=b"302 Found"),
    answering(b"<html>", status=b"401 No"),
    answering(b"", status=b"400 No"),
    answering(b"{}", status=b"429 Slow"),
    answering(b"{}", status=b"500 Oops"),
    answering(b" " * (LIMIT_BYTES + 1)),
    saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", then_close=True),
]


@pytest.mark.parametrize("number", range(len(LIES)))
async def test_a_lie_is_no_answer(number: int, http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """Whatever is not the platform's answer leaves the old token in place, a refusal that is no JSON too."""
    async with lying(LIES[number]) as liar:
        with pytest.raises(Unavailable) as unavailable:
            await connector_to(liar.url, http, clock).renew(HELD)
    assert unavailable.value.what == "kiotviet"
    assert len(liar.heads) == 1


@pytest.mark.parametrize("body", [b"{}", b'{"total":"2","data":[]}', b'{"total":true}'])
async def test_branches_that_are_none_prove_nothing(
    body: bytes, http: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """An answer of another form names no shop."""
    async with lying(answering(body)) as liar:
        with pytest.raises(Unavailable):
            await connector_to(liar.url, http, clock).describe(HELD)


@pytest.mark.parametrize(
    "status,trouble",
    [
        (401, Trouble.CREDENTIAL_REFUSED),
        (429, Trouble.LIMITED),
        (400, None),
        (403, None),
        (404, None),
        (420, None),
        (200, None),
    ],
)
def test_trouble_is_read_from_the_status(status: int, trouble: Trouble | None, connector: KiotVietConnector) -> None:
    """401 is about the gateway's token; 420 is about what the call sent."""
    assert connector.read_trouble(status, b"{}") is trouble
    assert connector.is_refusal(status, b"{}") is (status != 200)


async def test_a_session_that_keeps_cookies_is_not_taken(clock: ManualClock) -> None:
    """One shop's cookie would reach the next shop."""
    async with aiohttp.ClientSession() as careless:
        with pytest.raises(TypeError):
            connector_to("http://127.0.0.1:1", careless, clock)
