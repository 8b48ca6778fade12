"""A shop's follower decides for themself: from a link, through their own Zalo sign-in, to Quản lý quyền (ADR 0032)."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.acts.keep_revocation import keep_revocation
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.suspend import suspend_app
from gateway.authority.bases import Said
from gateway.doors.person.meeting import QUESTIONS
from gateway.records.accounts import store as accounts
from gateway.records.accounts.pairs import note_pairs
from gateway.records.accounts.revoked import Revocation
from gateway.records.accounts.types import ProfilePair
from gateway.records.apps.tables import asks
from gateway.records.grants import store as grants
from gateway.records.grants.tables import permissions
from gateway.records.ledger.types import Actor
from gateway.records.people import identities
from gateway.records.people.identities import Identity
from gateway.records.people.types import Role
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.sandbox.zalo.seeds import BAKERY, BAKERY_ID
from gateway.terms.ids import AppId, TraceId, new_id
from tests.bringing import bring, row_of
from tests.followers import CHAT, NAME, PHONE, take_back_at_zalo
from tests.house import PUBLIC_URL
from tests.journeys.http.origin import Browser
from tests.journeys.http.shops import FAN, Shop
from tests.platforms.sandbox.zalo_caller import APP_ID

OTHER = BAKERY.followers[1]


@pytest.fixture
async def stranger(shop: Shop) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with shop.origin.browser() as browser:
        yield browser


async def test_a_link_names_shop_app_and_asks_to_anyone(shop: Shop, stranger: Browser) -> None:
    """Who opens it reads both names and every ask; it decides nothing and leads to the sign-in and back (R63)."""
    page = await stranger.get(shop.link())
    assert page.status == 200
    for word in (shop.name, "Giao tận nhà (mẫu)", "Cần bạn đồng ý", "Chỉ bạn quyết được cho bạn"):
        assert word in page.words
    assert 'name="action"' not in page.text
    assert dict(page.hidden)["return_to"] == shop.link().replace("&", "&amp;")
    assert "crm_phone (mẫu)" in page.words
    for word in ("Xem số điện thoại của bạn", "Dữ liệu này của bạn chỉ đi qua khi chính bạn đã đồng ý."):
        assert word in page.words
    for word in ("Xem số điện thoại người quan tâm", "khi chính người đó đã đồng ý"):
        assert word not in page.words
    assert "View your phone number" in (await stranger.get(f"{shop.link()}&lang=en")).words
    some = await stranger.get(shop.link(asks="crm_name"))
    assert "crm_phone (mẫu)" not in some.words


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "by password"])
async def test_one_press_on_the_page_leads_to_zalo_and_back(
    shop: Shop, stranger: Browser, *, is_signed_in: bool
) -> None:
    """Nobody meets a form for login and password on the way; also not who is signed in by a password."""
    if is_signed_in:
        await stranger.sign_in_as(await shop.fans.add("khach-3", Role.FOLLOWER))
    page = await stranger.get(shop.link())
    assert page.policy == "'self' http:"
    form = page.text.partition('action="/sign-in/')[2].partition("</form>")[0]
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    refused = await stranger.post("/sign-in/zalo", {"return_to": shop.link()})
    assert refused.status == 403
    out = await stranger.post("/sign-in/zalo", {"return_to": shop.link(), "csrf_token": token[1]})
    assert out.status == 303
    back = await stranger.get(await shop.fans.agree(out.location))
    assert back.location == shop.link()
    assert 'value="decide"' in (await stranger.get(back.location)).text


@pytest.mark.parametrize(
    "link",
    [
        "/ask",
        f"/ask?app=nobody&account={BAKERY_ID}",
        "/ask?app=giao-tan-nha&account=4000000000000001",
        f"/ask?app=giao-tan-nha&account={BAKERY_ID}&asks=oa_profile",
        f"/ask?app=giao-tan-nha&account={BAKERY_ID}&asks=order_send",
        f"/ask?app=giao-hang&account={BAKERY_ID}",
        f"/ask?app=giao-tan-nha&account={BAKERY_ID}/{FAN.user_id}",
        f"/ask?app=giao-tan-nha&account={BAKERY_ID}&asks={'x' * 4000}",
    ],
)
async def test_a_link_that_no_shop_stands_behind_leads_nowhere(shop: Shop, stranger: Browser, link: str) -> None:
    """An app that the shop gave nothing, nothing about followers, no such shop: nobody is asked in a shop's name."""
    assert (await stranger.get(link)).status == 404
    await suspend_app(shop.asking.house, shop.asking.app.id, Actor.system(), reason="thử (mẫu)")
    assert (await stranger.get(shop.link())).status == 404


