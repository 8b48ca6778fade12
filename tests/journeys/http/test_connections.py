"""Linking accounts through the real journey to the Zalo stand-in and back, and what happens when it fails."""

from collections.abc import Mapping
from datetime import timedelta

import aiohttp
import pytest

from gateway.acts.open_request import Asked, open_request
from gateway.acts.renew import lose, renew
from gateway.ground.web.local import write_time
from gateway.platforms import Connector, Trouble
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.ledger import notices, reading
from gateway.records.ledger.kinds import Kind
from gateway.sandbox.zalo.seeds import BAKERY_ID, FLORIST_ID
from gateway.terms.ids import AskId
from tests.house import CHALLENGE, REDIRECT_URI
from tests.journeys.http.origin import Browser, Origin, allow

AGREE = ("decision", "agree")


async def switch(zalo: str, **switches: object) -> None:
    """Set switches of the stand-in."""
    async with aiohttp.ClientSession() as http, http.post(f"{zalo}/_sandbox/switches", json=switches) as reply:
        assert reply.status == 200


async def count_received(zalo: str) -> int:
    """Count what reached the platform."""
    async with aiohttp.ClientSession() as http, http.get(f"{zalo}/_sandbox/received") as reply:
        return len(await reply.json())


async def link_zalo(browser: Browser, oa_id: str = BAKERY_ID) -> None:
    """Link an OA as a person does."""
    out = await browser.submit("/connections", {"platform": "zalo"})
    assert (await browser.get(await allow(out.location, oa_id))).status == 303


async def test_linking_goes_to_the_platform_and_back(origin: Origin, other_browser: Browser, zalo: str) -> None:
    """The form leads to the platform's page; its return links the OA, says so and lists it."""
    page = await other_browser.get("/connections")
    assert page.status == 200
    assert page.policy == "'self' http:"
    out = await other_browser.submit("/connections", {"platform": "zalo"})
    assert out.location.startswith(f"{zalo}/v4/oa/permission?")
    back = await other_browser.get(await allow(out.location))
    assert back.location.startswith("/connections?linked=ac_")
    listed = await other_browser.get(back.location)
    assert "Tiệm Bánh Hoa Sữa (mẫu)" in listed.words
    assert "quản trị viên" in listed.words
    assert 'data-state="live"' in listed.text


@pytest.mark.parametrize("is_later,is_other", [(False, False), (True, False), (False, True)])
async def test_req_230_a_return_counts_once_in_time_and_for_one_person(
    origin: Origin, browser: Browser, other_browser: Browser, *, is_later: bool, is_other: bool
) -> None:
    """A return that is used, later than ten minutes, or another person's is refused, and links nothing."""
    out = await other_browser.submit("/connections", {"platform": "zalo"})
    path = await allow(out.location)
    if is_later:
        origin.scene.clock.advance(timedelta(minutes=10))
    elif not is_other:
        await other_browser.get(path)
    used = await (browser if is_other else other_browser).get(path)
    assert used.status == 400
    assert "Lượt nối này không dùng được" in used.words
    assert "dừng giữa chừng" not in used.words
    async with origin.scene.house.storage.read() as connection:
        held = await accounts.list_held(connection, origin.scene.other_owner.id, origin.scene.clock.now())
    assert len(held) == (0 if is_later or is_other else 1)


@pytest.mark.parametrize(
    "query", ["", "?state=x", "?state=x&code=y", "?code=y", "?state=a&state=b&code=c", "?state=x&code=y&code=z"]
)
async def test_a_return_that_nobody_set_out_for_links_nothing(other_browser: Browser, query: str) -> None:
    """Nobody is told that they stopped at the platform where nothing shows that they were there."""
    page = await other_browser.get(f"/connections/zalo/callback{query}")
    assert page.status == 400
    assert "Lượt nối này không dùng được" in page.words
    assert "dừng giữa chừng" not in page.words


