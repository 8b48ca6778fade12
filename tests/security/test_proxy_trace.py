"""I6 and I7 at the proxy: a line before the first byte, silence where it cannot be written, never the data."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.acts.pause import pause
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.calls import forwarding
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.trace import store as trace
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AskId
from gateway.terms.refusal import Unavailable
from tests.platforms.zalo.lying import answering, lying
from tests.platforms.zalo.stage import DETAIL, FOLLOWER, MESSAGE, PROFILE, SEND, Stage, wait_until, zalo_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage on which the app holds every ask."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


async def fail(*_: object, **__: object) -> None:
    """Fail as a full disk does."""
    raise Unavailable("database")


async def test_the_line_is_there_before_the_first_byte(tmp_path: Path) -> None:
    """When the platform sees the request's head, the line can be read, and is open."""
    seen: list[bool] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(line.ending is None for line in await stages[0].list_lines())
        await answering(b'{"error":0}')(reader, writer)

    stages: list[Stage] = []
    async with lying(look) as liar, zalo_stage(tmp_path, base_url=liar.url) as stage:
        stages.append(stage)
        assert (await stage.app.call(PROFILE)).status == 200
        assert seen == [True]
        (line,) = await stage.list_lines()
        assert line.ending is not None
        assert (line.ending.outcome, line.ending.status) == (Outcome.PASSED, 200)


async def test_a_line_names_app_grant_account_route_and_asks(stage: Stage) -> None:
    """Who, when, which asks and how much; the request id is the one that the app got."""
    reply = await stage.app.call(DETAIL)
    (line,) = await stage.list_lines()
    assert (line.line.app_id, line.line.grant_id) == (stage.scene.app.id, stage.grant_id)
    assert (line.line.account_id, line.line.platform) == (stage.scene.account.id, "zalo")
    assert (line.line.route, line.line.ask_ids) == ("view_follower", ("crm_name", "crm_phone"))
    assert line.line.request_id == reply.headers["X-Request-ID"]
    assert line.ending is not None
    assert (line.ending.subjects, line.ending.withheld, line.ending.upstream_status) == (1, 12, 200)


async def test_a_call_by_an_ended_token_names_what_it_wanted(stage: Stage) -> None:
    """After the whole app was withdrawn each blocked call counts for the asks that would open it, and for no others."""
    since = stage.scene.clock.now()
    await withdraw(stage.scene.house, stage.grant_id, Actor(ActorKind.PERSON, stage.scene.owner.id))
    for _ in range(2):
        assert (await stage.app.call(DETAIL)).json["code"] == "invalid_token"
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).json["code"] == "invalid_token"
    async with stage.scene.house.storage.read() as connection:
        asks = dict.fromkeys(stage.scene.all_asks, since)
        counted = await trace.count_refused(connection, stage.grant_id, asks)
    assert counted == {"crm_name": 2, "crm_phone": 2, "order_send": 1}


async def test_a_call_refused_for_something_else_names_no_ask(stage: Stage) -> None:
    """People read how often a call was stopped by their pause: one that is malformed, say, is none."""
    since, owner = stage.scene.clock.now(), Actor(ActorKind.PERSON, stage.scene.owner.id)
    phone = AskId("crm_phone")
    await pause(stage.scene.house, stage.grant_id, owner, ask_ids=[phone])
    assert (await stage.app.call("/zalo/v3.0/oa/user/detail?data=%7Bbroken")).code == "bad_target"
    bound = {"Authorization": f"DPoP {stage.app.token}"}
    assert (await stage.app.call(DETAIL, headers=bound)).code == "invalid_token"
    await suspend_app(stage.scene.house, stage.scene.app.id, Actor.system(), reason="thử (mẫu)")
    assert (await stage.app.call(DETAIL)).code == "app_suspended"
    assert [line.line.ask_ids for line in await stage.list_lines()] == [()] * 3
    async with stage.scene.house.storage.read() as connection:
        assert await trace.count_refused(connection, stage.grant_id, {phone: since}) == {}


async def test_a_call_for_a_purpose_names_what_was_granted_for_it(stage: Stage) -> None:
    """Of the asks that open the route only those of the purpose were wanted, though they ended."""
    owner, send = Actor(ActorKind.PERSON, stage.scene.owner.id), AskId("order_send")
    await withdraw(stage.scene.house, stage.grant_id, owner, ask_ids=[send])
    for purpose, named in (("order", (send,)), ("crm", ())):
        headers = {"Authorization": f"Bearer {stage.app.token}", "Quyen-Purpose": purpose}
        reply = await stage.app.call(SEND, "POST", json=MESSAGE, headers=headers)
        assert reply.code == "purpose_not_granted"
        (line,) = [one for one in await stage.list_lines() if one.line.request_id == reply.headers["X-Request-ID"]]
        assert line.line.ask_ids == named


async def test_a_refused_call_that_nothing_of_the_token_opens_names_no_ask(stage: Stage) -> None:
    """There is nothing that it was for: a route of a scope that was never asked for."""
    await stage.app.call("/zalo/v2.0/oa/tag/gettagsofoa")
    (line,) = await stage.list_lines()
    assert line.line.ask_ids == ()


