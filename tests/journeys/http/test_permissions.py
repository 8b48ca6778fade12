"""Quản lý quyền: what is listed, and each act on one ask, one app, and everything."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from gateway.acts.bury import bury
from gateway.acts.suspend import suspend_app
from gateway.doors.person.permissions import MONTH
from gateway.ground.vault.entries import Tombstone
from gateway.ground.web.local import write_time
from gateway.records.grants import store as grants
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AskId, GrantId
from tests.house import agree, link_account
from tests.journeys.http.origin import Browser, Origin

LEFT = "Điều đã rời cổng trước đó, như một tin nhắn, có thể vẫn tới nơi"


@pytest.fixture
async def path(origin: Origin) -> str:
    """Let the owner grant every ask but reading messages, for 90 days; return the grant's page."""
    asks = origin.scene.all_asks - {AskId("chat_read")}
    return f"/permissions/{(await agree(origin.scene, asks, duration='P90D')).grant_id}"


async def test_the_list_shows_current_and_past(origin: Origin, browser: Browser, path: str) -> None:
    """The list holds each grant with account, marks and dates; withdrawn ones stay, under their own heading."""
    page = await browser.get("/permissions")
    assert list(page.grant_states.values()) == ["granted"]
    assert "4/5" in page.words
    await browser.submit(path, {"action": "withdraw", "confirm": "yes"})
    ended = await browser.get("/permissions")
    assert list(ended.grant_states.values()) == ["withdrawn"]
    assert "Đã kết thúc" in ended.words


async def test_the_list_is_filtered(origin: Origin, browser: Browser, path: str) -> None:
    """`?state=` and `?account=` narrow the list, and an empty result says that it was filtered."""
    assert (await browser.get("/permissions?state=granted")).grant_states
    page = await browser.get("/permissions?state=paused")
    assert page.grant_states == {}
    assert "Không có ứng dụng nào khớp" in page.words
    assert (await browser.get("/permissions?account=ac_other")).grant_states == {}


async def test_one_ask_is_withdrawn_in_two_presses(origin: Origin, browser: Browser, path: str) -> None:
    """The first press shows what ends, the second ends it: that ask alone, for good, with a receipt."""
    token = (await browser.get(path)).token
    confirm = await browser.post(path, {"action": "withdraw", "ask": "crm_phone", "csrf_token": token})
    assert confirm.status == 200
    assert "Xem số điện thoại người quan tâm OA" in confirm.words
    assert (await browser.get(path)).ask_states["crm_phone"] == "granted"
    sent = {"action": "withdraw", "ask": "crm_phone", "confirm": "yes", "csrf_token": confirm.token}
    done = await browser.post(path, sent)
    assert done.location.startswith(f"{path}?done=lr_")
    page = await browser.get(done.location)
    assert page.ask_states["crm_phone"] == "withdrawn"
    assert page.ask_states["crm_name"] == "granted"
    assert "Đã rút lại “Xem số điện thoại người quan tâm OA”" in page.words
    for told in (confirm, page):
        assert LEFT in told.words
    assert 'href="/permissions/trace?outcome=cut"' in page.text


async def test_a_whole_app_is_withdrawn(origin: Origin, browser: Browser, path: str) -> None:
    """Without an ask the act is about the whole app."""
    token = (await browser.get(path)).token
    confirm = await browser.post(path, {"action": "withdraw", "csrf_token": token})
    assert "Rút lại mọi mục của Sổ bán hàng (mẫu)?" in confirm.words
    done = await browser.post(path, {"action": "withdraw", "confirm": "yes", "csrf_token": confirm.token})
    page = await browser.get(done.location)
    assert set(page.ask_states.values()) == {"withdrawn", "refused"}
    for told in (confirm, page):
        assert LEFT in told.words


async def test_everything_is_withdrawn_at_once(origin: Origin, browser: Browser, path: str) -> None:
    """On the list the act is about every app, after one confirm page that names them."""
    await agree(origin.scene, app=origin.scene.public_app)
    token = (await browser.get("/permissions")).token
    confirm = await browser.post("/permissions", {"action": "withdraw", "csrf_token": token})
    assert "Rút lại tất cả, ở mọi ứng dụng?" in confirm.words
    assert "Giao hàng (mẫu)" in confirm.words
    done = await browser.post("/permissions", {"action": "withdraw", "confirm": "yes", "csrf_token": confirm.token})
    assert done.location.startswith("/permissions?done=lr_")
    assert set((await browser.get(done.location)).grant_states.values()) == {"withdrawn"}


