"""What the platform says: faults, lies and trouble with our own credential; nothing undeclared reaches the app."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]
import pytest

from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.doors.calls import doubts, forwarding, upstream
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.records.trace.types import CALL_NOT_OPENED, OUTCOME_UNKNOWN, Outcome
from gateway.sandbox.zalo.seeds import BAKERY_ID
from gateway.terms.ids import ConnectionId
from gateway.terms.refusal import Refusal, Unavailable
from tests.house import REDIRECT_URI, VERIFIER, agree
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.lying import Script, answering, lying, saying
from tests.platforms.zalo.stage import (
    DETAIL,
    MESSAGE,
    PROFILE,
    SEND,
    Stage,
    patient_gateway,
    wait_until,
    zalo_stage,
)

CHATS = "/zalo/v2.0/oa/listrecentchat?data=" + quote(json.dumps({"offset": 0, "count": 5}))
GOOD = b'{"data":{"oa_id":"1","name":"Ti\xe1\xbb\x87m (m\xe1\xba\xabu)"},"error":0,"message":"Success"}'


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage on which the app holds every ask."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


async def get_link(stage: Stage) -> Connection:
    """Return the account's connection as it stands."""
    async with stage.scene.house.storage.read() as connection:
        link = await accounts.find_connection(connection, stage.scene.account.id)
    assert link is not None
    return link


async def get_ending(stage: Stage) -> tuple[Outcome, str | None, int | None]:
    """Return how the newest call ended."""
    newest = (await stage.list_lines())[0].ending
    assert newest is not None
    return newest.outcome, newest.reason, newest.upstream_status


CODED = {"": GOOD, "gzip": gzip.compress(GOOD), "deflate": zlib.compress(GOOD), "br": brotli.compress(GOOD)}


