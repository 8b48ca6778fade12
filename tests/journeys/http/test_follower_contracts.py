"""What goes on about a follower under a contract: listed, objected to, and named beside a withdrawal (R83)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.doors.person import acting
from gateway.records.apps.types import Basis
from gateway.terms.refusal import Unavailable
from tests.followers import CHAT, NAME, PHONE, with_asking_app
from tests.house import agree
from tests.journeys.http.origin import Browser
from tests.journeys.http.shops import FAN, Shop

PERHAPS = "Cổng chưa chắc việc này đã được ghi"


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the database give no answer to a withdrawal; objections go through."""

    async def fail(*_given: object, **_named: object) -> None:
        raise Unavailable("database")

    with monkeypatch.context() as patched:
        patched.setattr(acting, "withdraw", fail)
        yield


async def test_a_follower_objects_and_takes_it_back(shop: Shop, fan: Browser) -> None:
    """What rests on a contract is listed to object to, never to agree to (R83)."""
    link = shop.link("so-ban-hang")
    page = await fan.get(link)
    assert "Theo hợp đồng, bạn có thể phản đối" in page.words
    assert 'value="decide"' not in page.text
    done = await shop.press(fan, link, action="object", ask="crm_phone")
    grant_path = done.location.partition("?")[0]
    grant = await fan.get(done.location)
    assert "Đã phản đối" in grant.words
    assert "Theo hợp đồng: bạn phản đối 1/3 mục." in grant.words
    assert "Đã ghi phản đối của bạn về" in grant.words
    assert "2 mục khác vẫn đi qua theo hợp đồng với shop" in grant.words
    assert "không chọn thì không đi qua" not in grant.words
    cards = await fan.get("/permissions")
    assert 'data-contract="1/3"' in cards.text
    assert cards.grant_states == {grant_path.rpartition("/")[2]: "contract"}
    assert "Đã kết thúc" not in cards.words
    assert 'data-contract="crm_name"' in grant.text
    assert 'value="reconsider"' not in grant.text
    assert (await shop.find_said("so-ban-hang")).refused == {PHONE: {FAN.user_id}}
    assert (await shop.press(fan, link, action="object", ask="crm_phone")).location == "/permissions"
    await fan.submit(grant_path, {"action": "object", "ask": "crm_name"})
    assert (await shop.find_said("so-ban-hang")).refused.keys() == {PHONE, NAME}
    lifted = await fan.submit(grant_path, {"action": "lift", "ask": "crm_phone"})
    assert "Biên nhận" in (await fan.get(lifted.location)).words
    assert (await shop.find_said("so-ban-hang")).refused.keys() == {NAME}
    receipts = await fan.get("/permissions/receipts")
    assert "Thôi phản đối" in receipts.words
    everything = await shop.press(fan, link, action="object")
    assert "Đã phản đối" in (await fan.get(everything.location)).words
    assert (await fan.submit(grant_path, {"action": "object", "ask": "nothing"})).status == 400
    assert (await fan.submit("/permissions", {"action": "lift"})).status == 400


async def test_what_goes_on_under_a_contract_is_listed(shop: Shop, fan: Browser) -> None:
    """Whoever was met once sees each app that works for the shop about them, also where they decided nothing."""
    assert "data-contract" not in (await fan.get("/permissions")).text
    await shop.press(fan, shop.link(), action="decide")
    page = await fan.get("/permissions")
    assert re.findall(r'data-contract="([^"]+)"', page.text) == ["0/3"]
    assert f"làm việc cho {shop.name}" in page.words
    assert "1 ứng dụng đang xem được dữ liệu của bạn" in page.words
    await shop.press(fan, shop.link("so-ban-hang"), action="object")
    page = await fan.get("/permissions")
    assert re.findall(r'data-contract="([^"]+)"', page.text) == ["3/3"]
    assert "0 ứng dụng đang xem được dữ liệu của bạn" in page.words
    connections = await fan.get("/connections")
    assert "Chưa ứng dụng nào chạm được" not in connections.words
    assert 'href="/permissions"' in connections.text


