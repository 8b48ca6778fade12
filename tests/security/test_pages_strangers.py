"""Nobody reaches what is another's: grants, requests, receipts, choices; and nobody decides unseen."""

import re

import pytest
from aiohttp import web

from gateway.acts.open_request import Asked, open_request
from gateway.doors.person.chosen import Chosen, ChosenCookie
from gateway.records.people.types import Role
from gateway.terms.ids import AskId, RequestId
from tests.house import CHALLENGE, REDIRECT_URI, agree
from tests.journeys.http.origin import Browser, Origin


@pytest.fixture
async def path(origin: Origin) -> str:
    """Let the owner grant everything; return the grant's page."""
    return f"/permissions/{(await agree(origin.scene)).grant_id}"


@pytest.mark.parametrize("action", ["withdraw", "pause", "resume", "shorten", "reconsider"])
async def test_a_stranger_cannot_touch_a_grant(origin: Origin, browser: Browser, path: str, action: str) -> None:
    """Who has no standing on the account gets 404 for its page and for each act, and nothing changes."""
    before = (await browser.get(path)).ask_states
    async with origin.browser() as stranger:
        await stranger.sign_in_as(origin.scene.other_owner)
        token = (await stranger.get("/permissions")).token
        fields = {"action": action, "confirm": "yes", "duration": "P1D", "csrf_token": token}
        assert (await stranger.post(path, fields)).status == 404
        assert (await stranger.get(path)).status == 404
        assert (await stranger.post("/permissions", fields)).status in {303, 400}
    assert (await browser.get(path)).ask_states == before


async def test_everything_that_is_not_public_asks_who_is_there(origin: Origin) -> None:
    """Each row of the table without `public` leads a stranger to sign-in, for every method."""
    guarded = [row for row in origin.table if not row.public]
    assert len(guarded) > 15
    async with origin.browser() as stranger:
        for row in guarded:
            path = re.sub(r"\{\w+\}", "x", row.path)
            page = await (stranger.get(path) if row.method == "GET" else stranger.post(path, {}))
            assert page.location.startswith("/sign-in"), row


def test_the_table_says_who_may(origin: Origin) -> None:
    """Public rows are these and no others; what links an account is for owners of data, not for staff."""
    well_known = {"/.well-known/security.txt", "/.well-known/change-password", "/change-password"}
    public = {row.path for row in origin.table if row.public and not row.path.startswith("/static/")}
    assert public == {"/", "/sign-in", "/receipts/verify", "/ask", *well_known}
    linking = [row for row in origin.table if row.path.startswith("/connections")]
    assert len(linking) == 3
    assert all(not row.roles & {Role.DEVELOPER, Role.OPERATOR} for row in linking)


@pytest.mark.parametrize("value", ["", "x", "eyJhc2tfaWRzIjpbIm9hX3Byb2ZpbGUiXX0=", "A" * 200])
async def test_a_choice_cannot_be_made_up(origin: Origin, browser: Browser, value: str) -> None:
    """A made-up cookie of what was chosen before linking is no choice: the screen is whole, an empty form a refusal."""
    path = await origin.ask()
    browser.keep("quyen_chosen", value)
    assert (await browser.get(path)).text.count('type="checkbox"') == 5
    token = (await browser.get("/permissions")).token
    browser.keep("quyen_chosen", value)
    fields = {"account": origin.scene.account.id, "decision": "agree", "csrf_token": token}
    assert (await browser.post(path, fields)).answer["error"] == "access_denied"


@pytest.mark.parametrize("is_moved_to", ["another request", "another person"])
async def test_a_choice_cannot_be_moved(origin: Origin, browser: Browser, is_moved_to: str) -> None:
    """A genuine choice opens for its own request and its own person alone."""
    owner, other = origin.scene.owner, origin.scene.other_owner
    first, second = await origin.ask(), await origin.ask()
    chosen = Chosen(frozenset({AskId("oa_profile")}), "P365D", origin.scene.clock.now(), "vi", None)
    person_id = other.id if is_moved_to == "another person" else owner.id
    cookie = ChosenCookie(origin.scene.house.vault, False, RequestId(first.rpartition("/")[2]), person_id)
    response = web.Response()
    cookie.set(response, chosen)
    path = first if is_moved_to == "another person" else second
    await browser.get(path)
    browser.keep(cookie.name, response.cookies[cookie.name].value)
    token = (await browser.get("/permissions")).token
    fields = {"account": origin.scene.account.id, "decision": "agree", "csrf_token": token}
    assert (await browser.post(path, fields)).answer["error"] == "access_denied"


async def test_req_229_the_cookie_of_a_choice_is_guarded(origin: Origin, browser: Browser) -> None:
    """It has every flag, and the prefix where the origin is https; at another app's request it opens nothing."""
    first = await origin.ask("oa_profile")
    asked = Asked(origin.scene.public_app.id, (AskId("oa_profile"),), REDIRECT_URI, None, CHALLENGE)
    second = f"/consent/{(await open_request(origin.scene.house, asked)).id}"
    await browser.get(second)
    chosen = Chosen(frozenset({AskId("oa_profile")}), "P1D", origin.scene.clock.now(), "vi", None)
    request_id, response = RequestId(first.rpartition("/")[2]), web.Response()
    cookie = ChosenCookie(origin.scene.house.vault, True, request_id, origin.scene.owner.id)
    cookie.set(response, chosen)
    written = response.cookies["__Host-quyen_chosen"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(written.OutputString().split("; "))
    assert "Domain" not in written.OutputString()
    browser.keep("quyen_chosen", written.value)
    token = (await browser.get("/permissions")).token
    fields = {"account": origin.scene.account.id, "decision": "agree", "csrf_token": token}
    assert (await browser.post(second, fields)).answer["error"] == "access_denied"


async def test_a_genuine_choice_opens(origin: Origin, browser: Browser) -> None:
    """The same cookie at its own request is a choice (so the tests above refuse it for the right reason)."""
    path = await origin.ask()
    await browser.get(path)
    chosen = Chosen(frozenset({AskId("oa_profile")}), "P30D", origin.scene.clock.now(), "vi", None)
    cookie = ChosenCookie(origin.scene.house.vault, False, RequestId(path.rpartition("/")[2]), origin.scene.owner.id)
    response = web.Response()
    cookie.set(response, chosen)
    browser.keep(cookie.name, response.cookies[cookie.name].value)
    token = (await browser.get("/permissions")).token
    fields = {"account": origin.scene.account.id, "decision": "agree", "csrf_token": token}
    assert "code" in (await browser.post(path, fields)).answer
