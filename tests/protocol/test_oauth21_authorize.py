"""OAuth 2.1 at the authorize endpoint: who may be answered, with what, and where."""

import re
import sqlite3
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from gateway.acts.suspend import suspend_app
from gateway.doors.oauth.asking import CHECKS
from gateway.doors.oauth.pushed import REQUESTS_OPENED
from gateway.records.ledger.types import Actor
from tests.house import CHALLENGE, REDIRECT_URI
from tests.protocol.wire import Reply, Wire

TWO_PURPOSES = (
    ("crm_phone", "zalo.follower.phone.read", "crm", False),
    ("loyalty", "zalo.follower.phone.read", "loyalty", False),
    ("oa_profile", "zalo.profile.read", "crm", False),
)
TWO_PLATFORMS = (
    ("oa_profile", "zalo.profile.read", "crm", False),
    ("rooms", "matrix.room.read", "support", False),
)
ELSEWHERE = (("page", "facebook.page.read", "crm", False),)


def is_page(reply: Reply, code: str, status: int = 400) -> bool:
    """Say whether it is the error page with this code, and leads nowhere by itself."""
    shown = re.search(rf'<h1 class="\w*">{code}</h1>'.encode(), reply.body) is not None
    return reply.status == status and shown and "Location" not in reply.headers and "Refresh" not in reply.headers


@pytest.mark.parametrize(
    "unverified_uri",
    [
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb?",
        "https://app.example/%63b",
        "https://app.example/cb%2e",
        "https://APP.example/cb",
        "https://app.example/CB",
        "HTTPS://app.example/cb",
        "https://user@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://sub.app.example/cb",
        "https://app.example:443/cb",
        "https://app.example/cb#x",
        "https://app.example/cbé",
        "https://app.example/cb\"'><script>",
        "https://app.example/cb\r\nSet-Cookie: a=b",
        "https://app.example/cb https://evil.example",
        "javascript:alert(1)",
        "/cb",
    ],
)
async def test_req_002_redirect_uri_is_an_exact_string(wire: Wire, unverified_uri: str) -> None:
    """An address that differs by a byte from the registered one gets a page, no redirect and no crash."""
    assert is_page(await wire.authorize({"redirect_uri": unverified_uri}), "invalid_request")


async def test_req_002_the_registered_address_is_taken(wire: Wire) -> None:
    """The positive control: both registered addresses lead to the consent screen and are kept."""
    for registered in wire.scene.app.redirect_uris:
        request = await wire.find_request(await wire.authorize({"redirect_uri": registered}))
        assert request.redirect_uri == registered


async def test_req_003_any_port_of_a_registered_loopback_address(wire: Wire) -> None:
    """A loopback address may come back on any port; host, path and scheme still count."""
    app = await wire.add_app(
        "native", redirect_uris=("http://127.0.0.1/cb?x=1", "http://[::1]:9/cb", "http://localhost/cb")
    )
    for right in (
        "http://127.0.0.1:51234/cb?x=1",
        "http://127.0.0.1:1/cb?x=1",
        "http://[::1]:65535/cb",
        "http://[::1]/cb",
    ):
        request = await wire.find_request(await wire.authorize({"client_id": app.id, "redirect_uri": right}))
        assert request.redirect_uri == right
    for wrong in (
        "http://127.0.0.1:51234/cb2",
        "http://127.0.0.1:51234/cb",
        "https://127.0.0.1:51234/cb?x=1",
        "http://127.0.0.2:51234/cb?x=1",
        "http://localhost:51234/cb",
        "http://127.0.0.1:0/cb?x=1",
        "http://127.0.0.1:65536/cb?x=1",
        "http://127.0.0.1:080/cb?x=1",
        "http://127.0.0.1:80@evil.example/cb?x=1",
        "http://127.0.0.1:/cb?x=1",
        "http://127.0.0.1:٣/cb?x=1",
    ):
        assert is_page(await wire.authorize({"client_id": app.id, "redirect_uri": wrong}), "invalid_request"), wrong


