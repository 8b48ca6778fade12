"""What a stop leaves of copies that were made ready: no line that people read as data that may have passed (I7)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.acts.send_events import take_lanes
from gateway.doors.events.carrier import Carrier
from gateway.doors.events.parcels import Hold
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.records.trace.types import Outcome
from gateway.records.trace.writer import TraceWriter
from scopes import load_catalogue
from tests.house import agree
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Receiver, receiving
from tests.telling import Teller, listen, telling


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Teller]:
    """Yield Zalo, telling at a scene."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        yield teller


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield the app's server."""
    async with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize("place", ["while a line is opened", "once it is", "before the first byte"])
async def test_a_stop_leaves_no_line_open(
    teller: Teller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The copies beside the one that was under way had lines already: each is closed as not sent, and waits."""
    await listen(teller.scene, receiver.url)
    await agree(teller.scene)
    for number in range(6):
        await teller.tell(teller.message(f"tin {number}"))
    ways: list[asyncio.Task[None]] = []
    open_line, check_last = TraceWriter.open, Hold.check_last
    opened: list[Any] = []
    checked: list[Hold] = []

    async def opening(trace: TraceWriter, line: Any) -> None:
        opened.append(line)
        is_third = len(opened) == 3
        if is_third and place == "while a line is opened":
            ways[0].cancel()
        await open_line(trace, line)
        if is_third and place == "once it is":
            ways[0].cancel()
            await asyncio.sleep(30)

    async def checking(hold: Hold, transport: Any) -> None:
        checked.append(hold)
        if len(checked) == 3 and place == "before the first byte":
            ways[0].cancel()
            await asyncio.sleep(30)
        await check_last(hold, transport)

    monkeypatch.setattr(TraceWriter, "open", opening)
    monkeypatch.setattr(Hold, "check_last", checking)
    (lane,) = await take_lanes(teller.scene.house, Counter(), most=5, most_of_one=5)
    async with opened_fetcher(allow_loopback=True) as fetcher:
        carrier = Carrier(teller.scene.house, fetcher, load_catalogue(), teller.trace)
        ways.append(asyncio.create_task(carrier.carry(lane)))
        with pytest.raises(asyncio.CancelledError):
            await ways[0]
    endings = [line.ending for line in await teller.list_lines()]
    said = Counter((each.outcome, each.reason) if each else None for each in endings)
    broke_off = Counter({(Outcome.FAILED, "internal"): int(place == "before the first byte")})
    passed = Counter({(Outcome.PASSED, None): len(receiver.came)})
    unsent = len(opened) - len(receiver.came) - broke_off.total()
    assert said == passed + broke_off + Counter({(Outcome.FAILED, "not_sent"): unsent})
    assert Counter(await teller.states()) == {"delivered": len(receiver.came), "queued": 6 - len(receiver.came)}
