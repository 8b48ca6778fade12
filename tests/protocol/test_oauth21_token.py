"""OAuth 2.1 at the token endpoint: the form, and codes."""

import re
from datetime import timedelta

import pytest

from gateway.acts.suspend import resume_app, suspend_app
from gateway.records.apps.types import GrantType
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AskId
from tests.house import REDIRECT_URI, VERIFIER, agree
from tests.protocol.wire import Wire

FORM = "application/x-www-form-urlencoded"


async def code_of(wire: Wire, *ask_ids: str) -> str:
    """Let the owner agree to some asks (all, if none is named) and return the confidential app's code."""
    decided = await agree(wire.scene, frozenset(map(AskId, ask_ids)) if ask_ids else None)
    assert decided.raw_code is not None
    return decided.raw_code


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/json", b'{"grant_type":"authorization_code"}'),
        ("multipart/form-data", b"grant_type=authorization_code"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'),
        ("text/plain", b"grant_type=authorization_code"),
        (f"{FORM}; charset=utf-16", b"grant_type=authorization_code"),
        (f"{FORM}; charset=nonsense", b"grant_type=authorization_code"),
        ("", b"grant_type=authorization_code"),
        ("rubbish", b"grant_type=authorization_code"),
        (FORM, b"\xff\xfe"),
        (FORM, b"grant_type=%ff"),
        (FORM, b"grant_type=a%00b"),
        (FORM, b"no pair"),
        (FORM, b"a=1&" * 300 + b"b=2"),
    ],
)
async def test_req_014_a_form_and_nothing_else(wire: Wire, content_type: str, body: bytes) -> None:
    """Every other body is a 400 in JSON, never a crash."""
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect"):
        reply = await wire.send("POST", path, body=body, headers={**wire.basic, "Content-Type": content_type})
        assert reply.error == (400, "invalid_request"), path


async def test_req_014_a_body_of_bounded_size(wire: Wire) -> None:
    """A body that is too long is refused before it is kept, whether or not it says its length."""
    reply = await wire.post("/oauth/token", {"grant_type": "x" * 70_000}, headers=wire.basic)
    assert reply.error == (413, "invalid_request")


async def test_req_014_a_compressed_body_is_refused(wire: Wire) -> None:
    """No body is unpacked, so none can be a bomb."""
    reply = await wire.post("/oauth/token", {"grant_type": "x"}, headers={"Content-Encoding": "identity, x"})
    assert reply.error == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_req_014_post_alone(wire: Wire, method: str) -> None:
    """Every other method gets 405 with the one that there is."""
    reply = await wire.send(method, "/oauth/token", headers={"Origin": "https://evil.example"})
    assert reply.status == 405
    assert reply.headers["Allow"] == "POST"
    assert not [name for name in reply.headers if name.lower().startswith("access-control-")]
    assert method == "HEAD" or reply.json["error"] == "invalid_request"


async def test_req_010_unknown_parameters_are_ignored(wire: Wire) -> None:
    """A parameter that we do not know changes nothing."""
    assert (await wire.redeem(await code_of(wire), foo="bar", empty="")).status == 200


async def test_req_011_a_repeated_parameter_is_refused(wire: Wire) -> None:
    """Of two values neither is believed, and nothing is spent."""
    raw_code = await code_of(wire)
    right = [("grant_type", "authorization_code"), ("code", raw_code), ("code_verifier", VERIFIER)]
    for twice in (*right, ("foo", "1")):
        reply = await wire.post("/oauth/token", [*right, ("foo", "1"), twice], headers=wire.basic)
        assert reply.error == (400, "invalid_request")
    assert (await wire.redeem(raw_code)).status == 200


async def test_req_012_empty_is_omitted(wire: Wire) -> None:
    """An empty parameter is missing, and an optional one is not asked for."""
    raw_code = await code_of(wire)
    assert (await wire.redeem("")).error == (400, "invalid_request")
    assert (await wire.redeem(raw_code, grant_type="")).error == (400, "invalid_request")
    assert (await wire.redeem(raw_code, redirect_uri="")).status == 200


async def test_req_016_tokens_are_not_stored(wire: Wire) -> None:
    """No answer of the endpoint stays in a cache, right or wrong."""
    for reply in (await wire.redeem(await code_of(wire)), await wire.redeem("qac_x")):
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Pragma"] == "no-cache"
        assert reply.headers["Content-Type"] == "application/json"


