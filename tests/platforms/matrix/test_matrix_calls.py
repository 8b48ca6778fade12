"""Matrix through the proxy: its dialect, its statuses, files that stream, and an account that nothing can move."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.acts.register import register_app
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.limits import LocalLimits
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.server import build_calls
from gateway.doors.calls.upstream import open_session
from gateway.platforms.matrix.connector import MatrixConnector, MatrixUpstream
from gateway.records.apps.types import Basis
from gateway.records.ledger.types import Actor
from gateway.records.trace.types import Outcome
from gateway.records.trace.writer import TraceWriter
from scopes import Catalogue, load_catalogue
from tests.house import API_URL, PUBLIC_URL, app_of, ask_of, link_account
from tests.platforms.matrix.homeserver import PASSWORD, PICTURE, ROOM, USER_ID, Homeserver, served_homeserver
from tests.platforms.zalo.lying import answering, lying, saying
from tests.platforms.zalo.stage import AppCaller, Stage, mint_token, wait_until
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock

ASKS = (
    ("profile", "matrix.profile.read", "chat", True),
    ("rooms", "matrix.room.read", "chat", False),
    ("send", "matrix.message.send", "chat", False),
    ("files", "matrix.media.read", "chat", False),
    ("upload", "matrix.media.send", "chat", False),
)
API = "/matrix/_matrix/client"
FILE = f"{API}/v1/media/download/localhost/abc"
TEXT = {"msgtype": "m.text", "body": "xin chào (mẫu)"}


@dataclass(frozen=True, slots=True)
class MatrixStage:
    """A Matrix user's account is linked, an app holds `ASKS`."""

    stage: Stage
    homeserver: Homeserver

    async def call(self, target: str, method: str = "GET", **options: Any) -> Any:
        """Make one call as the app."""
        return await self.stage.app.call(target, method, **options)

    def list_paths(self) -> list[str]:
        """Return the paths that reached the homeserver after the login."""
        return [one.path for one in self.homeserver.arrived if not one.path.endswith(("/login", "/refresh"))]


@asynccontextmanager
async def matrix_stage(
    folder: Path, *, base_url: str = "", catalogue: Catalogue | None = None, basis: Basis = Basis.CONTRACT
) -> AsyncIterator[MatrixStage]:
    """Set the stage; `base_url` puts something else in the homeserver's place once the account is linked."""
    clock = ManualClock()
    async with (
        scene_in(folder, clock) as ready,
        served_homeserver() as homeserver,
        aiohttp.ClientSession(auto_decompress=False) as http,
        open_session(4) as connector_http,
    ):
        connector = MatrixConnector(MatrixUpstream(homeserver.url), connector_http, clock=clock)
        credential = await connector.log_in({"user_id": USER_ID, "password": PASSWORD})
        house = ready.house
        app = app_of("Trợ lý chat (mẫu)", "tro-ly", is_confidential=True, clock=clock)
        asks = tuple(ask_of(app.id, row, basis) for row in ASKS)
        await register_app(house, app, list(asks), Actor.system())
        account = await link_account(
            house, ready.owner.id, external_id=USER_ID, platform="matrix", credential=credential
        )
        scene = replace(ready, app=app, asks=asks, account=account)
        token, grant_id = await mint_token(scene)
        connector.base_url = base_url or homeserver.url
        door = CallsDoor(
            house=house,
            catalogue=catalogue or load_catalogue(),
            connectors={"matrix": connector},
            trace=TraceWriter(house.storage, clock),
            proofs=LocalProofMemory(clock, house.entropy),
            issuer=PUBLIC_URL,
            api_url=API_URL,
            limits=LocalLimits(clock),
            budgets=Budgets(clock),
        )
        async with TestServer(build_calls(door)) as gateway:
            caller = AppCaller(http, str(gateway.make_url("")).rstrip("/"), token=token)
            yield MatrixStage(Stage(scene, door, None, caller, connector, grant_id), homeserver)  # type: ignore[arg-type]


@pytest.fixture
async def matrix(tmp_path: Path) -> AsyncIterator[MatrixStage]:
    """Yield a stage."""
    async with matrix_stage(tmp_path) as set_stage:
        yield set_stage


