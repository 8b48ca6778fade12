"""OpenID Connect Core 1.0, the client's side: one lie of the provider at a time, each refused."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Departure, Registration
from gateway.terms.refusal import Refusal
from tests.protocol.oidc_client import NONCE, STATE, VERIFIER, client_of, redeem, refusal_of, seconds
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.provider import CALLBACK, CLIENT_ID, LyingProvider, new_key, sign_not, sign_with_secret


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_the_truth_is_believed(relying: Provider, liar: LyingProvider, algorithm: str) -> None:
    """A right answer, signed in each way that is taken: who, of which provider, by which session."""
    liar.keys, liar.algorithm = [new_key(algorithm, "key-a")], algorithm
    proven = await redeem(relying, liar, acr="phr", sid="s-1", name="An (mẫu)")
    assert (proven.issuer, proven.subject, proven.sid, proven.acr) == (liar.base, "u-1", "s-1", "phr")
    assert proven.raw_name == "An (mẫu)"
    assert proven.authenticated_at is None


async def test_the_newer_name_of_one_signature(relying: Provider, liar: LyingProvider) -> None:
    """Ed25519 (RFC 9864), with the key set that still says EdDSA beside another key."""
    liar.lies.metadata = {"id_token_signing_alg_values_supported": ["Ed25519"]}
    key = new_key("EdDSA", "key-a")
    liar.keys, liar.algorithm = [key, new_key("ES256", "key-b")], "Ed25519"
    assert (await redeem(relying, liar)).subject == "u-1"


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
    relying: Provider, liar: LyingProvider, claims: dict[str, Any], why: str
) -> None:
    """3.1.3.7: issuer, audience, authorized party, subject, times, access token; wrong, missing, of another type."""
    liar.lies.claims = claims
    assert await refusal_of(relying, liar) == ("provider_refused", why)


@pytest.mark.parametrize("nonce", ["another", "", None, 7])
async def test_a_nonce_of_another_departure_is_refused(relying: Provider, liar: LyingProvider, nonce: Any) -> None:
    """3.1.3.7, 11: wrong, empty, missing, of another type: a stolen code's token is no use here."""
    liar.lies.claims = {"nonce": nonce}
    assert (await refusal_of(relying, liar))[0] == "sign_in_nonce"


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
    relying: Provider, liar: LyingProvider, clock: ManualClock, *, claim: str, offset: int, is_taken: bool
) -> None:
    """3.1.3.7, 9 and 10: clocks may differ by a minute; not by more."""
    clock.advance(1 - clock.now().microsecond / 1e6)
    liar.lies.claims = {claim: seconds(clock) + offset}
    if is_taken:
        assert (await redeem(relying, liar)).subject == "u-1"
    else:
        assert (await refusal_of(relying, liar))[0] == "provider_refused"


@pytest.mark.parametrize("age,is_taken", [(360, True), (361, False), (None, False)])
async def test_max_age_is_checked(
    relying: Provider, liar: LyingProvider, clock: ManualClock, *, age: int | None, is_taken: bool
) -> None:
    """3.1.2.1: where a bound was asked for, an older proof is refused, and so is one that does not say when."""
    clock.advance(1 - clock.now().microsecond / 1e6)
    liar.lies.claims = {} if age is None else {"auth_time": seconds(clock) - age}
    if is_taken:
        assert (await redeem(relying, liar, 300)).authenticated_at is not None
    else:
        assert (await refusal_of(relying, liar, 300))[1] == "the person was not asked as recently as was wanted"


async def test_shared_audience_and_bound_access_token(relying: Provider, liar: LyingProvider) -> None:
    """Several audiences with ourselves as authorized party, and the right at_hash, are fine."""
    half = urlsafe_b64encode(hashlib.sha256(b"at-1").digest()[:16]).rstrip(b"=").decode()
    liar.lies.claims = {"aud": ["another-app", CLIENT_ID], "azp": CLIENT_ID, "at_hash": half}
    assert (await redeem(relying, liar)).subject == "u-1"


