"""Quản lý quyền says whether the app heard: waiting, received, not; nothing where nothing was to be told."""

import re

import pytest

from gateway.acts.notice_endpoint import set_endpoint
from gateway.doors.events.courier import Courier
from gateway.ground.fetching.fetcher import opened_fetcher
from gateway.records.ledger.types import Actor
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin
from tests.stand_ins.receiver import receiving


async def told(browser: Browser, path: str) -> str:
    """Return what the page says of the app's hearing."""
    return "".join(re.findall(r'data-told="(\w+)"', (await browser.get(path)).text))


@pytest.mark.parametrize("status, state", [(200, "heard"), (410, "failed"), (500, "waiting")])
async def test_a_person_sees_whether_the_app_heard(origin: Origin, browser: Browser, status: int, state: str) -> None:
    """After a withdrawal: that the gateway is telling, then what came of it (R33)."""
    house = origin.scene.house
    async with receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher:
        receiver.status = status
        await set_endpoint(house, origin.scene.app.id, receiver.url, Actor.system())
        path = f"/permissions/{(await agree(origin.scene)).grant_id}"
        assert await told(browser, path) == ""
        await browser.submit(path, {"action": "withdraw", "confirm": "yes"})
        assert await told(browser, path) == "waiting"
        await Courier(house, fetcher).bring_due()
    assert await told(browser, path) == state
