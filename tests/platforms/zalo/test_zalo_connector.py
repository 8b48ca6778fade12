"""The Zalo connector against the stand-in, and against upstreams that lie."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.doors.calls.upstream import open_session
from gateway.platforms import Credential, Trouble
from gateway.platforms.exchange import LIMIT_BYTES
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.terms.refusal import Refusal, Unavailable
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, VERIFIER, ZaloCaller
from tests.platforms.zalo.lying import answering, lying, saying
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

HELD = Credential("a" * 20, "r" * 20, None)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a session as the gateway opens it."""
    async with open_session(4) as session:
        yield session


@pytest.fixture
async def zalo(clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[ZaloCaller]:
    """Yield a caller of a served stand-in that demands proofs."""
    config = ZaloSandboxConfig(
        app_id=APP_ID, app_secret=APP_SECRET, callback_urls=(CALLBACK,), requires_secret_proof=True
    )
    async with (
        TestServer(build_zalo_sandbox(config, clock, entropy)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
    ):
        yield ZaloCaller(browser, str(server.make_url("/zalo")))


def connector_to(url: str, http: aiohttp.ClientSession, clock: ManualClock, secret: str = APP_SECRET) -> ZaloConnector:
    """Return a connector whose two hosts are one."""
    return ZaloConnector(ZaloUpstream(url, url, APP_ID, secret, CALLBACK), http, clock=clock)


@pytest.fixture
def connector(zalo: ZaloCaller, http: aiohttp.ClientSession, clock: ManualClock) -> ZaloConnector:
    """Return a connector to the stand-in."""
    return connector_to(zalo.base, http, clock)


def test_the_link_url_holds_what_both_sdks_send(connector: ZaloConnector) -> None:
    """Four parameters, no more, with the callback byte for byte."""
    url = connector.link_url("state &=+", "challenge")
    assert url is not None
    assert urlsplit(url).path == "/zalo/v4/oa/permission"
    assert parse_qs(urlsplit(url).query) == {
        "app_id": [APP_ID],
        "redirect_uri": [CALLBACK],
        "code_challenge": ["challenge"],
        "state": ["state &=+"],
    }


async def test_a_code_becomes_a_credential_that_describes_its_oa(
    connector: ZaloConnector, zalo: ZaloCaller, clock: ManualClock
) -> None:
    """Redeem, then ask whose it is; the lifetime is a text on the wire."""
    credential = await connector.redeem((await zalo.consent())["code"], VERIFIER)
    assert credential.expires_at == clock.now() + timedelta(hours=25)
    assert credential.refresh_token
    profile = await connector.describe(credential)
    assert (profile.external_id, profile.name, profile.role) == (BAKERY_ID, BAKERY.name, "admin")
    arrived = (await zalo.received())[-1]["headers"]
    assert arrived["access_token"] == credential.access_token
    assert len(arrived["appsecret_proof"]) == 64


async def test_both_spellings_of_the_id_are_read(connector: ZaloConnector, zalo: ZaloCaller) -> None:
    """The docs say `oaid`, the wire says `oa_id`."""
    credential = await connector.redeem((await zalo.consent())["code"], VERIFIER)
    await zalo.switch(oa_id_field="oaid")
    assert (await connector.describe(credential)).external_id == BAKERY_ID


async def test_renewal_replaces_both_tokens_and_kills_the_old_pair(connector: ZaloConnector, zalo: ZaloCaller) -> None:
    """The refresh token is single use, and the old access token dies with it."""
    old = await connector.redeem((await zalo.consent())["code"], VERIFIER)
    new = await connector.renew(old)
    assert {new.access_token, new.refresh_token}.isdisjoint({old.access_token, old.refresh_token})
    assert (await connector.describe(new)).external_id == BAKERY_ID
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.describe(old)
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.renew(old)


async def test_a_wrong_code_and_a_removed_app_are_refused(connector: ZaloConnector, zalo: ZaloCaller) -> None:
    """What Zalo says about a code or an app is a refusal, told at HTTP 200."""
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.redeem("no-such-code", VERIFIER)
    await zalo.switch(app_removed=True)
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.renew(HELD)


async def test_our_own_wrong_secret_ends_no_account(
    zalo: ZaloCaller, http: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """A mistake in the gateway's settings counts as no answer, so that no connection is given up for it."""
    with pytest.raises(Unavailable):
        await connector_to(zalo.base, http, clock, "another-secret").renew(HELD)


async def test_a_limit_on_describing_is_no_refusal(connector: ZaloConnector, zalo: ZaloCaller) -> None:
    """Too many calls say nothing about the account."""
    credential = await connector.redeem((await zalo.consent())["code"], VERIFIER)
    await zalo.switch(refuse=-32)
    with pytest.raises(Unavailable):
        await connector.describe(credential)


async def test_there_is_no_password_and_no_renewal_without_a_refresh_token(connector: ZaloConnector) -> None:
    """Both are refused before anything is sent."""
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.log_in({"user_id": "someone", "password": "secret"})
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.renew(Credential("a", None, None))


GOOD = {"access_token": "a", "refresh_token": "r", "expires_in": "90000"}
LIES = [
    answering(b"<html>"),
    answering(b"[]"),
    answering(b"{}"),
    answering(b'{"access_token":"a","refresh_token":"r"}'),
    answering(json.dumps(GOOD | {"expires_in": "soon"}).encode()),
    answering(json.dumps(GOOD | {"expires_in": "-1"}).encode()),
    answering(json.dumps(GOOD | {"access_token": ""}).encode()),
    answering(json.dumps(GOOD | {"access_token": "a\r\nX: y"}).encode()),
    answering(json.dumps(GOOD | {"refresh_token": 7}).encode()),
    answering(json.dumps(GOOD | {"error": -99999}).encode()),
    answering(json.dumps(GOOD | {"error": [1]}).encode()),
    answering(json.dumps(GOOD | {"error": "x"}).encode()),
    answering(json.dumps(GOOD).encode(), status=b"500 Oops"),
    answering(json.dumps(GOOD).encode(), b"Location: http://127.0.0.1:1/", status=b"302 Found"),
    answering(json.dumps(GOOD).encode(), b"Content-Encoding: gzip"),
    answering(b" " * (LIMIT_BYTES + 1)),
    saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", then_close=True),
    saying(b"no http at all\r\n\r\n", then_close=True),
]


@pytest.mark.parametrize("number", range(len(LIES)))
async def test_a_lie_is_no_answer(number: int, http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """Whatever is not Zalo's own answer leaves the old credential in place."""
    async with lying(LIES[number]) as liar:
        with pytest.raises(Unavailable) as unavailable:
            await connector_to(liar.url, http, clock).renew(HELD)
    assert unavailable.value.what == "zalo"
    assert len(liar.heads) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":0}',
        b'{"error":0,"data":{"oa_id":true,"name":"x"}}',
        b'{"error":0,"data":{"oa_id":"1"}}',
        *(b'{"error":0,"data":{"oa_id":%s,"name":"x"}}' % odd for odd in (b'""', b'"01"', b'"../me"', b"-1", b"0")),
    ],
)
async def test_a_description_without_id_or_name_is_no_answer(
    body: bytes, http: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """An account without an id, or with one that is no decimal number, cannot be linked."""
    async with lying(answering(body)) as liar:
        with pytest.raises(Unavailable):
            await connector_to(liar.url, http, clock).describe(HELD)


async def test_nobody_there_is_no_answer(http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """A refused connection is translated where it enters."""
    async with lying(saying()) as liar:
        url = liar.url
    with pytest.raises(Unavailable):
        await connector_to(url, http, clock).renew(HELD)


@pytest.mark.parametrize(
    "body,trouble",
    [
        (b'{"error":-216,"message":"x"}', Trouble.CREDENTIAL_REFUSED),
        (b'{"error":"-220"}', Trouble.CREDENTIAL_REFUSED),
        (b'{"error":-219}', Trouble.ACCESS_REMOVED),
        (b'{"error":-223,"message":"Official Account has not authorized this API"}', Trouble.PERMISSION_LOST),
        (b'{"error":-223,"message":"Quota create article exceeded"}', None),
        (b'{"error":-32}', Trouble.LIMITED),
        (b'{"error":0,"message":"-216"}', None),
        (b'{"data":{"error":-216},"error":0}', None),
        (b'{"error":-213}', None),
        (b"[-216]", None),
        (b"-216 <html>", None),
    ],
)
def test_trouble_is_read_from_the_envelope_alone(
    body: bytes, trouble: Trouble | None, connector: ZaloConnector
) -> None:
    """Codes in texts or deeper members mean nothing."""
    assert connector.read_trouble(200, body) is trouble


async def test_a_quota_is_no_trouble_of_the_connection(http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """The look every six hours reads -223 as calls do: that no article may be made takes no permission away."""
    async with lying(answering(b'{"error":-223,"message":"Quota create article exceeded"}')) as liar:
        with pytest.raises(Refusal) as refused:
            await connector_to(liar.url, http, clock).describe(HELD)
    assert refused.value.facts["trouble"] is None


async def test_a_session_that_keeps_cookies_is_not_taken(clock: ManualClock) -> None:
    """One account's cookie would reach the next account."""
    async with aiohttp.ClientSession() as careless:
        with pytest.raises(TypeError):
            connector_to("http://127.0.0.1:1", careless, clock)
