"""OpenID Connect Discovery 1.0 and the provider's keys: what is believed of them, how long, and what is silence."""

import gzip
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.util import int_to_base64

from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Departure
from gateway.ground.identity.wire import LIMIT_BYTES
from gateway.terms.refusal import Refusal, Unavailable
from tests.protocol.oidc_client import NONCE, STATE, VERIFIER, client_of, redeem, refusal_of
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.provider import LyingProvider, new_key


async def test_keys_rotate(relying: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """10.1.1: a key that is not known yet is fetched; once a minute at most, whoever writes its name."""
    await redeem(relying, liar)
    liar.keys = [new_key("ES256", "key-2"), *liar.keys]
    assert (await refusal_of(relying, liar))[1].startswith("no key of the provider's")
    assert liar.asked.count("/jwks") == 1
    clock.advance(61)
    assert (await redeem(relying, liar)).subject == "u-1"
    assert liar.asked.count("/jwks") == 2
    liar.keys = [new_key("ES256", "key-3")]
    for _ in range(5):
        assert (await refusal_of(relying, liar))[0] == "provider_refused"
    assert liar.asked.count("/jwks") == 2


async def test_a_key_that_left_is_not_believed_for_ever(
    relying: Provider, liar: LyingProvider, clock: ManualClock
) -> None:
    """After a quarter of an hour the set is fetched anew: a key that leaked and was taken out is out."""
    await redeem(relying, liar)
    stolen = liar.keys[0]
    liar.keys = [new_key("ES256", "key-2")]
    clock.advance(901)
    with pytest.raises(Refusal):
        await relying.read_logout(liar.logout_token(stolen, sub="u-1"))


async def test_keys_for_something_else_do_not_sign(relying: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """A key for encryption, of another algorithm or curve, too short, broken or symmetric is no signing key."""
    good = liar.keys[0].as_dict(private=False)
    for wrong in (
        {**good, "use": "enc"},
        {**good, "alg": "ES384"},
        {**good, "crv": "P-384"},
        {**good, "x": "AA"},
        {**good, "x": 7},
        {"kty": "oct", "kid": "key-1", "k": "AAAA"},
        "text",
    ):
        liar.lies.answer["/jwks"] = partial(web.json_response, {"keys": [wrong]})
        fresh = client_of(liar, clock)
        assert (await refusal_of(fresh, liar))[1].startswith("no key of the provider's"), wrong
    liar.lies.answer["/jwks"] = lambda: web.json_response({"keys": {}})
    assert (await refusal_of(relying, liar))[1].startswith("no key of the provider's")


async def test_a_short_rsa_key_is_refused(relying: Provider, liar: LyingProvider) -> None:
    """1024 bits sign nothing here."""
    liar.keys, liar.algorithm = [new_key("RS256", "key-r")], "RS256"
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()  # noqa: S505 - too short on purpose
    short = {"kty": "RSA", "kid": "key-r", "n": int_to_base64(numbers.n), "e": int_to_base64(numbers.e)}
    liar.lies.answer["/jwks"] = lambda: web.json_response({"keys": [short]})
    assert (await refusal_of(relying, liar))[1].startswith("no key of the provider's")


async def test_without_a_name_the_only_key_signs(relying: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """10.1: a token without kid is fine while one key fits, and ambiguous with two."""
    liar.lies.head = {"kid": None}
    assert (await redeem(relying, liar)).subject == "u-1"
    liar.keys.append(new_key("ES256", "key-2"))
    clock.advance(901)
    assert (await refusal_of(relying, liar))[1].startswith("no key of the provider's")


@pytest.mark.parametrize(
    "members,why",
    [
        ({"issuer": "https://other.example"}, "the document is another issuer's"),
        ({"issuer": None}, "unusable: issuer"),
        ({"token_endpoint": None}, "unusable: token_endpoint"),
        ({"jwks_uri": 7}, "unusable: jwks_uri"),
        ({"token_endpoint": "http://10.0.0.1/token"}, "an endpoint is no address under the issuer's scheme"),
        ({"jwks_uri": "https://keys.example/jwks"}, "an endpoint is no address under the issuer's scheme"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "an endpoint is no address under the issuer's scheme"),
        ({"userinfo_endpoint": "http://a@127.0.0.1/me"}, "an endpoint is no address under the issuer's scheme"),
        ({"end_session_endpoint": "http://127.0.0.1:99999/"}, "an endpoint is no address under the issuer's scheme"),
        ({"end_session_endpoint": "http://127.0.0.1/#x"}, "an endpoint is no address under the issuer's scheme"),
        ({"response_types_supported": ["id_token"]}, "it knows no code flow with PKCE S256"),
        ({"code_challenge_methods_supported": ["plain"]}, "it knows no code flow with PKCE S256"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "it does not take client_secret_basic"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "it signs in no way that is taken here"),
    ],
)
async def test_a_document_that_does_not_hold_is_refused(
    relying: Provider, liar: LyingProvider, members: dict[str, Any], why: str
) -> None:
    """Discovery 4.3, and what sign-in needs: nothing is sent anywhere that the document should not name."""
    liar.lies.metadata = members
    with pytest.raises(Refusal) as refused:
        await relying.authorize_url(Departure(STATE, VERIFIER, NONCE))
    assert (refused.value.reason, refused.value.log_detail) == ("provider_refused", f"discovery: {why}")


@pytest.mark.parametrize(
    "members",
    [
        {"code_challenge_methods_supported": None},
        {"userinfo_endpoint": None, "end_session_endpoint": None},
        {"unknown": 1},
    ],
)
async def test_what_a_document_may_leave_out(relying: Provider, liar: LyingProvider, members: dict[str, Any]) -> None:
    """PKCE is sent to a provider that does not speak of it; what is optional may be absent."""
    liar.lies.metadata = members
    assert "code_challenge_method=S256" in await relying.authorize_url(Departure(STATE, VERIFIER, NONCE))
    assert (await relying.sign_out_url() is None) is ("end_session_endpoint" in members)


ADDRESSES = ["/.well-known/openid-configuration", "/token", "/jwks"]


def padded(response: web.Response, length_bytes: int = LIMIT_BYTES) -> web.Response:
    """Add an unknown member to a true answer."""
    members = orjson.loads(cast("bytes", response.body))
    return web.json_response({**members, "pad": "x" * length_bytes})


def squeezed(response: web.Response) -> web.Response:
    """Code a true answer, which nobody asked for."""
    return web.Response(body=gzip.compress(cast("bytes", response.body)), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=500),
        lambda: web.Response(text="no json"),
        lambda: web.Response(text="[1]", content_type="application/json"),
    ],
)
async def test_what_is_no_answer_counts_as_none(
    relying: Provider, liar: LyingProvider, path: str, answer: Callable[[], web.Response]
) -> None:
    """A failure, no JSON, no object: silence, at every address."""
    liar.lies.answer[path] = answer
    with pytest.raises(Unavailable) as silent:
        await redeem(relying, liar)
    assert silent.value.what == "identity"


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("mangle", [padded, squeezed])
async def test_an_answer_out_of_bound_counts_as_none(
    relying: Provider, liar: LyingProvider, path: str, mangle: Callable[[web.Response], web.Response]
) -> None:
    """The truth in a huge body, or in a coding that was not asked for, is no answer."""
    liar.lies.mangle[path] = mangle
    with pytest.raises(Unavailable):
        await redeem(relying, liar)


@pytest.mark.parametrize("path", ADDRESSES)
async def test_a_large_answer_within_the_bound_is_read(relying: Provider, liar: LyingProvider, path: str) -> None:
    """The bound is on what nobody needs."""
    liar.lies.mangle[path] = partial(padded, length_bytes=LIMIT_BYTES // 2)
    assert (await redeem(relying, liar)).subject == "u-1"


@pytest.mark.parametrize("path", ADDRESSES)
async def test_a_redirect_is_not_followed(relying: Provider, liar: LyingProvider, path: str) -> None:
    """Although it leads to the truth: what is asked is asked where the document says."""
    headers = {"Location": f"{liar.base}/elsewhere{path}"}
    liar.lies.answer[path] = lambda: web.Response(status=307, headers=headers)
    with pytest.raises(Unavailable):
        await redeem(relying, liar)


@pytest.mark.parametrize("path", ADDRESSES)
async def test_a_slow_answer_counts_as_none(relying: Provider, liar: LyingProvider, path: str) -> None:
    """The whole exchange has one bound, so that nobody waits for a drip whose every drop comes in time."""
    liar.lies.drip.add(path)
    with pytest.raises(Unavailable):
        await redeem(relying, liar)


async def test_nobody_queues_for_a_silent_provider(relying: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """After a failure it is left alone for some seconds; then asked again."""
    path = "/.well-known/openid-configuration"
    liar.lies.answer[path] = lambda: web.Response(status=500)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await relying.sign_out_url()
    assert liar.asked.count(path) == 1
    del liar.lies.answer[path]
    clock.advance(5)
    assert await relying.sign_out_url() is not None


async def test_nothing_is_asked_before_somebody_signs_in(relying: Provider, liar: LyingProvider) -> None:
    """The gateway starts and serves while its provider is down."""
    assert relying.issuer == liar.base
    assert liar.asked == []