async def test_req_005_several_registered_and_none_sent(wire: Wire) -> None:
    """Which of two addresses is meant is not guessed; a single one need not be named."""
    assert is_page(await wire.authorize({"redirect_uri": None}), "invalid_request")
    single = await wire.add_app("single", redirect_uris=("https://single.example/cb",))
    request = await wire.find_request(await wire.authorize({"client_id": single.id, "redirect_uri": None}))
    assert request.redirect_uri == "https://single.example/cb"


@pytest.mark.parametrize(
    "unverified_id", ["nobody", "SO-BAN-HANG", "\x00", "so-ban-hang\x00", "' OR 1=1 --", "é" * 500]
)
async def test_req_006_an_unknown_client_never_redirects(wire: Wire, unverified_id: str) -> None:
    """A person whom an unknown app sent here is told so and stays."""
    assert is_page(await wire.authorize({"client_id": unverified_id}), "unknown_client")


async def test_req_006_client_id_is_missing_or_unreadable(wire: Wire) -> None:
    """Without one readable client_id there is nobody to answer to."""
    assert is_page(await wire.authorize({"client_id": None}), "invalid_request")
    assert is_page(await wire.authorize(extra="&client_id=other"), "invalid_request")
    assert is_page(await wire.authorize(extra="&redirect_uri=https://app.example/cb"), "invalid_request")
    assert is_page(await wire.authorize({"client_id": None}, extra="&client_id=%ff"), "invalid_request")
    assert is_page(await wire.authorize(extra="&x=1" * 101), "invalid_request")


async def test_req_010_unknown_parameters_are_ignored(wire: Wire) -> None:
    """A parameter that we do not know changes nothing."""
    request = await wire.find_request(await wire.authorize(extra="&foo=bar&empty=&bare"))
    assert request.ask_ids == ("oa_profile",)


async def test_req_011_a_repeated_parameter_is_refused(wire: Wire) -> None:
    """Of two values neither is believed, also for a parameter that we do not know; the single state goes back."""
    for extra in (
        "&scope=zalo.message.read",
        "&scope=zalo.profile.read",
        "&code_challenge_method=plain",
        "&foo=1&foo=2",
    ):
        reply = await wire.authorize(extra=extra)
        assert reply.query["error"] == "invalid_request"
        assert reply.query["state"] == "s-1"
    assert "state" not in (await wire.authorize(extra="&state=s-2")).query


async def test_req_012_empty_is_omitted(wire: Wire) -> None:
    """An empty value is no value: no challenge, and all asks for an empty scope."""
    assert (await wire.authorize({"code_challenge": ""})).query["error"] == "invalid_request"
    request = await wire.find_request(await wire.authorize({"scope": "", "state": ""}))
    assert set(request.ask_ids) == wire.scene.all_asks
    assert request.state is None