async def test_a_follower_decides_and_takes_back(shop: Shop, fan: Browser) -> None:
    """The whole way: link, screen with nothing ticked, decision, Quản lý quyền, withdrawal; in force at once."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    assert screen.boxes == {NAME, PHONE, CHAT}
    assert f"Về bạn ở {shop.name}" in screen.words
    assert "Dữ liệu của người khác" not in screen.words
    account = dict(screen.hidden)["account"]
    fields = [("account", account), ("ask", NAME), ("duration", "P30D"), ("decision", "agree"), ("seen", screen.seen)]
    done = await fan.post(screen_path, [*fields, ("csrf_token", screen.token)])
    grant_path = done.location.partition("?")[0]
    page = await fan.get(done.location)
    assert page.ask_states == {NAME: "granted", PHONE: "refused", CHAT: "refused"}
    assert shop.name in page.words
    assert "credentials" not in page.text
    said = await shop.find_said()
    assert said.agreed == {NAME: {FAN.user_id}}
    assert not said.has_only_refused(FAN.user_id)
    cards = await fan.get("/permissions")
    assert "Giao tận nhà (mẫu)" in cards.words
    for uncounted in ("Chưa dùng", "Lượt gọi, 30 ngày"):
        assert uncounted not in cards.words + page.words
    receipts = await fan.get("/permissions/receipts")
    (code,) = set(re.findall(r"BN-\w+", receipts.text))
    receipt = await fan.get(f"/permissions/receipts/{code}")
    assert f"quyết định ứng dụng Giao tận nhà (mẫu) của {shop.name} được biết gì về chính mình" in receipt.words
    assert f"Bên kiểm soát {shop.name};" in receipt.words
    assert f"quyết định cho {shop.name}" not in receipt.words
    told = json.loads((await fan.get(f"/permissions/receipts/{code}.json")).text)["receipt"]
    assert told["shop"] == {"platform": "zalo", "external_id": BAKERY_ID, "name": shop.name}
    again = await shop.press(fan, shop.link(follower="", asks="crm_name"), action="decide")
    assert again.location == grant_path
    await fan.submit(grant_path, {"action": "withdraw", "confirm": "yes"})
    said = await shop.find_said()
    assert said.agreed == {}
    assert said.has_only_refused(FAN.user_id)
    anew = await fan.submit(grant_path, {"action": "reconsider", "ask": NAME})
    assert "Về bạn ở" in (await fan.get(anew.location)).words


async def test_what_they_took_back_at_zalo_itself_stands_on_their_pages(shop: Shop, stranger: Browser) -> None:
    """Who never came here finds it when they first sign in, with receipts (R81), and may decide anew; nobody else."""
    await take_back_at_zalo(shop.asking, FAN.user_id, login_subject=FAN.id_by_app)
    await shop.fans.sign_in(stranger, OTHER.id_by_app)
    assert (await stranger.get("/permissions")).grant_states == {}
    async with shop.origin.browser() as fan:
        await shop.fans.sign_in(fan)
        states = (await fan.get("/permissions")).grant_states
        assert list(states.values()) == ["refused", "refused"]
        for path in (f"/permissions/{each}" for each in states):
            page = await fan.get(path)
            assert "Rút lại ngay tại nền tảng" in page.words
            assert "Nền tảng báo" in page.words
            assert "Taken back at the platform itself" in (await fan.get(f"{path}?lang=en")).words
        receipts = await fan.get("/permissions/receipts")
        codes = set(re.findall(r"BN-\w+", receipts.text))
        assert len(codes) == 2
        for code in codes:
            receipt = json.loads((await fan.get(f"/permissions/receipts/{code}.json")).text)["receipt"]
            assert (receipt["event"], receipt["collection_method"]) == ("withdrawn", "platform")
            assert (receipt["person"], {item["decision"] for item in receipt["items"]}) == (
                {"id": "zalo", "name": ""},
                {"refused"},
            )
            words = (await fan.get(f"/permissions/receipts/{code}")).words
            assert (
                "Zalo Official Account báo rằng bạn đã rút lại sự đồng ý, hoặc yêu cầu xóa dữ liệu, ngay tại nền tảng."
                in words
            )
            assert "được biết gì về chính mình" not in words
            is_contract = receipt["controller"]["client_id"] == "so-ban-hang"
            assert ("phản đối 3 mục" in words, "từ chối 3 mục" in words) == (is_contract, not is_contract)
            told = {"asks": [CHAT, NAME, PHONE], "is_told": False}
            assert receipt["erasure"] == (told if is_contract else None)
            assert ("Ứng dụng phải xóa những gì đang giữ về bạn: " in words) == is_contract
            assert ("nên cổng chưa báo được" in words) == is_contract
        screen_path = (await shop.press(fan, shop.link(), action="decide")).location
        screen = await fan.get(screen_path)
        fields = [("account", dict(screen.hidden)["account"]), ("ask", NAME), ("duration", "P30D")]
        await fan.post(
            screen_path, [*fields, ("decision", "agree"), ("seen", screen.seen), ("csrf_token", screen.token)]
        )
        assert (await shop.find_said()).agreed == {NAME: {FAN.user_id}}
        await shop.fans.sign_in(fan)
        assert len((await fan.get("/permissions")).grant_states) == 2


async def test_receipts_say_objection_and_what_an_app_is_to_erase(shop: Shop, fan: Browser) -> None:
    """An objection is headed as one; after it Zalo's word ends nothing more, and has the app erase what it held."""
    await set_endpoint(shop.asking.house, AppId("so-ban-hang"), "http://127.0.0.1:9/", Actor.system())
    await shop.press(fan, shop.link("so-ban-hang"), action="object")
    (code,) = set(re.findall(r"BN-\w+", (await fan.get("/permissions/receipts")).text))
    receipt = await fan.get(f"/permissions/receipts/{code}")
    for word in ("Biên nhận phản đối", "phản đối 3 mục"):
        assert word in receipt.words
    assert "ừ chối" not in receipt.words
    assert "Receipt of an objection" in (await fan.get(f"/permissions/receipts/{code}?lang=en")).words
    await take_back_at_zalo(shop.asking, FAN.user_id)
    codes = set(re.findall(r"BN-\w+", (await fan.get("/permissions/receipts")).text)) - {code}
    pages = [(await fan.get(f"/permissions/receipts/{each}")).words for each in codes]
    (erased,) = [words for words in pages if "Ứng dụng phải xóa những gì đang giữ về bạn: " in words]
    for word in ("không còn mục nào, vì trước đó bạn đã nói không ở đây", "Cổng gửi yêu cầu xóa tới ứng dụng."):
        assert word in erased
    assert "Quyết định từng mục" not in erased


