"""I1 at the proxy: when an act that ends something has returned, no byte of a call under it goes on, either way."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.acts.pause import pause
from gateway.acts.revoke import revoke
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.calls import incoming as incoming_module
from gateway.doors.calls.flight import Flight
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.trace.types import OUTCOME_UNKNOWN, Outcome
from gateway.terms.ids import AskId
from gateway.terms.refusal import Unavailable
from tests.platforms.zalo.lying import answering, lying, saying
from tests.platforms.zalo.stage import MESSAGE, PROFILE, SEND, Reply, Stage, patient_gateway, wait_until, zalo_stage

End = Callable[[Stage], Awaitable[object]]
WAITING = 6


def owner_of(stage: Stage) -> Actor:
    """Return the owner as an actor."""
    return Actor(ActorKind.PERSON, stage.scene.owner.id)


async def withdraw_all(stage: Stage) -> object:
    """Withdraw the whole app."""
    return await withdraw(stage.scene.house, stage.grant_id, owner_of(stage))


async def withdraw_profile(stage: Stage) -> object:
    """Withdraw the one ask that opens the profile."""
    return await withdraw(stage.scene.house, stage.grant_id, owner_of(stage), ask_ids=[AskId("oa_profile")])


async def pause_all(stage: Stage) -> object:
    """Pause the whole app."""
    return await pause(stage.scene.house, stage.grant_id, owner_of(stage))


async def suspend(stage: Stage) -> None:
    """Suspend the app as an operator."""
    await suspend_app(stage.scene.house, stage.scene.app.id, Actor.system(), reason="thử (mẫu)")


async def revoke_token(stage: Stage) -> None:
    """Let the app give its access token back."""
    await revoke(stage.scene.house, stage.scene.app, stage.app.token)


ENDS: list[tuple[End, str, int]] = [
    (withdraw_all, "invalid_token", 401),
    (withdraw_profile, "insufficient_scope", 403),
    (pause_all, "paused", 403),
    (suspend, "app_suspended", 403),
    (revoke_token, "invalid_token", 401),
]


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage whose pool has one connection upstream."""
    async with zalo_stage(tmp_path, limit_connections=1) as set_stage:
        yield set_stage


@pytest.mark.parametrize("number", range(len(ENDS)))
async def test_what_waited_in_the_pool_never_leaves(narrow: Stage, number: int) -> None:
    """One call holds the only connection, others wait; the act ends; none of those that waited leaves."""
    end, _, _ = ENDS[number]
    in_flight = narrow.scene.house.in_flight
    await narrow.zalo.switch(slow_seconds=10)
    calls = [asyncio.create_task(narrow.app.call(PROFILE)) for _ in range(WAITING)]
    await wait_until(lambda: len(in_flight) == WAITING)
    await wait_until(lambda: has_arrived(narrow))
    await end(narrow)
    before = len(await narrow.arrived())
    replies = await asyncio.gather(*calls)
    assert {reply.status for reply in replies} <= {401, 403}
    assert len(await narrow.arrived()) == before == 1
    assert len(in_flight) == 0
    lines = [line for line in await narrow.list_lines() if line.ending is not None]
    assert len(lines) == WAITING
    assert {line.ending.outcome for line in lines if line.ending} <= {Outcome.CUT, Outcome.REFUSED}


async def has_arrived(stage: Stage) -> bool:
    """Say whether anything reached the platform."""
    return len(await stage.arrived()) > 0


async def test_the_pool_lives_on_after_refusals(narrow: Stage) -> None:
    """A connection that the last check gave back unused serves the next call."""
    end_all = [asyncio.create_task(narrow.app.call(PROFILE)) for _ in range(WAITING)]
    replies = await asyncio.gather(*end_all)
    assert {reply.status for reply in replies} == {200}
    await withdraw_profile(narrow)
    assert (await narrow.app.call(PROFILE)).code == "insufficient_scope"
    assert (await narrow.app.call(SEND, "POST", json=MESSAGE)).json["error"] == 0


