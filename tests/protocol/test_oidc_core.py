"""OpenID Connect Core 1.0 and Discovery 1.0, the client's side: one lie of the provider at a time, each refused."""

import gzip
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, cast

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.util import int_to_base64

from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import AuthMethod, Departure, Proven, Registration
from gateway.ground.identity.wire import LIMIT_BYTES
from gateway.terms.refusal import Refusal, Unavailable
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.provider import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    LyingProvider,
    lying_provider,
    new_key,
    sign_not,
    sign_with_secret,
)

STATE, VERIFIER, NONCE = "s" * 43, "v" * 43, "n" * 43


@pytest.fixture
async def liar(clock: ManualClock) -> AsyncIterator[LyingProvider]:
    """Yield a provider that tells the truth so far."""
    async with lying_provider(clock) as provider:
        yield provider


def client_of(liar: LyingProvider, clock: ManualClock, auth_method: AuthMethod = "client_secret_basic") -> Provider:
    """Return the gateway's client of a provider."""
    registration = Registration(liar.base, CLIENT_ID, CLIENT_SECRET, auth_method, CALLBACK, "http://127.0.0.1:8400/")
    return Provider(registration, clock, limit_seconds=1)


@pytest.fixture
def client(liar: LyingProvider, clock: ManualClock) -> Provider:
    """Return the gateway's client."""
    return client_of(liar, clock)


async def redeem(client: Provider, liar: LyingProvider, max_age: int | None = None, **claims: Any) -> Proven:
    """Go out and come back as subject u-1."""
    departure = Departure(STATE, VERIFIER, NONCE, max_age)
    path = liar.authorise(await client.authorize_url(departure), "u-1", **claims)
    code = path.split("code=")[1].split("&")[0]
    return await client.redeem(code, departure)


async def refusal_of(client: Provider, liar: LyingProvider, max_age: int | None = None) -> tuple[str, str]:
    """Return why the exchange is refused."""
    with pytest.raises(Refusal) as refused:
        await redeem(client, liar, max_age)
    return refused.value.reason, refused.value.log_detail


def seconds(clock: ManualClock) -> int:
    """Return the clock's whole seconds since 1970."""
    return int(clock.now().timestamp())


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_the_truth_is_believed(client: Provider, liar: LyingProvider, algorithm: str) -> None:
    """A right answer, signed in each way that is taken: who, of which provider, by which session."""
    liar.keys, liar.algorithm = [new_key(algorithm, "key-a")], algorithm
    proven = await redeem(client, liar, acr="phr", sid="s-1", name="An (mẫu)")
    assert (proven.issuer, proven.subject, proven.sid, proven.acr) == (liar.base, "u-1", "s-1", "phr")
    assert proven.raw_name == "An (mẫu)"
    assert proven.authenticated_at is None


async def test_the_newer_name_of_one_signature(client: Provider, liar: LyingProvider) -> None:
    """Ed25519 (RFC 9864), with the key set that still says EdDSA beside another key."""
    liar.lies.metadata = {"id_token_signing_alg_values_supported": ["Ed25519"]}
    key = new_key("EdDSA", "key-a")
    liar.keys, liar.algorithm = [key, new_key("ES256", "key-b")], "Ed25519"
    assert (await redeem(client, liar)).subject == "u-1"


LIES: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://other.example"}, "another issuer's token"),
    ({"iss": None}, "ID token: iss"),
    ({"aud": "another-app"}, "a token for somebody else"),
    ({"aud": ["another-app"]}, "a token for somebody else"),
    ({"aud": []}, "a token for somebody else"),
    ({"aud": None}, "ID token: aud"),
    ({"aud": {"a": 1}}, "ID token: aud"),
    ({"aud": [CLIENT_ID, "another-app"]}, "a token given to somebody else"),
    ({"aud": [CLIENT_ID, "another-app"], "azp": "another-app"}, "a token given to somebody else"),
    ({"azp": "another-app"}, "a token given to somebody else"),
    ({"sub": None}, "ID token: sub"),
    ({"sub": ""}, "ID token: sub"),
    ({"sub": "x" * 256}, "ID token: sub"),
    ({"sub": 7}, "ID token: sub"),
    ({"sub": "u\n1"}, "ID token: sub"),
    ({"exp": None}, "ID token: exp"),
    ({"exp": "9999999999"}, "ID token: exp"),
    ({"exp": True}, "ID token: exp"),
    ({"exp": 1e300}, "ID token: exp"),
    ({"iat": None}, "ID token: iat"),
    ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "another access token's ID token"),
    ({"auth_time": "now"}, "ID token: auth_time"),
    ({"sid": ""}, "ID token: sid"),
]