@pytest.mark.parametrize("ask", ["crm_phone", ""])
async def test_pausing_holds_back_and_resuming_lets_through(browser: Browser, path: str, ask: str) -> None:
    """Pause and resume need one press each, for one ask or the whole app."""
    about = {"ask": ask} if ask else {}
    paused = await browser.submit(path, {"action": "pause", **about})
    states = (await browser.get(paused.location)).ask_states
    assert states["crm_phone"] == "paused"
    assert states["crm_name"] == ("granted" if ask else "paused")
    resumed = await browser.submit(path, {"action": "resume", **about})
    assert (await browser.get(resumed.location)).ask_states["crm_phone"] == "granted"


async def test_time_is_shortened_and_never_lengthened(origin: Origin, browser: Browser, path: str) -> None:
    """Shorten brings the end nearer; a longer time changes nothing, and only shorter ones are offered."""
    page = await browser.get(path)
    assert 'value="P30D"' in page.text
    assert 'value="P90D"' not in page.text
    done = await browser.submit(path, {"action": "shorten", "duration": "P30D"})
    assert "Đã rút ngắn thời hạn" in (await browser.get(done.location)).words
    again = await browser.submit(path, {"action": "shorten", "duration": "P365D"})
    assert "Không có gì thay đổi" in (await browser.get(again.location)).words
    async with origin.scene.house.storage.read() as connection:
        grant = await grants.find(connection, GrantId(path.rpartition("/")[2]))
    assert grant is not None
    ends = {p.ends_at for p in grant.permissions if p.ends_at is not None}
    assert ends == {origin.scene.clock.now() + timedelta(days=30)}
    origin.scene.clock.advance(timedelta(days=30))
    async with origin.browser() as later:
        await later.sign_in_as(origin.scene.owner)
        assert set((await later.get(path)).ask_states.values()) == {"expired", "refused"}


async def test_a_refused_ask_can_be_looked_at_again(origin: Origin, browser: Browser, path: str) -> None:
    """Reconsider opens the screen with just that ask, unticked; the decision returns to the grant's page."""
    opened = await browser.submit(path, {"action": "reconsider", "ask": "chat_read"})
    assert opened.location.startswith("/consent/rq_")
    screen = await browser.get(opened.location)
    assert screen.text.count('type="checkbox"') == 1
    assert screen.policy == "'self'"
    assert "Giữ nguyên như cũ" in screen.words
    fields = [("ask", "chat_read"), ("account", origin.scene.account.id), ("duration", "P1D"), ("decision", "agree")]
    done = await browser.submit(opened.location, fields)
    assert done.location.startswith(f"{path}?done=lr_")
    states = (await browser.get(done.location)).ask_states
    assert set(states.values()) == {"granted"}


async def test_refusing_again_leaves_the_rest(origin: Origin, browser: Browser, path: str) -> None:
    """A no to what is reconsidered returns to the page and changes nothing else."""
    opened = await browser.submit(path, {"action": "reconsider"})
    done = await browser.submit(opened.location, {"decision": "refuse"})
    assert done.location.startswith(path)
    states = (await browser.get(done.location)).ask_states
    assert states == {ask: "refused" if ask == "chat_read" else "granted" for ask in states}


async def test_acting_twice_is_acting_once(browser: Browser, path: str) -> None:
    """A second press on what is so already, on a stale page too, returns and says that nothing changed."""
    for fields in ({"action": "pause"}, {"action": "withdraw", "confirm": "yes"}):
        await browser.submit(path, fields)
        again = await browser.submit(path, fields)
        page = await browser.get(again.location)
        assert again.location.startswith(path)
        assert "Không có gì thay đổi Việc này đã như vậy từ trước khi bạn bấm" in page.words
        assert "Đã " not in page.words.partition("Từng mục")[0].partition("Không có gì thay đổi")[2]


