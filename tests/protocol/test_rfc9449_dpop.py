"""DPoP (RFC 9449) at the OAuth endpoints: tokens bound to a key that the app proves."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.show_request import show_request
from gateway.authority.freshness import WINDOW_SECONDS
from gateway.terms.ids import AskId
from tests.house import VERIFIER, agree
from tests.protocol.proofs import KEY, OTHER, ask_token, claims_of, prove, signed, unsigned
from tests.protocol.wire import Reply, Wire

BAD_PROOF = (400, "invalid_dpop_proof")
BAD_GRANT = (400, "invalid_grant")
ODD_HEADERS: list[dict[str, Any]] = [
    {"jwk": []},
    {"jwk": None},
    {"jwk": "d"},
    {"jwk": {"kty": "EC", "crv": "P-256"}},
    {"alg": 7},
    {"alg": "none"},
    {"crit": 1},
]


async def code_fields(wire: Wire, *, public: bool = False) -> dict[str, str]:
    """Return the form fields that redeem a fresh code."""
    app = wire.scene.public_app if public else wire.scene.app
    raw_code = (await agree(wire.scene, app=app)).raw_code or ""
    return {"grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER}


def refresh_fields(raw_token: str) -> dict[str, str]:
    """Return the form fields that refresh."""
    return {"grant_type": "refresh_token", "refresh_token": raw_token}


async def code_for(wire: Wire, reply: Reply) -> dict[str, str]:
    """Let the owner agree on the screen that an authorize answer leads to; return the fields that redeem the code."""
    request = await wire.find_request(reply)
    await show_request(wire.house, request.id, wire.scene.owner.id)
    agreed = frozenset({AskId("oa_profile")})
    answer = Answer(wire.scene.owner.id, wire.scene.account.id, agreed, DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    raw_code = (await decide(wire.house, request.id, answer)).raw_code or ""
    return {"grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER}


async def test_req_107_111_a_proof_makes_a_bound_token(wire: Wire) -> None:
    """`token_type` says which it is, and introspection names the key; without a proof it stays a bearer token."""
    bound = (await ask_token(wire, await code_fields(wire), await prove(wire))).json
    assert bound["token_type"] == "DPoP"
    told = await wire.introspect(bound["access_token"])
    assert told["cnf"] == {"jkt": KEY.thumbprint()}
    assert told["token_type"] == "DPoP"
    plain = (await ask_token(wire, await code_fields(wire), {})).json
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in await wire.introspect(plain["access_token"])


async def test_both_kinds_of_key(wire: Wire) -> None:
    """Ed25519 as well as P-256; what the metadata names is what works."""
    reply = await ask_token(wire, await code_fields(wire), await prove(wire, key=OTHER))
    assert (await wire.introspect(reply.json["access_token"]))["cnf"] == {"jkt": OTHER.thumbprint()}
    metadata = (await wire.send("GET", "/.well-known/oauth-authorization-server")).json
    resource = (await wire.send("GET", "/.well-known/oauth-protected-resource/zalo")).json
    for document in (metadata, resource):
        assert document["dpop_signing_alg_values_supported"] == ["ES256", "Ed25519"]


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htm": None},
        {"htu": "http://127.0.0.1/oauth/token"},
        {"htu": "https://evil.example/oauth/token"},
        {"htu": None},
        {"htu": "http://[::1"},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": 1e300},
        {"exp": "now"},
        {"exp": 1},
        {"nbf": 1e300},
        {"nbf": 9999999999},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
    ],
    ids=str,
)
async def test_req_106_claims_that_are_not_right(wire: Wire, changes: dict[str, Any]) -> None:
    """Another method or target, no time or id: refused, and the code is not spent."""
    fields = await code_fields(wire)
    assert (await ask_token(wire, fields, await prove(wire, **changes))).error == BAD_PROOF
    assert (await ask_token(wire, fields, await prove(wire))).status == 200


async def test_req_106_time(wire: Wire) -> None:
    """Five minutes old and ten seconds ahead is taken, a second more is not (192)."""
    now = wire.scene.clock.now().timestamp()
    for seconds, is_taken in ((-300, True), (-301, False), (10, True), (11, False)):
        reply = await ask_token(wire, refresh_fields("x"), await prove(wire, iat=int(now) + seconds))
        assert reply.error == (BAD_GRANT if is_taken else BAD_PROOF), seconds


async def test_req_106_an_end_and_a_beginning_that_it_names(wire: Wire) -> None:
    """They are held to as in any JWT, and the caller's clock may be ten seconds off (192)."""
    now = int(wire.scene.clock.now().timestamp())
    for name, seconds, is_taken in (("exp", -9, True), ("exp", -10, False), ("nbf", 10, True), ("nbf", 11, False)):
        changes: dict[str, Any] = {name: now + seconds}
        reply = await ask_token(wire, refresh_fields("x"), await prove(wire, **changes))
        assert reply.error == (BAD_GRANT if is_taken else BAD_PROOF), changes