@pytest.mark.parametrize("coding", [*CODED, "identity", "GZIP"])
async def test_each_coding_that_we_ask_for_passes(tmp_path: Path, coding: str) -> None:
    """The positive control: decoded by us, written anew, with one Content-Type and no coding."""
    headers = [b"Content-Encoding: " + coding.encode()] if coding else []
    body = CODED.get(coding.lower(), GOOD)
    async with lying(answering(body, *headers)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        reply = await stage.app.call(PROFILE)
        assert (reply.status, reply.json) == (200, json.loads(GOOD))
        assert "Content-Encoding" not in reply.headers
        assert b"\r\naccept-encoding: gzip, deflate, br\r\n" in liar.heads[0]


JSON = b"Content-Type: application/json"


async def say_without_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send chunks for as long as anybody takes them."""
    writer.write(b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
        await writer.drain()


LIES: dict[str, Script] = {
    "two codings": answering(gzip.compress(gzip.compress(GOOD)), b"Content-Encoding: gzip, gzip"),
    "coding twice": answering(gzip.compress(GOOD), b"Content-Encoding: gzip", b"Content-Encoding: identity"),
    "alias": answering(gzip.compress(GOOD), b"Content-Encoding: x-gzip"),
    "unknown": answering(GOOD, b"Content-Encoding: zstd"),
    "undeclared": answering(gzip.compress(GOOD)),
    "declared only": answering(GOOD, b"Content-Encoding: gzip"),
    "cut gzip": answering(gzip.compress(GOOD)[:-3], b"Content-Encoding: gzip"),
    "two members": answering(gzip.compress(GOOD) * 2, b"Content-Encoding: gzip"),
    "gzip bomb": answering(gzip.compress(b" " * (64 << 20)), b"Content-Encoding: gzip"),
    "brotli bomb": answering(brotli.compress(b" " * (64 << 20)), b"Content-Encoding: br"),
    "utf-16": answering(GOOD.decode().encode("utf-16")),
    "utf-16 declared": answering(GOOD.decode().encode("utf-16"), b"Content-Type: application/json; charset=utf-16"),
    "utf-7": answering(GOOD, b"Content-Type: application/json; charset=utf-7"),
    "latin-1": answering(b'{"error":0,"message":"\xe9"}'),
    "byte order mark": answering(b"\xef\xbb\xbf" + GOOD),
    "duplicate key": answering(b'{"error":-216,"data":{"name":"a","name":"b"},"error":0}'),
    "escaped duplicate": answering(b'{"error":0,"err\\u006fr":1}'),
    "two values": answering(GOOD + GOOD),
    "lines": answering(GOOD + b"\n" + GOOD),
    "deep": answering(b'{"error":0,"data":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "array": answering(b"[" + GOOD + b"]"),
    "number": answering(b"1"),
    "empty": answering(b""),
    "html": answering(b"<html>", b"Content-Type: text/html"),
    "html said to be JSON": answering(b"<html>"),
    "JSON said to be html": answering(GOOD, b"Content-Type: text/html"),
    "two types": answering(GOOD, JSON, b"Content-Type: text/html"),
    "no type": saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD),
    "object for a text": answering(b'{"error":0,"data":{"name":{"phone":"84000000101"}}}'),
    "list for an object": answering(b'{"error":0,"data":[{"name":"x"}]}'),
    "no error member": answering(b'{"data":{"name":"x"}}'),
    "error true": answering(b'{"error":true,"message":"x"}'),
    "endless": say_without_end,
    "huge": answering(b" " * (1 << 20) + GOOD),
    "status line": saying(b"HTTP/9.9 200 OK\r\n\r\n", then_close=True),
    "no http": saying(b"\x15\x03\x01\x00\x02\x02P", then_close=True),
    "two lengths": saying(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        then_close=True,
    ),
    "endless header": saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000 + b"\r\n\r\n{}", then_close=True),
}


@pytest.mark.parametrize("lie", sorted(LIES))
async def test_what_is_not_declared_is_502_and_passes_nothing(tmp_path: Path, lie: str) -> None:
    """Codings, charsets, duplicate keys, depth, size, types and broken HTTP; the call was traced before."""
    async with lying(LIES[lie]) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        reply = await stage.app.call(PROFILE)
        assert (reply.code, reply.status) == ("upstream_malformed", 502), reply.body
        assert reply.headers["RateLimit"] == '"zalo";r=3499;t=61'  # it was sent, so it counts
        assert b"84000000101" not in reply.body
        assert len(liar.heads) == 1
        outcome, reason, _ = await get_ending(stage)
        assert (outcome, reason) == (Outcome.FAILED, "upstream_malformed")


FAILURES: dict[str, Script] = {
    "500": answering(b"<h1>500</h1> stack trace", b"Content-Type: text/html", status=b"500 Oops"),
    "JSON 500": answering(GOOD, status=b"500 Oops"),
    "404": answering(GOOD, status=b"404 Gone"),
    "204": saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "206": answering(GOOD, status=b"206 Partial"),
    "cut body": saying(b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\nContent-Length: 99\r\n\r\n{", then_close=True),
    "cut head": saying(b"HTTP/1.1 200 OK\r\n" + JSON, then_close=True),
    "nothing": saying(then_close=True),
}


@pytest.mark.parametrize("failure", sorted(FAILURES))
async def test_a_failure_of_the_platform_is_502_and_shows_nothing_of_it(tmp_path: Path, failure: str) -> None:
    """Statuses that the route does not know and broken answers; the platform's own page stays behind."""
    async with lying(FAILURES[failure]) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        reply = await stage.app.call(PROFILE)
        assert (reply.code, reply.status) == ("upstream_failed", 502), reply.body
        assert b"stack trace" not in reply.body


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Again", b"308 Moved"])
async def test_redirects_are_never_followed(tmp_path: Path, status: bytes) -> None:
    """The credential's header would travel to wherever the platform points."""
    async with lying(answering(GOOD)) as thief:
        there = b"Location: " + thief.url.encode() + b"/v2.0/oa/getoa"
        script = answering(b"", there, status=status)
        async with lying(script) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
            reply = await stage.app.call(PROFILE)
        assert (reply.code, reply.status) == ("upstream_failed", 502)
        assert "Location" not in reply.headers
        assert (len(liar.heads), thief.heads) == (1, [])


async def test_cookies_of_the_platform_go_nowhere(tmp_path: Path) -> None:
    """Neither to the app nor back to the platform; undeclared headers stay behind too."""
    headers = [b"Set-Cookie: session=bimat; Path=/", b"X-Powered-By: inside", b"Server: inside", b"Connection: X-Hop"]
    headers += [b"X-Hop: 1", b"Access-Control-Allow-Origin: *", b"WWW-Authenticate: Basic"]
    async with lying(answering(GOOD, *headers)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        stage.connector.base_url = liar.url.replace("127.0.0.1", "localhost")  # jars keep cookies of names only
        for _ in range(2):
            reply = await stage.app.call(PROFILE)
            assert reply.status == 200
            allowed = {"content-type", "content-length", "date", "x-request-id", "cache-control"}
            allowed |= {"content-security-policy", "x-content-type-options", "ratelimit", "ratelimit-policy"}
            assert {name.lower() for name in reply.headers} == allowed
        assert all(b"cookie" not in head.lower() for head in liar.heads)


async def test_what_the_platform_says_about_the_call_passes_filtered(stage: Stage) -> None:
    """Zalo's own refusals of a call are the app's business, in its own words and nothing more."""
    await stage.zalo.switch(refuse=-213)
    reply = await stage.app.call(SEND, "POST", json=MESSAGE)
    assert (reply.status, reply.json) == (200, {"error": -213, "message": "User has not followed OA"})
    await stage.zalo.switch(refuse=-32)
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).json["error"] == -32


async def test_a_dead_credential_is_renewed_once_and_the_call_resent(stage: Stage) -> None:
    """The platform refused it for the credential, so nothing was done yet; the app notices nothing."""
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "keeps_refresh": True})
    before = await get_link(stage)
    reply = await stage.app.call(SEND, "POST", json=MESSAGE)
    assert reply.json["error"] == 0
    after = await get_link(stage)
    assert (before.generation + 1, after.state) == (after.generation, ConnectionState.LIVE)
    tokens = [one["headers"]["access_token"] for one in await stage.arrived()]
    assert len(tokens) == len(set(tokens)) == 2