async def test_going_back_to_the_question_finds_it_again(browser: Browser, path: str) -> None:
    """The question before a withdrawal is a page of its own: Back opens it, and once all is ended it leads on."""
    listed = await browser.get(path)
    assert re.search(
        r'<form method="get" action="[^"]+"><input type="hidden" name="ask" value="crm_phone">', listed.text
    )
    for question, left in ((f"{path}?action=withdraw&ask=crm_phone", path), (f"{path}?action=withdraw", path)):
        confirm = await browser.get(question)
        assert (confirm.status, "Giữ nguyên" in confirm.words) == (200, True)
        asked = {"ask": "crm_phone"} if "ask=" in question else {}
        await browser.post(path, {"action": "withdraw", "confirm": "yes", "csrf_token": confirm.token, **asked})
        assert (await browser.get(question)).location == f"{left}?done=before"
    led_on = await browser.get((await browser.get("/permissions?action=withdraw")).location)
    assert "Không có gì thay đổi" in led_on.words
    assert (await browser.get(f"{path}?action=withdraw&ask=nobodys")).status == 400


@pytest.mark.parametrize("decision, state", [("agree", "granted"), ("refuse", "refused")])
async def test_what_waits_to_be_confirmed_offers_just_that(
    origin: Origin, browser: Browser, path: str, decision: str, state: str
) -> None:
    """After a restore nothing passes: the list says so, has nothing to take back, and leads to a yes or a no."""
    grant_id = GrantId(path.rpartition("/")[2])
    await bury(origin.scene.house, [Tombstone(grant_id, 9, (), "paused", origin.scene.clock.now())])
    listed = await browser.get("/permissions")
    assert list(listed.grant_states.values()) == ["reconfirm"]
    assert "Chờ bạn xác nhận lại Không có gì đi qua cho tới khi bạn quyết lại" in listed.words
    assert "Đang có quyền" not in listed.words
    assert re.findall(r'name="action" value="(\w+)"', listed.text) == ["reconsider"]
    opened = await browser.submit(path, {"action": "reconsider"})
    origin.scene.clock.advance(1)
    named = [("ask", ask) for ask in (await browser.get(path)).ask_states]
    fields = [*named, ("account", origin.scene.account.id), ("duration", "P1D"), ("decision", decision)]
    await browser.submit(opened.location, fields)
    assert list((await browser.get("/permissions")).grant_states.values()) == [state]


async def test_withdrawing_one_ask_says_nothing_of_the_others(browser: Browser, path: str) -> None:
    """Three go on: neither the question nor the answer says that nothing passes any more."""
    confirm = await browser.get(f"{path}?action=withdraw&ask=crm_phone")
    assert "Từ lúc bạn bấm, mục này không đi qua nữa" in confirm.words
    fields = {"action": "withdraw", "ask": "crm_phone", "confirm": "yes", "csrf_token": confirm.token}
    page = await browser.get((await browser.post(path, fields)).location)
    assert "Từ lúc đó mục này không đi qua nữa" in page.words
    assert "không có gì đi qua" not in confirm.words + page.words
    whole = await browser.get(f"{path}?action=withdraw")
    assert "không có gì đi qua cho ứng dụng này nữa" in whole.words


async def test_one_app_on_two_accounts_is_one_app(origin: Origin, browser: Browser, path: str) -> None:
    """The sentence above the list counts apps, not grants."""
    second = await link_account(origin.scene.house, origin.scene.owner.id, external_id="2002")
    await agree(replace(origin.scene, account=second))
    page = await browser.get("/permissions")
    assert len(page.grant_states) == 2
    assert "1 ứng dụng đang xem được dữ liệu của bạn." in page.words