async def test_what_they_took_back_before_anybody_knew_them_ends_when_they_come(shop: Shop, fan: Browser) -> None:
    """A Mini App told it by the sign-in alone: an imported consent ends as soon as the shop says who they are."""
    house, now = shop.asking.house, shop.asking.clock.now()
    assert await bring(shop.asking, row_of(shop.asking, FAN.user_id, NAME)) == ["granted"]
    told = Revocation(bytes(32), "zalo", APP_ID, FAN.id_by_app, "", "user.revoke.consent", now)
    await keep_revocation(house, told)
    assert (await shop.find_said()).agreed == {NAME: {FAN.user_id}}
    await shop.press(fan, shop.link(), action="decide")
    assert (await shop.find_said()).agreed == {}
    codes = set(re.findall(r"BN-\w+", (await fan.get("/permissions/receipts")).text))
    receipts = [json.loads((await fan.get(f"/permissions/receipts/{code}.json")).text)["receipt"] for code in codes]
    (own,) = [
        each for each in receipts if each["event"] == "withdrawn" and each["controller"]["client_id"] == "giao-tan-nha"
    ]
    assert own["collection_method"] == "platform"


async def test_staff_and_those_without_a_profile_get_none_by_signing_in(shop: Shop, stranger: Browser) -> None:
    """Only what is there already is theirs, and an operator who signs in by Zalo decides for nobody (R70)."""
    house, account = shop.asking.house, shop.asking.account
    async with house.storage.unit() as unit:
        pairs = [ProfilePair(account.id, each.id_by_app, each.user_id, house.clock.now()) for each in (FAN, OTHER)]
        await note_pairs(unit.connection, house.vault, pairs)
        await unit.commit()
    await take_back_at_zalo(shop.asking, FAN.user_id, login_subject=FAN.id_by_app)
    staff = await shop.fans.add("van-hanh-zalo", Role.OPERATOR)
    async with house.storage.unit() as unit:
        known = Identity(shop.fans.login.issuer, FAN.id_by_app, staff.id, "operator", house.clock.now())
        await identities.add(unit.connection, known)
        await unit.commit()
    await shop.fans.sign_in(stranger)
    async with shop.origin.browser() as other:
        await shop.fans.sign_in(other, OTHER.id_by_app)
    someone = await shop.fans.find_person(OTHER.id_by_app)
    assert someone is not None
    async with house.storage.read() as connection:
        held = [await accounts.list_held(connection, each, house.clock.now()) for each in (staff.id, someone.id)]
    assert held == [[], []]


