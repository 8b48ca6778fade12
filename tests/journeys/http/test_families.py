"""Every authorization of an app stands on its page, and each ends alone, by one press of whoever holds the account."""

import re
from collections.abc import AsyncIterator

import pytest

from gateway.acts.pause import pause
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.withdraw import withdraw
from gateway.doors.person import families_page
from gateway.records.ledger.types import Actor
from gateway.terms.ids import GrantId
from tests.house import REDIRECT_URI, VERIFIER, agree, fresh_parts, house_in, link_account, set_scene
from tests.journeys.http.origin import Browser, Origin, Page, served


@pytest.fixture(scope="module")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Origin]:
    """Yield the origin, served once for all tests here."""
    clock, entropy = fresh_parts()
    async with (
        house_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as house,
        served(await set_scene(house, clock)) as origin,
    ):
        yield origin


@pytest.fixture
async def grant_id(origin: Origin) -> AsyncIterator[GrantId]:
    """Connect the app twice under one grant; afterwards it is withdrawn, with every family."""
    grant_id = await connect(origin)
    await connect(origin)
    yield grant_id
    await withdraw(origin.scene.house, grant_id, Actor.system())


async def connect(origin: Origin) -> GrantId:
    """Let the owner agree to everything, and the app redeem its code."""
    scene = origin.scene
    decided = await agree(scene)
    await redeem(scene.house, Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI))
    return GrantId(str(decided.grant_id))


def rows_on(page: Page) -> dict[str, str]:
    """Read the families and their states off a page, in its order."""
    return dict(re.findall(r'data-family="([^"]+)" data-state="([^"]+)"', page.text))


def live_on(page: Page) -> list[str]:
    """Read those that can be used."""
    return [family_id for family_id, state in rows_on(page).items() if state != "ended"]


async def test_each_ends_alone(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """From the grant's page: where each answers to, when it was begun and what it opens; one press ends one."""
    path = f"/permissions/{grant_id}/families"
    grant = await browser.get(f"/permissions/{grant_id}")
    assert path in grant.text
    assert 'data-families="2"' in grant.text
    page = await browser.get(path)
    first, second = live_on(page)
    assert [rows_on(page)[each] for each in (first, second)] == ["live", "live"]
    assert "Nối qua trình duyệt, về 127.0.0.1" in page.words
    assert "Người nối Bạn" in page.words
    assert page.words.count("Mở các mục Xem tên, ảnh đại diện") == 2
    assert (await browser.submit(path, {"action": "end", "family": second})).location == path
    after = await browser.get(path)
    assert live_on(after) == [first]
    assert rows_on(after)[second] == "ended"
    assert 'data-families="1"' in (await browser.get(f"/permissions/{grant_id}")).text
    assert (await browser.submit(path, {"action": "end", "family": second})).location == path
    assert live_on(await browser.get(path)) == [first]


async def test_what_is_paused_says_so(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """Nothing passes by it for now, and it can be ended all the same."""
    owner = origin.scene.owner
    path = f"/permissions/{grant_id}/families"
    await pause(origin.scene.house, grant_id, Actor.system())
    async with origin.browser() as visitor:
        await visitor.sign_in_as(owner)
        page = await visitor.get(path)
        assert {rows_on(page)[each] for each in live_on(page)} == {"paused"}
        await visitor.submit(path, {"action": "end", "family": live_on(page)[0]})
        assert len(live_on(await visitor.get(path))) == 1


async def test_nobody_elses(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """A stranger finds no page and ends nothing; another holder sees who began it and may end it."""
    path, other = f"/permissions/{grant_id}/families", origin.scene.other_owner
    first, second = live_on(await browser.get(path))
    end = {"action": "end", "family": first}
    async with origin.browser() as visitor:
        await visitor.sign_in_as(other)
        assert (await visitor.get(path)).status == 404
        assert (await visitor.submit(path, end, page="/permissions")).status == 404
        assert live_on(await browser.get(path)) == [first, second]
        await link_account(origin.scene.house, other.id, external_id=origin.scene.account.external_id)
        page = await visitor.get(path)
        assert f"Người nối {origin.scene.owner.name}" in page.words
        assert (await visitor.submit(path, end)).location == path
    assert live_on(await browser.get(path)) == [second]
    for wrong in ({"action": "end", "family": "fa_x"}, {"action": "burn", "family": second}):
        assert (await browser.submit(path, wrong)).status == (404 if wrong["action"] == "end" else 400)


async def test_very_many_are_cut_off_and_counted(
    browser: Browser, grant_id: GrantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says that there are more; those that it shows can be ended."""
    monkeypatch.setattr(families_page, "MOST_USABLE", 1)
    page = await browser.get(f"/permissions/{grant_id}/families")
    assert len(live_on(page)) == 1
    assert "Chỉ hiện 1 lần mới nhất" in page.words
