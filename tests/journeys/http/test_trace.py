"""Who looked at my data: one plain line for each call under the person's grants, newest first, never the data."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.trace.types import OUTCOME_UNKNOWN, Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import AskId, GrantId, TraceId
from tests.house import agree, link_account
from tests.journeys.http.origin import Browser, Origin

PASSED = Ending(Outcome.PASSED, None, 200, 200, 12, 0)
MASKED = Ending(Outcome.PASSED, None, 200, 200, 12, 3)
REFUSED = Ending(Outcome.REFUSED, "paused", 403, None, 0, 0)
NO_CURSORS = ("x", "AAAA", "%F0%9F", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA", "''")
CUT = Ending(Outcome.CUT, None, 403, None, 0, 0)


@pytest.fixture
async def grant(origin: Origin) -> Grant:
    """Let the owner grant everything."""
    decided = await agree(origin.scene)
    async with origin.scene.house.storage.read() as connection:
        found = await grants.find(connection, decided.grant_id or GrantId(""))
    assert found is not None
    return found


class Caller:
    """Leaves lines in the trace as the calls' door does."""

    def __init__(self, origin: Origin, grant: Grant, count: int = 0) -> None:
        self._origin, self._grant, self._count = origin, grant, count

    async def call(self, ending: Ending | None, route: str = "view_follower", ask: str = "crm_phone") -> str:
        """Let a call be made a second later; without an ending it never closes. Returns the line's id."""
        self._count += 1
        grant = self._grant
        now = self._origin.scene.clock.advance(timedelta(seconds=1))
        trace_id = TraceId(f"tr_{self._count:022}")
        asks = (AskId(ask),)
        line = Line(
            trace_id, f"re-{self._count}", grant.app_id, grant.id, grant.account_id, None, "zalo", route, asks, now
        )
        writer = TraceWriter(self._origin.scene.house.storage, self._origin.scene.clock)
        await (writer.open(line) if ending is None else writer.note(line, ending))
        return trace_id


@pytest.fixture
def caller(origin: Origin, grant: Grant) -> Caller:
    """Return what leaves lines."""
    return Caller(origin, grant)


def order(text: str) -> list[str]:
    """List the ids of the lines as they stand on the page."""
    return [part.split('"')[0] for part in text.split('data-trace="')[1:]]


async def test_a_call_is_a_plain_sentence(browser: Browser, caller: Caller) -> None:
    """A line names app, act, number of people, types of data, purpose and recipient, in the page's language."""
    await caller.call(PASSED)
    page = await browser.get("/permissions/trace")
    for words in (
        "Sổ bán hàng (mẫu) xem hồ sơ người quan tâm , 12 người",
        "Số điện thoại",
        "crm_phone (mẫu)",
        "A (mẫu), Việt Nam",
    ):
        assert words.replace(" ,", ",") in page.words.replace(" ,", ",")
    english = await browser.get("/permissions/trace?lang=en")
    assert "Sổ bán hàng (mẫu) viewed a follower's profile, 12 people" in english.words.replace(" ,", ",")


@pytest.mark.parametrize(
    "ending,result,words",
    [
        (PASSED, "passed", "Đã cho qua"),
        (MASKED, "masked", "Cho qua, có che"),
        (REFUSED, "blocked", "Bạn đang tạm dừng mục này."),
        (CUT, "cut", "Bị cắt giữa chừng"),
        (Ending(Outcome.CUT, OUTCOME_UNKNOWN, 403, None, 0, 0), "cut", "có thể việc đó vẫn xong"),
        (Ending(Outcome.FAILED, OUTCOME_UNKNOWN, 502, None, 0, 0), "unknown", "Không rõ kết quả"),
        (Ending(Outcome.REFUSED, "too_large", 413, None, 0, 0), "blocked", "Ứng dụng gửi nội dung quá lớn."),
        (Ending(Outcome.FAILED, "upstream_failed", 502, 500, 0, 0), "failed", "không trả lời trọn vẹn."),
        (Ending(Outcome.FAILED, "platform_refused", 200, 200, 0, 0), "failed", "Nền tảng từ chối lượt gọi này."),
        (None, "open", "Chưa thấy kết thúc"),
    ],
)
async def test_each_result_is_told(
    browser: Browser, caller: Caller, ending: Ending | None, result: str, words: str
) -> None:
    """Each way in which a call ends has its own mark; only a blocked one says that nothing was sent."""
    await caller.call(ending)
    page = await browser.get("/permissions/trace")
    assert f'data-result="{result}"' in page.text
    assert words in page.words
    assert ("Không có gì được gửi tới nền tảng." in page.words) is (result == "blocked")


