"""Zalo Login's wire, against hosts that lie about shape, size, time and framing: nobody is proven by a lie."""

import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from gateway.ground.identity.types import Departure, Proven
from gateway.platforms.zalo.login import ZaloApp, ZaloLogin
from gateway.terms.refusal import Refusal, Unavailable
from tests.platforms.sandbox.zalo_caller import CHALLENGE, VERIFIER
from tests.platforms.zalo.lying import Script, answering, lying, saying

TOKENS = b'{"access_token":"t0ken","refresh_token":"r","expires_in":"3600"}'
OUT = Departure("state-1", VERIFIER, "")


async def redeem(me: Script, tokens: bytes = TOKENS) -> tuple[Proven, list[bytes]]:
    """Redeem a code at a token endpoint that answers `tokens`, and a `/me` that follows its script."""
    async with (
        lying(answering(tokens)) as oauth,
        lying(me) as graph,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
    ):
        login = ZaloLogin(ZaloApp(oauth.url, graph.url, "7", "secret", "http://here/back"), http, limit_seconds=0.3)
        return await login.redeem("code-1", OUT), [*oauth.heads, *graph.heads]


async def test_what_goes_out_and_what_is_proven() -> None:
    """Secret and proof each in their header; of the answer issuer, subject and name, and no token."""
    proven, heads = await redeem(answering(b'{"error":0,"id":"81","name":"Lan","birthday":"1/1/1990"}'))
    assert (proven.subject, proven.raw_name, proven.access_token) == ("81", "Lan", "")
    assert proven.issuer == "https://oauth.zaloapp.com/v4/permission?app_id=7"
    assert heads[0].startswith(b"POST /v4/access_token HTTP/1.1\r\n")
    assert b"secret_key: secret\r\n" in heads[0]
    assert heads[1].startswith(b"GET /v2.0/me?fields=id,name HTTP/1.1\r\n")
    proof = hmac.new(b"secret", b"t0ken", hashlib.sha256).hexdigest().encode()
    assert b"access_token: t0ken\r\n" in heads[1]
    assert b"appsecret_proof: " + proof + b"\r\n" in heads[1]
    assert b"secret_key" not in heads[1]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"error":0}',
        b'{"error":0,"id":null}',
        b'{"error":0,"id":81}',
        b'{"error":0,"id":true}',
        b'{"error":0,"id":""}',
        b'{"error":0,"id":"0"}',
        b'{"error":0,"id":"8 1"}',
        b'{"error":0,"id":"81\\n"}',
        b'{"error":0,"id":"me@shop.example"}',
        '{"error":0,"id":"٨١"}'.encode(),
        b'{"error":0,"id":"' + b"8" * 33 + b'"}',
        b'{"error":0,"data":{"id":"81"}}',
        b'{"error":452,"id":"81"}',
        b'{"error":"452","id":"81"}',
        b'{"error":"none","id":"81"}',
        b'{"error":null,"id":"81"}',
        b'{"error":[],"id":"81"}',
        b'{"error":-242,"message":"Invalid appsecret_proof"}',
    ],
)
async def test_a_me_of_another_shape_proves_nobody(body: bytes) -> None:
    """The id is a text of digits at the top, beside no error; all else is refused, never guessed."""
    with pytest.raises(Refusal) as refused:
        await redeem(answering(body))
    assert refused.value.reason == "provider_refused"
    assert "81" not in refused.value.log_detail


@pytest.mark.parametrize("name", [b"7", b"null", b"[]", b'{"vi":"Lan"}'])
async def test_a_name_that_is_no_text_is_none(name: bytes) -> None:
    """A name is never worth a failed sign-in."""
    assert (await redeem(answering(b'{"error":0,"id":"81","name":' + name + b"}")))[0].raw_name == ""


@pytest.mark.parametrize(
    "me",
    [
        answering(b'{"error":0,"id":"81"}', status=b"302 Found"),
        answering(b'{"error":0,"id":"81"}', status=b"403 Forbidden"),
        answering(b'[{"error":0,"id":"81"}]'),
        answering(b'"81"'),
        answering(b'{"error":0,"id":"81"'),
        answering(b'{"error":0,"id":"81","name":"\xff"}'),
        answering(b'{"error":0,"id":"81"}', b"Content-Encoding: gzip"),
        answering(b'{"error":0,"id":"81"}' + b" " * (256 * 1024)),
        answering(b'{"error":-32,"id":"81"}'),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", then_close=True),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        saying(b"no HTTP at all\r\n\r\n", then_close=True),
    ],
)
async def test_a_me_that_gives_no_answer_proves_nobody(me: Script) -> None:
    """Redirected, refused, no object, cut, coded, endless, slow or limited: come again."""
    with pytest.raises(Unavailable, match="identity"):
        await redeem(me)


@pytest.mark.parametrize(
    "tokens",
    [
        b"{}",
        b'{"access_token":""}',
        b'{"access_token":7}',
        b'{"access_token":"a b"}',
        b'{"access_token":"a\\r\\nsecret_key: x"}',
        b'{"access_token":"' + b"a" * 4097 + b'"}',
        b'{"access_token":"t0ken","error":-14005}',
        b'{"error":-14002,"error_name":"Invalid appId"}',
    ],
)
async def test_a_token_answer_that_is_none_asks_nothing_further(tokens: bytes) -> None:
    """No token, one that no header may carry, or an error beside it."""
    asked: list[bytes] = []

    async def never(_reader: object, _writer: object) -> None:
        asked.append(b"asked")

    with pytest.raises(Refusal) as refused:
        await redeem(never, tokens)
    assert (refused.value.reason, asked) == ("provider_refused", [])


async def test_the_way_out() -> None:
    """S256 of the verifier, exactly four parameters; a fresh proof is refused, since Zalo says nothing of when."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        login = ZaloLogin(ZaloApp("https://o.example", "https://g.example", "7", "secret", "http://here/b?a=1"), http)
        asked = parse_qs(urlsplit(await login.authorize_url(OUT)).query)
        assert asked == {
            "app_id": ["7"],
            "redirect_uri": ["http://here/b?a=1"],
            "code_challenge": [CHALLENGE],
            "state": ["state-1"],
        }
        with pytest.raises(Refusal):
            await login.authorize_url(Departure("s", VERIFIER, "", 0))
        assert "secret" not in repr(login._app)


async def test_a_session_with_cookies_is_not_taken() -> None:
    """One person's cookie would reach the next."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(TypeError):
            ZaloLogin(ZaloApp("https://o", "https://g", "7", "s", "https://b"), http)
