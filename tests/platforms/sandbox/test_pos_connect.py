"""The sample app's way through the gateway: what it asks, whose answer it takes, what it keeps."""

import stat
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from gateway.sandbox.sample_app.connect_pages import list_accounts
from gateway.sandbox.sample_app.metadata import metadata_url
from tests.platforms.sandbox.gateway_stand_in import ACCOUNT, CONFIDENTIAL, NAME, PUBLIC, SECRET, Json, allow
from tests.platforms.sandbox.pos_fixtures import Browser, Pos, move, serve_pos
from tests.platforms.sandbox.still import CountedEntropy, StillClock


async def test_home_offers_to_connect(pos: Pos) -> None:
    """Each client has its link, and nothing is connected at first."""
    page = await pos.browser.get("/")
    assert page.status == 200
    assert page.text.count("Kết nối Zalo OA") == 2
    assert f'href="/connect?app={CONFIDENTIAL}"' in page.text
    assert f'href="/connect?app={PUBLIC}"' in page.text
    assert "data-account" not in page.text
    assert "<script" not in page.text


async def test_authorize_request(pos: Pos) -> None:
    """The request is a code flow with S256 and state, and names no scope, which means all asks."""
    page = await pos.browser.get(f"/connect?app={CONFIDENTIAL}")
    target = urlsplit(page.headers["Location"])
    asked = dict(parse_qsl(target.query))
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{pos.knobs.issuer}/oauth/authorize"
    assert set(asked) == {
        *("response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"),
    }
    assert (asked["response_type"], asked["client_id"]) == ("code", CONFIDENTIAL)
    assert asked["redirect_uri"] == f"{pos.config.public_url}/callback"
    assert (asked["code_challenge_method"], len(asked["code_challenge"]), len(asked["state"])) == ("S256", 43, 43)


async def test_scope_passes_through(pos: Pos) -> None:
    """A scope in the link is asked as it stands."""
    page = await pos.browser.get(
        f"/connect?app={CONFIDENTIAL}&scope=zalo.profile.read%20zalo.follower.phone.read%23crm"
    )
    asked = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    assert asked["scope"] == "zalo.profile.read zalo.follower.phone.read#crm"


async def test_each_start_has_its_own_state_and_challenge(pos: Pos) -> None:
    """Nothing of one authorization serves another."""
    one, other = await pos.start(), await pos.start()
    assert one["state"] != other["state"]
    assert one["code_challenge"] != other["code_challenge"]