async def test_many_calls_that_find_it_dead_renew_it_once(stage: Stage) -> None:
    """Zalo's refresh token is single use: a second renewal with it would lose the account."""
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "keeps_refresh": True})
    replies = await asyncio.gather(*(stage.app.call(PROFILE) for _ in range(8)))
    assert {reply.json["error"] for reply in replies} == {0}
    assert (await get_link(stage)).generation == 2


async def test_a_credential_that_cannot_be_renewed_is_connection_lost(stage: Stage) -> None:
    """The refresh token is dead as well: 502, marked, and later calls do not reach the platform any more."""
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID})
    reply = await stage.app.call(PROFILE)
    assert (reply.code, reply.status) == ("connection_lost", 502)
    assert b"-216" not in reply.body
    assert (await get_link(stage)).state is ConnectionState.LOST
    arrived = len(await stage.arrived())
    zalo = await stage.app.call(PROFILE, headers={"access_token": stage.app.token})
    assert (zalo.code, zalo.json["error"]) == ("connection_lost", -200)
    assert len(await stage.arrived()) == arrived


async def test_a_fresh_credential_that_is_refused_is_connection_lost(stage: Stage) -> None:
    """One renewal for one call, never a loop; -216 is about our token and stays behind."""
    await stage.zalo.switch(tokens_dead=True)
    reply = await stage.app.call(PROFILE)
    assert (reply.code, reply.status) == ("connection_lost", 502)
    assert reply.json["note"] == "the platform refuses a credential that it gave a moment ago"
    assert len(await stage.arrived()) == 2


async def test_a_platform_that_refuses_what_it_gives_is_not_asked_for_more_by_each_call(stage: Stage) -> None:
    """One renewal a minute; nothing ends by it, and it goes on by itself."""
    await stage.zalo.switch(tokens_dead=True)
    for waited, tried, generation in ((0, 2, 2), (1, 1, 2), (58, 1, 2), (2, 2, 3)):
        stage.scene.clock.advance(timedelta(seconds=waited))
        before = len(await stage.arrived())
        reply = await stage.app.call(PROFILE, headers={"access_token": stage.app.token})
        assert (reply.code, reply.json["error"]) == ("connection_lost", -200)
        assert len(await stage.arrived()) == before + tried
        link = await get_link(stage)
        assert (link.state, link.generation) == (ConnectionState.LIVE, generation)
    await stage.zalo.switch()
    assert (await stage.app.call(PROFILE)).status == 200
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "keeps_refresh": True})
    stage.scene.clock.advance(timedelta(minutes=1))
    assert (await stage.app.call(PROFILE)).status == 200
    assert (await get_link(stage)).generation == generation + 1


@pytest.mark.parametrize(
    "switches,reason",
    [({"app_removed": True}, "access_removed"), ({"permission_lost": True}, "permission_lost")],
)
async def test_access_that_the_platform_took_back_is_noted(
    stage: Stage, switches: dict[str, bool], reason: str
) -> None:
    """-219, and -223 on everything, are about the gateway's own access: people are shown it, apps are told 502."""
    await stage.zalo.switch(**switches)
    reply = await stage.app.call(PROFILE, headers={"access_token": stage.app.token})
    assert (reply.code, reply.json["error"]) == ("connection_lost", -200)
    link = await get_link(stage)
    assert (link.state, link.lost_reason) == (ConnectionState.LOST, reason)


