"""A second request of the same app, as the person sees it: only the difference, and nothing lost by mistake (R18)."""

import re
from datetime import timedelta

import orjson
import pytest

from gateway.acts.open_request import Wishes
from gateway.acts.pause import pause
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.withdraw import withdraw
from gateway.records.grants import store as grants
from gateway.records.grants.types import Grant
from gateway.records.ledger import notices, reading
from gateway.records.ledger.types import Actor, ActorKind, Record
from gateway.records.requests.types import Prompt
from gateway.terms.ids import AskId, GrantId
from tests.house import REDIRECT_URI, VERIFIER, agree, link_account
from tests.journeys.http.origin import Browser, Origin, Page

AGREE, REFUSE, DAY = ("decision", "agree"), ("decision", "refuse"), ("duration", "P1D")
WHOLE = Wishes(prompts=(Prompt.CONSENT,))
PROFILE, PHONE = AskId("oa_profile"), AskId("crm_phone")


@pytest.fixture
async def grant_id(origin: Origin) -> GrantId:
    """Let the owner have granted profile and name for 90 days, and refused the rest two months ago."""
    decided = await agree(origin.scene, frozenset({PROFILE, AskId("crm_name")}), duration="P90D")
    origin.scene.clock.advance(timedelta(days=31))
    return GrantId(str(decided.grant_id))


async def signed_in(origin: Origin, browser: Browser) -> Browser:
    """Give the browser a session of today."""
    return await browser.sign_in_as(origin.scene.owner)


async def get_grant(origin: Origin, grant_id: GrantId) -> Grant:
    """Read a grant."""
    async with origin.scene.house.storage.read() as connection:
        grant = await grants.find(connection, grant_id)
    assert grant is not None
    return grant


def states(grant: Grant) -> dict[str, str]:
    """Name the state of each ask."""
    return {p.ask_id: p.state.value for p in grant.permissions}


async def bought(origin: Origin, done: Page) -> set[str]:
    """Name the asks that the code of an answer buys."""
    redemption = Redemption(origin.scene.app, done.answer["code"], VERIFIER, REDIRECT_URI)
    answer = orjson.loads(await redeem(origin.scene.house, redemption))
    return {detail["ask"] for detail in answer["authorization_details"]}


