"""An app that asks nothing about people and writes to them: who took it all back at Zalo finds that, and ends it."""

import re
from collections.abc import AsyncIterator

import pytest

from gateway.authority.bases import Asked
from gateway.records.accounts import store as accounts
from gateway.records.grants import store as grants
from gateway.sandbox.zalo.seeds import BAKERY_ID
from tests.followers import SENDING, take_back_at_zalo, with_writing_app
from tests.house import Scene, agree
from tests.journeys.http.origin import Browser
from tests.journeys.http.shops import FAN, Shop


async def has_said_no(scene: Scene) -> bool:
    """Say whether the app may write to the follower no more."""
    asked = Asked(scene.app.id, "zalo", BAKERY_ID, frozenset({FAN.user_id}))
    return (await scene.house.words.find(asked)).has_only_refused(FAN.user_id)


@pytest.fixture
async def stranger(shop: Shop) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with shop.origin.browser() as browser:
        yield browser


async def test_it_stands_on_their_page_to_lift_and_to_object_to_again(shop: Shop, stranger: Browser) -> None:
    """In words to them, with a receipt; lifting and objecting are one press each, on the same page (I9)."""
    writer = await with_writing_app(shop.asking)
    await agree(writer)
    await take_back_at_zalo(writer, FAN.user_id, login_subject=FAN.id_by_app)
    await shop.fans.sign_in(stranger)
    async with writer.house.storage.read() as connection:
        profile = await accounts.find_external(connection, "zalo", f"{BAKERY_ID}/{FAN.user_id}")
        assert profile is not None
        own = await grants.find_between(connection, profile.id, writer.app.id)
    assert own is not None
    path = f"/permissions/{own.id}"
    listed = await stranger.get("/permissions")
    assert f'href="{path}' in listed.text
    page = await stranger.get(path)
    assert page.ask_states == {SENDING: "refused"}
    for words in ("Nhắn cho bạn thay shop", "Đã phản đối", "Thôi phản đối", "không xin biết gì về bạn", "Nền tảng báo"):
        assert words in page.words
    assert "Gửi tin nhắn từ OA thay bạn" not in page.words
    assert "Write to you for the shop" in (await stranger.get(f"{path}?lang=en")).words
    (code,) = set(re.findall(r"BN-\w+", page.text))
    assert "Nhắn cho bạn thay shop" in (await stranger.get(f"/permissions/receipts/{code}")).words
    done = await stranger.submit(path, {"action": "lift", "ask": SENDING})
    assert not await has_said_no(writer)
    lifted = await stranger.get(done.location)
    assert "Mục này lại chạy như trước khi bạn phản đối" in lifted.words
    assert "Theo hợp đồng" not in lifted.words
    assert re.findall(r'data-contract="(\w+)"', lifted.text) == [SENDING]
    assert 'data-contract="0/1"' in (await stranger.get("/permissions")).text
    again = await stranger.submit(path, {"action": "object", "ask": SENDING})
    assert await has_said_no(writer)
    assert "Đã ghi phản đối của bạn" in (await stranger.get(again.location)).words
    await stranger.submit(path, {"action": "lift"})
    await stranger.submit("/permissions", {"action": "withdraw", "confirm": "both"})
    assert await has_said_no(writer)


async def test_an_app_that_asks_people_has_nothing_to_object_to_beside_that(shop: Shop, fan: Browser) -> None:
    """There a no to what it asks stops its messages; nothing else of the owner's asks is theirs to decide."""
    screen_path = (await shop.press(fan, shop.link(), action="decide")).location
    screen = await fan.get(screen_path)
    fields = {"account": dict(screen.hidden)["account"], "decision": "refuse"}
    done = await fan.submit(screen_path, fields)
    path = done.location.partition("?")[0]
    assert "data-contract" not in (await fan.get(path)).text
    refused = await fan.submit(path, {"action": "object", "ask": SENDING})
    assert refused.location == f"{path}?done=before"
