"""OpenID Connect Back-Channel Logout 1.0, the client's side: one lie of the logout token at a time, each refused."""

from typing import Any

import pytest

from gateway.ground.identity.provider import Provider
from gateway.terms.refusal import Refusal, Unavailable
from tests.stand_ins.provider import LyingProvider, new_key, sign_not, sign_with_secret

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.mark.parametrize("claims", [{"sub": "u-1"}, {"sid": "s-1"}, {"sub": "u-1", "sid": "s-1"}])
async def test_the_truth_is_believed(relying: Provider, liar: LyingProvider, claims: dict[str, Any]) -> None:
    """2.4: a subject, a session of the provider, or both."""
    told = await relying.read_logout(liar.logout_token(**claims))
    assert (told.issuer, told.jti) == (liar.base, "jti-1")
    assert (told.subject, told.sid) == (claims.get("sub"), claims.get("sid"))


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "application/logout+JWT"])
async def test_the_type_may_be_said(relying: Provider, liar: LyingProvider, typ: str | None) -> None:
    """2.4: `logout+jwt` is recommended, and older providers say nothing."""
    liar.lies.head = {"typ": typ}
    assert (await relying.read_logout(liar.logout_token(sub="u-1"))).subject == "u-1"


LIES: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://other.example"}, "another issuer's token"),
    ({"aud": "another-app"}, "a token for somebody else"),
    ({"aud": None}, "logout token: aud"),
    ({"exp": None}, "logout token: exp"),
    ({"iat": None}, "logout token: iat"),
    ({"jti": None}, "logout token: jti"),
    ({"jti": ""}, "logout token: jti"),
    ({"jti": "x" * 256}, "logout token: jti"),
    ({"sub": None}, "logout token: neither subject nor session"),
    ({"sub": 7}, "logout token: sub"),
    ({"sid": 7}, "logout token: sid"),
    ({"events": None}, "logout token: events"),
    ({"events": [EVENT]}, "logout token: events"),
    ({"events": {}}, "logout token: no logout event"),
    ({"events": {EVENT: True}}, "logout token: no logout event"),
    ({"events": {EVENT + "x": {}}}, "logout token: no logout event"),
    ({"nonce": "n"}, "logout token: a nonce makes it an ID token"),
    ({"nonce": None, "sub": "u-1", "exp": 1}, "the token is over"),
]


@pytest.mark.parametrize("claims,why", LIES)
async def test_a_claim_that_does_not_hold_is_refused(
    relying: Provider, liar: LyingProvider, claims: dict[str, Any], why: str
) -> None:
    """2.6: issuer, audience, times, who, the event, and no nonce."""
    with pytest.raises(Refusal) as refused:
        await relying.read_logout(liar.logout_token(**{"sub": "u-1", **claims}))
    assert (refused.value.reason, refused.value.log_detail) == ("provider_refused", why)


async def test_an_id_token_logs_nobody_out(relying: Provider, liar: LyingProvider) -> None:
    """2.6, 6: one that carries the event too is still refused for its nonce; without the event it is none anyway."""
    for claims in ({"nonce": "n"}, {"nonce": None, "events": None}):
        liar.lies.head = {"typ": "JWT"}
        with pytest.raises(Refusal):
            await relying.read_logout(liar.logout_token(sub="u-1", **claims))


@pytest.mark.parametrize("typ", ["at+jwt", "secevent+jwt", "dpop+jwt"])
async def test_a_token_of_another_type_is_refused(relying: Provider, liar: LyingProvider, typ: str) -> None:
    """2.4: what says that it is something else is not believed."""
    liar.lies.head = {"typ": typ}
    with pytest.raises(Refusal) as refused:
        await relying.read_logout(liar.logout_token(sub="u-1"))
    assert refused.value.log_detail == "a token of another kind"


@pytest.mark.parametrize("sign", [sign_not, sign_with_secret, None])
async def test_a_signature_of_anyone_else_is_refused(relying: Provider, liar: LyingProvider, sign: Any) -> None:
    """2.6, 2 and 3: none, the client secret, and a stranger's key under the provider's key name."""
    liar.lies.sign = sign
    with pytest.raises(Refusal):
        await relying.read_logout(liar.logout_token(new_key("ES256", "key-1"), sub="u-1"))


async def test_a_stranger_cannot_make_us_fetch_keys_all_day(relying: Provider, liar: LyingProvider) -> None:
    """Made-up key names: one fetch, however many come."""
    for number in range(5):
        with pytest.raises(Refusal):
            await relying.read_logout(liar.logout_token(new_key("ES256", f"stranger-{number}"), sub="u-1"))
    assert liar.asked.count("/jwks") == 1


async def test_without_keys_nothing_is_decided(relying: Provider, liar: LyingProvider) -> None:
    """A provider whose keys cannot be had is silent: the logout is to be sent again; nobody is logged out by guess."""
    liar.lies.delay_seconds["/jwks"] = 3
    with pytest.raises(Unavailable):
        await relying.read_logout(liar.logout_token(sub="u-1"))
