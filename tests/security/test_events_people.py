"""What apps get of the people in an event: nothing that rests on somebody's own word without it (ADR 0031, I1)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.authority.bases import Words
from gateway.records.apps.types import Basis
from tests.followers import CHAT, NAME, object_as, say_yes, take_back, with_asking_app
from tests.house import agree
from tests.ready import scene_in
from tests.security.test_events_out import events
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Receiver
from tests.telling import FOLLOWER, Teller, listen, telling, telling_of_askers

OTHER = "4620160001000000999"
TEXT = {"text": "Chào tiệm (mẫu)"}


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock, receiver: Receiver) -> AsyncIterator[Teller]:
    """Yield Zalo, telling at a scene whose app asks each follower and listens; the owner agreed."""
    async with telling_of_askers(tmp_path, clock, receiver.url) as teller:
        yield teller


def texts(receiver: Receiver) -> list[Any]:
    """Return the text of each message that came, None where it is withheld."""
    return [said.get("message", {}).get("text") for said in events(receiver.came)]


async def test_only_who_agreed_is_heard(teller: Teller, receiver: Receiver) -> None:
    """Of three people who write, the app hears of the one who agreed to that alone (I10)."""
    await say_yes(teller.scene, FOLLOWER, [CHAT])
    await say_yes(teller.scene, OTHER, [NAME])
    await teller.tell(teller.message())
    await teller.tell(teller.message(sender={"id": OTHER}))
    await teller.tell(teller.message(sender={"id": "4620160001000000888"}))
    await teller.bring()
    assert texts(receiver) == [TEXT["text"]]
    assert await teller.states() == ["delivered"]
    (line,) = await teller.list_lines()
    assert line.ending is not None
    assert line.ending.withheld > 0  # by declaration (I10)


@pytest.mark.parametrize("sender", [{"id": None}, {}, None, {"id": 1.5}, {"id": ["4620160001000000137"]}])
async def test_whoever_cannot_be_read_is_not_heard(teller: Teller, receiver: Receiver, sender: object) -> None:
    """An event that has a person, and names none that can be read, goes to nobody who needs that person's word."""
    await say_yes(teller.scene, FOLLOWER, [CHAT])
    await teller.tell(teller.message(sender=sender))
    await teller.bring()
    assert (texts(receiver), await teller.states()) == ([], [])


async def test_what_holds_no_words_is_about_somebody_too(teller: Teller, receiver: Receiver) -> None:
    """That somebody followed, or gave their details, is told of nobody who agreed to no ask that opens it."""
    await say_yes(teller.scene, OTHER, [NAME])
    for person in (FOLLOWER, OTHER):
        account = teller.scene.account.external_id
        await teller.tell(teller.message(event_name="follow", oa_id=account, follower={"id": person}))
        info = {"name": "Lê Quang Huy (mẫu)", "phone": "84000000102"}
        await teller.tell(teller.message(event_name="user_submit_info", sender={"id": person}, info=info))
    await teller.bring()
    follow, form = events(receiver.came)
    assert follow["follower"] == {"id": OTHER}
    assert form["sender"] == {"id": OTHER}
    assert form["info"] == {"name": "Lê Quang Huy (mẫu)"}


async def test_under_a_contract_who_objected_is_not_heard(
    tmp_path: Path, clock: ManualClock, receiver: Receiver
) -> None:
    """There everyone is heard but those who said no."""
    async with scene_in(tmp_path, clock) as scene:
        asking = await with_asking_app(scene, {CHAT: Basis.CONTRACT})
        async with telling(asking) as teller:
            await agree(asking)
            await listen(asking, receiver.url)
            await object_as(asking, OTHER, CHAT)
            await teller.tell(teller.message())
            await teller.tell(teller.message(sender={"id": OTHER}))
            await teller.bring()
            assert await teller.states() == ["delivered"]
    assert texts(receiver) == [TEXT["text"]]


async def test_a_no_reaches_what_waits(teller: Teller, receiver: Receiver) -> None:
    """A copy that was kept while somebody agreed never goes out when they have taken it back."""
    said = await say_yes(teller.scene, FOLLOWER, [CHAT])
    await teller.tell(teller.message())
    await take_back(teller.scene, said)
    await teller.bring()
    assert (texts(receiver), await teller.states()) == ([], ["void"])


async def test_a_later_yes_opens_nothing_older(teller: Teller, receiver: Receiver) -> None:
    """What somebody wrote before they agreed was never kept for the app."""
    await teller.tell(teller.message())
    await say_yes(teller.scene, FOLLOWER, [CHAT])
    await teller.tell(teller.message())
    await teller.bring()
    assert texts(receiver) == [TEXT["text"]]


async def test_a_no_after_the_look_up_stops_what_was_written(
    teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last check asks again, with the connection in hand; nothing of it goes out (I1)."""
    said = await say_yes(teller.scene, FOLLOWER, [CHAT])
    await teller.tell(teller.message())
    find, asked = Words.find, 0

    async def find_then_no(words: Words, question: Any) -> Any:
        nonlocal asked
        found, asked = await find(words, question), asked + 1
        if asked == 1:
            await take_back(teller.scene, said)
        return found

    monkeypatch.setattr(Words, "find", find_then_no)
    await teller.bring()
    assert (texts(receiver), await teller.states()) == ([], ["void"])


async def test_a_no_cuts_a_copy_on_the_wire(teller: Teller, receiver: Receiver) -> None:
    """While the app's server still reads, the person's no ends the connection before it returns."""
    came, gone = asyncio.Event(), asyncio.Event()

    async def reading(_request: web.Request) -> web.StreamResponse:
        came.set()
        try:
            await asyncio.sleep(30)
        finally:
            gone.set()
        return web.Response()

    said = await say_yes(teller.scene, FOLLOWER, [CHAT])
    receiver.answers.append(reading)
    await teller.tell(teller.message())
    bringing = asyncio.create_task(teller.bring())
    await came.wait()
    await take_back(teller.scene, said)
    async with asyncio.timeout(5):
        await gone.wait()
        await bringing
    assert await teller.states() == ["void"]
    assert len(teller.scene.house.in_flight) == 0
