"""The stand-in's Zalo Social, the sign-in of people, against the platform facts A0, A1 and A8."""

import asyncio
import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp.test_utils import TestServer

from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.seeds import ACCOUNTS, BAKERY, FLORIST
from gateway.sandbox.zalo.state import PendingCode
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import (
    APP_ID,
    APP_SECRET,
    CALLBACK,
    CHALLENGE,
    LOGIN_CALLBACK,
    VERIFIER,
    Json,
    ZaloCaller,
)

PERSON = BAKERY.followers[0]
ME = "/v2.0/me?fields=id,name,picture"
ASKED = {"app_id": APP_ID, "redirect_uri": LOGIN_CALLBACK, "code_challenge": CHALLENGE, "state": "s t=1&x"}
FORM = ASKED | {"person": PERSON.id_by_app, "allow": "1"}


async def agree(zalo: ZaloCaller, **changed: str) -> dict[str, str]:
    """Agree as a seeded person; return the callback's query."""
    status, headers, body = await zalo.raw("POST", "/v4/permission", data=FORM | changed)
    assert status == 302, body
    callback, _, query = headers["Location"].partition("?")
    assert callback == LOGIN_CALLBACK
    return dict(parse_qsl(query, strict_parsing=True))


async def trade(zalo: ZaloCaller, *, secret: str | None = APP_SECRET, **form: str) -> Json:
    """Call the token endpoint."""
    headers = {} if secret is None else {"secret_key": secret}
    return await zalo.json("POST", "/v4/access_token", headers=headers, data={"app_id": APP_ID} | form)


async def redeem(zalo: ZaloCaller, code: str, verifier: str = VERIFIER) -> Json:
    """Trade a code."""
    return await trade(zalo, grant_type="authorization_code", code=code, code_verifier=verifier)


async def refresh(zalo: ZaloCaller, refresh_token: str) -> Json:
    """Trade a refresh token."""
    return await trade(zalo, grant_type="refresh_token", refresh_token=refresh_token)


async def ask_me(zalo: ZaloCaller, token: str, *, path: str = ME, secret: str = APP_SECRET) -> Json:
    """Ask who holds a token, with the proof."""
    proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return await zalo.json("GET", path, headers={"access_token": token, "appsecret_proof": proof})


@pytest.fixture
async def signed_in(zalo: ZaloCaller) -> dict[str, str]:
    """Return a live pair of the first person."""
    pair: dict[str, str] = await redeem(zalo, (await agree(zalo))["code"])
    return pair


async def test_the_page_offers_every_seeded_person(zalo: ZaloCaller) -> None:
    """It names itself a sandbox, offers all twenty-four by the app's id for them, chooses nobody, escapes what came."""
    status, headers, body = await zalo.raw("GET", f"/v4/permission?{urlencode(ASKED | {'state': chr(34) + '><b>x'})}")
    page = body.decode()
    assert status == 200
    assert "Bản giả lập" in page
    assert page.count('type="radio" name="person"') == 24
    followers = [one for account in ACCOUNTS.values() for one in account.followers]
    assert all(f'value="{one.id_by_app}"' in page and one.user_id not in page for one in followers)
    assert page.count('name="allow"') == 1
    assert "checked" not in page
    assert '"><b>x' not in page
    assert "form-action" not in headers["Content-Security-Policy"]


async def test_agreeing_returns_code_state_and_challenge(zalo: ZaloCaller) -> None:
    """The callback carries what the official SDK reads and no `oa_id`; what was not sent does not come."""
    answer = await agree(zalo)
    assert set(answer) == {"code", "state", "code_challenge"}
    assert (answer["state"], answer["code_challenge"]) == ("s t=1&x", CHALLENGE)
    bare = {name: value for name, value in FORM.items() if name not in {"state", "code_challenge"}}
    _, headers, _ = await zalo.raw("POST", "/v4/permission", data=bare)
    assert set(dict(parse_qsl(headers["Location"].partition("?")[2]))) == {"code"}


@pytest.mark.parametrize("changed", [{"person": ""}, {"person": PERSON.user_id}, {"allow": None}])
async def test_agreeing_wants_a_person_and_the_button(zalo: ZaloCaller, changed: dict[str, str | None]) -> None:
    """Without either, or with the OA's id for a person, the page comes again with a complaint, and no code."""
    form = {name: value for name, value in (FORM | changed).items() if value is not None}
    status, headers, body = await zalo.raw("POST", "/v4/permission", data=form)
    assert (status, "Location" in headers, 'role="alert"' in body.decode()) == (200, False, True)


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"app_id": "42"}, -14002),
        ({"redirect_uri": CALLBACK}, -14003),
        ({"redirect_uri": LOGIN_CALLBACK + "/"}, -14003),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_app_or_callback(zalo: ZaloCaller, changed: dict[str, str], error: int, method: str) -> None:
    """Callbacks of sign-in are a list of their own, compared byte for byte; an error is JSON and never a redirect."""
    path, form = "/v4/permission", FORM | changed
    sent = {"path": f"{path}?{urlencode(form)}"} if method == "GET" else {"path": path, "data": form}
    assert (await zalo.json(method, **sent))["error"] == error