async def test_session_cookie(pos: Pos) -> None:
    """The cookie has a name of its own, no script reads it, and it is Lax."""
    cookie = (await pos.browser.get(f"/connect?app={PUBLIC}")).headers["Set-Cookie"]
    assert cookie.startswith("so_ban_hang_phien=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


async def test_unknown_app(pos: Pos) -> None:
    """A client that this app does not have is a page, not an error."""
    assert (await pos.browser.get("/connect?app=nobody")).status == 404
    assert (await pos.browser.get("/connect")).status == 404


@pytest.mark.parametrize("client_id", [CONFIDENTIAL, PUBLIC])
async def test_connect(pos: Pos, client_id: str) -> None:
    """Agreeing connects the account that the token answer names; each kind of client authenticates as registered."""
    page = await pos.connect(client_id)
    assert page.headers["Location"] == f"/?connected={ACCOUNT}"
    home = await pos.browser.get(page.headers["Location"])
    assert home.text.count(f'data-account="{ACCOUNT}"') == 1
    (call,) = pos.knobs.token_calls
    assert call["redirect_uri"] == f"{pos.config.public_url}/callback"
    assert ("client_id" in call) is (client_id == PUBLIC)
    assert SECRET not in call.values()


async def test_tokens_are_kept_privately(pos: Pos) -> None:
    """Tokens stand in a file of the owner's only, and on no page."""
    page = await pos.connect()
    assert stat.S_IMODE(pos.config.state_path.stat().st_mode) == 0o600
    assert "qat_1" in pos.config.state_path.read_text()
    assert "qat_" not in page.text + (await pos.browser.get("/")).text


async def test_restart_keeps_connections(pos: Pos, clock: StillClock, entropy: CountedEntropy) -> None:
    """A second start, at another address, finds the connection and calls with its token."""
    await pos.connect()
    async with serve_pos(move(pos.config), clock, entropy) as browser:
        assert f'data-account="{ACCOUNT}"' in (await browser.get("/")).text
        assert (await browser.get("/chat")).result_json()["error"] == 0
    assert [call["access_token"] for call in pos.knobs.api_calls] == ["qat_1"]


@pytest.mark.parametrize("changed", [{"state": "forged"}, {"state": ""}])
async def test_foreign_state(pos: Pos, changed: dict[str, str]) -> None:
    """An answer with another state or none is not taken, and no code is sent anywhere."""
    asked = await pos.start()
    page = await pos.browser.get("/callback?" + allow(pos.knobs, asked, **changed))
    assert page.status == 400
    assert pos.knobs.token_calls == []


@pytest.mark.parametrize("cookie", [None, "so_ban_hang_phien=someone-else"])
async def test_answer_belongs_to_one_browser(pos: Pos, cookie: str | None) -> None:
    """A right state in another browser, or in one without a cookie, is not taken; in its own it still is."""
    asked = await pos.start()
    answer = "/callback?" + allow(pos.knobs, asked)
    async with aiohttp.ClientSession() as session:
        headers = {"Cookie": cookie} if cookie else {}
        assert (await Browser(session, pos.config.public_url).get(answer, **headers)).status == 400
    assert pos.knobs.token_calls == []
    assert (await pos.browser.get(answer)).status == 303


async def test_answer_counts_once(pos: Pos) -> None:
    """The same answer again is not taken."""
    asked = await pos.start()
    answer = "/callback?" + allow(pos.knobs, asked)
    assert (await pos.browser.get(answer)).status == 303
    assert (await pos.browser.get(answer)).status == 400
    assert len(pos.knobs.token_calls) == 1


async def test_answer_must_come_in_time(pos: Pos, clock: StillClock) -> None:
    """An answer long after the start is not taken."""
    asked = await pos.start()
    clock.advance(timedelta(minutes=40))
    assert (await pos.browser.get("/callback?" + allow(pos.knobs, asked))).status == 400


@pytest.mark.parametrize("iss", ["", "http://127.0.0.1:1", "{issuer}/"])
async def test_mix_up(pos: Pos, iss: str) -> None:
    """An answer without the promised `iss`, or of another server, is not taken, and no code is sent (RFC 9207)."""
    asked = await pos.start()
    answer = allow(pos.knobs, asked, iss=iss.format(issuer=pos.knobs.issuer))
    assert (await pos.browser.get("/callback?" + answer)).status == 400
    assert pos.knobs.token_calls == []


async def test_refusal_is_calm(pos: Pos) -> None:
    """A person who did not agree gets a plain page; the gateway's words are shown escaped."""
    asked = await pos.start()
    answer = allow(pos.knobs, asked, code="", error="access_denied", error_description="<b>required</b>")
    page = await pos.browser.get("/callback?" + answer)
    assert (page.status, "Bạn đã không đồng ý" in page.text) == (200, True)
    assert "&lt;b&gt;required" in page.text
    assert pos.knobs.token_calls == []


async def test_a_required_item_left_open_is_told_in_vietnamese(pos: Pos) -> None:
    """The gateway's description is for programs; the page says what it means."""
    told = "required permission not given"
    answer = allow(pos.knobs, await pos.start(), code="", error="access_denied", error_description=told)
    page = await pos.browser.get("/callback?" + answer)
    assert "bạn để trống một mục bắt buộc" in page.text
    assert told not in page.text


async def test_other_error(pos: Pos) -> None:
    """Another error is named by its code."""
    asked = await pos.start()
    page = await pos.browser.get("/callback?" + allow(pos.knobs, asked, code="", error="server_error"))
    assert (page.status, "server_error" in page.text) == (400, True)


async def test_refused_code(pos: Pos) -> None:
    """A code that the gateway does not take is a page that says so."""
    asked = await pos.start()
    page = await pos.browser.get("/callback?" + allow(pos.knobs, asked, code="stale"))
    assert (page.status, "invalid_grant" in page.text) == (400, True)


async def test_metadata_of_another_issuer(pos: Pos) -> None:
    """Metadata that names another issuer is not used (RFC 8414, 3.3)."""
    pos.knobs.claimed_issuer = pos.knobs.issuer + "/"
    assert (await pos.browser.get(f"/connect?app={PUBLIC}")).status == 502


async def test_token_answer_without_account(pos: Pos) -> None:
    """A token answer that names no account connects nothing."""
    pos.knobs.accounts = []
    asked = await pos.start()
    page = await pos.browser.get("/callback?" + allow(pos.knobs, asked))
    assert page.status == 502
    assert "data-account" not in (await pos.browser.get("/")).text


@pytest.mark.parametrize(
    "details, accounts",
    [
        ([{"type": "quyen_ask", "account": "1"}, {"type": "quyen_ask", "account": "1"}], ["1"]),
        ([{"type": "quyen_ask", "account": "2"}, {"type": "quyen_ask", "account": "1"}], ["2", "1"]),
        ([{"type": "other", "account": "1"}, "x", {"type": "quyen_ask", "account": 5}], []),
        ({"type": "quyen_ask", "account": "1"}, []),
        (None, []),
    ],
)
def test_accounts_of_a_token_answer(details: object, accounts: list[str]) -> None:
    """Each account counts once, in order; what has another shape counts for nothing."""
    assert list_accounts({"authorization_details": details}) == accounts


@pytest.mark.parametrize(
    "issuer, url",
    [
        ("https://a.example", "https://a.example/.well-known/oauth-authorization-server"),
        ("https://a.example/t/1", "https://a.example/.well-known/oauth-authorization-server/t/1"),
    ],
)
def test_metadata_address(issuer: str, url: str) -> None:
    """The well-known part goes between host and path (RFC 8414, 3.1)."""
    assert metadata_url(issuer) == url


async def test_only_known_hosts(pos: Pos) -> None:
    """A host name that is not ours is not served."""
    assert (await pos.browser.get("/", Host="evil.example")).status == 421


@pytest.mark.parametrize(
    "about, named",
    [
        ({"data": {"name": NAME}, "error": 0}, NAME),
        ({"data": {"name": 7}, "error": 0}, "OA"),
        ({"error": -223, "message": "not agreed"}, "OA"),
    ],
)
async def test_the_account_is_called_by_its_name(pos: Pos, about: Json, named: str) -> None:
    """Asked once, when it is connected; where that was not agreed to it stays a number."""
    pos.knobs.about_account = about
    await pos.connect()
    shown = (await pos.browser.get("/")).text
    assert f'<b>{named}</b> <span class="number">{ACCOUNT}</span>' in shown
    assert pos.knobs.name_calls == 1