async def test_a_message_is_sent_with_the_accounts_own_token(matrix: MatrixStage) -> None:
    """Raw and encoded forms of a room's id are one; what goes out is written anew."""
    for room in (ROOM, "%21room%3Alocalhost"):
        reply = await matrix.call(f"{API}/v3/rooms/{room}/send/m.room.message/t1", "PUT", json=TEXT)
        assert (reply.status, reply.json) == (200, {"event_id": "$event"})
    first, second = (one for one in matrix.homeserver.arrived if "/send/" in one.path)
    assert first == second
    assert first.path == "/_matrix/client/v3/rooms/%21room%3Alocalhost/send/m.room.message/t1"
    assert first.authorization == f"Bearer {matrix.homeserver.live}"
    assert json.loads(first.body) == TEXT


async def test_undeclared_fields_are_dropped(matrix: MatrixStage) -> None:
    """`device_id` is nothing that an app was granted."""
    reply = await matrix.call(f"{API}/v3/account/whoami")
    assert reply.json == {"user_id": USER_ID, "is_guest": False}


@pytest.mark.parametrize("other", ["@another:localhost", "%40another%3Alocalhost", "@tiem-mau:other"])
async def test_nothing_moves_the_account(matrix: MatrixStage, other: str) -> None:
    """I11: the user that a path names is the grant's account, or the call is refused."""
    own = await matrix.call(f"{API}/v3/rooms/{ROOM}/typing/{USER_ID}", "PUT", json={"typing": True})
    assert (own.status, own.json["errcode"]) == (404, "M_UNRECOGNIZED")
    reply = await matrix.call(f"{API}/v3/rooms/{ROOM}/typing/{other}", "PUT", json={"typing": True})
    assert (reply.status, reply.code, reply.json["errcode"]) == (400, "bad_target", "M_INVALID_PARAM")
    assert len(matrix.list_paths()) == 1


async def test_refusals_are_told_as_matrix_clients_read_them(matrix: MatrixStage) -> None:
    """problem+json with `errcode` and `error`."""
    reply = await matrix.call(f"{API}/v3/rooms/{ROOM}/messages")
    assert (reply.status, reply.code, reply.json["errcode"]) == (403, "insufficient_scope", "M_FORBIDDEN")
    reply = await matrix.call(f"{API}/v3/sync")
    assert (reply.status, reply.json["errcode"]) == (404, "M_UNRECOGNIZED")
    reply = await matrix.call(f"{API}/v3/joined_rooms", headers={})
    assert (reply.status, reply.json["errcode"]) == (401, "M_MISSING_TOKEN")
    assert matrix.list_paths() == []


async def test_a_zalo_header_is_no_credential_here(matrix: MatrixStage) -> None:
    """One platform's dialect says nothing on another."""
    reply = await matrix.call(f"{API}/v3/joined_rooms", headers={"access_token": matrix.stage.app.token})
    assert (reply.status, reply.code) == (401, "no_credential")


async def test_the_homeservers_limit_passes_filtered(matrix: MatrixStage) -> None:
    """429 is about the call: its status and the members that clients know pass, nothing else."""
    matrix.homeserver.is_limited = True
    reply = await matrix.call(f"{API}/v3/joined_rooms")
    assert reply.status == 429
    assert reply.json == {"errcode": "M_LIMIT_EXCEEDED", "error": "no", "retry_after_ms": 2391}
    ending = (await matrix.stage.list_lines())[0].ending
    assert ending is not None
    assert (ending.outcome, ending.upstream_status) == (Outcome.FAILED, 429)


async def test_a_dead_token_is_renewed_and_never_shown(matrix: MatrixStage) -> None:
    """401 is about the gateway's token: renewed once, the call sent again."""
    matrix.homeserver.live = "another"
    reply = await matrix.call(f"{API}/v3/joined_rooms")
    assert (reply.status, reply.json) == (200, {"joined_rooms": [ROOM]})
    matrix.homeserver.live = matrix.homeserver.refresh = "dead"
    reply = await matrix.call(f"{API}/v3/joined_rooms")
    assert (reply.status, reply.code) == (502, "connection_lost")
    assert b"M_UNKNOWN_TOKEN" not in reply.body


async def test_a_file_streams_as_it_is(matrix: MatrixStage) -> None:
    """The bytes pass unread under their declared type, sandboxed, and only with listed headers."""
    reply = await matrix.call(FILE)
    assert (reply.status, reply.body) == (200, PICTURE)
    assert reply.headers["Content-Type"] == "image/png"
    assert reply.headers["Content-Disposition"] == "inline"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "X-Inside" not in reply.headers
    ending = (await matrix.stage.list_lines())[0].ending
    assert ending is not None
    assert ending.outcome is Outcome.PASSED


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/javascript", "text/xml"])
async def test_types_that_a_browser_runs_do_not_pass(matrix: MatrixStage, media_type: str) -> None:
    """The type is judged before a byte goes out."""
    matrix.homeserver.media_type = media_type
    reply = await matrix.call(FILE)
    assert (reply.status, reply.code) == (502, "upstream_malformed")