async def test_req_106_the_target_is_compared_without_query_and_case_of_the_host(wire: Wire) -> None:
    """As RFC 3986 normalises; a path of another case is another target."""
    issuer = wire.door.issuer
    for htu in (f"{issuer}/oauth/token?x=1#y", f"{issuer.replace('http', 'HTTP')}/oauth/%74oken"):
        assert (await ask_token(wire, refresh_fields("x"), await prove(wire, htu=htu))).error == BAD_GRANT, htu
    for htu in (f"{issuer}/oauth/Token", f"{issuer}/oauth/token/", f"{issuer}/oauth/revoke"):
        assert (await ask_token(wire, refresh_fields("x"), await prove(wire, htu=htu))).error == BAD_PROOF, htu


async def test_req_106_109_proofs_that_are_none(wire: Wire) -> None:
    """Two of them, of another type or algorithm, unsigned, with a private key, signed by another key, or no JWT."""
    now, url = wire.scene.clock.now().timestamp(), wire.door.issuer + "/oauth/token"
    nonce = (await wire.door.proofs.claim(None, b"")).nonce

    def fresh() -> dict[str, Any]:
        return claims_of(now, url, nonce=nonce)

    right = signed(fresh())
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.as_dict(private=False)}
    rsa, shared = RSAKey.generate_key(2048, private=True), OctKey.import_key("0" * 32)
    forged = [
        signed(fresh(), typ="JWT"),
        signed(fresh(), jwk=KEY.as_dict(private=True)),
        signed(fresh(), jwk=OTHER.as_dict(private=False)),
        *[unsigned({**header, **odd}, fresh()) for odd in ODD_HEADERS],
        signed(fresh(), rsa, alg="RS256", jwk=rsa.as_dict(private=False)),
        signed(fresh(), shared, alg="HS256", jwk=shared.as_dict(private=True)),
        right.rpartition(".")[0] + ".",
        right[:-4] + "AAAA",
        "x",
        "..",
    ]
    for raw in forged:
        reply = await ask_token(wire, refresh_fields("x"), {"DPoP": raw})
        assert reply.error == BAD_PROOF, raw[:80]
    assert (await ask_token(wire, refresh_fields("x"), {"DPoP": f"{right}, {right}"})).error == BAD_PROOF


async def test_req_114_the_nonce_is_the_server_s(wire: Wire) -> None:
    """None, a made-up one or one of long ago: 400 with a nonce that works; the one before the newest works too."""
    given = ""
    for nonce in (None, "mine", 7, "é"):
        reply = await ask_token(wire, refresh_fields("x"), await prove(wire, nonce=nonce))
        assert reply.error == (400, "use_dpop_nonce")
        given = reply.headers["DPoP-Nonce"]
        assert (await ask_token(wire, refresh_fields("x"), await prove(wire, nonce=given))).error == BAD_GRANT
    wire.scene.clock.advance(timedelta(seconds=WINDOW_SECONDS))
    assert (await ask_token(wire, refresh_fields("x"), await prove(wire, nonce=given))).error == BAD_GRANT
    wire.scene.clock.advance(timedelta(seconds=WINDOW_SECONDS))
    reply = await ask_token(wire, refresh_fields("x"), await prove(wire, nonce=given))
    assert reply.error == (400, "use_dpop_nonce")


