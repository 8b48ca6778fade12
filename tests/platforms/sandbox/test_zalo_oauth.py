"""The stand-in's OAuth host against the platform facts A0.3, A0.6 and A1."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.sandbox.zalo.seeds import ACCOUNTS, BAKERY_ID, FLORIST_ID
from gateway.sandbox.zalo.tokens import s256
from tests.platforms.sandbox.still import StillClock
from tests.platforms.sandbox.zalo_caller import CALLBACK, CHALLENGE, VERIFIER, ZaloCaller, authorize_path

GET_OA = "/v2.0/oa/getoa"


def test_challenge_vector() -> None:
    """The challenge of RFC 7636's verifier is the one the facts measured."""
    assert s256(VERIFIER) == CHALLENGE


async def test_consent_page_offers_every_oa_and_one_box(zalo: ZaloCaller) -> None:
    """The page names itself a sandbox, offers each seeded OA, and asks for one tick and one button."""
    status, headers, body = await zalo.raw("GET", authorize_path(state='"><b>x'))
    page = body.decode()
    assert status == 200
    assert "Bản giả lập" in page
    assert page.count('type="radio" name="oa_id"') == len(ACCOUNTS) == 2
    assert all(f'value="{oa_id}"' in page for oa_id in ACCOUNTS)
    assert page.count('type="checkbox"') == page.count('name="agree"') == page.count('name="allow"') == 1
    assert "<script" not in page
    assert '"><b>x' not in page
    assert "checked" not in page
    assert "form-action" not in headers["Content-Security-Policy"]


async def test_consent_returns_code_oa_and_state(zalo: ZaloCaller) -> None:
    """Allowing sends the browser to the saved callback with exactly code, oa_id and the state as it came."""
    answer = await zalo.consent(FLORIST_ID)
    assert set(answer) == {"code", "oa_id", "state"}
    assert (answer["oa_id"], answer["state"]) == (FLORIST_ID, "s t=1&x")


async def test_state_is_returned_only_if_sent(zalo: ZaloCaller) -> None:
    """Without a state the callback has none."""
    form = {"app_id": "1122334455667788990", "redirect_uri": CALLBACK, "oa_id": BAKERY_ID, "agree": "1", "allow": "1"}
    _, headers, _ = await zalo.raw("POST", "/v4/oa/permission", data=form)
    assert "state=" not in headers["Location"]


@pytest.mark.parametrize("missing", ["agree", "oa_id", "allow"])
async def test_consent_wants_everything(zalo: ZaloCaller, missing: str) -> None:
    """Without the tick, an OA or the button the page comes again with a complaint, and no code."""
    form = {"app_id": "1122334455667788990", "redirect_uri": CALLBACK, "oa_id": BAKERY_ID, "agree": "1", "allow": "1"}
    del form[missing]
    status, headers, body = await zalo.raw("POST", "/v4/oa/permission", data=form)
    assert (status, "Location" in headers, 'role="alert"' in body.decode()) == (200, False, True)


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"app_id": "42"}, -14002),
        ({"app_id": ""}, -14002),
        ({"redirect_uri": CALLBACK + "/"}, -14003),
        ({"redirect_uri": CALLBACK + "?a=1"}, -14003),
        ({"redirect_uri": CALLBACK.upper()}, -14003),
        ({"redirect_uri": "https://elsewhere.example/"}, -14003),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_authorize_refuses(zalo: ZaloCaller, changed: dict[str, str], error: int, method: str) -> None:
    """Another app, or a callback that is not the saved one byte for byte, is an error JSON and never a redirect."""
    path = authorize_path(**changed)
    form = None
    if method == "POST":
        path, asked = "/v4/oa/permission", {"app_id": "1122334455667788990", "redirect_uri": CALLBACK}
        form = asked | {"oa_id": BAKERY_ID, "agree": "1", "allow": "1"} | changed
    answer = await zalo.json(method, path, data=form)
    assert answer["error"] == error
    assert set(answer) == {"error", "error_name", "error_description", "error_reason", "ref_doc"}


async def test_token_answer(zalo: ZaloCaller) -> None:
    """A pair comes with its lifetime as a text of seconds, and nothing else."""
    pair = await zalo.link()
    assert set(pair) == {"access_token", "refresh_token", "expires_in"}
    assert pair["expires_in"] == "90000"


@pytest.mark.parametrize(
    "form, secret, error",
    [
        ({"app_id": "7"}, "sandbox-app-secret", -14002),
        ({"grant_type": "authorization_code"}, "wrong", -14004),
        ({"grant_type": "authorization_code"}, None, -14004),
        ({"grant_type": "authorization_code", "code": "x"}, "sandbox-app-secret", -14005),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "sandbox-app-secret", -14014),
        ({"grant_type": "refresh_token"}, "sandbox-app-secret", -14014),
        ({"grant_type": "password"}, "sandbox-app-secret", -14018),
        ({}, "sandbox-app-secret", -14018),
    ],
)
async def test_token_refuses(zalo: ZaloCaller, form: dict[str, str], secret: str | None, error: int) -> None:
    """Each wrong part of a token call has its own -14xxx code, in HTTP 200."""
    answer = await zalo.token(secret, **form)
    assert answer["error"] == error
    assert "access_token" not in answer


