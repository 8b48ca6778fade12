"""A file on the wire: streamed; when it breaks, lies or is cut, the platform sees a broken request, never a file."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.acts.withdraw import withdraw
from gateway.doors.calls import incoming as incoming_module
from gateway.ground.vault.tokens import hashed
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.trace.types import Outcome
from gateway.terms.ids import GrantId
from tests.platforms.zalo.apps import app_with, trace_of
from tests.platforms.zalo.lying import LyingUpstream, Script, answering, lying
from tests.platforms.zalo.stage import AppCaller, Reply, Stage, wait_until, zalo_stage

PATH = "/zalo/v2.0/oa/upload/image"
PNG = b"\x89PNG\r\n\x1a\n"
HEADERS = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
START, END = b"--b\r\n" + HEADERS + PNG, b"\r\n--b--\r\n"
FILL = b"x" * 70_000
TAKEN = b'{"data":{"attachment_id":"a1"},"error":0,"message":"Success"}'

REFUSED = b'{"error":-201,"message":"file is invalid!"}'


class Upstream:
    """What came of the body on the one connection, and whether the connection broke."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_broken = False

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read until the body looks whole, then answer; a connection that ends before is broken."""
        while not self.body.rstrip(b"\r\n0").endswith(b"--"):
            try:
                chunk = await reader.read(65_536)
            except ConnectionError:
                chunk = b""
            if not chunk:
                self.is_broken = True
                return
            self.body += chunk
        await answering(TAKEN)(reader, writer)


@asynccontextmanager
async def uploading(
    folder: Path, script: Script | None = None
) -> AsyncIterator[tuple[Stage, AppCaller, Upstream, LyingUpstream]]:
    """Set a stage whose upstream shows what it gets, with an app that may upload."""
    upstream = Upstream()
    async with lying(script or upstream.take) as liar, zalo_stage(folder, base_url=liar.url) as stage:
        yield stage, await app_with(stage, "zalo.media.send"), upstream, liar


async def send(app: AppCaller, body: AsyncIterator[bytes], length: int | None = None, **more: str) -> Reply:
    """Upload what an iterator gives; chunked, or with this length."""
    headers = {"Authorization": f"Bearer {app.token}", "Content-Type": "multipart/form-data; boundary=b", **more}
    if length is not None:
        headers["Content-Length"] = str(length)
    return await app.call(PATH, "POST", headers=headers, data=body)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield parts, letting the loop turn between them."""
    for part in parts:
        yield part
        await asyncio.sleep(0)


async def when(upstream: Upstream, size: int, *rest: bytes) -> AsyncIterator[bytes]:
    """Yield the start of a file; the rest only after so much has reached the platform."""
    yield START + FILL
    await wait_until(lambda: len(upstream.body) >= size)
    for part in rest:
        yield part


@pytest.mark.parametrize("length", [None, len(START + FILL + END)])
async def test_it_streams(tmp_path: Path, length: int | None) -> None:
    """The platform has the beginning before the app sent the end: nothing waits for the whole."""
    async with uploading(tmp_path) as (_, app, upstream, liar):
        reply = await send(app, when(upstream, len(FILL), END), length)
        assert reply.json == {"data": {"attachment_id": "a1"}, "error": 0, "message": "Success"}
        head = liar.heads[0].lower()
        assert (b"content-length:" in head, b"transfer-encoding: chunked" in head) == (
            length is not None,
            length is None,
        )
        assert upstream.body.count(b"x") >= len(FILL)


async def test_the_last_boundary_may_come_in_two(tmp_path: Path) -> None:
    """Nothing of it is the file's, and nothing is sent before all of it is there."""
    async with uploading(tmp_path) as (_, app, upstream, _liar):

        async def body() -> AsyncIterator[bytes]:
            yield START + FILL + END[:5]
            await wait_until(lambda: len(upstream.body) >= len(FILL))
            yield END[5:]

        assert (await send(app, body())).json["error"] == 0


BREAKS = {
    "no last boundary": (b"y", "bad_body"),
    "a second part": (b"\r\n--b\r\n" + HEADERS + PNG + END, "bad_body"),
    "an epilogue": (END + b"more", "bad_body"),
    "too much": (b"y" * (1 << 20) + END, "too_large"),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_what_turns_out_wrong_is_broken_off_upstream(tmp_path: Path, name: str) -> None:
    """Half of it is on its way when the lie shows: the platform never sees the last boundary."""
    rest, code = BREAKS[name]
    async with uploading(tmp_path) as (stage, app, upstream, _):
        reply = await send(app, when(upstream, len(FILL), rest))
        assert reply.code == code
        await wait_until(lambda: upstream.is_broken)
        assert upstream.body.count(b"--up_") == 1
        _, ending = await trace_of(stage, reply)
        assert (ending.outcome, ending.reason) == (Outcome.REFUSED, code)


async def test_a_length_that_lies_is_broken_off_too(tmp_path: Path) -> None:
    """More was promised than came: the file ends early, and the platform sees no end."""
    async with uploading(tmp_path) as (_, app, upstream, _liar):
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:8401\r\nAuthorization: Bearer {app.token}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(START + FILL + END) + 500}\r\n\r\n"
        )
        parts = urlsplit(app.base)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(head.encode() + START + FILL + END)
        await wait_until(lambda: len(upstream.body) > len(FILL))
        writer.close()
        await wait_until(lambda: upstream.is_broken)
        assert upstream.body.count(b"--up_") == 1