async def test_an_app_that_was_removed(zalo: ZaloCaller, signed_in: dict[str, str]) -> None:
    """Neither page nor token nor `/me`."""
    await zalo.switch(app_removed=True)
    assert (await zalo.json("GET", f"/v4/permission?{urlencode(ASKED)}"))["error"] == -14002
    assert (await refresh(zalo, signed_in["refresh_token"]))["error"] == -14002
    assert (await ask_me(zalo, signed_in["access_token"]))["error"] == 452


async def test_token_answer(signed_in: dict[str, str]) -> None:
    """One hour and thirty days, both as texts of seconds."""
    assert set(signed_in) == {"access_token", "refresh_token", "expires_in", "refresh_token_expires_in"}
    assert (signed_in["expires_in"], signed_in["refresh_token_expires_in"]) == ("3600", "2592000")


@pytest.mark.parametrize(
    "form, secret, error",
    [
        ({"app_id": "7"}, APP_SECRET, -14002),
        ({"grant_type": "authorization_code"}, "wrong", -14004),
        ({"grant_type": "authorization_code"}, None, -14004),
        ({"grant_type": "authorization_code", "code": "x"}, APP_SECRET, -14005),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, APP_SECRET, -14014),
        ({"grant_type": "password"}, APP_SECRET, -14018),
    ],
)
async def test_token_refuses(zalo: ZaloCaller, form: dict[str, str], secret: str | None, error: int) -> None:
    """Each wrong part has its own -14xxx code, in HTTP 200."""
    answer = await trade(zalo, secret=secret, **form)
    assert answer["error"] == error
    assert set(answer) == {"error", "error_name", "error_description", "error_reason", "ref_doc"}


async def test_a_code_counts_once_and_for_ten_minutes(zalo: ZaloCaller, clock: StillClock) -> None:
    """Of eight at once one wins; a code is good just before ten minutes and dead at ten."""
    code = (await agree(zalo))["code"]
    answers = await asyncio.gather(*(redeem(zalo, code) for _ in range(8)))
    assert sorted("access_token" in answer for answer in answers) == [False] * 7 + [True]
    early, late = (await agree(zalo))["code"], (await agree(zalo))["code"]
    clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert "access_token" in await redeem(zalo, early)
    clock.advance(timedelta(seconds=1))
    assert (await redeem(zalo, late))["error"] == -14005


@pytest.mark.parametrize("verifier", ["", "A" * 43, CHALLENGE])
async def test_pkce(zalo: ZaloCaller, verifier: str) -> None:
    """A wrong verifier is refused and does not spend the code; without a challenge none is wanted."""
    code = (await agree(zalo))["code"]
    assert (await redeem(zalo, code, verifier))["error"] == -14005
    assert "access_token" in await redeem(zalo, code)
    assert "access_token" in await redeem(zalo, (await agree(zalo, code_challenge=""))["code"], verifier)


async def test_the_two_flows_share_no_code_and_no_token(zalo: ZaloCaller, signed_in: dict[str, str]) -> None:
    """An OA's code, refresh and access token are nothing to the Social hosts, and the other way round."""
    pair, oa_code, code = await zalo.link(), (await zalo.consent())["code"], (await agree(zalo))["code"]
    assert (await redeem(zalo, oa_code))["error"] == -14005
    assert (await zalo.redeem(code))["error"] == -14005
    assert (await refresh(zalo, pair["refresh_token"]))["error"] == -14014
    assert (await zalo.refresh(signed_in["refresh_token"]))["error"] == -14014
    assert (await ask_me(zalo, pair["access_token"]))["error"] == 452
    assert (await zalo.get("/v2.0/oa/getoa", signed_in["access_token"]))["error"] == -216


async def test_a_refresh_inherits_what_is_left(zalo: ZaloCaller, clock: StillClock, signed_in: dict[str, str]) -> None:
    """It counts once, kills the old access token, tells the remainder, and nothing outlives the first thirty days."""
    clock.advance(timedelta(days=10))
    second = await refresh(zalo, signed_in["refresh_token"])
    assert second["refresh_token_expires_in"] == str(20 * 86_400)
    assert (await refresh(zalo, signed_in["refresh_token"]))["error"] == -14014
    assert (await ask_me(zalo, signed_in["access_token"]))["error"] == 452
    clock.advance(timedelta(days=20) - timedelta(seconds=1))
    third = await refresh(zalo, second["refresh_token"])
    assert third["refresh_token_expires_in"] == "1"
    clock.advance(timedelta(seconds=1))
    assert (await refresh(zalo, third["refresh_token"]))["error"] == -14014


