"""`private_key_jwt` (RFC 7523 as rfc7523bis narrows it): an app proves itself by its own key, each assertion once."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import orjson
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.acts.spend_assertion import forget_spent
from gateway.acts.withdraw import withdraw
from gateway.authority.limits import LocalLimits
from gateway.doors.oauth.assertions import ASSERTION_TYPE
from gateway.doors.oauth.clients import WRONG_SECRETS
from gateway.records.ledger.types import Actor
from tests.protocol.keys import EC, ED, add_key_app, claims_of, proof_of, signed
from tests.protocol.wire import Reply, Wire

PASSED = (400, "invalid_grant")
"""What a right client hears for a refresh token that is not there."""
FAILED = (401, "invalid_client")


async def ask(wire: Wire, fields: dict[str, str]) -> Reply:
    """Ask the token endpoint for something that only the authentication decides."""
    return await wire.post("/oauth/token", {"grant_type": "refresh_token", "refresh_token": "x", **fields})


async def test_req_049_a_key_proves_an_app(wire: Wire) -> None:
    """By P-256 and Ed25519, with and without client_id beside it, at each endpoint that authenticates."""
    app = await add_key_app(wire)
    for fields in (proof_of(wire, app), {**proof_of(wire, app), "client_id": app.id}):
        assert (await ask(wire, fields)).error == PASSED
    assert (await ask(wire, signed(claims_of(wire, app), ED))).error == PASSED
    assert (await wire.post("/oauth/introspect", {"token": "x", **proof_of(wire, app)})).json == {"active": False}
    assert (await wire.post("/oauth/revoke", {"token": "x", **proof_of(wire, app)})).status == 200


@pytest.mark.parametrize("typ, answer", [("jwt", PASSED), ("client-authentication+jwt", PASSED), ("dpop+jwt", FAILED)])
async def test_an_assertion_is_of_no_other_kind(wire: Wire, typ: str, answer: tuple[int, str]) -> None:
    """What the app signed for another purpose, and says so in `typ`, does not prove it here (RFC 8725, 3.11)."""
    app = await add_key_app(wire)
    assert (await ask(wire, signed(claims_of(wire, app), typ=typ))).error == answer


async def test_an_app_with_a_key_gets_its_lost_answer_again(wire: Wire) -> None:
    """It has proven itself, so I3 holds for it as for an app with a secret; its tokens die with the grant."""
    app = await add_key_app(wire)
    raw_code = await wire.agree_to(app, ["oa_profile"])
    first = (await wire.redeem(raw_code, app=app, **proof_of(wire, app))).json
    second = (await wire.refresh(first["refresh_token"], app=app, **proof_of(wire, app))).json
    again = (await wire.refresh(first["refresh_token"], app=app, **proof_of(wire, app))).json
    assert again == second
    await withdraw(wire.house, second["grant_id"], Actor.system())
    assert (await wire.refresh(second["refresh_token"], app=app, **proof_of(wire, app))).error == PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://127.0.0.1/oauth/token"},
        {"aud": None},
        {"iss": "someone"},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
        {"iat": "now"},
        {"nbf": 4_102_444_800},
    ],
    ids=str,
)
async def test_req_190_claims_that_are_not_right(wire: Wire, changes: dict[str, Any]) -> None:
    """Another audience, issuer or no end, no id of its own: refused; whoever holds the key hears what is wrong."""
    app = await add_key_app(wire)
    told = await ask(wire, proof_of(wire, app, changes))
    assert told.error == FAILED
    assert b"the client assertion does not fit: " in told.body


async def test_req_190_the_audience_is_the_issuer_as_one_string(wire: Wire) -> None:
    """The endpoint's address, a list with the issuer in it, and the issuer with a slash are other audiences."""
    app, issuer = await add_key_app(wire), wire.door.issuer
    for audience in (f"{issuer}/oauth/token", f"{issuer}/oauth/par", [issuer], f"{issuer}/", issuer.upper()):
        assert (await ask(wire, proof_of(wire, app, {"aud": audience}))).error == FAILED
    assert (await ask(wire, proof_of(wire, app, {"aud": issuer}))).error == PASSED


async def test_req_192_clocks_may_differ_a_little(wire: Wire) -> None:
    """Made 8 seconds ahead of our clock it counts, 61 seconds ahead it does not; over, or ending in hours, neither."""
    app, now = await add_key_app(wire), int(wire.scene.clock.now().timestamp())
    for name in ("iat", "nbf"):
        assert (await ask(wire, proof_of(wire, app, {name: now + 8}))).error == PASSED
        assert (await ask(wire, proof_of(wire, app, {name: now + 61}))).error == FAILED
    assert (await ask(wire, proof_of(wire, app, {"exp": now}))).error == FAILED
    assert (await ask(wire, proof_of(wire, app, {"exp": now + 3600 + 8}))).error == PASSED  # authlib's own: one hour
    assert (await ask(wire, proof_of(wire, app, {"exp": now + 3600 + 61}))).error == FAILED


