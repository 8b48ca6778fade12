"""Zalo's own OAuth, spoken to the gateway: other names and errors, the same engine, the same screen."""

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from gateway.terms.ids import AppId
from gateway.terms.refusal import Unavailable
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, agree
from tests.protocol.wire import Reply, Wire, basic

PERMISSION, TOKEN = "/dialect/zalo/v4/oa/permission", "/dialect/zalo/v4/oa/access_token"


async def ask(wire: Wire, **changes: str | None) -> Reply:
    """Send a person to ask, as Zalo's SDKs do, with some parameters changed (None: left out)."""
    right = {"app_id": wire.scene.app.id, "redirect_uri": REDIRECT_URI, "code_challenge": CHALLENGE, "state": "s-1"}
    asked = {name: value for name, value in {**right, **changes}.items() if value is not None}
    return await wire.send("GET", f"{PERMISSION}?{urlencode(asked)}")


async def exchange(
    wire: Wire, fields: Mapping[str, str], *, secret: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """Post to Zalo's token endpoint with the secret in its header."""
    proof = {"secret_key": wire.scene.raw_secret if secret is None else secret, **(headers or {})}
    return await wire.post(TOKEN, {"app_id": wire.scene.app.id, **fields}, headers=proof)


async def redeem(
    wire: Wire,
    raw_code: str | None,
    *,
    secret: str | None = None,
    headers: Mapping[str, str] | None = None,
    **changes: str,
) -> Reply:
    """Redeem a code."""
    fields = {"grant_type": "authorization_code", "code": raw_code or "", "code_verifier": VERIFIER, **changes}
    return await exchange(wire, fields, secret=secret, headers=headers)


async def refresh(wire: Wire, raw_token: str) -> Reply:
    """Refresh."""
    return await exchange(wire, {"grant_type": "refresh_token", "refresh_token": raw_token})


def told(reply: Reply) -> tuple[int, int, str]:
    """Status, Zalo's error code and our own reason."""
    assert reply.headers["Cache-Control"] == "no-store"
    assert set(reply.json) == {"error", "error_name", "error_description", "error_reason", "ref_doc"}
    assert reply.json["error_reason"] == reply.headers["Quyen-Error"]
    return reply.status, reply.json["error"], reply.json["error_reason"]


async def test_the_whole_way(wire: Wire) -> None:
    """Asking leads to the one consent screen with all that the app registered there; the tokens are ordinary ones."""
    opened = await ask(wire)
    request = await wire.find_request(opened)
    registered = [each.id for each in wire.scene.asks if each.platform == "zalo"]
    assert [*request.ask_ids] == registered
    assert (request.state, request.code_challenge, request.redirect_uri) == ("s-1", CHALLENGE, REDIRECT_URI)
    decided = await wire.agree_on(opened)
    first = await redeem(wire, decided.raw_code)
    assert first.status == 200
    assert set(first.json) == {"access_token", "refresh_token", "expires_in"}
    assert first.json["expires_in"] == "900"
    assert await wire.is_active(first.json["access_token"])
    second = await refresh(wire, first.json["refresh_token"])
    assert second.json["access_token"] != first.json["access_token"]
    assert await wire.is_active(second.json["access_token"])
    assert (await wire.refresh(second.json["refresh_token"])).status == 200  # the same family, in the other dialect


async def test_no_answer_from_the_database_is_told_in_zalos_words(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was given, and the client is told when to come again."""

    async def silent(*_args: object, **_options: object) -> None:
        raise Unavailable("database", retry_after_seconds=3)

    monkeypatch.setattr("gateway.doors.oauth.dialects.zalo._exchange", silent)
    reply = await redeem(wire, "qac_any")
    assert told(reply) == (200, -200, "no_verdict")
    assert reply.headers["Retry-After"] == "3"


async def test_a_replay_ends_the_family_here_too(wire: Wire) -> None:
    """I3 holds whatever the code was redeemed by."""
    raw_code = (await wire.agree_on(await ask(wire))).raw_code
    tokens = (await redeem(wire, raw_code)).json
    assert told(await redeem(wire, raw_code)) == (200, -14005, "invalid_grant")
    assert not await wire.is_active(tokens["access_token"])
    refused = await refresh(wire, tokens["refresh_token"])
    assert told(refused) == (200, -14014, "invalid_grant")


@pytest.mark.parametrize(
    "changes,error",
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
    ],
)
async def test_a_challenge_is_sent_and_means_s256(wire: Wire, changes: dict[str, str | None], error: str) -> None:
    """Zalo leaves its method out; a request without one is refused, as everywhere here."""
    reply = await ask(wire, **changes)
    assert (reply.query["error"], reply.query["state"]) == (error, "s-1")


async def test_oauths_own_names_mean_nothing_here(wire: Wire) -> None:
    """Neither a scope nor another response or prompt can be slipped in under OAuth's names."""
    reply = await ask(wire, scope="zalo.profile.read", response_type="token", prompt="none", client_id="giao-hang")
    assert len((await wire.find_request(reply)).ask_ids) > 1


@pytest.mark.parametrize("app_id", ["giao-hang", "app_unknown", None])
async def test_an_app_of_no_dialect_is_unknown_here(wire: Wire, app_id: str | None) -> None:
    """A public app, a stranger and nobody get a page; nothing is redirected."""
    assert (await ask(wire, app_id=app_id)).status == 400


async def test_a_foreign_address_is_never_sent_to(wire: Wire) -> None:
    """The redirect URI is compared byte for byte, as everywhere."""
    assert (await ask(wire, redirect_uri="https://evil.example/")).status == 400


async def test_each_fault_has_zalos_code(wire: Wire) -> None:
    """Always HTTP 200; an app_id that is missing, a secret that is wrong, a code, a token and a kind of grant."""
    right = {"grant_type": "authorization_code", "code": "qac_x", "code_verifier": VERIFIER}
    without = await wire.post(TOKEN, right, headers={"secret_key": wire.scene.raw_secret})
    assert told(without) == (200, -14002, "invalid_client")
    assert told(await exchange(wire, right, secret="wrong")) == (200, -14004, "invalid_client")
    assert told(await exchange(wire, right, secret="")) == (200, -14004, "invalid_client")
    assert told(await exchange(wire, right)) == (200, -14005, "invalid_grant")
    assert told(await redeem(wire, "qac_x", code_verifier="short")) == (200, -14005, "invalid_request")
    assert told(await refresh(wire, "qrt_x")) == (200, -14014, "invalid_grant")
    assert told(await exchange(wire, {"grant_type": "client_credentials"})) == (200, -14018, "unsupported_grant_type")
    assert told(await exchange(wire, {})) == (200, -14018, "unsupported_grant_type")
    assert told(await wire.send("GET", TOKEN)) == (200, -14018, "unsupported_grant_type")
    assert told(await wire.post(TOKEN, [*right.items(), ("code", "y")])) == (200, -200, "invalid_request")


async def test_the_secret_stands_in_its_header_alone(wire: Wire) -> None:
    """Not in the body and not as Basic beside it, and a secret that is another app's opens nothing."""
    raw_code = (await wire.agree_on(await ask(wire))).raw_code
    fields = {"app_id": wire.scene.app.id, "grant_type": "authorization_code", "code": str(raw_code)}
    fields |= {"code_verifier": VERIFIER, "client_secret": wire.scene.raw_secret}
    assert told(await wire.post(TOKEN, fields)) == (200, -14004, "invalid_client")
    assert told(await redeem(wire, raw_code, headers=wire.basic)) == (200, -14005, "invalid_request")
    assert (await redeem(wire, raw_code)).json["expires_in"] == "900"


async def test_an_app_that_is_not_of_the_dialect_gets_no_tokens(wire: Wire) -> None:
    """Its code and its right secret are of no use here, and are not spent."""
    app, raw_secret = await wire.add_secret_app(AppId("no-dialect"), dialect=None)
    raw_code = await wire.agree_to(app, ["oa_profile"])
    refused = await redeem(wire, raw_code, secret=raw_secret, app_id=app.id)
    assert told(refused) == (200, -14002, "unauthorized_client")


async def test_keys_are_not_proven_here(wire: Wire) -> None:
    """A proof is refused before anything is spent: the dialect's clients could not use a bound token."""
    raw_code = (await agree(wire.scene)).raw_code
    assert told(await redeem(wire, raw_code, headers={"DPoP": "x"})) == (200, -14005, "invalid_dpop_proof")
    assert (await redeem(wire, raw_code)).status == 200


async def test_guesses_are_limited_here_too(wire: Wire) -> None:
    """Ten wrong secrets; the eleventh is told the platform's word for too many, and when to come again."""
    for _ in range(10):
        assert told(await redeem(wire, "qac_x", secret="wrong"))[1] == -14004
    limited = await redeem(wire, "qac_x", secret="wrong")
    assert told(limited) == (200, -32, "limited")
    assert int(limited.headers["Retry-After"]) > 0


async def test_the_secret_opens_nothing_from_elsewhere(wire: Wire) -> None:
    """An app that named its addresses gets tokens there alone, in either dialect, and a code is not spent elsewhere."""
    away, raw_secret = await wire.add_secret_app(AppId("far-away"), addresses=("203.0.113.0/24", "2001:db8::/32"))
    raw_code = await wire.agree_to(away, ["oa_profile"])
    fields = {"app_id": away.id, "grant_type": "authorization_code", "code": raw_code, "code_verifier": VERIFIER}
    refused = await exchange(wire, fields, secret=raw_secret)
    assert told(refused) == (200, -14004, "invalid_client")
    in_oauth = await wire.post("/oauth/token", {**fields, "client_id": away.id}, headers=basic(away.id, raw_secret))
    assert in_oauth.error == (401, "invalid_client")
    near, raw_secret = await wire.add_secret_app(AppId("near"), addresses=("203.0.113.0/24", "127.0.0.1/32"))
    fields |= {"app_id": near.id, "code": await wire.agree_to(near, ["oa_profile"])}
    assert (await exchange(wire, fields, secret=raw_secret)).json["expires_in"] == "900"