async def test_an_ask_from_before_bases_is_decided_on_as_any(shop: Shop, fan: Browser) -> None:
    """Its rows name no basis: the link asks, the answer counts and may be thought over, the owner finds the link."""
    async with shop.asking.house.storage.unit() as unit:
        for table in (asks, permissions):
            await unit.connection.execute(table.update().values(basis=None))
        await unit.commit()
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    assert screen.boxes == {NAME, PHONE, CHAT}
    fields = [("account", dict(screen.hidden)["account"]), ("ask", NAME), ("duration", "P30D"), ("seen", screen.seen)]
    done = await fan.post(screen_path, [*fields, ("decision", "agree"), ("csrf_token", screen.token)])
    assert (await shop.find_said()).agreed == {NAME: {FAN.user_id}}
    anew = await fan.submit(done.location.partition("?")[0], {"action": "reconsider", "ask": PHONE})
    assert (await fan.get(anew.location)).boxes == {PHONE}
    async with shop.origin.browser() as owner:
        await owner.sign_in_as(shop.asking.owner)
        pages = [await owner.get(f"/permissions/{each}") for each in (await owner.get("/permissions")).grant_states]
    assert all("data-invitation" in page.text for page in pages)


async def test_a_refusal_is_kept_as_one(shop: Shop, fan: Browser) -> None:
    """No tick and no is a no of theirs, with a receipt; nothing passes and no message comes (R61)."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    fields = {"account": dict(screen.hidden)["account"], "decision": "refuse"}
    done = await fan.submit(screen_path, fields)
    assert set((await fan.get(done.location)).ask_states.values()) == {"refused"}
    assert (await shop.find_said()).has_only_refused(FAN.user_id)


async def test_who_a_follower_is_the_platform_says(shop: Shop, fan: Browser) -> None:
    """Another's link, and one without a name before the first, decide nothing; afterwards the counter's code works."""
    for link, why in (
        (shop.link(follower=OTHER.user_id), "gửi cho một người quan tâm khác"),
        (shop.link(follower="4620160001000000138"), "gửi cho một người quan tâm khác"),
        (shop.link(follower="x"), "gửi cho một người quan tâm khác"),
        (shop.link(follower=""), "Cổng chưa biết bạn là ai"),
    ):
        page = await shop.press(fan, link, action="decide")
        assert page.status == 403
        assert why in page.words
    async with shop.asking.house.storage.read() as connection:
        assert await accounts.find_external(connection, "zalo", f"{BAKERY_ID}/{OTHER.user_id}") is None
    assert (await shop.press(fan, shop.link(), action="decide")).location.startswith("/consent/")
    assert (await shop.press(fan, shop.link(follower=""), action="decide")).location.startswith("/consent/")
    known = await shop.press(fan, shop.link(follower=OTHER.user_id), action="decide")
    assert known.status == 403


async def test_the_counter_s_code_serves_whom_the_platform_told_of(shop: Shop, fan: Browser) -> None:
    """Once a signed event named both ids of a person, a link that names nobody leads them to the screen."""
    house, account = shop.asking.house, shop.asking.account
    async with house.storage.unit() as unit:
        pair = ProfilePair(account.id, FAN.id_by_app, FAN.user_id, house.clock.now())
        await note_pairs(unit.connection, house.vault, [pair])
        await unit.commit()
    before = len(await shop.fans.zalo.received())
    assert (await shop.press(fan, shop.link(follower=""), action="decide")).location.startswith("/consent/")
    assert len(await shop.fans.zalo.received()) == before


@pytest.mark.parametrize("role", [Role.OWNER, Role.FOLLOWER])
async def test_a_password_proves_no_follower(shop: Shop, stranger: Browser, role: Role) -> None:
    """The owner, or a follower who came in by a password, is told to sign in by Zalo (R70)."""
    person = shop.asking.owner if role is Role.OWNER else await shop.fans.add("khach-2", role)
    await stranger.sign_in_as(person)
    page = await stranger.get(shop.link())
    assert 'name="action"' not in page.text
    token = (await stranger.get("/permissions/receipts")).token
    fields = {"app": "giao-tan-nha", "account": BAKERY_ID, "follower": FAN.user_id, "action": "decide"}
    answer = await stranger.post("/ask", {**fields, "csrf_token": token})
    assert answer.status == 403
    assert "Đăng nhập bằng Zalo" in answer.words


async def test_staff_decide_for_nobody(shop: Shop, stranger: Browser) -> None:
    """An operator sees the page as anyone does, and every button of it refuses them (R70)."""
    await stranger.sign_in_as(await shop.fans.add("van-hanh", Role.OPERATOR))
    fields = {"app": "giao-tan-nha", "account": BAKERY_ID, "follower": FAN.user_id, "action": "decide"}
    token = (await stranger.get("/sign-in/ways")).token
    refused = await stranger.post("/ask", {**fields, "csrf_token": token})
    assert refused.status == 403
    assert await shop.find_said() == Said()


async def test_a_form_that_was_tampered_with_decides_nothing(shop: Shop, fan: Browser) -> None:
    """No such act, no such ask, an agreement to a contract: refused."""
    assert (await shop.press(fan, shop.link(), action="agree")).status == 400
    assert (await shop.press(fan, shop.link("so-ban-hang"), action="decide")).status == 400
    assert (await shop.press(fan, shop.link(), action="object")).location == "/permissions"
    assert await shop.find_said() == Said()


async def test_a_credential_that_ran_out_is_renewed(shop: Shop, fan: Browser) -> None:
    """The shop's own token is over: it is renewed, and the follower is met all the same."""
    shop.asking.clock.advance(timedelta(hours=26))
    await shop.fans.sign_in(fan)
    assert (await shop.press(fan, shop.link(), action="decide")).location.startswith("/consent/")