async def test_req_018_error_characters(wire: Wire) -> None:
    """Whatever is sent, the answer's words stay in their range and hold nothing of it."""
    dirt = 'é"\\<script>'
    for name in ("grant_type", "code", "code_verifier", "redirect_uri", "client_id"):
        fields = {"grant_type": "authorization_code", "code": await code_of(wire), "code_verifier": VERIFIER}
        members = (await wire.ask_token({**fields, name: dirt})).json
        assert set(members) == {"error", "error_description"}
        for member in members.values():
            assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", member)
            assert "script" not in member


async def test_req_022_a_code_lives_60_seconds(wire: Wire) -> None:
    """One second before its end a code works, at its end no more."""
    in_time, late = await code_of(wire), await code_of(wire)
    wire.scene.clock.advance(59)
    assert (await wire.redeem(in_time)).status == 200
    wire.scene.clock.advance(1)
    assert (await wire.redeem(late)).error == (400, "invalid_grant")


async def test_req_024_a_second_use_ends_the_family(wire: Wire) -> None:
    """The replay is refused, the tokens of the first use are dead, and that stays although the request failed."""
    raw_code = await code_of(wire)
    tokens = (await wire.redeem(raw_code)).json
    assert await wire.is_active(tokens["access_token"])
    assert (await wire.redeem(raw_code)).error == (400, "invalid_grant")
    assert not await wire.is_active(tokens["access_token"])
    assert not await wire.is_active(tokens["refresh_token"])
    assert (await wire.refresh(tokens["refresh_token"])).error == (400, "invalid_grant")


async def test_req_024_a_replay_ends_one_family_alone(wire: Wire) -> None:
    """Another authorization of the same account and app goes on."""
    other = (await wire.redeem(await code_of(wire))).json
    raw_code = await code_of(wire)
    await wire.redeem(raw_code)
    await wire.redeem(raw_code)
    assert await wire.is_active(other["access_token"])


async def test_req_024_a_late_replay_still_ends_the_family(wire: Wire) -> None:
    """A used code that has expired since is a replay like any other."""
    raw_code = await code_of(wire)
    tokens = (await wire.redeem(raw_code)).json
    wire.scene.clock.advance(300)
    assert (await wire.redeem(raw_code)).error == (400, "invalid_grant")
    assert not await wire.is_active(tokens["access_token"])


async def test_req_025_a_replay_that_proves_nothing_ends_nothing(wire: Wire) -> None:
    """A used code with a wrong verifier, or from another client, leaves the tokens alone."""
    raw_code = await code_of(wire)
    tokens = (await wire.redeem(raw_code)).json
    assert (await wire.redeem(raw_code, code_verifier="x" * 43)).error == (400, "invalid_grant")
    assert (await wire.redeem(raw_code, app=wire.scene.public_app)).error == (400, "invalid_grant")
    assert (await wire.redeem(raw_code, redirect_uri="https://app.example/cb")).error == (400, "invalid_grant")
    assert await wire.is_active(tokens["access_token"])


async def test_req_026_a_code_is_its_clients(wire: Wire) -> None:
    """Another client cannot redeem it, and does not spoil it."""
    raw_code = await code_of(wire)
    assert (await wire.redeem(raw_code, app=wire.scene.public_app)).error == (400, "invalid_grant")
    assert (await wire.redeem(raw_code)).status == 200


async def test_req_027_redirect_uri_if_sent_must_match(wire: Wire) -> None:
    """It may be left out; a wrong one is refused and spends nothing."""
    raw_code = await code_of(wire)
    assert (await wire.redeem(raw_code, redirect_uri="https://app.example/cb")).error == (400, "invalid_grant")
    assert (await wire.redeem(raw_code, redirect_uri=REDIRECT_URI)).status == 200


async def test_req_032_the_answer_says_what_was_granted(wire: Wire) -> None:
    """Scopes, the grant and each ask with its purpose and account, as the person ticked them."""
    members = (await wire.redeem(await code_of(wire, "oa_profile", "crm_phone"))).json
    assert members["scope"] == "zalo.profile.read zalo.follower.phone.read"
    assert members["token_type"] == "Bearer"
    assert members["expires_in"] == 900
    assert members["grant_id"].startswith("gr_")
    details = members["authorization_details"]
    assert details[1] == {
        "type": "quyen_ask",
        "ask": "crm_phone",
        "scope": "zalo.follower.phone.read",
        "purpose": "crm",
        "account": wire.scene.account.external_id,
    }
    assert [each["ask"] for each in details] == ["oa_profile", "crm_phone"]