@pytest.mark.parametrize("claims,why", LIES)
async def test_a_claim_that_does_not_hold_is_refused(
    client: Provider, liar: LyingProvider, claims: dict[str, Any], why: str
) -> None:
    """3.1.3.7: issuer, audience, authorized party, subject, times, access token; wrong, missing, of another type."""
    liar.lies.claims = claims
    assert await refusal_of(client, liar) == ("provider_refused", why)


@pytest.mark.parametrize("nonce", ["another", "", None, 7])
async def test_a_nonce_of_another_departure_is_refused(client: Provider, liar: LyingProvider, nonce: Any) -> None:
    """3.1.3.7, 11: wrong, empty, missing, of another type: a stolen code's token is no use here."""
    liar.lies.claims = {"nonce": nonce}
    assert (await refusal_of(client, liar))[0] == "sign_in_nonce"


@pytest.mark.parametrize(
    "claim,offset,is_taken",
    [
        ("exp", -59, True),
        ("exp", -60, False),
        ("iat", 60, True),
        ("iat", 61, False),
        ("iat", -660, True),
        ("iat", -661, False),
        ("nbf", 60, True),
        ("nbf", 61, False),
        ("auth_time", 60, True),
        ("auth_time", 61, False),
    ],
)
async def test_times_hold_within_a_minute(
    client: Provider, liar: LyingProvider, clock: ManualClock, *, claim: str, offset: int, is_taken: bool
) -> None:
    """3.1.3.7, 9 and 10: clocks may differ by a minute; not by more."""
    clock.advance(1 - clock.now().microsecond / 1e6)
    liar.lies.claims = {claim: seconds(clock) + offset}
    if is_taken:
        assert (await redeem(client, liar)).subject == "u-1"
    else:
        assert (await refusal_of(client, liar))[0] == "provider_refused"


@pytest.mark.parametrize("age,is_taken", [(360, True), (361, False), (None, False)])
async def test_max_age_is_checked(
    client: Provider, liar: LyingProvider, clock: ManualClock, *, age: int | None, is_taken: bool
) -> None:
    """3.1.2.1: where a bound was asked for, an older proof is refused, and so is one that does not say when."""
    clock.advance(1 - clock.now().microsecond / 1e6)
    liar.lies.claims = {} if age is None else {"auth_time": seconds(clock) - age}
    if is_taken:
        assert (await redeem(client, liar, 300)).authenticated_at is not None
    else:
        assert (await refusal_of(client, liar, 300))[1] == "the person was not asked as recently as was wanted"


async def test_shared_audience_and_bound_access_token(client: Provider, liar: LyingProvider) -> None:
    """Several audiences with ourselves as authorized party, and the right at_hash, are fine."""
    half = urlsafe_b64encode(hashlib.sha256(b"at-1").digest()[:16]).rstrip(b"=").decode()
    liar.lies.claims = {"aud": ["another-app", CLIENT_ID], "azp": CLIENT_ID, "at_hash": half}
    assert (await redeem(client, liar)).subject == "u-1"


@pytest.mark.parametrize("sign", [sign_not, sign_with_secret])
async def test_a_signature_that_is_none_of_the_providers_is_refused(
    client: Provider, liar: LyingProvider, sign: Callable[..., str]
) -> None:
    """3.1.3.7, 6 and 7: `none`, and a MAC by the client secret, are refused although the metadata names them."""
    liar.lies.sign = sign
    assert await refusal_of(client, liar) == ("provider_refused", "signed in a way that is not taken")


async def test_an_algorithm_that_the_provider_does_not_name_is_refused(client: Provider, liar: LyingProvider) -> None:
    """What we take and what its metadata says: only what stands in both."""
    liar.lies.metadata = {"id_token_signing_alg_values_supported": ["RS256"]}
    assert await refusal_of(client, liar) == ("provider_refused", "signed in a way that is not taken")


async def test_another_key_under_the_same_name_is_refused(client: Provider, liar: LyingProvider) -> None:
    """The signature is verified, not only its key's name found."""
    await redeem(client, liar)
    liar.keys = [new_key("ES256", "key-1")]
    assert await refusal_of(client, liar) == ("provider_refused", "signature: BadSignatureError")


@pytest.mark.parametrize(
    "head,why",
    [
        ({"typ": "at+jwt"}, "a token of another kind"),
        ({"typ": "logout+jwt"}, "a token of another kind"),
        ({"typ": 7}, "the head is malformed"),
        ({"kid": 7}, "the head is malformed"),
        ({"crit": ["x"], "x": 1}, "signature: UnsupportedHeaderError"),
    ],
)
async def test_a_head_that_says_otherwise_is_refused(
    client: Provider, liar: LyingProvider, head: dict[str, Any], why: str
) -> None:
    """An access token, a logout token, nonsense, and a head that demands what we do not know."""
    liar.lies.head = head
    assert await refusal_of(client, liar) == ("provider_refused", why)


