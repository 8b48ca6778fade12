"""Signing out of a session that began at the provider, here and there."""

from typing import Any

import pytest

from tests.journeys.http.oidc_stage import Stage
from tests.journeys.http.origin import Browser, Page

PATH = "/sign-in/oidc/logout"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def tell(stage: Stage, **claims: Any) -> Page:
    """Let the provider tell of a logout, as a machine does: no cookie, no form token."""
    async with stage.origin.browser() as machine:
        return await machine.post(PATH, {"logout_token": stage.provider.logout_token(**claims)}, headers={})


async def is_in(browser: Browser) -> bool:
    """Say whether this browser's session lives."""
    return (await browser.get("/permissions")).status == 200


async def test_a_session_of_the_provider_ends_ours(stage: Stage, stranger: Browser) -> None:
    """By `sid`: the sessions of that sign-in alone; by `sub`: all of theirs; nobody else's."""
    async with stage.origin.browser() as second, stage.origin.browser() as other:
        await stage.sign_in(stranger, "u-1", sid="s-1")
        await stage.sign_in(second, "u-1", sid="s-2")
        await stage.sign_in(other, "u-2", sid="s-3")
        page = await tell(stage, sid="s-1", jti="j-1")
        assert (page.status, page.text) == (200, "")
        assert page.headers["Cache-Control"] == "no-store"
        assert [await is_in(each) for each in (stranger, second, other)] == [False, True, True]
        assert (await tell(stage, sub="u-2", sid="s-2", jti="j-2")).status == 200  # another's session: neither is meant
        assert [await is_in(each) for each in (second, other)] == [True, True]
        assert (await tell(stage, sub="u-1", jti="j-3")).status == 200
        assert [await is_in(each) for each in (second, other)] == [False, True]


async def test_a_password_session_lives_on(stage: Stage, stranger: Browser) -> None:
    """The provider ends what rests on its word, not what the same person opened otherwise."""
    await stage.sign_in(stranger, "u-1")
    person = await stage.find_person("u-1")
    assert person is not None
    async with stage.origin.browser() as other:
        await other.sign_in_as(person)
        assert (await tell(stage, sub="u-1")).status == 200
        assert [await is_in(stranger), await is_in(other)] == [False, True]


async def test_a_logout_token_counts_once(stage: Stage, stranger: Browser) -> None:
    """A replay, after the person came back in, ends nothing."""
    await stage.sign_in(stranger, "u-1")
    token = stage.provider.logout_token(sub="u-1")
    async with stage.origin.browser() as machine:
        assert (await machine.post(PATH, {"logout_token": token}, headers={})).status == 200
        await stage.sign_in(stranger, "u-1")
        again = await machine.post(PATH, {"logout_token": token}, headers={})
    assert (again.status, again.text) == (400, '{"error": "invalid_request"}')
    assert await is_in(stranger)


@pytest.mark.parametrize("claims", [{"sub": "u-1", "nonce": "n"}, {"sub": "u-1", "aud": "x"}, {}])
async def test_a_token_that_does_not_hold_ends_nothing(
    stage: Stage, stranger: Browser, claims: dict[str, object]
) -> None:
    """400, without a word of why."""
    await stage.sign_in(stranger, "u-1")
    page = await tell(stage, **claims)
    assert (page.status, page.text) == (400, '{"error": "invalid_request"}')
    assert await is_in(stranger)


@pytest.mark.parametrize(
    "body,headers", [("", FORM), ("logout_token=a&logout_token=b", FORM), ("{}", {"Content-Type": "application/json"})]
)
async def test_another_body_is_refused(stage: Stage, body: str, headers: dict[str, str]) -> None:
    """2.5: a form with the token, once."""
    async with stage.origin.browser() as machine:
        assert (await machine.post(PATH, body, headers=headers)).status == 400
        assert (await machine.get(PATH)).status == 405


async def test_a_silent_provider_is_to_say_it_again(stage: Stage, stranger: Browser) -> None:
    """Its keys cannot be had: 503 with a hint, and the token is not spent."""
    await stage.sign_in(stranger, "u-1")
    stage.origin.scene.clock.advance(901)
    stage.provider.lies.delay_seconds["/jwks"] = 5
    page = await tell(stage, sub="u-1")
    assert (page.status, page.text) == (503, '{"error": "temporarily_unavailable"}')
    assert int(page.headers["Retry-After"]) > 0
    stage.provider.lies.delay_seconds.clear()
    stage.origin.scene.clock.advance(6)
    assert (await tell(stage, sub="u-1")).status == 200
    assert not await is_in(stranger)


async def test_signing_out_offers_the_provider_s_own(stage: Stage, stranger: Browser) -> None:
    """The session here has ended in any case; the page says where another may still be open, and links there."""
    await stage.sign_in(stranger, "u-1")
    kept = stranger.cookies()["quyen_session"]
    out = await stranger.submit("/sign-out", {}, page="/permissions")
    assert out.location == "/signed-out?at=oidc"
    page = await stranger.get("/signed-out?at=oidc")
    assert "Bạn có thể vẫn đang đăng nhập ở Tài khoản Công ty (mẫu)" in page.words
    assert f'href="{stage.provider.base}/end?tenant=1&amp;client_id=' in page.text
    stranger.keep("quyen_session", kept)
    assert not await is_in(stranger)


@pytest.mark.parametrize("is_silent", [True, False])
async def test_signing_out_does_not_wait_for_the_provider(stage: Stage, stranger: Browser, *, is_silent: bool) -> None:
    """A provider that is silent, or has no such page, changes nothing: out is out, and there is no link."""
    await stage.sign_in(stranger, "u-1")
    stage.origin.scene.clock.advance(3601)
    path = "/.well-known/openid-configuration"
    if is_silent:
        stage.provider.lies.delay_seconds[path] = 5
    else:
        stage.provider.lies.metadata = {"end_session_endpoint": None}
    assert (await stranger.submit("/sign-out", {}, page="/permissions")).location == "/signed-out?at=oidc"
    assert not await is_in(stranger)
    page = await stranger.get("/signed-out?at=oidc")
    assert page.status == 200
    assert stage.provider.base not in page.text


async def test_a_password_session_signs_out_as_before(stage: Stage, stranger: Browser) -> None:
    """Nothing is open at the provider, so nothing is said of it."""
    await stranger.sign_in_as(stage.origin.scene.owner)
    assert (await stranger.submit("/sign-out", {}, page="/permissions")).location == "/"