async def test_asks_stand_in_the_order_of_their_registration(wire: Wire) -> None:
    """At the code, at a refresh and at introspection of both tokens: the app's order, never that of random ids."""
    asks, scopes = [ask.id for ask in wire.scene.asks], [ask.scope for ask in wire.scene.asks]
    first = (await wire.redeem(await code_of(wire))).json
    again = (await wire.refresh(first["refresh_token"])).json
    introspected = [await wire.introspect(again[kind]) for kind in ("access_token", "refresh_token")]
    for members in (first, again, *introspected):
        assert [each["ask"] for each in members["authorization_details"]] == asks
        assert members["scope"].split(" ") == scopes
    less = (await wire.refresh(again["refresh_token"], scope=f"{scopes[3]} {scopes[1]}")).json
    assert less["scope"].split(" ") == [scopes[1], scopes[3]]


async def test_req_037_tokens_are_long_and_of_their_form(wire: Wire) -> None:
    """256 random bits in the form that the contract gives to secret scanners."""
    members = (await wire.redeem(await code_of(wire))).json
    for name, prefix in (("access_token", "qat"), ("refresh_token", "qrt")):
        assert re.fullmatch(rf"{prefix}_[0-9A-Za-z]{{49}}", members[name])


async def test_req_046_no_password_grant(wire: Wire) -> None:
    """A password is never taken here."""
    fields = {"grant_type": "password", "username": "chu-1", "password": "x"}
    assert (await wire.ask_token(fields)).error == (400, "unsupported_grant_type")


async def test_req_062_each_error_has_its_word(wire: Wire) -> None:
    """The codes of section 5.2, in JSON."""
    raw_code = await code_of(wire)
    assert (await wire.ask_token({"grant_type": "bogus"})).error == (400, "unsupported_grant_type")
    assert (await wire.redeem(raw_code, grant_type=None)).error == (400, "invalid_request")
    assert (await wire.redeem(raw_code, code=None)).error == (400, "invalid_request")
    assert (await wire.redeem("qac_unknown")).error == (400, "invalid_grant")
    app = await wire.add_app("no-refresh", grant_types=(GrantType.CODE,))
    assert (await wire.refresh("qrt_x", app=app)).error == (400, "unauthorized_client")


async def test_a_refresh_token_comes_only_to_whom_registered_it(wire: Wire) -> None:
    """An app that did not register `refresh_token` gets an access token alone."""
    app = await wire.add_app("no-refresh", grant_types=(GrantType.CODE,))
    members = (await wire.redeem(await wire.agree_to(app, ["oa_profile"]), app=app)).json
    assert "access_token" in members
    assert "refresh_token" not in members


async def test_a_suspended_app_gets_no_tokens(wire: Wire) -> None:
    """Neither a code nor a refresh token works while an operator holds the app; neither is spent by trying."""
    tokens, raw_code = (await wire.redeem(await code_of(wire))).json, await code_of(wire)
    await suspend_app(wire.house, wire.scene.app.id, Actor.system(), reason="thử (mẫu)")
    assert (await wire.redeem(raw_code)).error == (400, "invalid_grant")
    assert (await wire.refresh(tokens["refresh_token"])).error == (400, "invalid_grant")
    assert not await wire.is_active(tokens["access_token"])
    assert not await wire.is_active(tokens["refresh_token"])
    await resume_app(wire.house, wire.scene.app.id, Actor.system())
    assert (await wire.redeem(raw_code)).status == 200
    assert (await wire.refresh(tokens["refresh_token"])).status == 200


async def test_tokens_never_outlive_what_was_granted(wire: Wire) -> None:
    """A grant that ends in five minutes gives a token of five minutes."""
    decided = await agree(wire.scene, duration="P1D")
    tokens = (await wire.redeem(decided.raw_code or "")).json
    wire.scene.clock.advance(timedelta(hours=23, minutes=55))
    fresh = (await wire.refresh(tokens["refresh_token"])).json
    assert fresh["expires_in"] == 300
    assert await wire.is_active(fresh["refresh_token"])
    wire.scene.clock.advance(300)
    assert not await wire.is_active(fresh["access_token"])
    assert (await wire.refresh(fresh["refresh_token"])).error == (400, "invalid_grant")