@pytest.mark.parametrize(
    "raw_token", ["", "a", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "W10.e30.x", "x" * 70000 + ".b.c", 7, None]
)
async def test_what_is_no_token_is_refused(client: Provider, liar: LyingProvider, raw_token: Any) -> None:
    """Empty, cut, encrypted, of another alphabet, a list as a head, huge, a number, absent."""
    liar.lies.token = {"id_token": raw_token}
    assert (await refusal_of(client, liar))[0] == "provider_refused"


@pytest.mark.parametrize("members", [{"token_type": "mac"}, {"token_type": None}, {"access_token": None}])
async def test_an_answer_that_is_not_oauths_is_refused(
    client: Provider, liar: LyingProvider, members: dict[str, Any]
) -> None:
    """3.1.3.3: an access token of a known type stands beside the ID token."""
    liar.lies.token = members
    assert (await refusal_of(client, liar))[0] == "provider_refused"


async def test_a_code_is_the_departure_s(client: Provider, liar: LyingProvider) -> None:
    """PKCE: a code injected into another departure meets another verifier, and the provider refuses it."""
    url = await client.authorize_url(Departure(STATE, VERIFIER, NONCE))
    code = liar.authorise(url, "u-1").split("code=")[1].split("&")[0]
    with pytest.raises(Refusal) as refused:
        await client.redeem(code, Departure(STATE, "w" * 43, NONCE))
    assert refused.value.log_detail == "token endpoint: 'invalid_grant'"


async def test_keys_rotate(client: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """10.1.1: a key that is not known yet is fetched; once a minute at most, whoever writes its name."""
    await redeem(client, liar)
    liar.keys = [new_key("ES256", "key-2"), *liar.keys]
    assert (await refusal_of(client, liar))[1].startswith("no key of the provider's")
    assert liar.asked.count("/jwks") == 1
    clock.advance(61)
    assert (await redeem(client, liar)).subject == "u-1"
    assert liar.asked.count("/jwks") == 2
    liar.keys = [new_key("ES256", "key-3")]
    for _ in range(5):
        assert (await refusal_of(client, liar))[0] == "provider_refused"
    assert liar.asked.count("/jwks") == 2


async def test_a_key_that_left_is_not_believed_for_ever(
    client: Provider, liar: LyingProvider, clock: ManualClock
) -> None:
    """After a quarter of an hour the set is fetched anew: a key that leaked and was taken out is out."""
    await redeem(client, liar)
    stolen = liar.keys[0]
    liar.keys = [new_key("ES256", "key-2")]
    clock.advance(901)
    with pytest.raises(Refusal):
        await client.read_logout(liar.logout_token(stolen, sub="u-1"))


async def test_keys_for_something_else_do_not_sign(client: Provider, liar: LyingProvider, clock: ManualClock) -> None:
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
    assert (await refusal_of(client, liar))[1].startswith("no key of the provider's")


async def test_a_short_rsa_key_is_refused(client: Provider, liar: LyingProvider) -> None:
    """1024 bits sign nothing here."""
    liar.keys, liar.algorithm = [new_key("RS256", "key-r")], "RS256"
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()  # noqa: S505 - too short on purpose
    short = {"kty": "RSA", "kid": "key-r", "n": int_to_base64(numbers.n), "e": int_to_base64(numbers.e)}
    liar.lies.answer["/jwks"] = lambda: web.json_response({"keys": [short]})
    assert (await refusal_of(client, liar))[1].startswith("no key of the provider's")


async def test_without_a_name_the_only_key_signs(client: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """10.1: a token without kid is fine while one key fits, and ambiguous with two."""
    liar.lies.head = {"kid": None}
    assert (await redeem(client, liar)).subject == "u-1"
    liar.keys.append(new_key("ES256", "key-2"))
    clock.advance(901)
    assert (await refusal_of(client, liar))[1].startswith("no key of the provider's")


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
    client: Provider, liar: LyingProvider, members: dict[str, Any], why: str
) -> None:
    """Discovery 4.3, and what sign-in needs: nothing is sent anywhere that the document should not name."""
    liar.lies.metadata = members
    with pytest.raises(Refusal) as refused:
        await client.authorize_url(Departure(STATE, VERIFIER, NONCE))
    assert (refused.value.reason, refused.value.log_detail) == ("provider_refused", f"discovery: {why}")


@pytest.mark.parametrize(
    "members",
    [
        {"code_challenge_methods_supported": None},
        {"userinfo_endpoint": None, "end_session_endpoint": None},
        {"unknown": 1},
    ],
)
async def test_what_a_document_may_leave_out(client: Provider, liar: LyingProvider, members: dict[str, Any]) -> None:
    """PKCE is sent to a provider that does not speak of it; what is optional may be absent."""
    liar.lies.metadata = members
    assert "code_challenge_method=S256" in await client.authorize_url(Departure(STATE, VERIFIER, NONCE))
    assert (await client.sign_out_url() is None) is ("end_session_endpoint" in members)


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
    client: Provider, liar: LyingProvider, path: str, answer: Callable[[], web.Response]
) -> None:
    """A failure, no JSON, no object: silence, at every address."""
    liar.lies.answer[path] = answer
    with pytest.raises(Unavailable) as silent:
        await redeem(client, liar)
    assert silent.value.what == "identity"


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("mangle", [padded, squeezed])
async def test_an_answer_out_of_bound_counts_as_none(
    client: Provider, liar: LyingProvider, path: str, mangle: Callable[[web.Response], web.Response]
) -> None:
    """The truth in a huge body, or in a coding that was not asked for, is no answer."""
    liar.lies.mangle[path] = mangle
    with pytest.raises(Unavailable):
        await redeem(client, liar)