async def test_what_stands_is_listed_and_has_no_box(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """New and formerly refused asks are unticked boxes; the others say until when they were agreed to."""
    await signed_in(origin, browser)
    page = await browser.get(await origin.ask())
    assert page.boxes == {"crm_phone", "order_send", "chat_read"}
    assert page.words.count("đã đồng ý đến 19/02/2027") == 2
    assert "xin thêm 3 mục" in page.words
    assert "giữ nguyên, dù bạn chọn nút nào" in page.words
    assert "Bạn đang bỏ" not in page.words
    assert page.seen == "1"
    assert states(await get_grant(origin, grant_id))["crm_phone"] == "refused"


@pytest.mark.parametrize("asks", [("oa_profile", "crm_name", "crm_phone"), ("oa_profile", "crm_name")])
async def test_what_another_admin_agreed_to_is_told_as_theirs(
    origin: Origin, browser: Browser, other_browser: Browser, grant_id: GrantId, asks: tuple[str, ...]
) -> None:
    """Who agreed is named to every other admin, on the screen and in the text that their record keeps (R47)."""
    scene = origin.scene
    await link_account(scene.house, scene.other_owner.id, external_id=scene.account.external_id)
    theirs = await (await other_browser.sign_in_as(scene.other_owner)).get(await origin.ask(*asks))
    assert theirs.words.count("chu-1 (mẫu) đã đồng ý đến 19/02/2027") == 2
    assert "bạn đã đồng ý" not in theirs.words.casefold()
    assert "bạn đã quyết" not in theirs.words.casefold()
    own = await (await signed_in(origin, browser)).get(await origin.ask(*asks))
    assert own.words.count("bạn đã đồng ý đến 19/02/2027") == 2
    path = await origin.ask(*asks)
    page = await other_browser.get(path)
    ticked = [("ask", "crm_phone")] if len(asks) > 2 else []
    fields = [*ticked, ("account", scene.account.id), DAY, AGREE, ("seen", page.seen), ("csrf_token", page.token)]
    assert "code" in (await other_browser.post(path, fields)).answer
    async with scene.house.storage.read() as connection:
        newest = (await reading.list_of_grant(connection, grant_id, scene.other_owner.id, 1))[0]
        assert isinstance(newest, Record)
        kept = await notices.find(connection, newest.facts["notice"])
    assert kept is not None
    assert "chu-1 (mẫu) đã đồng ý đến 19/02/2027" in kept[1]


async def test_agreeing_extends_only_what_is_ticked(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """The tick is granted, the rows that stood are the same rows, and the code buys old and new together."""
    await signed_in(origin, browser)
    before = {p.ask_id: p for p in (await get_grant(origin, grant_id)).permissions}
    path = await origin.ask("oa_profile", "crm_name", "crm_phone")
    page = await browser.get(path)
    account = ("account", origin.scene.account.id)
    fields = [("ask", "crm_phone"), account, ("duration", "P30D"), ("seen", page.seen), AGREE]
    done = await browser.post(path, [*fields, ("csrf_token", page.token)])
    after = {p.ask_id: p for p in (await get_grant(origin, grant_id)).permissions}
    assert after[PROFILE] == before[PROFILE]
    assert after[PHONE].state == "granted"
    assert await bought(origin, done) == {"oa_profile", "crm_name", "crm_phone"}


@pytest.mark.parametrize("fields", [[REFUSE], [AGREE], [REFUSE, ("ask", "crm_phone")]])
async def test_refusing_the_difference_keeps_what_stands(
    origin: Origin, browser: Browser, grant_id: GrantId, fields: list[tuple[str, str]]
) -> None:
    """Refuse, or no tick: access_denied, and the old grant is as it was."""
    await signed_in(origin, browser)
    done = await browser.submit(await origin.ask(), [*fields, ("account", origin.scene.account.id)])
    assert done.answer["error"] == "access_denied"
    grant = await get_grant(origin, grant_id)
    assert {ask for ask, state in states(grant).items() if state == "granted"} == {"oa_profile", "crm_name"}


async def test_new_items_last_no_longer_than_what_stands(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """The durations offered end by the old end; a longer one is a form that was tampered with."""
    await signed_in(origin, browser)
    path = await origin.ask("oa_profile", "crm_phone")
    page = await browser.get(path)
    assert [code in page.text for code in ("P1D", "P30D", "P90D", "P365D")] == [True, True, False, False]
    fields = [("ask", "crm_phone"), ("account", origin.scene.account.id), ("duration", "P90D"), AGREE]
    refused = await browser.post(path, [*fields, ("csrf_token", page.token)])
    assert refused.status == 400
    assert states(await get_grant(origin, grant_id))["crm_phone"] == "refused"


async def test_new_items_may_last_as_long_as_what_stands(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """The last offer is the very end of what stands, however long the page was open; alone, where no day is left."""
    path = await origin.ask("oa_profile", "crm_phone")
    await signed_in(origin, browser)
    page = await browser.get(path)
    assert re.findall(r'<option value="(\w+)"', page.text) == ["P1D", "P30D", "standing"]
    assert "Đến 19/02/2027, như mục đã đồng ý" in page.words
    assert "không dài hơn mục dài nhất đã đồng ý" in page.words
    origin.scene.clock.advance(timedelta(minutes=2))
    account = ("account", origin.scene.account.id)
    await browser.post(path, [("ask", PHONE), account, ("duration", "standing"), AGREE, ("csrf_token", page.token)])
    ends = {p.ask_id: p.ends_at for p in (await get_grant(origin, grant_id)).permissions}
    assert ends[PHONE] == ends[PROFILE] is not None
    origin.scene.clock.advance(timedelta(days=58, hours=2))
    await signed_in(origin, browser)
    late = await browser.get(await origin.ask())
    assert re.findall(r'<option value="(\w+)"( selected)?', late.text) == [("standing", " selected")]
    whole = await origin.ask(wishes=WHOLE)
    tampered = await browser.submit(whole, [("ask", PROFILE), account, ("duration", "standing"), AGREE])
    assert (tampered.status, "thời hạn không được phép" in tampered.words) == (400, True)


async def test_nothing_to_decide_needs_one_press(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """A short page: no box, no duration, two equal buttons; only the press gives a code."""
    await signed_in(origin, browser)
    path = await origin.ask("oa_profile", "crm_name")
    page = await browser.get(path)
    assert (page.status, page.boxes) == (200, set())
    assert "duration" not in page.text
    assert "muốn nối lại" in page.words
    assert page.words.count("đã đồng ý đến 19/02/2027") == 2
    assert page.policy == "'self' http:"
    fields = [("account", origin.scene.account.id), ("seen", page.seen), AGREE, ("csrf_token", page.token)]
    fields.append(("duration", "none is asked for here"))
    assert await bought(origin, await browser.post(path, fields)) == {"oa_profile", "crm_name"}
    assert (await get_grant(origin, grant_id)).version == 2


async def test_a_reconnection_has_a_receipt_of_its_own(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """It says that nothing new was decided, which asks the code reaches, until when and to whom, and it verifies."""
    await signed_in(origin, browser)
    path = await origin.ask("oa_profile", "crm_name")
    await browser.submit(path, [("account", origin.scene.account.id), AGREE])
    listed = await browser.get("/permissions/receipts")
    assert "nối lại với 2 mục đã đồng ý từ trước, không quyết gì mới" in listed.words
    code = listed.text.split('data-receipt="')[1].split('"')[0]
    sheet = await browser.get(f"/permissions/receipts/{code}")
    for words in ("Biên nhận nối lại", "Xem họ tên người quan tâm OA", "A (mẫu), Việt Nam", "đến 19/02/2027"):
        assert words in sheet.words
    assert "Biên nhận đồng ý" not in sheet.words
    signed = await browser.get(f"/permissions/receipts/{code}.json")
    receipt = orjson.loads(signed.text)["receipt"]
    assert receipt["event"] == "reconnected"
    assert {item["ask"]: item["decision"] for item in receipt["items"]} == {
        "oa_profile": "granted",
        "crm_name": "granted",
    }
    checked = await browser.submit("/receipts/verify", {"receipt": signed.text})
    assert "Chữ ký đúng và bản ghi nằm trong nhật ký đã ký" in checked.words
    assert "Nối lại ứng dụng, không quyết gì mới" in (await browser.get(f"/permissions/{grant_id}")).words


async def test_a_short_page_that_no_app_asked_for(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """Reconsidering what was agreed to meanwhile gives no app anything and names no place of return."""
    await signed_in(origin, browser)
    own = (await browser.submit(f"/permissions/{grant_id}", {"action": "reconsider", "ask": PHONE})).location
    fields = [("ask", PHONE), ("account", origin.scene.account.id), DAY, AGREE]
    assert "code" in (await browser.submit(await origin.ask(PHONE), fields)).answer
    page = await browser.get(own)
    assert "đều đã được đồng ý. Xong ở đây, bạn trở về Quản lý quyền" in page.words
    assert "nhận mã mới" not in page.words


async def test_the_short_page_can_be_refused(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """No code, and the other device keeps what it has."""
    await signed_in(origin, browser)
    done = await browser.submit(await origin.ask("oa_profile"), [REFUSE])
    assert done.answer["error"] == "access_denied"
    assert states(await get_grant(origin, grant_id))["oa_profile"] == "granted"
    again = await browser.get(await origin.ask("oa_profile"))
    assert "muốn nối lại" in again.words


async def test_the_short_page_needs_its_account(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """Without the account the page asks again, as every screen does."""
    await signed_in(origin, browser)
    page = await browser.submit(await origin.ask("oa_profile"), [AGREE])
    assert page.status == 400
    assert "Chưa chọn tài khoản" in page.words
    assert (await get_grant(origin, grant_id)).version == 1


async def test_nothing_is_added_to_what_is_over(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """With refusals and ends alone the app asks, and does not ask for more; a paused item is something that it has."""
    await signed_in(origin, browser)
    owner = Actor(ActorKind.PERSON, origin.scene.owner.id)
    await pause(origin.scene.house, grant_id, owner, ask_ids=[PROFILE])
    assert "xin thêm 1 mục" in (await browser.get(await origin.ask("crm_phone"))).words
    await withdraw(origin.scene.house, grant_id, owner)
    page = await browser.get(await origin.ask("crm_phone"))
    assert ("xin phép 1 mục" in page.words, "xin thêm" in page.words) == (True, False)


async def test_a_paused_item_is_listed_as_paused(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """A pause is the owner's: a request neither hides nor lifts it."""
    await pause(origin.scene.house, grant_id, Actor(ActorKind.PERSON, origin.scene.owner.id), ask_ids=[PROFILE])
    await signed_in(origin, browser)
    page = await browser.get(await origin.ask("oa_profile"))
    assert "đang tạm dừng" in page.words
    assert page.boxes == set()


async def test_the_whole_screen_says_what_would_end(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """`prompt=consent`: every ask is an unticked box; those that stand say that leaving them open drops them."""
    await signed_in(origin, browser)
    path = await origin.ask(wishes=WHOLE)
    page = await browser.get(path)
    assert page.boxes == origin.scene.all_asks
    assert page.words.count("Bạn đang bỏ mục này") == 2
    assert "dừng ngay khi bạn đồng ý" in page.words
    assert 'id="leaving-oa_profile"' in page.text
    assert 'id="leaving-crm_phone"' not in page.text


async def test_what_is_decided_anew_is_not_called_more(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """`prompt=consent` for one of two that stand: the heading counts it, and adds nothing to what the app has."""
    await signed_in(origin, browser)
    page = await browser.get(await origin.ask("oa_profile", wishes=WHOLE))
    assert page.boxes == {"oa_profile"}
    assert ("xin phép 1 mục" in page.words, "xin thêm" in page.words) == (True, False)


async def test_a_narrower_decision_takes_effect_when_it_is_made(
    origin: Origin, browser: Browser, grant_id: GrantId
) -> None:
    """What was left unticked has ended before the app has redeemed anything."""
    await signed_in(origin, browser)
    path = await origin.ask(wishes=WHOLE)
    page = await browser.get(path)
    account = ("account", origin.scene.account.id)
    fields = [("ask", "oa_profile"), account, ("duration", "P1D"), ("seen", page.seen), AGREE]
    done = await browser.post(path, [*fields, ("csrf_token", page.token)])
    assert states(await get_grant(origin, grant_id))["crm_name"] == "withdrawn"
    stones = origin.scene.house.journal.read().tombstones
    assert len(stones[-1].permission_ids) == 1
    assert await bought(origin, done) == {"oa_profile"}


async def test_the_text_that_was_shown_is_archived_for_each_face(
    origin: Origin, browser: Browser, grant_id: GrantId
) -> None:
    """The record of a difference, of a short page and of a whole screen names the very words that stood there."""
    await signed_in(origin, browser)
    account = ("account", origin.scene.account.id)
    cases = [
        (await origin.ask("oa_profile"), [account, AGREE], "muốn nối lại"),
        (await origin.ask("oa_profile", "crm_phone"), [("ask", "crm_phone"), account, DAY, AGREE], "xin thêm 1 mục"),
        (await origin.ask(wishes=WHOLE), [("ask", "oa_profile"), account, DAY, AGREE], "Bạn đang bỏ mục này"),
    ]
    for path, fields, words in cases:
        await browser.submit(path, fields)
        async with origin.scene.house.storage.read() as connection:
            record = (await reading.list_records(connection, reading.Search(grant_ids=[grant_id]), 1))[0]
            kept = await notices.find(connection, str(record.facts["notice"]))
        assert kept is not None
        assert words in kept[1]


async def test_a_screen_that_grew_old_is_shown_again(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """Someone else changed the grant meanwhile: nothing is decided, and the page shows how things stand now."""
    await signed_in(origin, browser)
    path = await origin.ask("oa_profile", "crm_name", "crm_phone")
    page = await browser.get(path)
    owner = Actor(ActorKind.PERSON, origin.scene.owner.id)
    await withdraw(origin.scene.house, grant_id, owner, ask_ids=[AskId("crm_name")])
    fields = [("ask", "crm_phone"), ("account", origin.scene.account.id), ("seen", page.seen), DAY, AGREE]
    again = await browser.post(path, [*fields, ("csrf_token", page.token)])
    assert again.status == 400
    assert "vừa đổi trong lúc bạn xem" in again.words
    assert again.boxes == {"crm_name", "crm_phone"}
    assert again.seen == "2"
    assert states(await get_grant(origin, grant_id))["crm_phone"] == "refused"


@pytest.mark.parametrize("seen", ["", "x", "9" * 40, "-1", "٣"])
async def test_a_version_that_is_none_is_asked_again(
    origin: Origin, browser: Browser, grant_id: GrantId, seen: str
) -> None:
    """The field is for the page: nonsense there decides nothing; a form without it is judged by the records alone."""
    await signed_in(origin, browser)
    path = await origin.ask("oa_profile", "crm_phone")
    fields = [("ask", "crm_phone"), ("account", origin.scene.account.id), DAY, AGREE]
    again = await browser.submit(path, [*fields, ("seen", seen)])
    assert (again.status, again.boxes) == (400, {"crm_phone"})
    assert "Cổng không đọc được biểu mẫu vừa gửi, nên chưa ghi gì" in again.words
    assert (await get_grant(origin, grant_id)).version == 1
    assert "code" in (await browser.submit(path, fields)).answer


# --- several accounts -------------------------------------------------------------------------------------------------


@pytest.fixture
async def second(origin: Origin, grant_id: GrantId) -> str:
    """Let the owner hold another account, about which nothing was decided."""
    return (await link_account(origin.scene.house, origin.scene.owner.id, external_id="4000000000000009")).id


async def test_with_several_accounts_the_account_comes_first(
    origin: Origin, browser: Browser, grant_id: GrantId, second: str
) -> None:
    """What is asked depends on the account, so that is asked first; each then shows its own difference."""
    await signed_in(origin, browser)
    path = await origin.ask()
    first = await browser.get(path)
    assert first.boxes == set()
    assert "cho tài khoản nào?" in first.words
    none = await browser.submit(path, {"decision": "choose"})
    assert (none.status, "Chưa chọn tài khoản" in none.words) == (400, True)
    chosen = await browser.submit(path, {"decision": "choose", "account": origin.scene.account.id})
    assert chosen.location == path
    assert (await browser.get(path)).boxes == {"crm_phone", "order_send", "chat_read"}
    assert (await browser.submit(path, {"decision": "choose"})).location == path
    await browser.submit(path, {"decision": "choose", "account": second})
    page = await browser.get(path)
    assert page.boxes == origin.scene.all_asks
    ticked = [("ask", "oa_profile"), ("account", second), ("seen", page.seen), DAY]
    done = await browser.submit(path, [*ticked, AGREE])
    assert await bought(origin, done) == {"oa_profile"}
    assert (await get_grant(origin, grant_id)).version == 1


async def test_nothing_is_decided_before_the_account_is_chosen(
    origin: Origin, browser: Browser, grant_id: GrantId, second: str
) -> None:
    """Ticks for a screen that was not shown are no answer; a refusal is one."""
    await signed_in(origin, browser)
    path = await origin.ask()
    refused = await browser.submit(path, [("ask", "crm_phone"), ("account", second), AGREE])
    assert refused.status == 400
    assert (await browser.submit(path, [REFUSE])).answer["error"] == "access_denied"
    assert (await get_grant(origin, grant_id)).version == 1


async def test_a_choice_made_before_linking_does_not_end_what_stands(
    origin: Origin, browser: Browser, other_browser: Browser, grant_id: GrantId
) -> None:
    """Linking leads to an account that another admin decided about: the difference is asked, void ticks are named."""
    await other_browser.sign_in_as(origin.scene.other_owner)
    path = await origin.ask()
    ticked = [("ask", "oa_profile"), ("ask", "crm_phone")]
    linking = await other_browser.submit(path, [*ticked, ("duration", "P1D"), AGREE])
    assert linking.status == 303
    unlinked = await other_browser.get(path)
    assert "Chưa nối tài khoản, nên điều bạn chọn trước đó chưa được ghi." in unlinked.words
    assert (await other_browser.submit(path, [*ticked, ("duration", "P1D"), AGREE])).status == 303
    await link_account(origin.scene.house, origin.scene.other_owner.id, external_id=origin.scene.account.external_id)
    page = await other_browser.get(path)
    assert page.boxes == {"crm_phone", "order_send", "chat_read"}
    assert "đã có quyết định từ trước về ứng dụng này, nên điều bạn chọn trước khi nối chưa được ghi" in page.words
    assert "Bạn đã chọn: Xem số điện thoại người quan tâm OA." in page.words
    assert "chưa được ghi" not in (await other_browser.get(path)).words
    assert (await get_grant(origin, grant_id)).version == 1


async def test_a_choice_made_before_linking_of_what_stands_is_nothing_lost(
    origin: Origin, other_browser: Browser, grant_id: GrantId
) -> None:
    """All that was asked stands by then: the short page, without alarm."""
    assert grant_id
    await other_browser.sign_in_as(origin.scene.other_owner)
    path = await origin.ask("oa_profile", "crm_name")
    fields = [("ask", "oa_profile"), ("ask", "crm_name"), ("duration", "P1D"), AGREE]
    assert (await other_browser.submit(path, fields)).status == 303
    await link_account(origin.scene.house, origin.scene.other_owner.id, external_id=origin.scene.account.external_id)
    page = await other_browser.get(path)
    assert (page.boxes, "muốn nối lại" in page.words, "chưa được ghi" in page.words) == (set(), True, False)


async def test_an_app_may_want_the_account_to_be_chosen(origin: Origin, browser: Browser) -> None:
    """`prompt=select_account`: no account is preselected, be it the only one."""
    path = await origin.ask(wishes=Wishes(prompts=(Prompt.SELECT_ACCOUNT,)))
    origin.scene.clock.advance(1)
    await signed_in(origin, browser)
    page = await browser.get(path)
    assert 'type="radio" name="account"' in page.text
    assert "checked" not in page.text