async def test_whoever_stops_at_the_platform_is_told_so(other_browser: Browser) -> None:
    """The platform sends the state back without a code: that was the person, and the journey is over."""
    out = await other_browser.submit("/connections", {"platform": "zalo"})
    path = await allow(out.location)
    state = path.split("state=")[1].partition("&")[0]
    page = await other_browser.get(f"/connections/zalo/callback?state={state}")
    assert (page.status, "dừng giữa chừng" in page.words) == (400, True)
    assert "Lượt nối này không dùng được" in (await other_browser.get(path)).words


async def test_a_platform_that_refuses_is_named(other_browser: Browser) -> None:
    """A code that the platform does not know is 400, and nothing is linked."""
    out = await other_browser.submit("/connections", {"platform": "zalo"})
    page = await other_browser.get((await allow(out.location)).replace("code=", "code=x"))
    assert (page.status, "không cho nối" in page.words) == (400, True)
    assert "Chưa có tài khoản nào" in page.words


async def test_a_platform_that_is_silent_is_named(other_browser: Browser, zalo: str) -> None:
    """A platform that answers with an error page is 503, and nothing is linked."""
    out = await other_browser.submit("/connections", {"platform": "zalo"})
    path = await allow(out.location)
    await switch(zalo, server_error=True)
    page = await other_browser.get(path)
    assert (page.status, "Không liên lạc được" in page.words) == (503, True)
    assert int(page.headers["Retry-After"]) > 0


async def test_an_unknown_platform_is_refused(other_browser: Browser) -> None:
    """Only platforms that this gateway serves can be linked; others have no callback either."""
    assert (await other_browser.submit("/connections", {"platform": "facebook"})).status == 400
    assert (await other_browser.get("/connections/facebook/callback?state=a&code=b")).status == 404


async def test_agree_first_then_link_then_say_for_which_account(origin: Origin, other_browser: Browser) -> None:
    """Without an account: choose, link, confirm; only the confirmation grants, and just what was chosen before."""
    path = await origin.ask()
    page = await other_browser.get(path)
    assert "chưa nối tài khoản" in page.words
    fields = [("ask", "oa_profile"), ("ask", "crm_phone"), ("duration", "P90D"), AGREE, ("csrf_token", page.token)]
    out = await other_browser.post(path, fields)
    back = await other_browser.get(await allow(out.location))
    assert back.location == path
    asked = await other_browser.get(path)
    assert "Quyết định này cho tài khoản nào?" in asked.words
    assert "Bạn đã chọn 2 mục" in asked.words
    assert (await other_browser.get("/permissions")).grant_states == {}
    account = asked.text.split('name="account" value="')[1].split('"')[0]
    confirmed = {"account": account, "decision": "agree", "csrf_token": asked.token}
    done = await other_browser.post(path, confirmed)
    assert done.answer["code"].startswith("qac_")
    (grant_id,) = (await other_browser.get("/permissions")).grant_states
    states = (await other_browser.get(f"/permissions/{grant_id}")).ask_states
    granted = {ask for ask, state in states.items() if state == "granted"}
    assert granted == {"oa_profile", "crm_phone"}


async def test_req_227_a_second_app_is_asked_about_anew(origin: Origin, other_browser: Browser, zalo: str) -> None:
    """The gateway is one client of the platform for all apps: a link made for one opens nothing for another."""
    first = await origin.ask("oa_profile")
    fields = [("ask", "oa_profile"), ("duration", "P1D"), AGREE]
    out = await other_browser.submit(first, fields)
    back = await other_browser.get(await allow(out.location))
    account = (await other_browser.get(back.location)).text.split('name="account" value="')[1].split('"')[0]
    assert "code" in (await other_browser.submit(first, {"account": account, "decision": "agree"})).answer
    heard = await count_received(zalo)
    asked = Asked(origin.scene.public_app.id, (AskId("oa_profile"),), REDIRECT_URI, None, CHALLENGE)
    second = f"/consent/{(await open_request(origin.scene.house, asked)).id}"
    page = await other_browser.get(second)
    assert (page.status, page.boxes) == (200, {"oa_profile"})
    assert (await other_browser.submit(second, {"decision": "refuse"})).answer["error"] == "access_denied"
    assert await count_received(zalo) == heard > 0
    assert len((await other_browser.get("/permissions")).grant_states) == 1