@pytest.mark.parametrize("path", ADDRESSES)
async def test_a_large_answer_within_the_bound_is_read(client: Provider, liar: LyingProvider, path: str) -> None:
    """The bound is on what nobody needs."""
    liar.lies.mangle[path] = partial(padded, length_bytes=LIMIT_BYTES // 2)
    assert (await redeem(client, liar)).subject == "u-1"


@pytest.mark.parametrize("path", ADDRESSES)
async def test_a_redirect_is_not_followed(client: Provider, liar: LyingProvider, path: str) -> None:
    """Although it leads to the truth: what is asked is asked where the document says."""
    headers = {"Location": f"{liar.base}/elsewhere{path}"}
    liar.lies.answer[path] = lambda: web.Response(status=307, headers=headers)
    with pytest.raises(Unavailable):
        await redeem(client, liar)


@pytest.mark.parametrize("path", ADDRESSES)
async def test_a_slow_answer_counts_as_none(client: Provider, liar: LyingProvider, path: str) -> None:
    """The whole exchange has one bound, so that nobody waits for a drip whose every drop comes in time."""
    liar.lies.drip.add(path)
    with pytest.raises(Unavailable):
        await redeem(client, liar)


async def test_nobody_queues_for_a_silent_provider(client: Provider, liar: LyingProvider, clock: ManualClock) -> None:
    """After a failure it is left alone for some seconds; then asked again."""
    path = "/.well-known/openid-configuration"
    liar.lies.answer[path] = lambda: web.Response(status=500)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await client.sign_out_url()
    assert liar.asked.count(path) == 1
    del liar.lies.answer[path]
    clock.advance(5)
    assert await client.sign_out_url() is not None


async def test_nothing_is_asked_before_somebody_signs_in(client: Provider, liar: LyingProvider) -> None:
    """The gateway starts and serves while its provider is down."""
    assert client.issuer == liar.base
    assert liar.asked == []


@pytest.mark.parametrize(
    "raw_issuer,is_promised,is_taken",
    [
        ("own", True, True),
        (None, True, False),
        ("https://other.example", True, False),
        ("", True, False),
        ("own", False, True),
        (None, False, True),
        ("https://other.example", False, False),
    ],
)
async def test_a_mix_up_is_refused(
    client: Provider, liar: LyingProvider, *, raw_issuer: str | None, is_promised: bool, is_taken: bool
) -> None:
    """RFC 9207, 2.4: `iss` must be this provider's, and must be there where the metadata promises it."""
    liar.lies.metadata = {"authorization_response_iss_parameter_supported": is_promised}
    given = liar.base if raw_issuer == "own" else raw_issuer
    if is_taken:
        await client.check_answerer(given)
    else:
        with pytest.raises(Refusal) as refused:
            await client.check_answerer(given)
        assert refused.value.reason == "provider_refused"


async def test_the_secret_may_go_in_the_form(liar: LyingProvider, clock: ManualClock) -> None:
    """client_secret_post, where the operator registered it: the secret as it is, and no second way beside it."""
    liar.lies.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await redeem(client_of(liar, clock, "client_secret_post"), liar)).subject == "u-1"


async def test_a_wrong_secret_is_the_provider_s_no(liar: LyingProvider, clock: ManualClock) -> None:
    """invalid_client at the token endpoint is told apart from silence."""
    registration = Registration(liar.base, CLIENT_ID, "wrong", "client_secret_basic", CALLBACK, CALLBACK)
    why = await refusal_of(Provider(registration, clock), liar)
    assert why == ("provider_refused", "token endpoint: 'invalid_client'")


async def test_the_sign_out_page_gets_no_token(client: Provider, liar: LyingProvider) -> None:
    """RP-Initiated Logout 2: client and way back, beside what the endpoint's own query holds."""
    url = await client.sign_out_url()
    assert url is not None
    assert url.startswith(f"{liar.base}/end?tenant=1&client_id=")
    assert "id_token_hint" not in url
