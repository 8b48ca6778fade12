"""After a refusal the same app does not ask the same again for a month (R17)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.acts.open_request import Wishes
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.requests.types import Prompt
from tests.house import link_account
from tests.journeys.http.origin import Browser, Origin, served_door

AGREE, REFUSE, LOOK = ("decision", "agree"), ("decision", "refuse"), ("decision", "look")
DAY = ("duration", "P1D")


async def refuse(origin: Origin, browser: Browser, *asks: str) -> None:
    """Let the owner refuse a request."""
    done = await browser.submit(await origin.ask(*asks), [REFUSE, ("account", origin.scene.account.id)])
    assert done.answer["error"] == "access_denied"


@pytest.mark.parametrize("wishes", [Wishes(), Wishes(prompts=(Prompt.CONSENT,))])
async def test_a_neutral_page_stands_before_what_was_refused(origin: Origin, browser: Browser, wishes: Wishes) -> None:
    """It names the day, ticks nothing, shows no ask, and has two equal buttons; `prompt=consent` is no way round it."""
    await refuse(origin, browser)
    origin.scene.clock.advance(3600)
    page = await browser.get(await origin.ask(wishes=wishes))
    assert page.status == 200
    assert "Bạn đã từ chối ngày 21/11/2026" in page.words
    assert page.boxes == set()
    assert "crm_phone (mẫu)." not in page.words
    assert [page.text.count(f'value="{name}"') for name in ("refuse", "look", "agree")] == [1, 1, 0]
    assert page.policy == "'self' http:"


async def test_keeping_the_refusal_is_one_press(origin: Origin, browser: Browser) -> None:
    """The app hears access_denied, the refusal is recorded anew, and its words are archived."""
    await refuse(origin, browser)
    done = await browser.submit(await origin.ask(), [REFUSE])
    assert done.answer["error"] == "access_denied"
    async with origin.scene.house.storage.read() as connection:
        newest = (await reading.list_records(connection, reading.Search(person_id=origin.scene.owner.id), 1))[0]
    assert newest.kind is Kind.REFUSED


async def test_looking_again_shows_everything_unticked(origin: Origin, browser: Browser) -> None:
    """The person's own press opens the whole screen, and they may agree there."""
    await refuse(origin, browser)
    path = await origin.ask()
    looked = await browser.submit(path, [LOOK])
    assert looked.location == path
    page = await browser.get(path)
    assert page.boxes == origin.scene.all_asks
    account = ("account", origin.scene.account.id)
    done = await browser.submit(path, [("ask", "oa_profile"), account, ("seen", page.seen), DAY, AGREE])
    assert "code" in done.answer


async def test_ticks_without_the_screen_are_no_answer(origin: Origin, browser: Browser) -> None:
    """A form for boxes that were not shown is 400 and decides nothing."""
    await refuse(origin, browser)
    path = await origin.ask()
    fields = [("ask", "oa_profile"), ("account", origin.scene.account.id), AGREE]
    page = await browser.submit(path, fields)
    assert page.status == 400
    assert "Bạn đã từ chối ngày" in page.words
    assert set((await browser.get("/permissions")).grant_states.values()) == {"refused"}


async def test_after_a_month_the_app_may_ask_again(origin: Origin, browser: Browser) -> None:
    """Thirty days to the second; then the asks are boxes like any other."""
    await refuse(origin, browser)
    origin.scene.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    await browser.sign_in_as(origin.scene.owner)
    assert (await browser.get(await origin.ask())).boxes == set()
    origin.scene.clock.advance(1)
    assert (await browser.get(await origin.ask())).boxes == origin.scene.all_asks


async def test_how_long_is_the_operators_setting(origin: Origin) -> None:
    """The gateway's setting says for how many days a refusal counts."""
    async with (
        served_door(origin.scene, replace(origin.door, cool_down_days=2)) as short,
        short.browser() as browser,
    ):
        await browser.sign_in_as(origin.scene.owner)
        await refuse(short, browser)
        origin.scene.clock.advance(timedelta(days=2))
        await browser.sign_in_as(origin.scene.owner)
        assert (await browser.get(await short.ask())).boxes == origin.scene.all_asks


async def test_beside_something_else_a_refused_ask_is_a_box_that_says_so(origin: Origin, browser: Browser) -> None:
    """The difference has what was refused lately as an unticked box with its day, and may be agreed to there."""
    account = ("account", origin.scene.account.id)
    await browser.submit(await origin.ask("oa_profile", "crm_phone"), [("ask", "oa_profile"), account, DAY, AGREE])
    origin.scene.clock.advance(timedelta(hours=1))
    path = await origin.ask("oa_profile", "crm_phone", "crm_name")
    page = await browser.get(path)
    assert page.boxes == {"crm_phone", "crm_name"}
    assert page.words.count("Bạn đã từ chối mục này ngày 21/11/2026") == 1
    assert (await browser.get(await origin.ask("oa_profile", "crm_phone"))).boxes == {"crm_phone"}
    assert "Bạn đã từ chối ngày" in (await browser.get(await origin.ask("crm_phone"))).words
    done = await browser.submit(path, [("ask", "crm_phone"), account, ("seen", page.seen), DAY, AGREE])
    assert "code" in done.answer
    assert (await browser.get(await permissions_path(browser))).ask_states["crm_phone"] == "granted"


async def permissions_path(browser: Browser) -> str:
    """Return the page of the one grant."""
    return f"/permissions/{next(iter((await browser.get('/permissions')).grant_states))}"


async def test_the_person_can_always_look_again_themselves(origin: Origin, browser: Browser) -> None:
    """From Quản lý quyền the asks open at once, whatever was refused when."""
    await refuse(origin, browser)
    opened = await browser.submit(await permissions_path(browser), {"action": "reconsider", "ask": "crm_phone"})
    assert (await browser.get(opened.location)).boxes == {"crm_phone"}


async def test_a_refusal_without_an_account_counts_too(origin: Origin, other_browser: Browser) -> None:
    """Someone with nothing linked is not asked again either, and someone with two accounts who named none."""
    for number in range(2):
        await other_browser.submit(await origin.ask("crm_name"), [REFUSE])
        assert "Bạn đã từ chối ngày" in (await other_browser.get(await origin.ask("crm_name"))).words
        external_id = f"400000000000002{number}"
        await link_account(origin.scene.house, origin.scene.other_owner.id, external_id=external_id)


async def test_nobody_has_refused_for_another(origin: Origin, browser: Browser, other_browser: Browser) -> None:
    """A second admin of the account is asked as anyone is."""
    await refuse(origin, browser)
    await link_account(origin.scene.house, origin.scene.other_owner.id, external_id=origin.scene.account.external_id)
    assert (await other_browser.get(await origin.ask())).boxes == origin.scene.all_asks


async def test_another_app_is_not_held_back(origin: Origin, browser: Browser) -> None:
    """The cool-down is of the app that was refused."""
    await refuse(origin, browser)
    other = replace(origin.scene, app=origin.scene.public_app, asks=origin.scene.asks[:2])
    page = await browser.get(await replace(origin, scene=other).ask("oa_profile", "crm_name"))
    assert page.boxes == {"oa_profile", "crm_name"}


async def test_steps_are_guarded_like_decisions(origin: Origin, browser: Browser, other_browser: Browser) -> None:
    """Looking again needs the form token, and an own request that is open."""
    await refuse(origin, browser)
    path = await origin.ask()
    await browser.get(path)
    assert (await browser.post(path, [LOOK])).status == 403
    token = (await other_browser.get("/permissions")).token
    assert (await other_browser.post(path, [LOOK, ("csrf_token", token)])).status == 404