async def test_both_screens_are_archived(origin: Origin, other_browser: Browser) -> None:
    """The text kept with a decision after linking holds the first screen and the question for the account."""
    path = await origin.ask()
    page = await other_browser.get(path)
    out = await other_browser.post(
        path, [("ask", "oa_profile"), ("duration", "P1D"), AGREE, ("csrf_token", page.token)]
    )
    await other_browser.get(await allow(out.location))
    asked = await other_browser.get(path)
    account = asked.text.split('name="account" value="')[1].split('"')[0]
    await other_browser.post(path, {"account": account, "decision": "agree", "csrf_token": asked.token})
    async with origin.scene.house.storage.read() as connection:
        record = (await reading.list_records(connection, reading.Search(kinds=[Kind.DECIDED]), 1))[0]
        kept = await notices.find(connection, record.facts["notice"])
    assert kept is not None
    assert kept[1].index("chưa nối tài khoản") < kept[1].index("Quyết định này cho tài khoản nào?")


async def test_refusing_on_the_last_step_gives_nothing(origin: Origin, other_browser: Browser) -> None:
    """After linking the person can still say no; the choice made before is worth nothing then."""
    path = await origin.ask()
    page = await other_browser.get(path)
    out = await other_browser.post(
        path, [("ask", "oa_profile"), ("duration", "P1D"), AGREE, ("csrf_token", page.token)]
    )
    await other_browser.get(await allow(out.location))
    done = await other_browser.submit(path, {"decision": "refuse"})
    assert done.answer["error"] == "access_denied"
    assert "quyen_chosen" not in other_browser.cookies()


async def test_a_required_ask_is_asked_before_linking(origin: Origin, other_browser: Browser) -> None:
    """Whoever leaves the required ask open is not sent to the platform for nothing: the app is answered at once."""
    path = await origin.ask()
    page = await other_browser.get(path)
    done = await other_browser.post(path, [("ask", "crm_phone"), AGREE, ("csrf_token", page.token)])
    assert done.answer["error"] == "access_denied"
    assert done.answer["error_description"] == "required permission not given"


async def test_two_accounts_leave_the_choice_open(origin: Origin, other_browser: Browser) -> None:
    """With several accounts none is chosen beforehand, and agreeing without one is asked again."""
    await link_zalo(other_browser)
    await link_zalo(other_browser, FLORIST_ID)
    path = await origin.ask()
    page = await other_browser.get(path)
    radios = [part.split(">")[0] for part in page.text.split('<input type="radio"')[1:]]
    assert len(radios) == 2
    assert not any("checked" in radio for radio in radios)
    assert (await other_browser.submit(path, [("ask", "oa_profile"), ("duration", "P1D"), AGREE])).status == 400


async def test_a_lost_connection_is_shown_and_linked_again(origin: Origin, other_browser: Browser) -> None:
    """When the platform takes its permission back the account says so; linking again makes it live."""
    await link_zalo(other_browser)
    async with origin.scene.house.storage.read() as connection:
        held = await accounts.list_held(connection, origin.scene.other_owner.id, origin.scene.clock.now())
        seen = await accounts.find_connection(connection, held[0][0].id)
    assert seen is not None
    await lose(origin.scene.house, seen, Trouble.ACCESS_REMOVED)
    lost = await other_browser.get("/connections")
    assert 'data-state="lost"' in lost.text
    assert "Nối lại" in lost.words
    await link_zalo(other_browser)
    assert 'data-state="live"' in (await other_browser.get("/connections")).text


