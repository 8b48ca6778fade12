"""The control paths: what arrived, faults, persistence, and who may reach them."""

import gzip
import json
import stat
import zlib
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.sandbox.received import LIMIT_ENTRIES, ReceivedLog
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from tests.platforms.sandbox.still import CountedEntropy, StillClock
from tests.platforms.sandbox.zalo_caller import ZaloCaller, authorize_path

GET_OA, RECENT = "/v2.0/oa/getoa", "/v2.0/oa/listrecentchat"
FIRST = BAKERY.followers[0].user_id


async def test_received_log(zalo: ZaloCaller, clock: StillClock) -> None:
    """Every request to the platform is there as it came, numbered; the control calls are not."""
    token = (await zalo.link())["access_token"]
    await zalo.send(token, FIRST, "chào")
    await zalo.raw("GET", "/v2.0/oa/%6eope?data=%7B%7D", headers={"X-Odd": "1"})
    arrived = await zalo.received()
    assert [entry["n"] for entry in arrived] == [1, 2, 3, 4]
    assert [entry["target"] for entry in arrived[2:]] == ["/v3.0/oa/message/cs", "/v2.0/oa/%6eope?data=%7B%7D"]
    assert set(arrived[0]) == {"n", "at", "method", "target", "headers", "body"}
    assert arrived[2]["method"] == "POST"
    assert arrived[2]["headers"]["access_token"] == token
    assert json.loads(arrived[2]["body"])["message"] == {"text": "chào"}
    assert arrived[3]["headers"]["X-Odd"] == "1"
    assert arrived[0]["at"] == clock.now().isoformat(timespec="milliseconds")
    assert [entry["n"] for entry in await zalo.received(after=3)] == [4]
    assert await zalo.received(after=4) == []


async def test_received_wants_a_number(zalo: ZaloCaller) -> None:
    """A mark that is no number is the caller's error."""
    status, _, _ = await zalo.raw("GET", "/_sandbox/received?after=x")
    assert status == 400


@pytest.mark.parametrize("size, expected", [(0, LIMIT_ENTRIES), (1024 * 1024, 31)])
def test_received_log_is_bounded(clock: StillClock, size: int, expected: int) -> None:
    """The oldest arrivals go when there are too many, or too many bytes; numbers go on."""
    log = ReceivedLog(clock)
    total = LIMIT_ENTRIES + 10 if size == 0 else 40
    for _ in range(total):
        log.add("POST", "/x", headers={}, body=b"x" * size)
    kept = log.list_after(0)
    assert (len(kept), kept[-1].n) == (expected, total)


async def test_restart_keeps_connections_and_messages(
    config: ZaloSandboxConfig, clock: StillClock, entropy: CountedEntropy, http: aiohttp.ClientSession
) -> None:
    """A second start knows tokens, unspent codes and messages of the first; what arrived is forgotten."""
    async with TestServer(build_zalo_sandbox(config, clock, entropy)) as server:
        zalo = ZaloCaller(http, str(server.make_url("/zalo")))
        pair, code = await zalo.link(), (await zalo.consent())["code"]
        await zalo.send(pair["access_token"], FIRST, "giữ lại")
    clock.advance(timedelta(minutes=5))
    async with TestServer(build_zalo_sandbox(config, clock, entropy)) as server:
        zalo = ZaloCaller(http, str(server.make_url("/zalo")))
        assert await zalo.received() == []
        row = (await zalo.get(RECENT, pair["access_token"], offset=0, count=1))["data"][0]
        assert row["message"] == "giữ lại"
        assert len((await zalo.get(RECENT, pair["access_token"], offset=0, count=10))["data"]) == 10
        assert "access_token" in await zalo.refresh(pair["refresh_token"])
        assert "access_token" in await zalo.redeem(code)