async def test_a_shop_whose_connection_is_lost_proves_nobody(shop: Shop, fan: Browser) -> None:
    """Where the platform refuses the shop, nobody is met, and the page says that the platform said no."""
    await shop.fans.zalo.switch(app_removed=True)
    page = await shop.press(fan, shop.link(), action="decide")
    assert page.status == 400
    async with shop.asking.house.storage.read() as connection:
        assert await accounts.find_external(connection, "zalo", f"{BAKERY_ID}/{FAN.user_id}") is None


async def test_questions_are_counted(shop: Shop, fan: Browser) -> None:
    """Each question costs the shop a call of its allowance, so that nobody asks without end."""
    for _ in range(QUESTIONS.times):
        await shop.press(fan, shop.link(follower=OTHER.user_id), action="decide")
    assert (await shop.press(fan, shop.link(follower=OTHER.user_id), action="decide")).status == 429


async def test_the_owner_finds_the_link_and_its_code(shop: Shop, stranger: Browser) -> None:
    """On the page of an app that asks each follower stand link and QR code; of one under a contract neither."""
    await stranger.sign_in_as(shop.asking.owner)
    cards = await stranger.get("/permissions")
    pages = [await stranger.get(f"/permissions/{grant_id}") for grant_id in cards.grant_states]
    invited = [page for page in pages if "data-invitation" in page.text]
    assert len(invited) == 1
    assert f"{PUBLIC_URL}/ask?app=giao-tan-nha&amp;account={BAKERY_ID}" in invited[0].text
    assert "<svg" in invited[0].text.partition("data-invitation")[2]
    (asking_id,) = re.findall(r'<div class="wrap" data-grant="([^"]+)"', invited[0].text)
    for_one = await stranger.get(f"/permissions/{asking_id}?follower={FAN.user_id}")
    written = f"/ask?app=giao-tan-nha&amp;account={BAKERY_ID}&amp;follower={FAN.user_id}"
    assert f"{PUBLIC_URL}{written}" in for_one.text
    assert f"Liên kết cho người có mã {FAN.user_id}" in for_one.words
    odd = await stranger.get(f"/permissions/{asking_id}?follower=%22%3E%26app%3Dx")
    assert "&amp;follower=%22%3E%26app%3Dx" in odd.text
    assert "follower=" not in (await stranger.get(f"/permissions/{asking_id}?follower=a%0Ab")).words


