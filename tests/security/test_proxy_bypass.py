"""Ways round the proxy by the form of a request, on a raw socket: nothing of them reaches the platform."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.doors.calls import incoming
from gateway.doors.calls.server import build_calls
from gateway.ground.web import runner
from tests.platforms.zalo.stage import (
    DETAIL,
    FOLLOWER,
    MESSAGE,
    PROFILE,
    SEND,
    CallsServer,
    Stage,
    zalo_stage,
)

OA = "/v2.0/oa/getoa"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage on which the app holds every ask."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


def request_of(stage: Stage, line: str, *headers: str, body: str = "") -> bytes:
    """Return a request with a good token that asks to close the connection."""
    lines = [line, "Host: 127.0.0.1:8401", f"Authorization: Bearer {stage.app.token}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


async def list_targets(stage: Stage) -> list[tuple[str, str]]:
    """Return method and target of what reached the platform."""
    return [(one["method"], one["target"]) for one in await stage.arrived()]


async def test_the_raw_socket_works(stage: Stage) -> None:
    """The positive control: the same bytes with nothing odd about them pass, with each header once."""
    answer = await stage.app.raw(request_of(stage, f"GET {PROFILE} HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    names = [line.split(b":")[0].lower() for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    assert len(names) == len(set(names))
    assert await list_targets(stage) == [("GET", OA)]


@pytest.mark.parametrize(
    "target",
    [
        "/zalo/v3.0/oa/user/../../../v2.0/oa/getoa",
        "/zalo/../zalo/v2.0/oa/getoa",
        "/../zalo/v2.0/oa/getoa",
        "/./zalo/v2.0/oa/getoa",
        "/zalo/v2.0/./oa/getoa",
        "/zalo/v2.0/oa/%2e%2e/oa/getoa",
        "/zalo/v2.0/oa/%2E/getoa",
        "/zalo/v2.0/oa/.%2e/oa/getoa",
        "/zalo/v2.0/oa/..;/oa/getoa",
        "/zalo/v2.0/oa%2fgetoa",
        "/zalo/v2.0%5coa/getoa",
        "/zalo/v2.0\\oa\\getoa",
        "/zalo/v2.0/oa/%252e%252e/getoa",
        "/zalo//v2.0/oa/getoa",
        "//zalo/v2.0/oa/getoa",
        "/zalo/v2.0//oa/getoa",
        "/zalo/v2.0/oa/getoa%00",
        "/zalo/v2.0/oa/getoa%0d%0aX:y",
        "/zalo/v2.0/oa/getoa%ff",
        "/zalo/v2.0/oa/getoa%",
        "/zalo/v2.0/oa/getoa#x",
        "http://127.0.0.1:8401/zalo/v2.0/oa/getoa",
        "http://other.example/zalo/v2.0/oa/getoa",
        "*",
    ],
)
async def test_targets_are_refused_never_normalised(stage: Stage, target: str) -> None:
    """Dot segments in any spelling, doubled and encoded slashes, controls and other target forms."""
    answer = await stage.app.raw(request_of(stage, f"GET {target} HTTP/1.1"))
    assert answer[8:13] == b" 400 "
    assert await list_targets(stage) == []


@pytest.mark.parametrize(
    "target",
    [
        "/zalo/v2.0/oa/getoa/",
        "/ZALO/v2.0/oa/getoa",
        "/%7aalo/v2.0/oa/getoa",
        "/zalo/V2.0/oa/getoa",
        "/zalo/v2.0/oa/getoa;x=1",
        "/zalo/v2.0/oa/getoa.json",
        "/zalo/v2.0/oa/getoa%20",
        "/zalo/_sandbox/received",
        "/zalo/v4/oa/access_token",
    ],
)
async def test_near_misses_are_no_routes(stage: Stage, target: str) -> None:
    """Another case, a trailing slash, path parameters and the platform's other endpoints do not exist."""
    answer = await stage.app.raw(request_of(stage, f"GET {target} HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert await list_targets(stage) == []


async def test_an_encoded_literal_is_the_route_itself_and_is_written_anew(stage: Stage) -> None:
    """Percent-encoding an ordinary letter changes nothing, and what goes upstream is the route's own template."""
    answer = await stage.app.raw(request_of(stage, "GET /zalo/v2.0/%6fa/getoa HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert await list_targets(stage) == [("GET", OA)]


@pytest.mark.parametrize(
    "header",
    [
        "X-HTTP-Method-Override: POST",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: POST",
        "X-Original-URL: /v3.0/oa/message/cs",
        "X-Rewrite-URL: /v3.0/oa/message/cs",
        "X-Forwarded-Host: other.example",
        "X-Forwarded-For: 10.0.0.1",
        "Forwarded: host=other.example",
        "Cookie: session=abc",
        "Connection: close, access_token",
        "appsecret_proof: 00",
        "secret_key: stolen",
        "Retailer: another",
        "oa_id: 2",
        "Range: bytes=0-1",
        "If-None-Match: x",
        "Via: 1.1 me",
        "Proxy-Authorization: Basic YTpi",
        "TE: trailers",
        "Trailer: access_token",
        "Quyen-Anything: x",
    ],
)
async def test_no_header_of_the_caller_steers_the_call(stage: Stage, header: str) -> None:
    """Method overrides, forwarding, cookies, hop-by-hop and credential headers are left behind, by allow-list."""
    await stage.app.raw(request_of(stage, f"GET {PROFILE} HTTP/1.1", header))
    (arrival,) = await stage.arrived()
    assert (arrival["method"], arrival["target"]) == ("GET", OA)
    names = {name.lower() for name in arrival["headers"]}
    assert names <= {"host", "accept", "accept-encoding", "user-agent", "access_token", "appsecret_proof"}
    assert header.partition(": ")[2] not in arrival["headers"].values()


@pytest.mark.parametrize(
    "head",
    [
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nHost: b",
        f"GET {PROFILE} HTTP/1.1",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a b",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a@b",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nX: " + "y" * 9000,
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\n" + "\r\n".join(f"X{n}: {'y' * 4000}" for n in range(5)),
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nX : y",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nX: y\r\n folded",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nX: a\x00b",
        f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nQuyen-Purpose: crm\r\nQuyen-Purpose: order",
        f"GET {PROFILE} HTTP/0.9\r\nHost: a",
        f"GET {PROFILE} HTTP/2.0\r\nHost: a",
        f"get {PROFILE} HTTP/1.1\r\nHost: a",
        f"PRI {PROFILE} HTTP/1.1\r\nHost: a",
    ],
)
async def test_heads_that_can_be_read_in_two_ways_reach_nobody(stage: Stage, head: str) -> None:
    """Two Hosts, odd Hosts, two Authorizations, upgrades, folding, NUL, oversize and other versions."""
    head += f"\r\nAuthorization: Bearer {stage.app.token}"
    head += "" if "Connection:" in head else "\r\nConnection: close"
    answer = await stage.app.raw(f"{head}\r\n\r\n".encode())
    assert not answer.startswith(b"HTTP/1.1 2")
    assert not answer.startswith(b"HTTP/1.0 2")
    assert await list_targets(stage) == []


async def test_what_cannot_be_parsed_is_not_reflected(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The answer quotes nothing, names no software and has a request id; the log holds no traceback and no token."""
    for broken in (f"GET {PROFILE} HTTP/1.1\r\nBim\x01at: 1\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"):
        answer = await stage.app.raw(broken.encode())
        assert answer[8:13] == b" 400 "
        assert b"application/problem+json" in answer
        assert b"aiohttp" not in answer
        assert b"Bim" not in answer
        assert b"X-Request-ID: re_" in answer
    assert "Traceback" not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


async def test_a_half_sent_head_does_not_stay(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which no request comes, or half of one, is closed."""
    monkeypatch.setattr(runner, "IDLE_SECONDS", 0.2)
    async with CallsServer(build_calls(stage.door)) as hasty:
        stage.app.base = str(hasty.make_url("")).rstrip("/")
        for half in (b"", b"GET / HTTP/1.1\r\nHost:"):
            assert await stage.app.raw(half) == b""


async def test_http_0_9_reaches_nobody(stage: Stage) -> None:
    """A request line without a version has no headers and so no token."""
    await stage.app.raw(f"GET {PROFILE}\r\n\r\n".encode(), breaks_off=True)
    assert await list_targets(stage) == []


SMUGGLED = f"GET {DETAIL} HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 0"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Content-Length: 5"],
        ["Content-Length: 5, 5"],
        ["Content-Length: +5"],
        ["Content-Length: 0x5"],
        ["Transfer-Encoding:\x0bchunked"],
    ],
)
async def test_two_lengths_smuggle_nothing(stage: Stage, headers: list[str]) -> None:
    """A body whose end two programs see in different places is refused with its connection."""
    body = f"0\r\n\r\n{SMUGGLED}"
    line = f"POST {SEND} HTTP/1.1"
    answer = await stage.app.raw(request_of(stage, line, "Content-Type: application/json", *headers, body=body))
    assert b" 200 " not in answer
    assert await list_targets(stage) == []


@pytest.mark.parametrize("chunk", ["5;a=b\nGET", "zz", "-1", "5", "0005\r\n{}"])
async def test_bad_chunks_reach_nobody(stage: Stage, chunk: str) -> None:
    """A body that breaks off or is badly chunked was never whole."""
    headers = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
    request = request_of(stage, f"POST {SEND} HTTP/1.1", *headers, body=f"{chunk}\r\n")
    await stage.app.raw(request, breaks_off=True)
    assert await list_targets(stage) == []


async def test_a_body_that_breaks_off_reaches_nobody(stage: Stage) -> None:
    """Half of a declared length is no body."""
    headers = ["Content-Type: application/json", "Content-Length: 500"]
    request = request_of(stage, f"POST {SEND} HTTP/1.1", *headers, body='{"recipient":')
    await stage.app.raw(request, breaks_off=True)
    assert await list_targets(stage) == []


async def test_a_body_that_comes_too_slowly_reaches_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a body and then silence: refused when its time is over."""
    monkeypatch.setattr(incoming, "BODY_SECONDS", 0.2)
    headers = ["Content-Type: application/json", "Content-Length: 500"]
    request = request_of(stage, f"POST {SEND} HTTP/1.1", *headers, body='{"recipient":')
    assert (await stage.app.raw(request)).startswith(b"HTTP/1.1 400 ")
    assert await list_targets(stage) == []


async def test_a_whole_chunked_body_passes_and_is_written_anew(stage: Stage) -> None:
    """The positive control: chunks in, one length out; a trailer is left behind."""
    body = json.dumps(MESSAGE)
    chunked = f"{len(body):x}\r\n{body}\r\n0\r\naccess_token: x\r\n\r\n"
    headers = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
    answer = await stage.app.raw(request_of(stage, f"POST {SEND} HTTP/1.1", *headers, body=chunked))
    assert answer.startswith(b"HTTP/1.1 200 ")
    (arrival,) = await stage.arrived()
    assert json.loads(arrival["body"]) == MESSAGE
    assert "Transfer-Encoding" not in arrival["headers"]


async def test_a_body_is_asked_for_only_after_the_verdict(stage: Stage) -> None:
    """Expect: 100-continue: a refused call is refused without `100 Continue`, a good one gets it once."""
    body = json.dumps(MESSAGE)
    headers = ["Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue"]
    refused = await stage.app.raw(request_of(stage, f"POST {PROFILE} HTTP/1.1", *headers, body=body))
    assert refused.startswith(b"HTTP/1.1 404 ")
    answer = await stage.app.raw(request_of(stage, f"POST {SEND} HTTP/1.1", *headers, body=body))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert len(await list_targets(stage)) == 1


async def test_pipelined_calls_are_judged_each(stage: Stage) -> None:
    """On one connection a good call does not carry the next: the second has no token."""
    good = request_of(stage, f"GET {PROFILE} HTTP/1.1").replace(b"Connection: close\r\n", b"")
    bare = f"GET {DETAIL} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    answer = await stage.app.raw(good + bare)
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert answer.count(b"HTTP/1.1 401 ") == 1
    assert await list_targets(stage) == [("GET", OA)]


async def test_an_old_proxy_may_call_with_http_1_0(stage: Stage) -> None:
    """HTTP/1.0 with a Host and a length is understood."""
    answer = await stage.app.raw(request_of(stage, f"GET {PROFILE} HTTP/1.0"))
    assert answer.startswith((b"HTTP/1.0 200 ", b"HTTP/1.1 200 "))
    assert await list_targets(stage) == [("GET", OA)]


async def test_a_follower_is_named_by_one_canonical_id(stage: Stage) -> None:
    """`0462...` and `462... ` could be the same person to the platform and another one to us."""
    for odd in (f"0{FOLLOWER.user_id}", f"{FOLLOWER.user_id} ", f"+{FOLLOWER.user_id}"):
        target = DETAIL.replace(FOLLOWER.user_id, odd.replace(" ", "%20").replace("+", "%2B"))
        answer = await stage.app.raw(request_of(stage, f"GET {target} HTTP/1.1"))
        assert answer.startswith(b"HTTP/1.1 400 ")
    assert await list_targets(stage) == []