async def test_a_nearer_end_leaves_the_consent_as_it_was_given(origin: Origin, browser: Browser, path: str) -> None:
    """After shortening, and after a pause and sharing again, the page tells when the person agreed."""
    given = write_time(origin.scene.clock.now())
    origin.scene.clock.advance(timedelta(hours=2))
    await browser.submit(path, {"action": "pause", "ask": "crm_name"})
    paused = write_time(origin.scene.clock.now())
    origin.scene.clock.advance(timedelta(hours=2))
    await browser.submit(path, {"action": "shorten", "duration": "P30D"})
    page = await browser.get(path)
    assert page.words.count(f"Bạn đồng ý ngày {given}, đến {write_time(origin.scene.clock.now() + MONTH)}") == 3
    assert f"Bạn tạm dừng ngày {paused}" in page.words
    assert re.search(r"\d{4}\. 1 mục tạm dừng\.", page.words)
    origin.scene.clock.advance(timedelta(hours=2))
    await browser.submit(path, {"action": "resume", "ask": "crm_name"})
    assert (await browser.get(path)).words.count(f"Bạn đồng ý ngày {given}, đến ") == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "request_deletion"},
        {"action": "approve"},
        {"action": "withdraw", "ask": "nobodys"},
        {"action": "shorten", "duration": "P1000D"},
        {"action": "shorten"},
        {},
    ],
)
async def test_an_act_that_does_not_exist_is_refused(browser: Browser, path: str, fields: dict[str, str]) -> None:
    """Unknown acts, asks and durations are 400 and change nothing."""
    before = (await browser.get(path)).ask_states
    assert (await browser.submit(path, fields)).status == 400
    assert (await browser.get(path)).ask_states == before


async def test_acts_on_everything_name_no_ask(browser: Browser, path: str) -> None:
    """On the list an ask belongs to no app, and reconsidering is not for everything."""
    assert (await browser.submit("/permissions", {"action": "withdraw", "ask": "crm_phone"})).status == 400
    assert (await browser.submit("/permissions", {"action": "reconsider"})).status == 400


async def test_deletion_is_absent(browser: Browser, path: str) -> None:
    """What is not begun is nowhere on the pages."""
    token = (await browser.get(path)).token
    confirm = await browser.post(path, {"action": "withdraw", "csrf_token": token})
    assert "request_deletion" not in (await browser.get(path)).text + confirm.text


async def test_taking_back_is_not_harder_than_giving(origin: Origin, browser: Browser, path: str) -> None:
    """Giving one ask is a tick and a button; ending it is a button and a button, with nothing to type or choose."""
    screen = await browser.get(await origin.ask("crm_phone", "chat_read"))  # the one that stands has no box
    presses_to_give = screen.text.count('type="checkbox"') + 1
    first = await browser.get(path)
    confirm = await browser.post(path, {"action": "withdraw", "ask": "crm_phone", "csrf_token": first.token})
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', confirm.text.split("<main")[1]))
    assert hidden.keys() == {"csrf_token", "action", "ask"}
    assert not re.search(r'<(textarea|select|input type="(text|password|checkbox|radio)")', confirm.text)
    done = await browser.post(path, {**hidden, "confirm": "yes"})
    presses_to_end = sum((confirm.status == 200, done.status == 303))
    assert presses_to_end <= presses_to_give


async def test_the_history_names_each_act(origin: Origin, browser: Browser, path: str) -> None:
    """The grant's page tells what happened, newest first, each with its receipt."""
    await browser.submit(path, {"action": "pause", "ask": "crm_phone"})
    await browser.submit(path, {"action": "withdraw", "ask": "crm_phone", "confirm": "yes"})
    page = await browser.get(path)
    history = page.words[page.words.index("Lịch sử") :]
    places = [history.index(words) for words in ("Rút lại “Xem số", "Tạm dừng “Xem số", "Đồng ý các mục đã chọn")]
    assert places == sorted(places)
    assert page.text.count("/permissions/receipts/BN-") >= 3


async def test_a_flash_is_never_free_text(browser: Browser, path: str) -> None:
    """`?done=` finds a record of the person's own or shows nothing; it cannot put words on the page."""
    for value in ("You have won", "lr_0000000000000000000000", "<b>x</b>"):
        page = await browser.get(f"{path}?done={quote(value)}")
        assert page.status == 200
        assert 'role="status"' not in page.text


async def test_a_suspended_app_can_still_be_withdrawn(origin: Origin, browser: Browser, path: str) -> None:
    """An operator's stop does not take the person's own end away; the consent screen is closed meanwhile."""
    await suspend_app(origin.scene.house, origin.scene.app.id, Actor.system(), reason="thử (mẫu)")
    assert (await browser.get(await origin.ask())).status == 403
    done = await browser.submit(path, {"action": "withdraw", "confirm": "yes"})
    assert "withdrawn" in (await browser.get(done.location)).ask_states.values()