async def test_secret_counts_only_in_its_header(zalo: ZaloCaller) -> None:
    """The secret in the body or as Basic is not looked at."""
    code = (await zalo.consent())["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    assert (await zalo.token(None, secret_key="sandbox-app-secret", **form))["error"] == -14004


async def test_json_body_is_no_form(zalo: ZaloCaller) -> None:
    """A token call in JSON carries no parameter, so not even the app is known."""
    body = {"app_id": "1122334455667788990", "grant_type": "refresh_token"}
    answer = await zalo.json("POST", "/v4/oa/access_token", headers={"secret_key": "sandbox-app-secret"}, json=body)
    assert answer["error"] == -14002


async def test_code_is_single_use_under_concurrency(zalo: ZaloCaller) -> None:
    """Of eight simultaneous redemptions one wins."""
    code = (await zalo.consent())["code"]
    answers = await asyncio.gather(*(zalo.redeem(code) for _ in range(8)))
    assert sorted("access_token" in answer for answer in answers) == [False] * 7 + [True]
    assert {answer["error"] for answer in answers if "error" in answer} == {-14005}


async def test_code_lives_ten_minutes(zalo: ZaloCaller, clock: StillClock) -> None:
    """A code is good just before ten minutes and dead at ten."""
    early, late = (await zalo.consent())["code"], (await zalo.consent())["code"]
    clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert "access_token" in await zalo.redeem(early)
    clock.advance(timedelta(seconds=1))
    assert (await zalo.redeem(late))["error"] == -14005


@pytest.mark.parametrize("verifier", ["", "A" * 43, CHALLENGE])
async def test_pkce(zalo: ZaloCaller, verifier: str) -> None:
    """A wrong verifier is refused and does not spend the code."""
    code = (await zalo.consent())["code"]
    assert (await zalo.redeem(code, verifier))["error"] == -14005
    assert "access_token" in await zalo.redeem(code)


async def test_pkce_is_only_held_to_where_a_challenge_was_sent(zalo: ZaloCaller) -> None:
    """Whether the platform demands PKCE is unknown, so a request without a challenge needs no verifier."""
    code = (await zalo.consent(code_challenge=""))["code"]
    assert "access_token" in await zalo.redeem(code, "")


async def test_rotation_kills_the_old_pair(zalo: ZaloCaller) -> None:
    """A refresh token works once; with the new pair the old access token dies at that moment."""
    first = await zalo.link()
    assert (await zalo.get(GET_OA, first["access_token"]))["error"] == 0
    second = await zalo.refresh(first["refresh_token"])
    assert (await zalo.get(GET_OA, first["access_token"]))["error"] == -216
    assert (await zalo.get(GET_OA, second["access_token"]))["error"] == 0
    assert (await zalo.refresh(first["refresh_token"]))["error"] == -14014
    assert (await zalo.get(GET_OA, second["access_token"]))["error"] == 0


async def test_refresh_is_single_use_under_concurrency(zalo: ZaloCaller) -> None:
    """Of eight simultaneous refreshes one wins."""
    refresh_token = (await zalo.link())["refresh_token"]
    answers = await asyncio.gather(*(zalo.refresh(refresh_token) for _ in range(8)))
    assert sum("access_token" in answer for answer in answers) == 1


async def test_refresh_needs_no_verifier_and_lives_ninety_days(zalo: ZaloCaller, clock: StillClock) -> None:
    """A refresh token is good just before ninety days; its successor gets ninety anew and then dies."""
    pair = await zalo.link()
    clock.advance(timedelta(days=90) - timedelta(seconds=1))
    pair = await zalo.refresh(pair["refresh_token"])
    clock.advance(timedelta(days=90))
    assert (await zalo.refresh(pair["refresh_token"]))["error"] == -14014


async def test_access_token_lives_25_hours(zalo: ZaloCaller, clock: StillClock) -> None:
    """An access token is good just before 25 hours; then it is -216, with the text of an expiry."""
    token = (await zalo.link())["access_token"]
    clock.advance(timedelta(hours=25) - timedelta(seconds=1))
    assert (await zalo.get(GET_OA, token))["error"] == 0
    clock.advance(timedelta(seconds=1))
    assert await zalo.get(GET_OA, token) == {"error": -216, "message": "Access token has expired"}


async def test_each_oa_has_its_own_token(zalo: ZaloCaller) -> None:
    """A token stands for the OA whose admin allowed it, and another OA's link leaves it alone."""
    bakery, florist = await zalo.link(BAKERY_ID), await zalo.link(FLORIST_ID)
    assert (await zalo.get(GET_OA, bakery["access_token"]))["data"]["oa_id"] == BAKERY_ID
    assert (await zalo.get(GET_OA, florist["access_token"]))["data"]["oa_id"] == FLORIST_ID


async def test_new_consent_replaces_the_pair(zalo: ZaloCaller) -> None:
    """When a new access token is minted for an OA, the old one dies."""
    first = await zalo.link()
    await zalo.link()
    assert (await zalo.get(GET_OA, first["access_token"]))["error"] == -216


@pytest.mark.parametrize("keeps_refresh, refreshes", [(True, True), (False, False)])
async def test_revocation(zalo: ZaloCaller, keeps_refresh: bool, refreshes: bool) -> None:  # noqa: FBT001 - cases
    """Revoking ends the access token at once, and the refresh token unless it is to be kept."""
    pair = await zalo.link()
    body: dict[str, Any] = {"oa_id": BAKERY_ID, "keeps_refresh": keeps_refresh}
    assert await zalo.json("POST", "/_sandbox/revoke", json=body) == {"revoked": True}
    assert (await zalo.get(GET_OA, pair["access_token"]))["error"] == -216
    assert ("access_token" in await zalo.refresh(pair["refresh_token"])) is refreshes