async def test_one_call_that_the_platform_does_not_open_ends_nothing(stage: Stage) -> None:
    """-223 on one address is that call's: 502 for it, the connection is asked about once a minute, and others go on."""
    await stage.zalo.switch(refuse=-223, paths=["/v2.0/oa/listrecentchat"])
    for waited, asked in ((0, 1), (59, 0), (2, 1)):
        stage.scene.clock.advance(timedelta(seconds=waited))
        before = len(await stage.arrived())
        reply = await stage.app.call(CHATS, headers={"access_token": stage.app.token})
        assert (reply.code, reply.json["error"]) == ("connection_lost", -200)
        assert len(await stage.arrived()) == before + 1 + asked
        (line, *_) = await stage.list_lines()
        assert line.ending is not None
        assert (line.ending.outcome, line.ending.reason) == (Outcome.FAILED, CALL_NOT_OPENED)
    assert (await get_link(stage)).state is ConnectionState.LIVE
    assert (await stage.app.call(PROFILE)).status == 200


async def test_only_so_many_doubts_are_remembered(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """The oldest is forgotten, and may be asked about again."""
    monkeypatch.setattr(doubts, "MOST", 1)
    asked: list[str] = []

    async def note(_house: object, _connector: object, link: Connection) -> None:
        asked.append(link.id)

    monkeypatch.setattr(doubts, "check_connection", note)
    link, kept = await get_link(stage), doubts.Doubts()
    other = replace(link, id=ConnectionId("cn_other"))
    for one in (link, link, other, link):
        await kept.check(stage.scene.house, stage.connector, one)
    assert asked == [link.id, other.id, link.id]


async def test_a_renewal_without_an_answer_is_no_loss(stage: Stage) -> None:
    """The OAuth host is silent: 502 now, and the connection stands for the next call."""
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "keeps_refresh": True})
    await stage.zalo.switch(paths=["/v4/oa/access_token"], server_error=True)
    reply = await stage.app.call(PROFILE)
    assert (reply.code, reply.status) == ("upstream_failed", 502)
    assert (await get_link(stage)).state is ConnectionState.LIVE


def hurried(*parts: Any, seconds: float, **options: Any) -> Any:
    """Wait a hundredth of what the route allows."""
    return upstream.exchange(*parts, seconds=seconds / 100, **options)