@pytest.mark.parametrize("sign", [sign_not, sign_with_secret])
async def test_a_signature_that_is_none_of_the_providers_is_refused(
    relying: Provider, liar: LyingProvider, sign: Callable[..., str]
) -> None:
    """3.1.3.7, 6 and 7: `none`, and a MAC by the client secret, are refused although the metadata names them."""
    liar.lies.sign = sign
    assert await refusal_of(relying, liar) == ("provider_refused", "signed in a way that is not taken")


async def test_an_algorithm_that_the_provider_does_not_name_is_refused(relying: Provider, liar: LyingProvider) -> None:
    """What we take and what its metadata says: only what stands in both."""
    liar.lies.metadata = {"id_token_signing_alg_values_supported": ["RS256"]}
    assert await refusal_of(relying, liar) == ("provider_refused", "signed in a way that is not taken")


async def test_another_key_under_the_same_name_is_refused(relying: Provider, liar: LyingProvider) -> None:
    """The signature is verified, not only its key's name found."""
    await redeem(relying, liar)
    liar.keys = [new_key("ES256", "key-1")]
    assert await refusal_of(relying, liar) == ("provider_refused", "signature: BadSignatureError")


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
    relying: Provider, liar: LyingProvider, head: dict[str, Any], why: str
) -> None:
    """An access token, a logout token, nonsense, and a head that demands what we do not know."""
    liar.lies.head = head
    assert await refusal_of(relying, liar) == ("provider_refused", why)


@pytest.mark.parametrize(
    "raw_token", ["", "a", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "W10.e30.x", "x" * 70000 + ".b.c", 7, None]
)
async def test_what_is_no_token_is_refused(relying: Provider, liar: LyingProvider, raw_token: Any) -> None:
    """Empty, cut, encrypted, of another alphabet, a list as a head, huge, a number, absent."""
    liar.lies.token = {"id_token": raw_token}
    assert (await refusal_of(relying, liar))[0] == "provider_refused"


@pytest.mark.parametrize("members", [{"token_type": "mac"}, {"token_type": None}, {"access_token": None}])
async def test_an_answer_that_is_not_oauths_is_refused(
    relying: Provider, liar: LyingProvider, members: dict[str, Any]
) -> None:
    """3.1.3.3: an access token of a known type stands beside the ID token."""
    liar.lies.token = members
    assert (await refusal_of(relying, liar))[0] == "provider_refused"


async def test_a_code_is_the_departure_s(relying: Provider, liar: LyingProvider) -> None:
    """PKCE: a code injected into another departure meets another verifier, and the provider refuses it."""
    url = await relying.authorize_url(Departure(STATE, VERIFIER, NONCE))
    code = liar.authorise(url, "u-1").split("code=")[1].split("&")[0]
    with pytest.raises(Refusal) as refused:
        await relying.redeem(code, Departure(STATE, "w" * 43, NONCE))
    assert refused.value.log_detail == "token endpoint: 'invalid_grant'"


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
    relying: Provider, liar: LyingProvider, *, raw_issuer: str | None, is_promised: bool, is_taken: bool
) -> None:
    """RFC 9207, 2.4: `iss` must be this provider's, and must be there where the metadata promises it."""
    liar.lies.metadata = {"authorization_response_iss_parameter_supported": is_promised}
    given = liar.base if raw_issuer == "own" else raw_issuer
    if is_taken:
        await relying.check_answerer(given)
    else:
        with pytest.raises(Refusal) as refused:
            await relying.check_answerer(given)
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


async def test_the_sign_out_page_gets_no_token(relying: Provider, liar: LyingProvider) -> None:
    """RP-Initiated Logout 2: client and way back, beside what the endpoint's own query holds."""
    url = await relying.sign_out_url()
    assert url is not None
    assert url.startswith(f"{liar.base}/end?tenant=1&client_id=")
    assert "id_token_hint" not in url