async def test_state_file_is_private_and_holds_no_token(zalo: ZaloCaller, config: ZaloSandboxConfig) -> None:
    """The file is its owner's only and holds hashes; no half-written file stays beside it."""
    pair, code = await zalo.link(), (await zalo.consent())["code"]
    path = config.state_path
    assert isinstance(path, Path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    content = path.read_text()
    assert not any(secret in content for secret in (pair["access_token"], pair["refresh_token"], code))


async def test_without_a_path_nothing_is_written(
    config: ZaloSandboxConfig, clock: StillClock, entropy: CountedEntropy, http: aiohttp.ClientSession
) -> None:
    """A stand-in in memory works the same."""
    app = build_zalo_sandbox(config.model_copy(update={"state_path": None}), clock, entropy)
    async with TestServer(app) as server:
        assert "access_token" in await ZaloCaller(http, str(server.make_url("/zalo"))).link()
    assert config.state_path is not None
    assert not config.state_path.exists()


async def test_server_error_and_redirect(zalo: ZaloCaller) -> None:
    """A broken platform answers 500 with a page, or sends the caller elsewhere, and does nothing."""
    token = (await zalo.link())["access_token"]
    await zalo.switch(server_error=True)
    assert (await zalo.raw("GET", GET_OA, headers={"access_token": token}))[0] == 500
    await zalo.switch(redirect="http://elsewhere.example/x")
    status, headers, _ = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert (status, headers["Location"]) == (302, "http://elsewhere.example/x")


@pytest.mark.parametrize("moment, is_done", [("before", False), ("after", True), ("midway", True)])
async def test_reset(zalo: ZaloCaller, moment: str, is_done: bool) -> None:  # noqa: FBT001 - cases
    """A cut connection is an error at the client; whether the refresh token was spent depends on the moment."""
    pair = await zalo.link()
    await zalo.switch(reset=moment)
    with pytest.raises(aiohttp.ClientError):
        await zalo.refresh(pair["refresh_token"])
    await zalo.switch()
    assert ("error" in await zalo.refresh(pair["refresh_token"])) is is_done


@pytest.mark.parametrize("garbage", ["not_json", "truncated", "not_utf8", "deep"])
async def test_garbage_is_not_json(zalo: ZaloCaller, garbage: str) -> None:
    """Each of these bodies fails a JSON reader."""
    token = (await zalo.link())["access_token"]
    await zalo.switch(garbage=garbage)
    _, _, body = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    with pytest.raises((ValueError, RecursionError)):
        json.loads(body)


async def test_garbage_that_parses(zalo: ZaloCaller) -> None:
    """A doubled key and a huge body are JSON all the same."""
    token = (await zalo.link())["access_token"]
    await zalo.switch(garbage="duplicate_keys")
    _, _, body = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert body.count(b'"error"') > 1
    json.loads(body)
    await zalo.switch(garbage="huge")
    _, _, body = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert len(body) > 32 * 1024 * 1024


async def test_content_type_and_coding(zalo: ZaloCaller) -> None:
    """Media type and coding can be other than agreed, also claimed falsely."""
    token = (await zalo.link())["access_token"]
    await zalo.switch(content_type="text/html", coding="gzip")
    _, headers, body = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert (headers["Content-Type"], headers["Content-Encoding"]) == ("text/html", "gzip")
    assert json.loads(gzip.decompress(body))["error"] == 0
    await zalo.switch(coding="deflate")
    _, headers, body = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert (headers["Content-Encoding"], json.loads(zlib.decompress(body))["error"]) == ("deflate", 0)
    await zalo.switch(coding="gzip-lie")
    _, headers, body = await zalo.raw("GET", GET_OA, headers={"access_token": token})
    assert (headers["Content-Encoding"], json.loads(body)["error"]) == ("gzip", 0)


async def test_slow_is_slow(zalo: ZaloCaller) -> None:
    """A slow platform outwaits an impatient client, and what arrived is recorded before the wait."""
    await zalo.switch(slow_seconds=30, paths=[GET_OA])
    impatient = aiohttp.ClientTimeout(total=0.2)
    with pytest.raises(TimeoutError):
        await zalo.raw("GET", GET_OA, timeout=impatient)
    assert [entry["target"] for entry in await zalo.received()] == [GET_OA]


async def test_faults_can_be_bound_to_paths_and_counted(zalo: ZaloCaller) -> None:
    """A fault may touch one path only, and end by itself after so many calls."""
    token = (await zalo.link())["access_token"]
    headers = {"access_token": token}
    await zalo.switch(server_error=True, paths=[GET_OA], times=2)
    assert (await zalo.raw("GET", RECENT, headers=headers))[0] == 200
    assert [(await zalo.raw("GET", GET_OA, headers=headers))[0] for _ in range(3)] == [500, 500, 200]


async def test_switches_are_replaced_whole(zalo: ZaloCaller) -> None:
    """What a POST does not name goes back to a faithful platform."""
    await zalo.switch(phone="string", tokens_dead=True)
    assert (await zalo.switch(phone="absent"))["tokens_dead"] is False
    assert (await zalo.switch())["phone"] is None


@pytest.mark.parametrize(
    "path, headers, body, status",
    [
        ("/_sandbox/switches", {"Content-Type": "text/plain"}, "{}", 415),
        ("/_sandbox/switches", {}, "{}", 415),
        ("/_sandbox/switches", {"Content-Type": "application/json"}, '{"no_such": 1}', 422),
        ("/_sandbox/switches", {"Content-Type": "application/json"}, "{", 422),
        ("/_sandbox/revoke", {"Content-Type": "application/json"}, "{}", 422),
        ("/_sandbox/nothing", {"Content-Type": "application/json"}, "{}", 404),
        ("/_sandbox/incoming", {"Content-Type": "application/json"}, '{"oa_id":"1","user_id":"2","text":"a"}', 404),
    ],
)
async def test_control_refuses(zalo: ZaloCaller, path: str, headers: dict[str, str], body: str, status: int) -> None:
    """A control call that a foreign page could send, or that asks for what is not there, changes nothing."""
    assert (await zalo.raw("POST", path, headers=headers, data=body))[0] == status


async def test_revoking_what_is_not_linked(zalo: ZaloCaller) -> None:
    """Revoking an OA without tokens says so."""
    assert await zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID}) == {"revoked": False}


@pytest.mark.parametrize(
    "host, status",
    [
        ("evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
        ("localhost:9", 200),
        ("[::1]:80", 200),
        ("LOCALHOST", 200),
    ],
)
@pytest.mark.parametrize("path", [GET_OA, "/_sandbox/received"])
async def test_only_known_hosts(zalo: ZaloCaller, path: str, host: str, status: int) -> None:
    """A name that someone rebound to this machine is not served."""
    assert (await zalo.raw("GET", path, headers={"Host": host}))[0] == status


@pytest.mark.parametrize("name, status", [("consent.css", 200), ("../app.py", 404), ("%2e%2e/app.py", 404), ("", 404)])
async def test_stylesheet_and_nothing_else(zalo: ZaloCaller, name: str, status: int) -> None:
    """The consent page's stylesheet is served, and no other file."""
    assert (await zalo.raw("GET", f"/_sandbox/static/{name}"))[0] == status


async def test_answers_do_not_say_what_serves(zalo: ZaloCaller) -> None:
    """No header names this stand-in's server."""
    _, headers, _ = await zalo.raw("GET", authorize_path())
    assert "Server" not in headers