CONVERSATION = "/zalo/v2.0/oa/conversation?data=" + quote(
    json.dumps({"user_id": FOLLOWER.user_id, "offset": 0, "count": 5})
)


async def test_the_account_is_no_person_of_its_own_answer(stage: Stage) -> None:
    """A conversation with one person is about one person, though the account's id stands in each row too."""
    reply = await stage.app.call(CONVERSATION)
    assert stage.scene.account.external_id in reply.body.decode()
    (line,) = await stage.list_lines()
    assert line.ending is not None
    assert (line.ending.outcome, line.ending.subjects) == (Outcome.PASSED, 1)


async def test_what_the_platform_refused_did_not_pass(tmp_path: Path) -> None:
    """Zalo's no comes as HTTP 200; it goes on to the app, and the line says that nothing was had."""
    async with (
        lying(answering(b'{"error":-210,"message":"no"}')) as liar,
        zalo_stage(tmp_path, base_url=liar.url) as stage,
    ):
        assert (await stage.app.call(CONVERSATION)).json["error"] == -210
        (line,) = await stage.list_lines()
    assert line.ending is not None
    assert (line.ending.outcome, line.ending.reason) == (Outcome.FAILED, "platform_refused")
    assert line.ending.status == 200


async def test_the_line_keeps_the_status_that_the_caller_saw(stage: Stage) -> None:
    """In Zalo's dialect a refusal is HTTP 200; elsewhere it is what it says."""
    target = "/zalo/v3.0/oa/user/getlist?data=%7B%22wrong%22%3A1%7D"
    told = [(await stage.app.call(target)).status]
    told.append((await stage.app.call(target, headers={"access_token": stage.app.token})).status)
    kept = [line.ending.status for line in await stage.list_lines() if line.ending is not None]
    assert told == [400, 200]
    assert sorted(kept) == sorted(told)


async def test_no_trace_no_call(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that cannot be written: 503, and the platform hears nothing."""
    monkeypatch.setattr(type(stage.door.trace), "open", fail)
    for reply in (await stage.app.call(PROFILE), await stage.app.call(SEND, "POST", json=MESSAGE)):
        assert (reply.code, reply.status) == ("no_verdict", 503)
    assert await stage.arrived() == []


async def test_a_refusal_that_cannot_be_traced_is_503(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused call is in the trace, or its app is told to come back."""
    monkeypatch.setattr(type(stage.door.trace), "note", fail)
    reply = await stage.app.call("/zalo/v2.0/oa/tag/gettagsofoa")
    assert (reply.code, reply.status) == ("no_verdict", 503)


async def test_a_line_that_cannot_be_closed_hides_no_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was done was done: the app gets its answer, the line stays open and the log says so."""
    monkeypatch.setattr(type(stage.door.trace), "close", fail)
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).json["error"] == 0
    (line,) = await stage.list_lines()
    assert line.ending is None
    assert f"trace line {line.line.id} stays open" in caplog.text


async def test_the_database_and_the_log_hold_nothing_that_passed(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Names, phones, texts, ids of people and tokens are in no file of the gateway and in no log line."""
    caplog.set_level("DEBUG")
    assert FOLLOWER.contact is not None
    assert (await stage.app.call(DETAIL)).status == 200
    assert (await stage.app.call(SEND, "POST", json=MESSAGE)).json["error"] == 0
    await stage.zalo.switch(garbage="duplicate_keys")
    assert (await stage.app.call(DETAIL)).status == 502
    upstream = (await stage.arrived())[0]["headers"]["access_token"]
    passed = [FOLLOWER.user_id, FOLLOWER.display_name, str(FOLLOWER.contact.phone), "Chào bạn"]
    passed += [stage.app.token, upstream]
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert stage.scene.account.id.encode() in files
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gateway.doors"))
    assert [one for one in passed if one.encode() in files or one in logged] == []


async def test_a_call_that_is_cancelled_closes_its_line(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that shuts down cancels its calls; their lines say that they failed."""
    tasks: list[asyncio.Task[object]] = []
    passing = forwarding.Forwarding._pass_through

    async def remember(*parts: object) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        await passing(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(forwarding.Forwarding, "_pass_through", remember)
    await stage.zalo.switch(slow_seconds=30)
    call = asyncio.create_task(stage.app.call(SEND, "POST", json=MESSAGE))
    await wait_until(lambda: has_arrived(stage))
    tasks[0].cancel()
    await asyncio.gather(call, return_exceptions=True)
    await wait_until(lambda: has_failed(stage))
    assert len(stage.scene.house.in_flight) == 0


async def has_arrived(stage: Stage) -> bool:
    """Say whether anything reached the platform."""
    return len(await stage.arrived()) > 0


async def has_failed(stage: Stage) -> bool:
    """Say whether the one line of the trace ended as failed."""
    (line,) = await stage.list_lines()
    return line.ending is not None and line.ending.outcome is Outcome.FAILED