async def test_me_is_flat_and_by_the_apps_id(zalo: ZaloCaller, signed_in: dict[str, str]) -> None:
    """The id is the one that `user/detail` calls `user_id_by_app`, and never the OA's own for the person."""
    answer = await ask_me(zalo, signed_in["access_token"])
    assert answer == {
        "error": 0,
        "message": "Success",
        "id": PERSON.id_by_app,
        "name": PERSON.display_name,
        "picture": {"data": {"url": PERSON.avatar(240)}},
        "is_sensitive": False,
    }
    oa_token = (await zalo.link())["access_token"]
    detail = (await zalo.get("/v3.0/oa/user/detail", oa_token, user_id=PERSON.user_id))["data"]
    assert detail["user_id_by_app"] == answer["id"] != detail["user_id"]


def test_seeded_ids_are_all_different() -> None:
    """Forty-eight numbers for twenty-four people; the step from one name to the other is no constant."""
    followers = [*BAKERY.followers, *FLORIST.followers]
    assert len({one.user_id for one in followers} | {one.id_by_app for one in followers}) == 48
    assert len({int(one.id_by_app) - int(one.user_id) for one in followers}) == 24


@pytest.mark.parametrize("path,more", [("/v2.0/me", set()), ("/v2.0/me?fields=name,phone", {"name"})])
async def test_me_shows_what_was_asked(zalo: ZaloCaller, signed_in: dict[str, str], path: str, more: set[str]) -> None:
    """There is no phone, whatever is asked."""
    answer = await ask_me(zalo, signed_in["access_token"], path=path)
    assert set(answer) == {"error", "message", "id", "is_sensitive"} | more


async def test_me_wants_a_live_token_in_its_own_header(
    zalo: ZaloCaller, clock: StillClock, signed_in: dict[str, str]
) -> None:
    """452 for none, a wrong one, a Bearer, and at the end of the hour."""
    token = signed_in["access_token"]
    assert (await ask_me(zalo, "x")) == {"error": 452, "message": "Session key invalid"}
    assert (await zalo.json("GET", ME, headers={"Authorization": f"Bearer {token}"}))["error"] == 452
    clock.advance(timedelta(hours=1) - timedelta(seconds=1))
    assert (await ask_me(zalo, token))["error"] == 0
    clock.advance(timedelta(seconds=1))
    assert (await ask_me(zalo, token))["error"] == 452


async def test_me_demands_the_proof(zalo: ZaloCaller, signed_in: dict[str, str]) -> None:
    """Missing or made with another secret; which code says so is a switch, for no source tells."""
    token = signed_in["access_token"]
    assert (await zalo.json("GET", ME, headers={"access_token": token}))["error"] == -242
    assert (await ask_me(zalo, token, secret="other"))["error"] == -242
    await zalo.switch(social_proof_error=452)
    assert (await ask_me(zalo, token, secret="other"))["error"] == 452


@pytest.mark.parametrize("switches,error", [({"social_refuse": 112}, 112), ({"tokens_dead": True}, 452)])
async def test_me_refuses_as_switched(
    zalo: ZaloCaller, signed_in: dict[str, str], switches: dict[str, object], error: int
) -> None:
    """A switch makes it answer from the Social table."""
    await zalo.switch(**switches)
    assert (await ask_me(zalo, signed_in["access_token"]))["error"] == error


async def test_me_is_limited_for_each_person(zalo: ZaloCaller, clock: StillClock, signed_in: dict[str, str]) -> None:
    """Twenty a minute for one person, another has their own; the app's whole limit stands above both."""
    other = await redeem(zalo, (await agree(zalo, person=FLORIST.followers[0].id_by_app))["code"])
    errors = [(await ask_me(zalo, signed_in["access_token"]))["error"] for _ in range(21)]
    assert errors == [0] * 20 + [-32]
    assert (await ask_me(zalo, other["access_token"]))["error"] == 0
    clock.advance(timedelta(minutes=1))
    assert (await ask_me(zalo, signed_in["access_token"]))["error"] == 0
    await zalo.switch(rate_limit_per_minute=1)
    assert (await ask_me(zalo, other["access_token"]))["error"] == -32


async def test_a_sign_in_survives_a_restart(
    config: ZaloSandboxConfig, clock: StillClock, zalo: ZaloCaller, signed_in: dict[str, str]
) -> None:
    """The state file holds both flows' tokens, hashed."""
    assert config.state_path is not None
    assert signed_in["access_token"] not in config.state_path.read_text()
    async with TestServer(build_zalo_sandbox(config, clock, CountedEntropy())) as server:
        again = ZaloCaller(zalo.http, str(server.make_url("/zalo")))
        assert (await ask_me(again, signed_in["access_token"]))["id"] == PERSON.id_by_app


def test_a_code_of_an_older_file_is_read() -> None:
    """The member was called `oa_id` while OAs alone had codes."""
    old = PendingCode.model_validate({"oa_id": "7", "challenge": "", "expires_at": "2026-11-22T00:00:00Z"})
    assert PendingCode.model_validate_json(old.model_dump_json()).holder == "7"