async def test_req_194_other_algorithms_and_keys(wire: Wire) -> None:
    """No signature, a shared secret, RSA, a stranger's key under a known name, a key that is not the app's."""
    app = await add_key_app(wire)
    stranger = ECKey.generate_key("P-256", {"kid": "ec-1"}, private=True)
    rsa = RSAKey.generate_key(2048, {"kid": "ec-1"}, private=True)
    shared = OctKey.import_key("0" * 32, {"kid": "ec-1"})
    right = signed(claims_of(wire, app))
    forged = [
        signed(claims_of(wire, app), stranger),
        signed(claims_of(wire, app), rsa, alg="RS256"),
        signed(claims_of(wire, app), rsa, alg="PS256"),
        signed(claims_of(wire, app), shared, alg="HS256"),
        signed(claims_of(wire, app), EC, kid="unknown"),
    ]
    unsigned = right["client_assertion"].rpartition(".")[0] + "."
    forged += [{**right, "client_assertion": raw} for raw in (unsigned, "e.y.J", "....", "é.é.é", ".e30.")]
    for fields in forged:
        assert (await ask(wire, {**fields, "client_id": app.id})).error == FAILED, fields
        await forgive(wire)
    assert (await ask(wire, right)).error == PASSED


async def forgive(wire: Wire) -> None:
    """Forget the wrong tries, so that each is judged by itself."""
    assert isinstance(wire.door.limits, LocalLimits)
    wire.door.limits._full_at.clear()


HEADER_VALUES = [None, 1, -1.5, True, "", "x", "ES256", "none", [], ["alg"], [1], [None], {}, {"kid": "ec-1"}, "é" * 9]
HEADER_NAMES = ["alg", "kid", "crit", "typ", "cty", "b64", "jwk", "jku", "x5c", "x5t#S256", "zip", "enc"]


@pytest.mark.parametrize("name", HEADER_NAMES)
async def test_req_194_a_header_of_any_shape_is_a_wrong_assertion(wire: Wire, name: str) -> None:
    """Whatever stands in a header, under a signature that is not ours or with it gone, is never a failure of ours."""
    app = await add_key_app(wire)
    body, _, signature = signed(claims_of(wire, app))["client_assertion"].partition(".")[2].partition(".")
    for value in HEADER_VALUES:
        for rest in ({}, {"alg": "ES256", "kid": "ec-1"}, {"alg": "Ed25519"}):
            header = urlsafe_b64encode(orjson.dumps({**rest, name: value})).rstrip(b"=").decode()
            for sent in (f"{header}.{body}.{signature}", f"{header}.{body}."):
                fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sent, "client_id": app.id}
                wire.scene.clock.advance(timedelta(minutes=2))
                assert (await ask(wire, fields)).error == FAILED, (rest, value)


@pytest.mark.parametrize("raw_header", ["", "e30", "bnVsbA", "W10", "MQ", "IngiIA", "eyJhbGciOg", "////", "e30" * 40])
async def test_req_194_a_header_that_is_none_is_a_wrong_assertion(wire: Wire, raw_header: str) -> None:
    """No JSON, no object, no base64url."""
    app = await add_key_app(wire)
    rest = signed(claims_of(wire, app))["client_assertion"].partition(".")[2]
    fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": f"{raw_header}.{rest}", "client_id": app.id}
    assert (await ask(wire, fields)).error == FAILED


async def test_an_assertion_counts_once(wire: Wire) -> None:
    """Also of eight at once, and at whichever endpoint; another app's same id is its own."""
    app, other = await add_key_app(wire), await add_key_app(wire, "other-key-app")
    fields = proof_of(wire, app, {"jti": "one"})
    errors = [reply.error for reply in await asyncio.gather(*(ask(wire, fields) for _ in range(8)))]
    assert sorted(errors) == [PASSED] + [FAILED] * 7
    assert (await wire.post("/oauth/revoke", {"token": "x", **fields})).error == FAILED
    assert (await ask(wire, proof_of(wire, other, {"jti": "one"}))).error == PASSED


async def test_spent_assertions_are_forgotten_when_they_are_over(wire: Wire) -> None:
    """Not a moment before: until then each is still refused."""
    app = await add_key_app(wire)
    fields = proof_of(wire, app)
    assert (await ask(wire, fields)).error == PASSED
    assert await forget_spent(wire.house) == 0
    assert (await ask(wire, fields)).error == FAILED
    wire.scene.clock.advance(timedelta(seconds=60))
    assert await forget_spent(wire.house) == 1


async def test_each_app_proves_itself_in_its_own_way(wire: Wire) -> None:
    """An app with a key is not let in by name or secret, one with a secret and a public one not by a key."""
    app = await add_key_app(wire)
    assert (await ask(wire, {"client_id": app.id})).error == FAILED
    assert (await ask(wire, {"client_id": app.id, "client_secret": "qcs_wrong"})).error == FAILED
    for other in (wire.scene.app, wire.scene.public_app):
        assert (await ask(wire, proof_of(wire, other))).error == FAILED
    named = {**proof_of(wire, app), "client_id": wire.scene.app.id}
    assert (await ask(wire, named)).error == FAILED
    typed = {**proof_of(wire, app), "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}
    assert (await ask(wire, typed)).error == FAILED
    strange = proof_of(wire, app, {"sub": "é"})
    assert (await ask(wire, strange)).error == FAILED


async def test_req_009_wrong_assertions_are_limited(wire: Wire) -> None:
    """As wrong secrets are: whoever guesses, guesses ten times."""
    app = await add_key_app(wire)
    for _ in range(WRONG_SECRETS.times):
        assert (await ask(wire, proof_of(wire, app, {"aud": "x"}))).error == FAILED
    assert (await ask(wire, proof_of(wire, app))).status == 429