async def test_the_day_of_linking_stays_when_the_credential_is_renewed(
    origin: Origin, other_browser: Browser, connectors: Mapping[str, Connector]
) -> None:
    """It is the day on which the person linked; only linking again moves it, and a loss has a day of its own."""
    await link_zalo(other_browser)
    house, clock = origin.scene.house, origin.scene.clock
    linked = clock.now()
    assert f"Nối ngày {write_time(linked)}" in (await other_browser.get("/connections")).words
    clock.advance(timedelta(hours=6))
    async with house.storage.read() as connection:
        ((account, _),) = await accounts.list_held(connection, origin.scene.other_owner.id, clock.now())
        (seen,) = await accounts.list_connections(connection, [account.id])
    renewed = await renew(house, connectors["zalo"], seen)
    assert renewed.generation == seen.generation + 1
    assert f"Nối ngày {write_time(linked)}" in (await other_browser.get("/connections")).words
    lost = clock.advance(timedelta(hours=6))
    await lose(house, renewed, Trouble.ACCESS_REMOVED)
    assert f"Mất từ {write_time(lost)}" in (await other_browser.get("/connections")).words
    again = clock.advance(timedelta(hours=6))
    await link_zalo(other_browser)
    assert f"Nối ngày {write_time(again)}" in (await other_browser.get("/connections")).words


async def lost_bakery(origin: Origin, browser: Browser) -> Account:
    """Link an OA, and lose it."""
    await link_zalo(browser)
    house = origin.scene.house
    async with house.storage.read() as connection:
        ((account, _),) = await accounts.list_held(connection, origin.scene.other_owner.id, origin.scene.clock.now())
        (link,) = await accounts.list_connections(connection, [account.id])
    await lose(house, link, Trouble.ACCESS_REMOVED)
    return account


@pytest.mark.parametrize("return_to", ["", "/permissions"])
async def test_another_account_than_the_one_that_was_lost_is_said_so(
    origin: Origin, other_browser: Browser, return_to: str
) -> None:
    """Zalo lets people choose: what was linked is linked, and the page says that the one to be mended is not."""
    account = await lost_bakery(origin, other_browser)
    page = await other_browser.get("/connections")
    assert f'name="account" value="{account.id}"' in page.text
    fields = {"platform": "zalo", "account": account.id, "return_to": return_to}
    out = await other_browser.submit("/connections", fields)
    back = await other_browser.get(await allow(out.location, FLORIST_ID))
    assert back.location.startswith("/connections?linked=ac_")
    told = await other_browser.get(back.location)
    assert "Đã nối tài khoản khác: Tiệm Hoa Cúc Trắng (mẫu)" in told.words
    assert "Tiệm Bánh Hoa Sữa (mẫu) chưa được nối. Trên trang của nền tảng, hãy chọn đúng" in told.words
    assert (f'href="{return_to}">Về yêu cầu' in told.text) is bool(return_to)
    assert told.text.count('data-state="lost"') == 1


async def test_the_account_that_was_lost_is_said_to_be_linked(origin: Origin, other_browser: Browser) -> None:
    """Chosen at Zalo as the form meant it: nothing else is said, and a page that waits is gone on to."""
    account = await lost_bakery(origin, other_browser)
    for return_to, leads in (("", f"/connections?linked={account.id}"), ("/permissions", "/permissions")):
        fields = {"platform": "zalo", "account": account.id, "return_to": return_to}
        out = await other_browser.submit("/connections", fields)
        assert (await other_browser.get(await allow(out.location))).location == leads
    page = await other_browser.get(f"/connections?linked={account.id}")
    assert "Đã nối Tiệm Bánh Hoa Sữa (mẫu)" in page.words
    assert "tài khoản khác" not in page.words


@pytest.mark.parametrize("named", ["another's", "ac_x", "x" * 5000])
async def test_nobody_is_told_of_an_account_that_they_do_not_hold(
    origin: Origin, other_browser: Browser, named: str
) -> None:
    """A form or an address may name any: another's is named by no page (I10), and what is no id is not kept."""
    fields = {"platform": "zalo", "account": origin.scene.account.id if named == "another's" else named}
    out = await other_browser.submit("/connections", fields)
    back = await other_browser.get(await allow(out.location))
    page = await other_browser.get(back.location)
    assert "Đã nối Tiệm Bánh Hoa Sữa (mẫu)" in page.words
    assert origin.scene.account.name not in page.words