async def test_req_013_no_cors(wire: Wire) -> None:
    """A script of another origin may neither read the answer nor ask whether it may."""
    origin = {"Origin": "https://evil.example"}
    target = f"/oauth/authorize?{urlencode(wire.right_request())}"
    preflight = {**origin, "Access-Control-Request-Method": "GET"}
    for reply in (
        await wire.send("GET", target, headers=origin),
        await wire.send("OPTIONS", target, headers=preflight),
    ):
        assert not [name for name in reply.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS"])
async def test_req_010_get_alone(wire: Wire, method: str) -> None:
    """Every other method gets 405 and opens nothing."""
    reply = await wire.send(method, f"/oauth/authorize?{urlencode(wire.right_request())}")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET"


async def test_req_016_the_redirect_is_not_stored(wire: Wire) -> None:
    """Neither the way to the consent screen nor an error stays in a cache."""
    for reply in (await wire.authorize(), await wire.authorize({"scope": "x"})):
        assert reply.status == 303
        assert reply.headers["Cache-Control"] == "no-store"


async def test_req_018_error_characters(wire: Wire) -> None:
    """Whatever stands in the request, the error's own words stay in their range."""
    dirt = 'é"\\\r\n<script>'
    for name in (
        "response_type",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "response_mode",
        "request",
        "state",
    ):
        query = (await wire.authorize({name: dirt})).query
        for member in (query["error"], query["error_description"]):
            assert all(sign in "\x20\x21" or "\x23" <= sign <= "\x5b" or "\x5d" <= sign <= "\x7e" for sign in member)


async def test_req_019_response_type_is_reported_by_redirect(wire: Wire) -> None:
    """A missing or unknown response_type goes back to the app with its state."""
    missing = await wire.authorize({"response_type": None})
    assert missing.location.startswith(REDIRECT_URI + "?")
    assert (missing.query["error"], missing.query["state"]) == ("invalid_request", "s-1")
    unknown = await wire.authorize({"response_type": "id_token"})
    assert (unknown.query["error"], unknown.query["state"]) == ("unsupported_response_type", "s-1")


async def test_req_021_the_challenge_is_never_revealed(wire: Wire) -> None:
    """The challenge stands in no answer and in no address we lead to."""
    for reply in (await wire.authorize(), await wire.authorize({"scope": "x"})):
        assert CHALLENGE not in reply.location
        assert CHALLENGE.encode() not in reply.body


async def test_req_023_state_is_byte_exact(wire: Wire) -> None:
    """Two kilobytes of every kind of sign come back as they were, however they were written."""
    state = "a+b c%20d&e=f#g;h/?é€😀\u202e\"'<>\\" * 60
    for written in (quote(state, safe=""), urlencode({"s": state})[2:]):
        reply = await wire.authorize({"state": None, "scope": "x"}, extra=f"&state={written}")
        assert reply.query["state"] == state
        kept = await wire.find_request(await wire.authorize({"state": None}, extra=f"&state={written}"))
        assert kept.state == state


async def test_req_195_a_long_state_beside_a_nonce(wire: Wire) -> None:
    """A state of a thousand signs survives, and a nonce of 64, which means nothing here, is in nobody's way."""
    opened = await wire.authorize({"state": "s" * 1000, "nonce": "n" * 64})
    assert (await wire.find_request(opened)).state == "s" * 1000


async def test_req_023_a_state_that_cannot_be_kept_is_refused(wire: Wire) -> None:
    """Control signs are refused rather than lost, and not given back."""
    for sign in ("%00", "%0a", "%7f"):
        reply = await wire.authorize({"state": None}, extra=f"&state=a{sign}b")
        assert reply.query["error"] == "invalid_request"
        assert "state" not in reply.query


async def test_req_033_an_omitted_scope_means_all_asks(wire: Wire) -> None:
    """The documented default: everything that the app registered."""
    request = await wire.find_request(await wire.authorize({"scope": None}))
    assert request.ask_ids == tuple(ask.id for ask in wire.scene.asks)


async def test_req_033_an_omitted_scope_on_several_platforms(wire: Wire) -> None:
    """Asks on two platforms are never one request, by default or by name; each alone is."""
    app = await wire.add_app("two", TWO_PLATFORMS)
    for scope in (None, "zalo.profile.read matrix.room.read"):
        reply = await wire.authorize({"client_id": app.id, "scope": scope})
        assert reply.query["error"] == "invalid_scope"
    for scope, ask_id in (("zalo.profile.read", "oa_profile"), ("matrix.room.read#support", "rooms")):
        request = await wire.find_request(await wire.authorize({"client_id": app.id, "scope": scope}))
        assert request.ask_ids == (ask_id,)


async def test_req_033_an_app_without_asks_or_platform(wire: Wire) -> None:
    """Nothing to ask for, or a platform that is not set up here, is an invalid scope."""
    elsewhere = await wire.add_app("elsewhere", ELSEWHERE)
    assert (await wire.authorize({"client_id": elsewhere.id, "scope": None})).query["error"] == "invalid_scope"
    assert (await wire.authorize({"scope": " "})).query["error"] == "invalid_scope"


async def test_req_043_an_unreviewed_app_gets_no_redirect_before_sign_in(wire: Wire) -> None:
    """A person is not bounced to an address that nobody checked: they get a page, and the way back is a link."""
    app = await wire.add_app("fresh", reviewed_at=None, redirect_uris=("https://fresh.example/cb?a=1",))
    reply = await wire.authorize({"client_id": app.id, "redirect_uri": None, "scope": "x"})
    assert is_page(reply, "invalid_scope")
    assert b'href="https://fresh.example/cb?a=1&amp;error=invalid_scope&amp;' in reply.body
    request = await wire.find_request(await wire.authorize({"client_id": app.id, "redirect_uri": None, "scope": None}))
    assert request.app_id == app.id


@pytest.mark.parametrize(
    "asks, scope, told_as, detail",
    [
        (TWO_PLATFORMS, " ", "nothing_asked", b"no scope is named<"),
        (TWO_PLATFORMS, None, "several_platforms", b"one request asks on one platform"),
        (ELSEWHERE, None, "platform_not_served", b"this gateway does not serve that platform"),
        (TWO_PLATFORMS, "zalo.nothing", "", b"a scope is named that is none of the asks of this app"),
    ],
    ids=["blank", "several", "elsewhere", "unknown"],
)
async def test_req_033_a_page_says_what_is_wrong_with_the_scope(
    wire: Wire, asks: tuple[tuple[str, str, str, bool], ...], scope: str | None, *, told_as: str, detail: bytes
) -> None:
    """One error to the app; to the person who is shown it, the one of its meanings that it has."""
    name = f"scopeless{told_as}{len(detail)}"
    uri = "https://scopeless.example/cb"
    app = await wire.add_app(name, asks, reviewed_at=None, redirect_uris=(uri,))
    reply = await wire.authorize({"client_id": app.id, "redirect_uri": uri, "scope": scope})
    assert is_page(reply, "invalid_scope")
    assert f'<h1 class="{told_as}">'.encode() in reply.body
    assert detail in reply.body.replace(b"</p>", b"<")


async def test_req_042_a_second_request_asks_again(wire: Wire) -> None:
    """Nothing is approved in silence: each request is a new screen, and prompt=none is refused."""
    first, second = await wire.authorize(), await wire.authorize()
    assert first.location != second.location
    assert (await wire.authorize({"prompt": "none"})).query["error"] == "consent_required"
    assert (await wire.authorize({"prompt": "login"})).status == 303


async def test_req_046_no_implicit_grant(wire: Wire) -> None:
    """Neither a token nor a hybrid of both is given out here."""
    for response_type in ("token", "code token", "id_token token", "Code"):
        assert (await wire.authorize({"response_type": response_type})).query["error"] == "unsupported_response_type"


async def test_req_053_nothing_leaks_to_where_the_browser_goes_next(wire: Wire) -> None:
    """The address with the state in it is no referrer, and the answer cannot be framed."""
    reply = await wire.authorize()
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Frame-Options"] == "DENY"


async def test_req_054_no_open_redirect(wire: Wire) -> None:
    """No other parameter leads anywhere."""
    names = ("return_to", "post_logout_redirect_uri", "next", "url", "target_link_uri")
    reply = await wire.authorize(extra="".join(f"&{name}=https://evil.example/" for name in names))
    assert reply.location.startswith("/consent/rq_")
    assert "evil" not in reply.location


async def test_req_058_scope_is_order_free_and_case_sensitive(wire: Wire) -> None:
    """The order of names means nothing, nor does a name that stands twice; a capital letter does."""
    both = ["zalo.profile.read", "zalo.follower.phone.read"]
    for names in (both, both[::-1], [*both, *both], ["", *both]):
        request = await wire.find_request(await wire.authorize({"scope": " ".join(names)}))
        assert request.ask_ids == ("oa_profile", "crm_phone")
    for wrong in ("Zalo.profile.read", "zalo.profile.read#CRM", "zalo.profile.read#", "zalo.profile.read\tx", "openid"):
        assert (await wire.authorize({"scope": wrong})).query["error"] == "invalid_scope", wrong


async def test_scope_names_one_purpose_or_all(wire: Wire) -> None:
    """The scope id means every ask on it; with a purpose it is one."""
    app = await wire.add_app("purposes", TWO_PURPOSES)
    for scope, ask_ids in (
        ("zalo.follower.phone.read", ("crm_phone", "loyalty")),
        ("zalo.follower.phone.read#loyalty", ("loyalty",)),
        ("zalo.follower.phone.read#loyalty zalo.profile.read", ("loyalty", "oa_profile")),
    ):
        request = await wire.find_request(await wire.authorize({"client_id": app.id, "scope": scope}))
        assert request.ask_ids == ask_ids


async def test_request_objects_are_refused_not_ignored(wire: Wire) -> None:
    """A request that says something else in a signed object is not answered by its plain half (RFC 9101)."""
    assert (await wire.authorize({"request": "eyJ.e.y"})).query["error"] == "request_not_supported"
    assert (await wire.authorize({"request_uri": "urn:x"})).query["error"] == "request_uri_not_supported"


async def test_response_mode_is_query_alone(wire: Wire) -> None:
    """The one mode may be named; another is refused."""
    assert (await wire.authorize({"response_mode": "query"})).location.startswith("/consent/")
    for mode in ("fragment", "form_post"):
        assert (await wire.authorize({"response_mode": mode})).query["error"] == "invalid_request"


async def test_req_060_a_failure_within_goes_back_by_redirect(wire: Wire, tmp_path: Path) -> None:
    """When the request cannot be kept, a reviewed app hears `temporarily_unavailable`, another's person gets a page."""
    fresh = await wire.add_app("fresh", reviewed_at=None)
    with sqlite3.connect(tmp_path / "quyen.db") as outside:
        outside.execute("ALTER TABLE authorization_requests RENAME TO gone")
    reply = await wire.authorize()
    assert (reply.query["error"], reply.query["state"]) == ("temporarily_unavailable", "s-1")
    page = await wire.authorize({"client_id": fresh.id})
    assert is_page(page, "no_verdict", 503)
    assert page.headers["Retry-After"] == "1"
    assert b"error=temporarily_unavailable" in page.body


async def test_req_060_without_the_register_nobody_is_answered(wire: Wire, tmp_path: Path) -> None:
    """While apps cannot be read, no address is believed: a page, no redirect."""
    with sqlite3.connect(tmp_path / "quyen.db") as outside:
        outside.execute("ALTER TABLE apps RENAME TO gone")
    reply = await wire.authorize()
    assert is_page(reply, "no_verdict", 503)
    assert b"href" not in reply.body


async def test_a_suspended_app_gets_nobody_back(wire: Wire) -> None:
    """Whom an operator stopped, no person is sent to, not even with an error."""
    await suspend_app(wire.house, wire.scene.app.id, Actor.system(), reason="thử (mẫu)")
    reply = await wire.authorize()
    assert is_page(reply, "app_suspended", 403)
    assert b"href" not in reply.body


async def test_requests_of_one_address_are_limited(wire: Wire) -> None:
    """Opening requests writes to the disk, so one address may do it only so often; then it may again."""
    key = "authorize 127.0.0.1"
    for _ in range(REQUESTS_OPENED.times):
        await wire.door.limits.count(key, REQUESTS_OPENED)
    reply = await wire.authorize()
    assert is_page(reply, "limited", 429)
    wire.scene.clock.advance(int(reply.headers["Retry-After"]))
    assert (await wire.authorize()).status == 303


def test_the_checks_say_their_rule() -> None:
    """Each rule of the table has a name and a sentence of its own."""
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)
    assert all(check.__name__.startswith("check_") and check.__doc__ for check in CHECKS)
