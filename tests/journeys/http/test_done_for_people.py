"""What an app does for the very person whom it is about always passes, and no page asks them for it (ADR 0031)."""

import re
from dataclasses import replace

import pytest

from gateway.acts.end_at_platform import Withdrawal, end_at_platform
from gateway.acts.parting_copies import Follower
from gateway.acts.register import register_app
from gateway.doors import of_people
from gateway.records.apps.types import Basis
from gateway.records.ledger.types import Actor
from scopes import load_catalogue
from tests.followers import NAME
from tests.house import agree, app_of, ask_of
from tests.journeys.http.origin import Browser, Origin
from tests.journeys.http.shops import FAN, Shop

ERASE = "erase"
ALWAYS = "luôn được làm, dù bạn đồng ý, từ chối hay phản đối"


async def with_erasing(shop: Shop, basis: Basis) -> None:
    """Let the shop's owner agree to an app that reads names and erases."""
    app = app_of("Dọn dữ liệu (mẫu)", "don-du-lieu", is_confidential=True, clock=shop.asking.clock)
    rows = [(ERASE, "zalo.follower.data.delete", "crm", False), (NAME, "zalo.follower.name.read", "crm", False)]
    asks = tuple(ask_of(app.id, row, basis) for row in rows)
    raw_secret = await register_app(shop.asking.house, app, list(asks), Actor.system())
    await agree(replace(shop.asking, app=app, asks=asks, raw_secret=raw_secret or ""))


async def test_nobody_is_asked_for_what_is_done_for_them(shop: Shop, fan: Browser) -> None:
    """It stands apart, says that it goes on whatever they say, and is no box of the screen where they decide."""
    await with_erasing(shop, Basis.OWN_CONSENT)
    page = await fan.get(shop.link("don-du-lieu"))
    assert (ALWAYS in page.words, "chỉ đi qua khi chính bạn đã đồng ý" in page.words) == (True, True)
    assert page.words.index("Cần bạn đồng ý") < page.words.index("Làm để phục vụ bạn") < page.words.index(ALWAYS)
    screen = await fan.get((await shop.press(fan, shop.link("don-du-lieu"), action="decide")).location)
    assert screen.boxes == {NAME}
    alone = shop.link("don-du-lieu", asks=ERASE)
    assert "Cần bạn đồng ý" not in (await fan.get(alone)).words
    assert (await shop.press(fan, shop.link("don-du-lieu"), action="decide", asks=ERASE)).status == 400
    english = await fan.get(f"{alone}&lang=en")
    assert "always done" in english.words


@pytest.mark.parametrize("basis", [Basis.OWN_CONSENT, Basis.CONTRACT])
async def test_an_owner_may_be_asked_for_it_alone(origin: Origin, browser: Browser, basis: Basis) -> None:
    """The screen of an app that does nothing else about people says on what that rests."""
    app = app_of("Chỉ xóa (mẫu)", "chi-xoa", is_confidential=True, clock=origin.scene.clock)
    asked = ask_of(app.id, (ERASE, "zalo.follower.data.delete", "crm", False), basis)
    await register_app(origin.scene.house, app, [asked], Actor.system())
    page = await browser.get(await replace(origin, scene=replace(origin.scene, app=app, asks=(asked,))).ask())
    assert (page.status, page.boxes) == (200, {ERASE})
    assert "việc làm cho chính họ" in page.words


async def test_a_withdrawal_at_zalo_is_no_refusal_of_being_erased(shop: Shop, fan: Browser) -> None:
    """What they took back is told, with a word between; erasing, which they could not say no to, is not among it."""
    await with_erasing(shop, Basis.OWN_CONSENT)
    await shop.press(fan, shop.link("don-du-lieu"), action="decide")  # who they are is known from here on
    of = of_people(load_catalogue(), "zalo")
    assert "zalo.follower.data.delete" not in of.about_people
    follower = Follower(shop.asking.account.id, FAN.user_id)
    told = Withdrawal("zalo", "user_withdraw", b"x" * 32, [follower], of.about_people)
    assert await end_at_platform(shop.asking.house, told) > 0
    codes = re.findall(r'href="(/permissions/receipts/BN-[^"]+)"', (await fan.get("/permissions/receipts")).text)
    words = [(await fan.get(each)).words for each in codes]
    (erasing,) = [each for each in words if "Dọn dữ liệu" in each]
    assert "Xóa thông tin mà shop đang giữ về bạn" not in erasing
    assert "còn được biết về bạn: từ chối 1 mục" in erasing


async def test_nobody_objects_to_what_is_done_for_them(shop: Shop, fan: Browser) -> None:
    """An objection to all that goes on under a contract is to what it stops, and the pages count no more."""
    await with_erasing(shop, Basis.CONTRACT)
    page = await fan.get(shop.link("don-du-lieu"))
    assert ALWAYS in page.words
    assert page.text.count('value="object"') == 1
    objected = await shop.press(fan, shop.link("don-du-lieu"), action="object")
    grant = await fan.get(objected.location)
    assert grant.ask_states == {NAME: "refused"}
    assert "Xóa thông tin mà shop đang giữ về bạn" not in grant.words
    assert 'data-contract="1/1"' in (await fan.get("/permissions")).text


def test_the_catalogue_says_what_serves() -> None:
    """By the routes: a scope that opens anything else, or nothing, does not."""
    catalogue = load_catalogue()
    serving = [scope for scope in (*catalogue.scopes, "x.y") if catalogue.serves_subject(scope)]
    assert serving == ["zalo.follower.data.delete"]


@pytest.mark.parametrize("scope_id", ["zalo.broadcast.send", "zalo.call.ask"])
def test_what_no_objection_can_reach_is_said(scope_id: str) -> None:
    """Where a call names nobody, or only a phone number, the owner and the person read that a no does not stop it."""
    scope = load_catalogue().scopes[scope_id]
    assert scope.to_self is not None
    for told in (scope.cannot, scope.to_self.cannot):
        assert any("phản đối" in each.vi and "object" in each.en for each in told)
