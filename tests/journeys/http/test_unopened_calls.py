"""*Kết nối* says what the platform does not open at a linked account, though an app may do it (ADR 0042)."""

from datetime import timedelta
from itertools import count

import pytest

from gateway.acts.renew import lose
from gateway.platforms import Trouble
from gateway.records.accounts import store as accounts
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.trace.types import CALL_NOT_OPENED, Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import AskId, GrantId, TraceId
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin

SHUT = Ending(Outcome.FAILED, CALL_NOT_OPENED, 502, 200, 0, 0)
PASSED = Ending(Outcome.PASSED, None, 200, 200, 1, 0)
LOST = Ending(Outcome.FAILED, "connection_lost", 502, 200, 0, 0)
LINE = "Sổ bán hàng (mẫu): xem tin nhắn với một người"
_numbers = count(1)


@pytest.fixture
async def grant(origin: Origin) -> Grant:
    """Let the owner grant everything."""
    decided = await agree(origin.scene)
    async with origin.scene.house.storage.read() as connection:
        found = await grants.find(connection, decided.grant_id or GrantId(""))
    assert found is not None
    return found


async def call(origin: Origin, grant: Grant, ending: Ending, route: str = "view_conversation") -> None:
    """Leave a line in the trace as the calls' door does, a minute later."""
    now, number = origin.scene.clock.advance(timedelta(minutes=1)), next(_numbers)
    whose = grant.app_id, grant.id, grant.account_id, None, "zalo"
    line = Line(TraceId(f"tr_{number:022}"), f"re-{number}", *whose, route, (AskId("chat_read"),), now)
    await TraceWriter(origin.scene.house.storage, origin.scene.clock).note(line, ending)


async def test_a_call_that_zalo_does_not_open_is_told_simply(origin: Origin, browser: Browser, grant: Grant) -> None:
    """What the app wanted and when, in both languages, with the way to open it; no code and no name of a route."""
    await call(origin, grant, PASSED, "view_follower")
    await call(origin, grant, SHUT)
    await call(origin, grant, LOST, "list_followers")
    page = await browser.get("/connections")
    assert "Zalo Official Account chưa cho cổng làm những việc dưới đây" in page.words
    assert LINE in page.words
    assert "Nối lại và chọn đủ quyền" in page.words
    assert page.text.count("<li>Sổ bán hàng (mẫu): ") == 1
    assert "view_conversation" not in page.text
    assert "223" not in page.words
    english = (await browser.get("/connections?lang=en")).words
    assert "does not let the gateway do what stands below" in english
    assert "Sổ bán hàng (mẫu): viewed the messages with one person" in english
    trace = await browser.get("/permissions/trace?lang=vi")
    assert "Nền tảng chưa cho cổng làm việc này ở tài khoản này." in trace.words


@pytest.mark.parametrize("later", ["answered", "a month later", "lost"])
async def test_it_is_told_while_it_is_so(origin: Origin, browser: Browser, grant: Grant, later: str) -> None:
    """No more when such a call was answered, after thirty days, or where the whole connection is lost."""
    await call(origin, grant, SHUT)
    assert "data-unopened" in (await browser.get("/connections")).text
    if later == "answered":
        await call(origin, grant, PASSED)
    elif later == "lost":
        async with origin.scene.house.storage.read() as connection:
            link = await accounts.find_connection(connection, grant.account_id)
        assert link is not None
        await lose(origin.scene.house, link, Trouble.ACCESS_REMOVED)
    else:
        origin.scene.clock.advance(timedelta(days=30, seconds=1))
        await browser.sign_in_as(origin.scene.owner)
    page = await browser.get("/connections")
    assert ("data-unopened" in page.text, LINE in page.words) == (False, False)
    assert 'data-connection="' in page.text


async def test_another_owner_is_told_nothing_of_it(origin: Origin, other_browser: Browser, grant: Grant) -> None:
    """It is about the account, so it stands before those who decide for it."""
    await call(origin, grant, SHUT)
    assert "data-unopened" not in (await other_browser.get("/connections")).text


async def test_a_call_that_left_the_catalogue_is_passed_over(origin: Origin, browser: Browser, grant: Grant) -> None:
    """There is nothing to say of it that people would understand."""
    await call(origin, grant, SHUT, "a_route_of_before")
    assert "data-unopened" not in (await browser.get("/connections")).text