@pytest.mark.parametrize("outcome,label", [("passed", "Đã cho qua"), ("masked", "Cho qua, có che")])
async def test_what_was_masked_is_looked_for_by_itself(
    browser: Browser, caller: Caller, outcome: str, label: str
) -> None:
    """The filter offers each mark that a call that passed can bear, and finds the lines that bear it, no others."""
    made = {"passed": await caller.call(PASSED), "masked": await caller.call(MASKED)}
    page = await browser.get(f"/permissions/trace?outcome={outcome}")
    assert f'<option value="{outcome}" selected>{label}</option>' in page.text
    assert order(page.text) == [made[outcome]]


async def test_what_came_to_nothing_is_not_told_as_done(browser: Browser, caller: Caller) -> None:
    """A call that the platform refused was tried, shows the item by its name, and no data that would have passed."""
    await caller.call(Ending(Outcome.FAILED, "platform_refused", 200, 200, 0, 0))
    page = await browser.get("/permissions/trace")
    assert "Sổ bán hàng (mẫu) thử xem hồ sơ người quan tâm, không thành" in page.words
    assert "Mục: Xem số điện thoại người quan tâm OA." in page.words
    assert "Có thể gồm:" not in page.words
    english = await browser.get("/permissions/trace?lang=en")
    assert "tried and failed; it would have viewed a follower's profile" in english.words


async def test_what_may_have_been_done_is_not_told_as_come_to_nothing(browser: Browser, caller: Caller) -> None:
    """A send whose answer was lost: neither done nor not, with why, and with what would have gone."""
    await caller.call(Ending(Outcome.FAILED, OUTCOME_UNKNOWN, 502, None, 0, 0))
    page = await browser.get("/permissions/trace?outcome=failed")
    assert "Sổ bán hàng (mẫu) thử xem hồ sơ người quan tâm, không rõ có thành không" in page.words
    assert "có thể việc đó vẫn xong, cổng không biết kết quả." in page.words
    assert "Có thể gồm:" in page.words
    assert "không thành" not in page.words
    english = await browser.get("/permissions/trace?lang=en")
    assert "tried; whether it was done is not known; it would have viewed a follower's profile" in english.words


@pytest.mark.parametrize(
    "route,ask,told",
    [
        ("view_follower", "crm_name", "Có thể gồm: Họ tên, Tên gợi nhớ, Ảnh đại diện."),
        ("list_followers", "crm_name", "Chỉ có mã hoặc con số, không có dữ liệu của mục này."),
        ("send_message", "order_send", "Có thể gồm: Nội dung tin nhắn gửi đi, Giờ gửi, số tin còn gửi được."),
    ],
)
async def test_a_line_says_no_more_than_its_call_could_carry(
    browser: Browser, caller: Caller, route: str, ask: str, told: str
) -> None:
    """A list of ids is no look at names; a blocked call carried nothing."""
    await caller.call(PASSED, route, ask)
    words = (await browser.get("/permissions/trace")).words
    assert told in words
    assert ("Có thể gồm:" in words) is (route != "list_followers")
    await caller.call(REFUSED, route, ask)
    blocked = (await browser.get("/permissions/trace?outcome=refused")).words
    assert "Có thể gồm:" not in blocked
    assert "Chỉ có mã" not in blocked


async def test_a_blocked_call_reads_well_in_english(browser: Browser, caller: Caller) -> None:
    """It did not do the thing, so the sentence does not say that it did."""
    await caller.call(REFUSED)
    page = await browser.get("/permissions/trace?lang=en")
    assert "was blocked; it would have viewed a follower's profile" in page.words


async def test_lines_are_paged_newest_first(browser: Browser, caller: Caller) -> None:
    """Fifty lines stand on a page; the cursor leads on without a gap or a repetition, and back to the newest."""
    made = [await caller.call(PASSED) for _ in range(120)]
    page = await browser.get("/permissions/trace?outcome=passed")
    seen = order(page.text)
    assert len(seen) == 50
    for _ in range(2):
        older = page.text.rpartition("cursor=")[2].split('"')[0].split("&")[0]
        page = await browser.get(f"/permissions/trace?outcome=passed&cursor={older}")
        seen += order(page.text)
    assert seen == made[::-1]
    assert "Mới hơn" in page.words
    assert "Cũ hơn" not in page.words