@pytest.mark.parametrize("number", range(len(ENDS)))
async def test_a_call_that_ends_between_verdict_and_bytes_is_refused(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last check stands where the connection is in hand: what ended after the verdict does not go out."""
    end, code, status = ENDS[number]
    async with zalo_stage(tmp_path) as stage:
        opened = type(stage.door.trace).open

        async def open_then_end(*args: object) -> None:
            await opened(*args)  # type: ignore[arg-type]
            await end(stage)

        monkeypatch.setattr(type(stage.door.trace), "open", open_then_end)
        reply = await stage.app.call(PROFILE)
        assert (reply.code, reply.status) == (code, status)
        assert await stage.arrived() == []
        (line,) = await stage.list_lines()
        assert line.ending is not None
        assert (line.ending.outcome, line.ending.reason) == (Outcome.REFUSED, code)


async def test_a_narrowed_grant_stops_a_call_that_rested_on_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The route would still open, but a field's ask ended after the verdict: refused, not shown too much."""
    async with zalo_stage(tmp_path) as stage:
        opened = type(stage.door.trace).open

        async def open_then_end(*args: object) -> None:
            await opened(*args)  # type: ignore[arg-type]
            await withdraw(stage.scene.house, stage.grant_id, owner_of(stage), ask_ids=[AskId("crm_phone")])

        monkeypatch.setattr(type(stage.door.trace), "open", open_then_end)
        reply = await stage.app.call("/zalo/v3.0/oa/user/getlist")
        assert (reply.code, reply.status) == ("insufficient_scope", 403)
        assert await stage.arrived() == []


async def test_a_cut_read_answers_403_at_once(tmp_path: Path) -> None:
    """The platform is slow; the act cuts the call before it returns and the app does not wait for the platform."""
    async with zalo_stage(tmp_path) as stage:
        await stage.zalo.switch(slow_seconds=30)
        call = asyncio.create_task(stage.app.call(PROFILE))
        await wait_until(lambda: has_arrived(stage))
        await withdraw_all(stage)
        reply = await asyncio.wait_for(call, 2)
        assert (reply.code, reply.status) == ("insufficient_scope", 403)
        assert "outcome" not in reply.json
        (line,) = await stage.list_lines()
        assert line.ending is not None
        assert (line.ending.outcome, line.ending.reason) == (Outcome.CUT, "insufficient_scope")


@pytest.mark.parametrize("dialect", ["bearer", "zalo"])
async def test_a_cut_write_that_was_sent_says_that_its_outcome_is_unknown(tmp_path: Path, dialect: str) -> None:
    """403, never 401: an app that renews its token and sends again would write twice."""
    async with zalo_stage(tmp_path) as stage:
        await stage.zalo.switch(slow_seconds=30)
        bearer = {"Authorization": f"Bearer {stage.app.token}"}
        headers = bearer if dialect == "bearer" else {"access_token": stage.app.token}
        call = asyncio.create_task(stage.app.call(SEND, "POST", headers=headers, json=MESSAGE))
        await wait_until(lambda: has_arrived(stage))
        await revoke_token(stage)
        reply = await asyncio.wait_for(call, 2)
        assert reply.headers["Quyen-Outcome"] == "unknown"
        assert reply.code == "insufficient_scope"
        if dialect == "bearer":
            assert (reply.status, reply.json["outcome"]) == (403, "unknown")
        else:
            assert (reply.status, reply.json["error"]) == (200, -223)
        assert len(await stage.arrived()) == 1
        (line,) = await stage.list_lines()
        assert line.ending is not None
        assert (line.ending.outcome, line.ending.reason) == (Outcome.CUT, OUTCOME_UNKNOWN)


async def test_a_cut_write_that_was_not_sent_leaves_no_doubt(narrow: Stage) -> None:
    """One message is on the wire, another waits for the connection: only the first one's line is unsure."""
    in_flight = narrow.scene.house.in_flight
    await narrow.zalo.switch(slow_seconds=30)
    calls = [asyncio.create_task(narrow.app.call(SEND, "POST", json=MESSAGE)) for _ in range(2)]
    await wait_until(lambda: len(in_flight) == len(calls))
    await wait_until(lambda: has_arrived(narrow))
    await withdraw_all(narrow)
    await asyncio.gather(*calls)
    lines = await narrow.list_lines()
    unsure = [line.ending.reason == OUTCOME_UNKNOWN for line in lines if line.ending]
    assert sorted(unsure) == [False, True]


async def test_a_cut_call_is_403_also_when_the_authority_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 would invite the app to send its message again."""

    async def silent(*_: object, **__: object) -> None:
        raise Unavailable("database")

    async with zalo_stage(tmp_path) as stage:
        await stage.zalo.switch(slow_seconds=30)
        call = asyncio.create_task(stage.app.call(SEND, "POST", json=MESSAGE))
        await wait_until(lambda: has_arrived(stage))
        monkeypatch.setattr(type(stage.scene.house.storage), "point", silent)
        stage.scene.house.in_flight.cut_app(stage.scene.app.id)
        reply = await asyncio.wait_for(call, 2)
        assert (reply.code, reply.status, reply.json["outcome"]) == ("insufficient_scope", 403, "unknown")


async def test_a_cut_reaches_the_platform_as_a_reset(tmp_path: Path) -> None:
    """The upstream connection is aborted, not left to finish."""
    gone = asyncio.Event()

    async def wait_for_end(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            gone.set()

    async with lying(wait_for_end) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        call = asyncio.create_task(stage.app.call(PROFILE))
        await wait_until(lambda: len(liar.heads) == 1)
        await withdraw_all(stage)
        await asyncio.wait_for(gone.wait(), 1)
        assert (await call).status == 403


async def test_an_answer_that_drips_in_never_reaches_the_app(tmp_path: Path) -> None:
    """Half of the answer arrived when the person withdrew: the app gets none of it."""
    half = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"data":{"name":"bimat'
    async with lying(saying(half)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        call = asyncio.create_task(stage.app.call(PROFILE))
        await wait_until(lambda: len(liar.heads) == 1)
        await asyncio.sleep(0.05)
        await withdraw_all(stage)
        reply: Reply = await asyncio.wait_for(call, 2)
        assert (reply.code, reply.status) == ("insufficient_scope", 403)
        assert b"bimat" not in reply.body


@pytest.mark.parametrize("size", [60_000, 900_000])
async def test_an_answer_on_its_way_out_is_cut_off(tmp_path: Path, size: int) -> None:
    """The app reads slowly: what the kernel did not have yet when the act returned is never handed to it.

    60 kB is less than asyncio would buffer behind a call's back.
    """
    chat = json.dumps({"data": [{"from_id": "1", "to_id": "2", "message": "x" * size}], "error": 0}).encode()
    async with lying(answering(chat)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        reader, writer = await open_slow(stage)
        await wait_until(lambda: len(stage.scene.house.in_flight) == 1)
        await wait_until(lambda: is_answering(stage))
        await withdraw_all(stage)
        received = await read_to_end(reader)
        writer.close()
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert len(received) < len(chat)
        await wait_until(lambda: has_ended(stage, Outcome.CUT))
        assert len(stage.scene.house.in_flight) == 0


async def test_a_cut_has_ended_both_sides_when_it_returns(tmp_path: Path) -> None:
    """Not one turn of the loop later: an act may return, and another process may look, before the call's task runs."""
    chat = json.dumps({"data": [{"from_id": "1", "to_id": "2", "message": "x" * 900_000}], "error": 0}).encode()
    async with lying(answering(chat)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        _, writer = await open_slow(stage)
        await wait_until(lambda: is_answering(stage))
        flight = find_flight(stage)
        to_app = flight._hang_up.__self__._request.transport  # type: ignore[attr-defined]
        assert to_app.get_write_buffer_size() > 0
        assert stage.scene.house.in_flight.cut_app(stage.scene.app.id) == 1
        assert to_app.get_write_buffer_size() == 0
        assert to_app.is_closing()
        writer.close()
        await wait_until(lambda: has_ended(stage, Outcome.CUT))


async def test_a_cut_has_dropped_what_was_still_to_be_sent_when_it_returns(tmp_path: Path) -> None:
    """The platform takes its time; the bytes that aiohttp still holds for it are dropped, not flushed on closing."""

    async def wait_for_end(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with lying(wait_for_end) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        call = asyncio.create_task(stage.app.call(PROFILE))
        await wait_until(lambda: len(liar.heads) == 1)
        to_platform = find_flight(stage)._upstream
        assert to_platform is not None
        assert not to_platform.is_closing()
        stage.scene.house.in_flight.cut_app(stage.scene.app.id)
        assert to_platform.is_closing()
        assert (await call).status == 403


async def test_an_app_that_hangs_up_in_the_middle_is_let_go(tmp_path: Path) -> None:
    """The rest of the answer has nowhere to go; the call ends and its line says why."""
    chat = json.dumps({"data": [{"from_id": "1", "to_id": "2", "message": "x" * 900_000}], "error": 0}).encode()
    async with (
        lying(answering(chat)) as liar,
        zalo_stage(tmp_path, base_url=liar.url) as stage,
        patient_gateway(stage),
    ):
        _, writer = await open_slow(stage)
        await wait_until(lambda: is_answering(stage))
        writer.transport.abort()
        await wait_until(lambda: has_ended(stage, Outcome.FAILED))
        assert len(stage.scene.house.in_flight) == 0


async def has_ended(stage: Stage, outcome: Outcome) -> bool:
    """Say whether the one line of the trace has this outcome."""
    (line,) = await stage.list_lines()
    return line.ending is not None and line.ending.outcome is outcome


async def open_slow(stage: Stage) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Make a call whose answer is not read, with the smallest receive buffer that the kernel gives."""
    parts = urlsplit(stage.app.base)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=1024)
    head = f"GET /zalo/v2.0/oa/listrecentchat HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {stage.app.token}\r\n\r\n"
    writer.write(head.encode())
    return reader, writer


def find_flight(stage: Stage) -> Flight:
    """Return the flight of the one call in flight."""
    (call,) = stage.scene.house.in_flight._calls
    flight: Flight = call.cut.__self__  # type: ignore[attr-defined]
    return flight


def is_answering(stage: Stage) -> bool:
    """Say whether the one call in flight has begun to answer."""
    return len(stage.scene.house.in_flight) == 1 and find_flight(stage)._is_answering


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Read what still comes, until the connection ends in whatever way."""
    received = b""
    try:
        async with asyncio.timeout(5):
            while chunk := await reader.read(65536):
                received += chunk
    except ConnectionError:
        pass
    return received


async def test_a_caller_that_never_reads_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call does not stay in flight for as long as somebody likes to read."""
    monkeypatch.setattr(incoming_module, "SEND_SECONDS", 0.2)
    chat = json.dumps({"data": [{"from_id": "1", "to_id": "2", "message": "x" * 900_000}], "error": 0}).encode()
    async with lying(answering(chat)) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        _, writer = await open_slow(stage)
        await wait_until(lambda: len(liar.heads) == 1)
        await wait_until(lambda: has_ended(stage, Outcome.FAILED))
        writer.close()
        (line,) = await stage.list_lines()
        assert line.ending is not None
        assert line.ending.reason == "caller_gone"
        assert len(stage.scene.house.in_flight) == 0
