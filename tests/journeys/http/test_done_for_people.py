"""What an app does for the very person whom it is about always passes, and no page asks them for it (ADR 0031)."""

from dataclasses import replace

import pytest

from gateway.acts.register import register_app
from gateway.records.apps.types import Basis
from gateway.records.ledger.types import Actor
from scopes import load_catalogue
from tests.followers import NAME
from tests.house import agree, app_of, ask_of
from tests.journeys.http.origin import Browser
from tests.journeys.http.shops import Shop

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
