"""Heads are judged on raw bytes: what two programs could read differently is refused."""

import pytest

from gateway.doors.calls.head import LIMIT_HEAD_BYTES, LIMIT_TARGET_BYTES, parse_head
from gateway.terms.refusal import Refusal

HOST = (b"Host", b"127.0.0.1:8401")


def test_a_plain_head_is_cut_into_platform_path_and_query() -> None:
    """Nothing is decoded or folded, and names of headers are lower case."""
    head = parse_head("GET", "/zalo/v2.0/oa/getoa?data=%7B%7D?x", [HOST, (b"ACCESS_token", b" t ")], version="1.1")
    assert (head.method, head.platform) == ("GET", "zalo")
    assert (head.raw_path, head.raw_query) == ("/v2.0/oa/getoa", "data=%7B%7D?x")
    assert head.find("access_token") == "t"
    assert head.find("accept") is None
    assert not head.announces_body


@pytest.mark.parametrize("target", ["/zalo", "/zalo/"])
def test_a_platform_alone_has_an_empty_path(target: str) -> None:
    """The platform's own root is a path like any other."""
    assert parse_head("GET", target, [HOST], version="1.1").raw_path == "/"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:8401/zalo/v2.0/oa/getoa",
        "*",
        "127.0.0.1:443",
        "",
        "zalo/x",
        "/zalo/x#y",
        "/zalo\\x",
        "/zalo/é",
        "/zalo/a b",
        "/zalo/\x00",
    ],
)
def test_only_origin_form_is_taken(target: str) -> None:
    """Absolute, asterisk and authority forms, fragments, backslashes, blanks and bytes outside ASCII are refused."""
    with pytest.raises(Refusal) as refused:
        parse_head("GET", target, [HOST], version="1.1")
    assert refused.value.reason == "bad_target"


def test_a_target_has_a_bound_of_its_own() -> None:
    """What the server would still read is refused here, where the dialect of the answer is known."""
    longest = "/zalo/" + "x" * (LIMIT_TARGET_BYTES - 6)
    assert parse_head("GET", longest, [HOST], version="1.1").platform == "zalo"
    with pytest.raises(Refusal) as refused:
        parse_head("GET", longest + "x", [HOST], version="1.1")
    assert (refused.value.reason, "longer than" in refused.value.detail) == ("bad_target", True)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"Host", b"")],
        [(b"Host", b"a b")],
        [(b"Host", b"user@host")],
        [(b"Host", b"host/zalo")],
        [HOST, HOST],
        [HOST, (b"Content-Length", b"1"), (b"Content-Length", b"1")],
        [HOST, (b"Content-Length", b"1, 1")],
        [HOST, (b"Content-Length", b"+1")],
        [HOST, (b"Content-Length", b"0"), (b"Transfer-Encoding", b"chunked")],
        [HOST, (b"Transfer-Encoding", b"gzip, chunked")],
        [HOST, (b"Transfer-Encoding", b"identity")],
        [HOST, (b"Quyen-Purpose", b"crm"), (b"quyen-purpose", b"order")],
        [HOST, (b"Content-Type", b"application/json"), (b"Content-Type", b"text/plain")],
        [HOST, (b"Upgrade", b"h2c")],
        [HOST, (b"Expect", b"200-ok")],
        [HOST, (b"X-Filler", b"a" * LIMIT_HEAD_BYTES)],
    ],
)
def test_headers_that_can_be_read_twice_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """Missing, odd or doubled Host, two lengths, other codings, upgrades and oversize are refused."""
    with pytest.raises(Refusal) as refused:
        parse_head("POST", "/zalo/x", headers, version="1.1")
    assert refused.value.reason == "bad_target"


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:8401", b"[::1]:8401", b"api.quyen.example"])
def test_ordinary_hosts_are_taken(host: bytes) -> None:
    """Names, addresses and ports pass."""
    assert parse_head("GET", "/zalo/x", [(b"Host", host)], version="1.1").find("host") == host.decode()


@pytest.mark.parametrize("version", ["0.9", "2.0"])
def test_other_versions_are_refused(version: str) -> None:
    """HTTP/0.9 is accepted by the parser and has no headers to trust."""
    with pytest.raises(Refusal):
        parse_head("GET", "/zalo/x", [HOST], version=version)


def test_old_proxies_may_speak_http_1_0_without_chunks() -> None:
    """HTTP/1.0 knows no transfer coding, so one there means that somebody will frame the body in another way."""
    assert parse_head("GET", "/zalo/x", [HOST], version="1.0").platform == "zalo"
    with pytest.raises(Refusal):
        parse_head("POST", "/zalo/x", [HOST, (b"Transfer-Encoding", b"chunked")], version="1.0")


@pytest.mark.parametrize(
    "header,is_announced",
    [((b"Content-Length", b"0"), False), ((b"Content-Length", b"2"), True), ((b"Transfer-Encoding", b"Chunked"), True)],
)
def test_a_body_is_announced_by_length_or_chunks(header: tuple[bytes, bytes], is_announced: bool) -> None:  # noqa: FBT001
    """A length of zero is no body."""
    assert parse_head("POST", "/zalo/x", [HOST, header], version="1.1").announces_body is is_announced