async def test_a_follower_sees_the_calls_that_may_have_been_about_them(shop: Shop, fan: Browser) -> None:
    """Every call about people at the shop since they were met, not how many; none from before."""
    house, trace = shop.asking.house, TraceWriter(shop.asking.house.storage, shop.asking.clock)
    async with house.storage.read() as connection:
        grant = await grants.find_between(connection, shop.asking.account.id, shop.asking.app.id)
    assert grant is not None

    async def call(route: str, people: int) -> str:
        shop.asking.clock.advance(1)
        line = Line(
            id=TraceId(new_id("tr", house.entropy)),
            request_id="re_x",
            app_id=grant.app_id,
            grant_id=grant.id,
            account_id=grant.account_id,
            family_id=None,
            platform="zalo",
            route=route,
            ask_ids=(NAME,),
            opened_at=shop.asking.clock.now(),
        )
        await trace.open(line)
        await trace.close(line.id, Ending(Outcome.PASSED, None, 200, 200, people, 0, people // 4))
        return line.id

    before = await call("list_followers", 12)
    assert "data-trace=" not in (await fan.get("/permissions/trace")).text
    await shop.press(fan, shop.link(), action="decide")
    shown, hidden = await call("list_followers", 12), await call("getoa", 0)
    page = await fan.get("/permissions/trace")
    assert f'data-trace="{shown}"' in page.text
    assert before not in page.text
    assert hidden not in page.text
    assert f"Lượt gọi của {shop.name} nói tới người quan tâm: có thể có bạn." in page.words
    assert "12 người" not in page.words
    assert "Cổng không ghi tên ai trong từng lượt gọi" in page.words
    assert "có sự đồng ý từ trước" not in page.words
    assert shown not in (await fan.get("/permissions/trace?app=so-ban-hang")).text
    shop.asking.clock.advance(1)
    assert await bring(shop.asking, row_of(shop.asking, FAN.user_id, NAME)) == ["granted"]
    await call("list_followers", 12)
    theirs = await fan.get("/permissions/trace")
    assert theirs.words.count("Sự đồng ý có từ trước, không phải bấm ở đây") == 1
    assert theirs.words.count("khi chính bạn đã đồng ý") == 1
    assert "khi chính người đó" not in theirs.words
    async with shop.origin.browser() as owners:
        await owners.sign_in_as(shop.asking.owner)
        words = (await owners.get("/permissions/trace")).words
        assert "12 người" in words
        assert "3 người trong đó có sự đồng ý từ trước, được đưa vào kèm bằng chứng." in words
    async with shop.origin.browser() as others:
        await shop.fans.sign_in(others, OTHER.id_by_app)
        assert shown not in (await others.get("/permissions/trace")).text