async def test_a_file_that_stops_coming_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that holds the rest back holds nothing else: the call ends, the platform's connection too."""
    monkeypatch.setattr(incoming_module, "BODY_SECONDS", 0.2)
    is_over = asyncio.Event()

    async def stall() -> AsyncIterator[bytes]:
        yield START + FILL
        await is_over.wait()

    async with uploading(tmp_path) as (_, app, upstream, _liar):
        call = asyncio.create_task(send(app, stall()))
        await wait_until(lambda: upstream.is_broken)
        is_over.set()
        assert (await call).code == "bad_body"


async def test_a_withdrawal_cuts_a_file_on_its_way(tmp_path: Path) -> None:
    """I1: after it returns the platform gets nothing more, and never the end."""
    async with uploading(tmp_path) as (stage, app, upstream, _):
        may_go_on = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield START + FILL
            await may_go_on.wait()
            yield END

        call = asyncio.create_task(send(app, body()))
        await wait_until(lambda: len(upstream.body) > len(FILL))
        grant = await grant_of(stage, app)
        await withdraw(stage.scene.house, grant, Actor(ActorKind.PERSON, stage.scene.owner.id))
        await wait_until(lambda: upstream.is_broken)
        may_go_on.set()
        assert (await call).code in {"insufficient_scope", "invalid_token"}
        assert upstream.body.count(b"--up_") == 1


async def grant_of(stage: Stage, app: AppCaller) -> GrantId:
    """Return the grant that an app's token belongs to."""
    facts = await stage.door.find_token(hashed(app.token))
    assert facts is not None
    return facts.grant_id


@pytest.mark.parametrize("answer", [TAKEN, REFUSED])
async def test_an_answer_before_the_end_is_no_success(tmp_path: Path, answer: bytes) -> None:
    """A platform that says yes to half a file is not believed; its no is its own, and passes at once."""
    is_over = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield START + FILL
        await is_over.wait()

    async def answer_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(answer)(reader, writer)
        while await reader.read(65_536):
            pass

    async with uploading(tmp_path, answer_at_once) as (_, app, _upstream, _liar):
        reply = await send(app, body())
        is_over.set()
        if answer is REFUSED:
            assert reply.body == REFUSED
        else:
            assert (reply.code, json.loads(reply.body)["outcome"]) == ("upstream_failed", "unknown")


async def test_a_file_is_not_sent_again_with_a_renewed_credential(tmp_path: Path) -> None:
    """It came in once and is held nowhere: the app is told that nothing was done, and the next upload passes."""
    async with zalo_stage(tmp_path) as stage:
        app = await app_with(stage, "zalo.media.send")
        await stage.zalo.json(
            "POST", "/_sandbox/revoke", json={"oa_id": stage.scene.account.external_id, "keeps_refresh": True}
        )
        reply = await send(app, pieces(START, END))
        assert (reply.code, reply.json["outcome"]) == ("upstream_failed", "none")
        assert (await send(app, pieces(START, END))).json["error"] == 0


async def test_a_caller_that_waits_to_be_asked_is_asked_once(tmp_path: Path) -> None:
    """`100 Continue` comes after the verdict, and before the first byte is read."""
    async with uploading(tmp_path) as (_, app, upstream, _liar):
        reply = await send(app, pieces(START, b"\r", FILL, END), Expect="100-continue")
        assert reply.json["error"] == 0
        assert upstream.body.endswith(b"--\r\n\r\n0\r\n\r\n")
        refused = await send(app, pieces(b"--c", END), Expect="100-continue")
        assert refused.code == "bad_body"


async def test_a_body_that_ends_in_its_headers_never_begins(tmp_path: Path) -> None:
    """Nothing goes upstream before the file's first bytes were judged."""
    async with uploading(tmp_path) as (_, app, _upstream, liar):
        for parts in ([START[:40]], [b"--b\r\n" + HEADERS], [START[:-4]]):
            assert (await send(app, pieces(*parts))).code == "bad_body"
        assert liar.heads == []
