"""What people are told when an act could not be written: that nothing was done, or perhaps a part, and to try again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.acts import House
from gateway.ground.storage import engines
from gateway.ground.storage.engines import sqlite_path
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin

NOTHING = "Việc bạn vừa gửi chưa được ghi. Không có gì thay đổi: không quyền nào được cấp, không quyền nào bị rút."
PERHAPS = "Việc bạn vừa gửi có thể đã được ghi cả, một phần, hoặc chưa."


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait no two seconds for whoever holds the file."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 20)


@contextmanager
def locked(origin: Origin) -> Iterator[None]:
    """Let another process hold the database."""
    other = sqlite3.connect(sqlite_path(origin.scene.house.storage.url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("action", ["withdraw", "pause", "reconsider"])
async def test_an_act_that_could_not_be_written_says_that_nothing_changed(
    origin: Origin, browser: Browser, action: str
) -> None:
    """Nobody takes a withdrawal for done that was not; the same form does it once the database is free."""
    asks = origin.scene.all_asks - {"chat_read"}
    path = f"/permissions/{(await agree(origin.scene, asks)).grant_id}"
    listed = await browser.get(path)
    fields = {"action": action, "confirm": "yes", "csrf_token": listed.token}
    with locked(origin):
        failed = await browser.post(path, fields)
    assert (failed.status, failed.headers["Retry-After"]) == (503, "1")
    assert NOTHING in failed.words
    assert "mở lại trang trước rồi bấm lại" in failed.words
    assert (await browser.get(path)).ask_states == listed.ask_states
    assert (await browser.post(path, fields)).status == 303


async def test_a_part_that_was_done_before_is_not_denied(
    origin: Origin, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two apps was withdrawn when the database fell silent: what was done is to be looked at."""
    await agree(origin.scene)
    await agree(origin.scene, app=origin.scene.public_app)
    token = (await browser.get("/permissions")).token
    settle, lock = House.settle, locked(origin)

    async def settle_and_lock(house: House, *given: Any, **named: Any) -> None:
        await settle(house, *given, **named)
        lock.__enter__()

    monkeypatch.setattr(House, "settle", settle_and_lock)
    failed = await browser.post("/permissions", {"action": "withdraw", "confirm": "yes", "csrf_token": token})
    lock.__exit__(None, None, None)
    assert (failed.status, PERHAPS in failed.words, NOTHING in failed.words) == (503, True, False)
    assert sorted((await browser.get("/permissions")).grant_states.values()) == ["granted", "withdrawn"]


async def test_a_decision_and_a_link_that_could_not_be_written_say_so(origin: Origin, browser: Browser) -> None:
    """Neither the consent screen nor the connections page leaves anyone in doubt."""
    consent = await origin.ask("oa_profile")
    page = await browser.get(consent)
    connections = await browser.get("/connections")
    with locked(origin):
        fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), ("duration", "P1D")]
        sent = [*fields, ("decision", "agree"), ("csrf_token", page.token)]
        decided = await browser.post(consent, sent)
        linked = await browser.post("/connections", {"platform": "zalo", "csrf_token": connections.token})
    assert [(each.status, NOTHING in each.words) for each in (decided, linked)] == [(503, True)] * 2
    assert (await browser.get("/permissions")).grant_states == {}


async def test_a_sign_in_that_could_not_be_written_says_its_own(origin: Origin) -> None:
    """Nobody is in, and no right of anybody's is spoken of."""
    async with origin.browser() as stranger:
        token = (await stranger.get("/sign-in")).token
        fields = {"login": "chu-1", "password": "x", "csrf_token": token, "return_to": "/permissions"}
        with pytest.MonkeyPatch.context() as right:
            right.setattr(type(origin.door.passwords), "is_password", _is_right)
            with locked(origin):
                failed = await stranger.post("/sign-in", fields)
            done = await stranger.post("/sign-in", fields)
    assert (failed.status, "Bạn chưa đăng nhập. Không có gì thay đổi." in failed.words) == (503, True)
    assert "quyền của bạn" not in failed.words.partition("Bạn có thể làm gì")[0]
    assert done.location == "/permissions"


async def _is_right(*_given: object) -> bool:
    return True


async def test_a_page_that_could_not_be_read_speaks_of_reading(origin: Origin, browser: Browser) -> None:
    """A GET does nothing, so it says nothing of acts."""
    origin.scene.house.storage.broken.set()
    failed = await browser.get("/permissions")
    origin.scene.house.storage.broken.clear()
    assert (failed.status, NOTHING in failed.words, PERHAPS in failed.words) == (503, False, False)