async def test_a_file_passes_only_where_nobody_is_asked(tmp_path: Path) -> None:
    """Whom a file is about nobody knows: under an ask that asks each person it is refused, and nothing is sent."""
    async with matrix_stage(tmp_path, basis=Basis.OWN_CONSENT) as matrix:
        reply = await matrix.call(FILE)
        assert (reply.status, reply.code) == (403, "no_basis")
        assert matrix.list_paths() == []


async def test_a_coded_file_does_not_pass(tmp_path: Path) -> None:
    """We asked for identity; a coding could hide what we bounded."""
    script = answering(b"x", b"Content-Type: image/png", b"Content-Encoding: gzip")
    async with lying(script) as liar, matrix_stage(tmp_path, base_url=liar.url) as matrix:
        reply = await matrix.call(FILE)
        assert (reply.status, reply.code) == (502, "upstream_malformed")
        assert b"accept-encoding: identity" in liar.heads[0]


async def test_a_file_that_says_it_is_too_large_does_not_begin(tmp_path: Path) -> None:
    """The declared length is judged first."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99999999\r\n\r\nx"
    async with lying(saying(head)) as liar, matrix_stage(tmp_path, base_url=liar.url) as matrix:
        reply = await matrix.call(FILE)
        assert (reply.status, reply.code) == (502, "upstream_malformed")


async def test_a_file_without_end_is_broken_off_at_the_bound(tmp_path: Path) -> None:
    """Chunks have no declared length: past the bound the app's connection ends without a last chunk."""
    block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    parts = [b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n", *[block] * 900]
    async with lying(saying(*parts)) as liar, matrix_stage(tmp_path, base_url=liar.url) as matrix:
        with pytest.raises(aiohttp.ClientPayloadError):
            await matrix.call(FILE)
        await wait_until(lambda: has_failed(matrix))


async def has_failed(matrix: MatrixStage) -> bool:
    """Say whether every call of the trace ended as failed."""
    endings = [line.ending for line in await matrix.stage.list_lines()]
    return all(ending is not None and ending.outcome is Outcome.FAILED for ending in endings)


async def test_a_write_on_a_stale_connection_is_sent_once(tmp_path: Path) -> None:
    """The client would resend a PUT when a kept connection breaks; the last check lets a write out once."""
    whole = answering(b'{"event_id":"$1"}')

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(json.dumps(TEXT, separators=(",", ":"), ensure_ascii=False).encode()))
        if len(liar.heads) == 1:
            await whole(reader, writer)
        else:
            writer.close()

    async with lying(answer_once) as liar, matrix_stage(tmp_path, base_url=liar.url) as matrix:
        target = f"{API}/v3/rooms/{ROOM}/send/m.room.message/"
        assert (await matrix.call(f"{target}t1", "PUT", json=TEXT)).status == 200
        reply = await matrix.call(f"{target}t2", "PUT", json=TEXT)
        assert (reply.status, reply.code, reply.json["outcome"]) == (502, "upstream_failed", "unknown")
        assert len(liar.heads) == 2


async def test_an_upload_goes_out_byte_for_byte_under_its_own_type(matrix: MatrixStage) -> None:
    """A file is bounded and typed, not read."""
    target = "/matrix/_matrix/media/v3/upload?filename=a.png"
    headers = {"Authorization": f"Bearer {matrix.stage.app.token}", "Content-Type": "image/png"}
    reply = await matrix.call(target, "POST", headers=headers, data=PICTURE)
    assert (reply.status, reply.json) == (200, {"content_uri": "mxc://localhost/abc"})
    assert (matrix.homeserver.arrived[-1].body, matrix.homeserver.arrived[-1].media_type) == (PICTURE, "image/png")
    refused = await matrix.call(target, "POST", headers=headers | {"Content-Type": "text/html"}, data=PICTURE)
    assert (refused.status, refused.code) == (415, "unsupported_media")


async def test_a_chunked_file_streams_whole(tmp_path: Path) -> None:
    """The positive control: chunks in, chunks out."""
    parts = [b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"]
    parts += [b"3\r\nabc\r\n", b"3\r\ndef\r\n", b"0\r\n\r\n"]
    async with lying(saying(*parts)) as liar, matrix_stage(tmp_path, base_url=liar.url) as matrix:
        reply = await matrix.call(FILE)
        assert (reply.status, reply.body) == (200, b"abcdef")
