"""The headers of every page, the cookie, and the static files."""

import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from gateway.ground.web.cookies import SessionCookie
from gateway.ground.web.responses import check_redirect_uri, html, page_headers, scheme_source, see_other, stay
from tests.unit.web.drawing import ASSETS

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def test_every_header_of_a_page() -> None:
    """The contract's policy word for word, and all that keeps a page from being framed, cached or sniffed."""
    answer = html("<p>", is_https=True, status=401)
    assert (answer.status, answer.text, answer.content_type) == (401, "<p>", "text/html")
    assert page_headers(is_https=True) == {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Strict-Transport-Security": "max-age=31536000",
    }
    for response in (answer, see_other("/", is_https=True), stay(is_https=True)):
        assert page_headers(is_https=True).items() <= dict(response.headers).items()


def test_no_promise_of_https_on_http() -> None:
    """HSTS stands only where the origin is https."""
    assert "Strict-Transport-Security" not in page_headers(is_https=False)


def test_forms_may_lead_to_checked_schemes() -> None:
    """Extra sources stand after 'self', each once."""
    headers = page_headers(is_https=True, form_action=["https:", "com.example.app:", "https:"])
    assert headers["Content-Security-Policy"] == f"{POLICY} https: com.example.app:"


def test_answers_without_a_page() -> None:
    """A 303 says where; a 204 says nothing at all."""
    moved = see_other("/permissions?lang=en", is_https=False)
    assert (moved.status, moved.headers["Location"]) == (303, "/permissions?lang=en")
    assert (stay(is_https=False).status, stay(is_https=False).body) == (204, None)


@pytest.mark.parametrize(
    "uri,source",
    [
        ("https://app.example/back?x=1", "https:"),
        ("HTTPS://app.example", "https:"),
        ("http://127.0.0.1:8403/back", "http:"),
        ("http://[::1]:9/back", "http:"),
        ("http://localhost/back", "http:"),
        ("com.example.app:/back", "com.example.app:"),
        ("com.example.app://back", "com.example.app:"),
    ],
)
def test_scheme_of_a_target(uri: str, source: str) -> None:
    """The three kinds of redirect that an app may register."""
    assert scheme_source(uri) == source


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/back",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "blob:https://app.example/x",
        "myapp:/back",
        "/back",
        "",
        "https:",
        "https:///back",
        "com.example app:/x",
        "*://x",
        "com..app:/x",
    ],
)
def test_no_source_for_other_schemes(uri: str) -> None:
    """Anything else was missed by the check before and never reaches the policy."""
    with pytest.raises(ValueError, match="no form may lead"):
        scheme_source(uri)


GOOD_URIS = [
    "https://app.example/back?x=1&y=%2F",
    "HTTPS://App.example",
    "https://app.example:65535/(a)",
    "https://[2001:db8::1]:8443/back",
    "http://127.0.0.1/back",
    "http://[::1]:9/back",
    "http://localhost:8403/back",
    "com.example.app:/back",
    "com.example.app://back",
]
BAD_URIS = [
    "https://app.example/cb\n",
    "https://app\t.example/cb",
    "\thttps://app.example/cb",
    "https://app.example/c b",
    "https://user:password@app.example/cb",
    "https://user@app.example/cb",
    "https://app.example:99999/cb",
    "https://app.example:0/cb",
    "https://app.example:x/cb",
    "https://app.example:/cb",
    "https://app..example/cb",
    "https://-app.example/cb",
    "https://app.example%2F.evil.example/cb",
    "https://app.example/%zz",
    "https://app.example/cb#",
    "https://app.example\\@evil.example/cb",
    "https://app.example/'x",
    "https://ứng-dụng.example/cb",
    "http://user@127.0.0.1/cb",
    "http://127.0.0.1.evil.example/cb",
    "a..b:/cb",
    "com.example.app://user@x:99999/cb",
    "com.example.app://x:99999/cb",
    "myapp:/cb",
    "javascript:alert(1)",
    "//app.example/cb",
    "https:",
    "https://[::1/cb",
    "",
]


@pytest.mark.parametrize("uri", GOOD_URIS)
def test_a_redirect_uri_is_kept_as_it_is_written(uri: str) -> None:
    """And the policy of the consent page can be written for it."""
    assert check_redirect_uri(uri) == uri
    assert scheme_source(uri)


@pytest.mark.parametrize("uri", BAD_URIS)
def test_a_redirect_uri_that_can_be_read_in_two_ways_is_refused(uri: str) -> None:
    """Control signs, users, ports that are none, hosts that are none, fragments, other schemes."""
    with pytest.raises(ValueError, match=r"redirect URI|no form|[Pp]ort|IPv6"):
        check_redirect_uri(uri)


def test_session_cookie_on_https() -> None:
    """The prefix, and every flag that it demands."""
    response = web.Response()
    SessionCookie(is_https=True).set(response, "secret", ttl_seconds=600)
    written = response.cookies["__Host-quyen_session"].OutputString()
    parts = set(written.split("; "))
    assert parts == {"__Host-quyen_session=secret", "HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"}


def test_session_cookie_on_loopback() -> None:
    """On http no prefix and no Secure, all else alike; clearing keeps the flags and ends it at once."""
    response = web.Response()
    cookie = SessionCookie(is_https=False)
    cookie.clear(response)
    parts = set(response.cookies["quyen_session"].OutputString().split("; "))
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=0"} <= parts
    assert "Secure" not in parts


def test_session_cookie_is_read_by_its_own_name() -> None:
    """A cookie of the other kind, or an empty one, is nobody."""
    request = make_mocked_request("GET", "/", headers={"Cookie": "quyen_session=a; __Host-quyen_session=b"})
    assert SessionCookie(is_https=True).find(request) == "b"
    assert SessionCookie(is_https=False).find(request) == "a"
    empty = make_mocked_request("GET", "/", headers={"Cookie": "quyen_session="})
    assert SessionCookie(is_https=False).find(empty) is None


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("name,kind", [("quyen.css", "text/css"), ("mark.svg", "image/svg+xml")])
async def test_static_files(name: str, kind: str, coding: str) -> None:
    """Each file comes whole, typed, kept for ever, zipped for who can read that, and allowed to do nothing."""
    app = web.Application()
    app.add_routes(ASSETS.routes())
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        answer = await client.get(ASSETS.url(name), headers={"Accept-Encoding": coding})
        body = await answer.read()
        assert (answer.status, answer.content_type) == (200, kind)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers.get("Content-Encoding", "identity") == coding
        whole = gzip.decompress(body) if coding == "gzip" else body
        assert b"svg" in whole
        assert len(whole) > 100
        assert (await client.get("/static/0123456789abcdef/quyen.css")).status == 404


def test_stylesheet_is_small() -> None:
    """What everyone downloads before a decision stays below 9 KB on the wire."""
    assert len(gzip.compress(ASSETS.read("quyen.css"), mtime=0)) < 9 * 1024