async def test_withdrawing_everything_says_what_goes_on_and_can_stop_that_too(shop: Shop, fan: Browser) -> None:
    """A withdrawal ends consents; what rests on a contract is named beside it, and stops where the person says so."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    account = dict(screen.hidden)["account"]
    fields = [("account", account), ("ask", NAME), ("duration", "P30D"), ("decision", "agree"), ("seen", screen.seen)]
    await fan.post(screen_path, [*fields, ("csrf_token", screen.token)])
    page = await fan.get("/permissions")
    assert "2 ứng dụng đang xem được dữ liệu của bạn" in page.words
    assert "Rút lại và phản đối tất cả" in page.words
    question = await fan.get("/permissions?action=withdraw")
    assert "Sổ bán hàng" in question.text.partition("data-contracts")[2]
    assert re.findall(r'name="confirm" value="(\w+)"', question.text) == ["yes", "both"]
    done = await fan.submit("/permissions", {"action": "withdraw", "confirm": "yes"})
    after = await fan.get(done.location)
    assert "Đã rút lại mọi mục bạn từng đồng ý" in after.words
    assert "không có gì đi qua nữa" not in after.words
    assert "1 ứng dụng vẫn chạy theo hợp đồng với shop" in after.words
    assert (await shop.find_said("so-ban-hang")).refused == {}
    question = await fan.get("/permissions?action=withdraw")
    assert "Phản đối tất cả những gì chạy theo hợp đồng?" in question.words
    assert 'value="yes"' not in question.text
    done = await fan.submit("/permissions", {"action": "withdraw", "confirm": "both"})
    after = await fan.get(done.location)
    assert "Đã ghi phản đối của bạn" in after.words
    assert "0 ứng dụng đang xem được dữ liệu của bạn" in after.words
    assert (await shop.find_said("so-ban-hang")).refused.keys() == {NAME, PHONE, CHAT}
    assert (await fan.get("/permissions?action=withdraw")).location == "/permissions?done=before"


async def test_what_was_objected_to_before_a_failure_is_not_denied(
    shop: Shop, fan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a withdrawal that failed alone nothing changed; where objections went through before it, perhaps something."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    account = dict(screen.hidden)["account"]
    fields = [("account", account), ("ask", NAME), ("duration", "P30D"), ("decision", "agree"), ("seen", screen.seen)]
    await fan.post(screen_path, [*fields, ("csrf_token", screen.token)])
    await fan.get("/permissions?action=withdraw")
    with failing(monkeypatch):
        alone = await fan.submit("/permissions", {"action": "withdraw", "confirm": "yes"})
        await fan.get("/permissions?action=withdraw")
        after = await fan.submit("/permissions", {"action": "withdraw", "confirm": "both"})
    assert (alone.status, after.status) == (503, 503)
    assert "Không có gì thay đổi" in alone.words
    assert PERHAPS in after.words
    assert "Không có gì thay đổi" not in after.words
    assert (await shop.find_said("so-ban-hang")).refused.keys() == {NAME, PHONE, CHAT}


async def test_an_app_of_both_kinds_stops_wholly_only_with_an_objection(
    shop: Shop, fan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one app's page too: the withdrawal names what its contract lets pass, and one button ends both."""
    mixed = await with_asking_app(shop.asking, {CHAT: Basis.CONTRACT}, called=("Hỏi và làm (mẫu)", "hoi-va-lam"))
    await agree(mixed)
    link = shop.link(mixed.app.id)
    screen_path = (await shop.press(fan, link, action="decide")).location
    screen = await fan.get(screen_path)
    account = dict(screen.hidden)["account"]
    fields = [("account", account), ("ask", NAME), ("duration", "P30D"), ("decision", "agree"), ("seen", screen.seen)]
    grant_path = (await fan.post(screen_path, [*fields, ("csrf_token", screen.token)])).location.partition("?")[0]
    question = await fan.get(f"{grant_path}?action=withdraw")
    assert "không có gì đi qua cho ứng dụng này nữa" not in question.words
    assert "data-contracts" in question.text
    one = await fan.get(f"{grant_path}?action=withdraw&ask={NAME}")
    assert "data-contracts" not in one.text
    with failing(monkeypatch):
        failed = await fan.submit(grant_path, {"action": "withdraw", "confirm": "both"})
    assert PERHAPS in failed.words
    assert (await shop.find_said(mixed.app.id)).refused.keys() == {PHONE, CHAT}
    done = await fan.submit(grant_path, {"action": "withdraw", "confirm": "both"})
    assert "Từ lúc đó không có gì đi qua nữa" in (await fan.get(done.location)).words
    said = await shop.find_said(mixed.app.id)
    assert said.agreed == {}
    assert said.refused.keys() == {NAME, PHONE, CHAT}