async def test_req_117_a_proof_counts_once(wire: Wire) -> None:
    """Of eight at once one is heard; the others are replays, and the code is spent by nobody else."""
    fields, proof = await code_fields(wire), await prove(wire)
    replies = await asyncio.gather(*(ask_token(wire, fields, proof) for _ in range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 7
    assert {reply.error for reply in replies if reply.status == 400} == {BAD_PROOF}
    token = next(reply for reply in replies if reply.status == 200).json["access_token"]
    assert await wire.is_active(token)


async def test_req_108_a_public_app_s_refresh_token_is_bound(wire: Wire) -> None:
    """Without a proof or with another key it is refused and lives on; with its key it works."""
    first = (await ask_token(wire, await code_fields(wire, public=True), await prove(wire), public=True)).json
    fields = refresh_fields(first["refresh_token"])
    for proof in ({}, await prove(wire, key=OTHER)):
        assert (await ask_token(wire, fields, proof, public=True)).error == BAD_GRANT
    second = await ask_token(wire, fields, await prove(wire), public=True)
    assert second.json["token_type"] == "DPoP"


async def test_a_key_is_proof_enough_for_a_lost_answer(wire: Wire) -> None:
    """I3: a public app that proves the key of its refresh token gets the same answer again."""
    first = (await ask_token(wire, await code_fields(wire, public=True), await prove(wire), public=True)).json
    fields = refresh_fields(first["refresh_token"])
    second = await ask_token(wire, fields, await prove(wire), public=True)
    again = await ask_token(wire, fields, await prove(wire), public=True)
    assert again.json == second.json


@pytest.mark.parametrize("is_proven", [True, False])
async def test_req_107_another_key_is_no_retry(wire: Wire, *, is_proven: bool) -> None:
    """Tokens of the one key are never answered to who proves another, or none: a used token is a replay then."""
    first = (await ask_token(wire, await code_fields(wire), await prove(wire))).json
    fields = refresh_fields(first["refresh_token"])
    second = (await ask_token(wire, fields, await prove(wire))).json
    other = await prove(wire, key=OTHER) if is_proven else {}
    assert (await ask_token(wire, fields, other)).error == BAD_GRANT
    assert not await wire.is_active(second["access_token"])


async def test_a_confidential_app_may_change_its_key(wire: Wire) -> None:
    """Its refresh token is bound to its own proof of itself; each access token to the key of its request."""
    first = (await ask_token(wire, await code_fields(wire), await prove(wire))).json
    second = (await ask_token(wire, refresh_fields(first["refresh_token"]), await prove(wire, key=OTHER))).json
    assert (await wire.introspect(second["access_token"]))["cnf"] == {"jkt": OTHER.thumbprint()}
    third = (await ask_token(wire, refresh_fields(second["refresh_token"]), {})).json
    assert third["token_type"] == "Bearer"


async def test_req_110_an_app_may_promise_to_bind_every_token(wire: Wire) -> None:
    """Without a proof it gets nothing, and nothing is spent."""
    app = await wire.add_app("binder", binds_tokens=True)
    raw_code = await wire.agree_to(app, ["oa_profile"])
    assert (await wire.redeem(raw_code, app=app)).error == BAD_PROOF
    fields = {"grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER, "client_id": app.id}
    assert (await wire.post("/oauth/token", fields, headers=await prove(wire))).json["token_type"] == "DPoP"


async def test_req_115_193_dpop_jkt_binds_the_code(wire: Wire) -> None:
    """Another key or none does not redeem it; the named one does."""
    fields = await code_for(wire, await wire.authorize({"dpop_jkt": KEY.thumbprint()}))
    for proof in ({}, await prove(wire, key=OTHER)):
        assert (await ask_token(wire, fields, proof)).error == BAD_GRANT
    assert (await ask_token(wire, fields, await prove(wire))).status == 200
    assert (await wire.authorize({"dpop_jkt": "short"})).query["error"] == "invalid_request"


async def test_req_116_at_par_the_proven_and_the_named_key_agree(wire: Wire) -> None:
    """The proof alone binds the code too; a name of another key beside it is refused."""
    pushed = {name: value for name, value in wire.right_request().items() if value is not None}

    async def push(**fields: str) -> Reply:
        headers = {**wire.basic, **await prove(wire, "/oauth/par")}
        return await wire.post("/oauth/par", {**pushed, **fields}, headers=headers)

    assert (await push(dpop_jkt=OTHER.thumbprint())).error == BAD_PROOF
    for reply in (await push(), await push(dpop_jkt=KEY.thumbprint())):
        query = f"client_id={wire.scene.app.id}&request_uri={reply.json['request_uri']}"
        fields = await code_for(wire, await wire.send("GET", f"/oauth/authorize?{query}"))
        assert (await ask_token(wire, fields, {})).error == BAD_GRANT
        assert (await ask_token(wire, fields, await prove(wire))).status == 200