async def test_a_renewal_that_cannot_be_kept_is_not_used(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new pair did not reach the journal: 503, and the call is not sent again with it."""

    def full(*_: object) -> None:
        raise OSError(28, "no space")

    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "keeps_refresh": True})
    monkeypatch.setattr(type(stage.scene.house.journal), "append", full)
    reply = await stage.app.call(PROFILE)
    assert (reply.code, reply.status) == ("not_settled", 503)
    assert len(await stage.arrived()) == 1


async def test_an_app_that_hung_up_meanwhile_is_answered_nothing(stage: Stage) -> None:
    """The platform answers when nobody listens any more; the trace says so."""
    async with patient_gateway(stage):
        await stage.zalo.switch(slow_seconds=0.3)
        head = f"GET {PROFILE} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {stage.app.token}\r\n\r\n"
        assert await stage.app.raw(head.encode(), breaks_off=True) == b""
        await wait_until(lambda: has_ended(stage))
        assert (await get_ending(stage))[:2] == (Outcome.FAILED, "caller_gone")


async def has_ended(stage: Stage) -> bool:
    """Say whether the newest call's line has ended."""
    lines = await stage.list_lines()
    return bool(lines) and lines[0].ending is not None and lines[0].ending.reason is not None


async def test_a_slow_platform_is_504_and_a_write_may_have_happened(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The route's own bound ends the wait; only a write says that its outcome is unknown."""
    await stage.zalo.switch(slow_seconds=60)
    monkeypatch.setattr(forwarding, "exchange", hurried)
    for call, outcome in [(stage.app.call(PROFILE), None), (stage.app.call(SEND, "POST", json=MESSAGE), "unknown")]:
        reply = await call
        assert (reply.code, reply.status) == ("upstream_timeout", 504)
        assert reply.json.get("outcome") == outcome
        reason = OUTCOME_UNKNOWN if outcome else "upstream_timeout"
        assert (await get_ending(stage))[:2] == (Outcome.FAILED, reason)


@pytest.mark.parametrize("when", ["before", "after", "midway"])
async def test_a_write_whose_answer_is_lost_is_sent_once(stage: Stage, when: str) -> None:
    """A reset leaves open what happened; the gateway does not send it again, and says that it does not know."""
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).json["error"] == 0
    await stage.zalo.switch(reset=when)
    reply = await stage.app.call(SEND, "POST", json=MESSAGE)
    assert (reply.code, reply.status, reply.json["outcome"]) == ("upstream_failed", 502, "unknown")
    assert len(await stage.arrived()) == 2
    assert (await get_ending(stage))[:2] == (Outcome.FAILED, OUTCOME_UNKNOWN)


@pytest.mark.parametrize("call", ["write", "read"])
async def test_a_database_that_falls_silent_after_the_write_was_sent_leaves_it_unknown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """No 503, after which an app would send it again: what was sent may be done; a read alone has no verdict."""

    async def silent(*_args: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(forwarding, "show_people", silent)
    reply = await (stage.app.call(SEND, "POST", json=MESSAGE) if call == "write" else stage.app.call(DETAIL))
    assert len(await stage.arrived()) == 1
    if call == "write":
        assert (reply.code, reply.status, reply.json["outcome"]) == ("upstream_failed", 502, "unknown")
        assert (await get_ending(stage))[:2] == (Outcome.FAILED, OUTCOME_UNKNOWN)
    else:
        assert (reply.code, reply.status) == ("no_verdict", 503)
        assert (await get_ending(stage))[:2] == (Outcome.FAILED, "no_verdict")


async def test_nobody_there_is_502(tmp_path: Path) -> None:
    """A platform that takes no connection got no byte, so a write's outcome is known: nothing happened."""
    async with lying(saying()) as liar:
        url = liar.url
    async with zalo_stage(tmp_path, base_url=url) as stage:
        reply = await stage.app.call(SEND, "POST", json=MESSAGE)
        assert (reply.code, reply.status) == ("upstream_failed", 502)
        assert "outcome" not in reply.json


async def test_big_integers_arrive_digit_for_digit(tmp_path: Path) -> None:
    """Ids beyond 64 bits are not rounded."""
    big = "123456789012345678901234567890"
    body = f'{{"error":0,"data":{{"user_id":{big},"is_sensitive":false,"shared_info":{{"phone":{big}}}}}}}'.encode()
    async with lying(answering(body)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        reply = await stage.app.call(DETAIL)
        assert reply.body.count(big.encode()) == 2


async def test_the_first_use_of_a_refreshed_token_destroys_the_kept_answer(stage: Stage) -> None:
    """I3: the answer of a refresh can be fetched again until one of its tokens was used."""
    scene = stage.scene
    decided = await agree(scene)
    assert decided.raw_code is not None
    first = json.loads(await redeem(scene.house, Redemption(scene.app, decided.raw_code, VERIFIER, REDIRECT_URI)))
    renewal = Renewal(scene.app, first["refresh_token"], None)
    answer = await refresh(scene.house, renewal)
    assert await refresh(scene.house, renewal) == answer
    headers = {"Authorization": f"Bearer {json.loads(answer)['access_token']}"}
    assert (await stage.app.call(PROFILE, headers=headers)).status == 200
    with pytest.raises(Refusal):
        await refresh(scene.house, renewal)


@pytest.mark.parametrize("has_ask", [True, False])
async def test_a_key_that_reads_what_an_ask_opens(tmp_path: Path, *, has_ask: bool) -> None:
    """Choosing followers by when they were there needs the ask that reads it: with it the call passes and names it."""
    scopes = ["zalo.follower.name.read", *(["zalo.follower.activity.read"] if has_ask else [])]
    chosen = quote(json.dumps({"offset": 0, "count": 5, "last_interaction_period": "L30D"}))
    async with zalo_stage(tmp_path) as stage:
        app = await app_with(stage, *scopes)
        reply = await app.call(f"/zalo/v3.0/oa/user/getlist?data={chosen}")
        (line,) = await stage.list_lines()
        if has_ask:
            assert reply.status == 200
            assert reply.json["data"]["users"]
            assert "zalo_follower_activity_read" in line.line.ask_ids
            return
        assert (reply.status, reply.code) == (403, "insufficient_scope")
        assert await stage.arrived() == []
        plain = await app.call(f"/zalo/v3.0/oa/user/getlist?data={quote(json.dumps({'offset': 0, 'count': 5}))}")
        assert plain.status == 200