async def test_lines_are_filtered(origin: Origin, browser: Browser, caller: Caller) -> None:
    """By app, result and day; a day that is none is said so, and the word typed stays."""
    passed, refused = await caller.call(PASSED), await caller.call(REFUSED)
    assert order((await browser.get("/permissions/trace?outcome=refused")).text) == [refused]
    assert order((await browser.get(f"/permissions/trace?app={origin.scene.app.id}")).text) == [refused, passed]
    assert order((await browser.get("/permissions/trace?app=another")).text) == []
    assert order((await browser.get("/permissions/trace?after=21/11/2026")).text) == [refused, passed]
    assert order((await browser.get("/permissions/trace?after=22/11/2026")).text) == []
    bad = await browser.get("/permissions/trace?after=31/02/2026")
    assert "Ngày chưa đúng" in bad.words
    assert 'value="31/02/2026"' in bad.text


async def test_usage_is_counted_for_each_ask(browser: Browser, caller: Caller, grant: Grant) -> None:
    """The grant's page says how often each ask was used in 30 days, and what was stopped after a pause."""
    for _ in range(3):
        await caller.call(PASSED)
    path = f"/permissions/{grant.id}"
    assert "3 lượt trong 30 ngày" in (await browser.get(path)).words
    await browser.submit(path, {"action": "pause", "ask": "crm_phone"})
    await caller.call(REFUSED)
    assert "Từ lúc đó dấu vết có 1 lượt gọi bị chặn." in (await browser.get(path)).words


async def test_nobody_else_sees_the_lines(other_browser: Browser, caller: Caller) -> None:
    """Who has no standing on the account sees none of its lines, whatever they ask for."""
    await caller.call(PASSED)
    assert order((await other_browser.get("/permissions/trace")).text) == []
    assert order((await other_browser.get("/permissions/trace?app=so-ban-hang")).text) == []


@pytest.mark.parametrize(
    "query,told",
    [
        *((f"cursor={each}", "không có trang nào ở đó") for each in NO_CURSORS),
        ("outcome=nhon", "không có kết quả nào tên như vậy"),
        ("outcome=PASSED&cursor=x", "không có kết quả nào tên như vậy"),
    ],
)
async def test_what_the_page_does_not_know_is_said_so(browser: Browser, caller: Caller, query: str, told: str) -> None:
    """Nothing is listed as if it were the answer; what was meant may be another, so the whole list is one step away."""
    await caller.call(PASSED)
    page = await browser.get(f"/permissions/trace?{query}")
    assert page.status == 400
    assert f"Địa chỉ này chưa đúng: {told}" in page.words
    assert order(page.text) == []
    assert "Chưa ai xem" not in page.words
    assert '<a href="/permissions/trace">' in page.text


async def test_a_line_says_whose_account_it_was_where_there_are_several(
    origin: Origin, browser: Browser, caller: Caller, grant: Grant
) -> None:
    """One account needs no name; of two each line bears its own, and each is looked for by itself."""
    first = await caller.call(PASSED)
    page = await browser.get("/permissions/trace")
    assert "Tài khoản:" not in page.words
    assert 'name="account"' not in page.text
    other = await link_account(origin.scene.house, origin.scene.owner.id, external_id="4000000000000002")
    decided = await agree(replace(origin.scene, account=other))
    second = await Caller(origin, replace(grant, id=decided.grant_id or GrantId(""), account_id=other.id), 1).call(
        PASSED
    )
    page = await browser.get("/permissions/trace")
    assert order(page.text) == [second, first]
    assert page.words.index(f"Tài khoản: {other.name}") < page.words.index(f"Tài khoản: {origin.scene.account.name}")
    only = await browser.get(f"/permissions/trace?account={other.id}")
    assert order(only.text) == [second]
    assert f'<option value="{other.id}" selected>' in only.text
    assert order((await browser.get("/permissions/trace?account=ac_x")).text) == []


async def test_a_day_is_counted_whole_wherever_a_page_ends(origin: Origin, browser: Browser, caller: Caller) -> None:
    """Over two pages, by the same filter, and only of that day; what the page shows of it stands beside."""
    for number in range(60):
        await caller.call(MASKED if number % 6 == 0 else PASSED)
    origin.scene.clock.advance(timedelta(days=1))
    browser = await browser.sign_in_as(origin.scene.owner)
    await caller.call(PASSED)
    page = await browser.get("/permissions/trace")
    assert "22/11/2026 1 dòng" in page.words
    assert "21/11/2026 60 dòng, 49 ở trang này" in page.words
    older = await browser.get("/permissions/trace?cursor=" + page.text.rpartition("cursor=")[2].split('"')[0])
    assert "21/11/2026 60 dòng, 11 ở trang này" in older.words
    masked = await browser.get("/permissions/trace?outcome=masked")
    assert "21/11/2026 10 dòng" in masked.words
    assert "ở trang này" not in masked.words
