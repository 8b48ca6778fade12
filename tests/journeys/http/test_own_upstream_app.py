"""An app with an app of its own at Zalo: the screen says so, linking comes first, and each link stands apart."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.acts.renew import lose
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.platforms import Trouble
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account, Connection
from gateway.records.apps import upstreams
from gateway.records.ledger import notices, reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.sandbox.zalo.seeds import FLORIST_ID
from gateway.terms.ids import GATEWAYS_OWN, UpstreamAppId
from tests.journeys.http.conftest import APP_ID
from tests.journeys.http.origin import Browser, Origin, Page, allow
from tests.journeys.http.test_connections import link_zalo
from tests.platforms.sandbox.zalo_caller import OTHERS

OWN = OTHERS[0]
AGREE = ("decision", "agree")
TICKED = [("ask", "oa_profile"), ("ask", "crm_phone"), ("duration", "P90D"), AGREE]


@pytest.fixture
async def person(origin: Origin, other_browser: Browser) -> Browser:
    """Return an owner whose OA is linked under the gateway's own app, while the app has one of its own."""
    await link_zalo(other_browser)
    brought = Brought(origin.scene.app.id, "zalo", OWN.app_id, OWN.app_secret)
    await bring_upstream(origin.scene.house, brought, Actor.command_line())
    return other_browser


async def held(origin: Origin) -> Account:
    """Return the OA that was linked first."""
    async with origin.scene.house.storage.read() as connection:
        found = await accounts.list_held(connection, origin.scene.other_owner.id, origin.scene.clock.now())
    return found[0][0]


async def links(origin: Origin) -> dict[str, Connection]:
    """Return its connections, by the upstream app's id at Zalo."""
    account = await held(origin)
    async with origin.scene.house.storage.read() as connection:
        return {link.upstream_app: link for link in await accounts.list_connections(connection, [account.id])}


async def own_id(origin: Origin) -> UpstreamAppId:
    """Return our id of what the app brought."""
    async with origin.scene.house.storage.read() as connection:
        found = await upstreams.find_of(connection, origin.scene.app.id, "zalo")
    assert found is not None
    return found.id


def asked_as(page: Page) -> str:
    """Return as which app Zalo's page is asked."""
    return dict(parse_qsl(urlsplit(page.location).query))["app_id"]


async def agree(browser: Browser, path: str, account: Account) -> Page:
    """Tick two asks for an account and agree."""
    return await browser.submit(path, [("account", account.id), *TICKED])


async def test_agreeing_leads_to_linking_under_it_and_back(origin: Origin, person: Browser) -> None:
    """What was chosen waits, only the confirmation grants, and the gateway's own connection is as it was."""
    account, before = await held(origin), await links(origin)
    path = await origin.ask(redirect_uri="https://app.example/cb")
    page = await person.get(path)
    assert "Ứng dụng này có ứng dụng riêng ở Zalo" in page.words
    assert OWN.app_id in page.words
    assert page.policy.split() == ["'self'", "https:", "http:"]
    out = await agree(person, path, account)
    assert asked_as(out) == OWN.app_id
    assert (await person.get("/permissions")).grant_states == {}
    back = await person.get(await allow(out.location))
    assert back.location == path
    confirm = await person.get(path)
    assert "Bạn đã chọn 2 mục" in confirm.words
    done = await person.submit(path, {"account": account.id, "decision": "agree"})
    assert done.answer["code"].startswith("qac_")
    (grant_id,) = (await person.get("/permissions")).grant_states
    states = (await person.get(f"/permissions/{grant_id}")).ask_states
    assert {ask for ask, state in states.items() if state == "granted"} == {"oa_profile", "crm_phone"}
    after = await links(origin)
    assert set(after) == {APP_ID, OWN.app_id}
    assert after[APP_ID] == before[APP_ID]
    assert (after[APP_ID].brought_id, after[OWN.app_id].brought_id) == (GATEWAYS_OWN, await own_id(origin))


async def test_the_screens_are_archived_as_they_were(origin: Origin, person: Browser) -> None:
    """The first one had an account to choose: it does not say that none is linked."""
    account, path = await held(origin), await origin.ask()
    await person.get(await allow((await agree(person, path, account)).location))
    await person.submit(path, {"account": account.id, "decision": "agree"})
    async with origin.scene.house.storage.read() as connection:
        record = (await reading.list_records(connection, reading.Search(kinds=[Kind.DECIDED]), 1))[0]
        kept = await notices.find(connection, record.facts["notice"])
    assert kept is not None
    assert "chưa nối tài khoản" not in kept[1]
    assert kept[1].index(account.name) < kept[1].index("Quyết định này cho tài khoản nào?")
    assert OWN.app_id in kept[1]


async def test_who_comes_back_without_a_link_is_asked_again(origin: Origin, person: Browser) -> None:
    """Stopped at Zalo, or another OA linked: nothing says that the one chosen is linked, and nothing is granted."""
    account, path = await held(origin), await origin.ask()
    await agree(person, path, account)
    page = await person.get(path)
    assert "oa_profile" in page.boxes
    out = await agree(person, path, account)
    await person.get(await allow(out.location, FLORIST_ID))
    assert "oa_profile" in (await person.get(path)).boxes
    assert (await person.get("/permissions")).grant_states == {}


async def test_confirming_for_another_account_links_that_one_too(origin: Origin, person: Browser) -> None:
    """On the way back another OA of theirs may be chosen: it is linked under the app's own before it is granted."""
    await link_zalo(person, FLORIST_ID)
    account, path = await held(origin), await origin.ask(redirect_uri="https://app.example/cb")
    await person.get(await allow((await agree(person, path, account)).location))
    confirm = await person.get(path)
    assert confirm.policy.split() == ["'self'", "https:", "http:"]
    (florist,) = {confirm.text.split('name="account" value="')[i].split('"')[0] for i in (1, 2)} - {account.id}
    out = await person.submit(path, {"account": florist, "decision": "agree"})
    assert asked_as(out) == OWN.app_id
    await person.get(await allow(out.location, FLORIST_ID))
    done = await person.submit(path, {"account": florist, "decision": "agree"})
    assert "code" in done.answer


async def test_refusing_needs_no_link(origin: Origin, person: Browser) -> None:
    """Nobody is sent to Zalo to say no (I9)."""
    account, path = await held(origin), await origin.ask()
    done = await person.submit(path, {"account": account.id, "decision": "refuse"})
    assert done.answer["error"] == "access_denied"


async def test_what_stood_before_goes_on_once_it_is_linked(origin: Origin, person: Browser) -> None:
    """An app that brings its own later: its grant stays, the page says that it is stopped, and one press links."""
    house, app = origin.scene.house, origin.scene.app
    await remove_upstream(house, app.id, "zalo", Actor.command_line())
    account, path = await held(origin), await origin.ask()
    assert "code" in (await agree(person, path, account)).answer
    await bring_upstream(house, Brought(app.id, "zalo", OWN.app_id, OWN.app_secret), Actor.command_line())
    listed = await person.get("/connections")
    assert listed.text.count(f'data-connection="{account.id}"') == 2
    assert f'data-state="none" data-upstream="{await own_id(origin)}"' in listed.text
    assert "Sổ bán hàng (mẫu) dùng ứng dụng riêng của họ ở nền tảng" in listed.words
    again = await origin.ask("oa_profile", "crm_phone")
    assert "Ứng dụng này có ứng dụng riêng" in (await person.get(again)).words
    out = await person.submit(again, {"account": account.id, "decision": "agree"})
    assert asked_as(out) == OWN.app_id
    await person.get(await allow(out.location))
    assert "code" in (await person.submit(again, {"account": account.id, "decision": "agree"})).answer
    assert f'data-state="live" data-upstream="{await own_id(origin)}"' in (await person.get("/connections")).text


async def test_a_loss_is_of_one_connection_and_is_mended_there(origin: Origin, person: Browser) -> None:
    """The page says which one is lost, and links that again; the other stays as it was."""
    upstream_id = await own_id(origin)
    fields = {"platform": "zalo", "upstream": upstream_id}
    assert (await person.get(await allow((await person.submit("/connections", fields)).location))).status == 303
    seen = (await links(origin))[OWN.app_id]
    await lose(origin.scene.house, seen, Trouble.ACCESS_REMOVED)
    listed = await person.get("/connections")
    assert f'data-state="lost" data-upstream="{upstream_id}"' in listed.text
    assert 'data-state="live" data-upstream=""' in listed.text
    assert f'name="upstream" value="{upstream_id}"' in listed.text
    out = await person.submit("/connections", fields)
    assert asked_as(out) == OWN.app_id
    await person.get(await allow(out.location))
    after = await links(origin)
    assert (after[OWN.app_id].state.value, after[OWN.app_id].generation) == ("live", 2)
    assert after[APP_ID].generation == 1


@pytest.mark.parametrize("named", ["ua_0000000000000000000000", "x", "' or 1=1"])
async def test_an_upstream_app_that_there_is_not_is_refused(person: Browser, named: str) -> None:
    """The form names one that an app brought, or none."""
    assert (await person.submit("/connections", {"platform": "zalo", "upstream": named})).status == 400


async def test_a_return_after_it_was_taken_back_links_nothing(origin: Origin, person: Browser) -> None:
    """The page says that the journey is of no use; the gateway's own connection serves the app again."""
    account, path = await held(origin), await origin.ask()
    out = await agree(person, path, account)
    await remove_upstream(origin.scene.house, origin.scene.app.id, "zalo", Actor.command_line())
    back = await person.get(await allow(out.location))
    assert (back.status, "Lượt nối này không dùng được" in back.words) == (400, True)
    assert set(await links(origin)) == {APP_ID}
    assert "code" in (await person.submit(path, {"account": account.id, "decision": "agree"})).answer


async def test_whoever_holds_nothing_proves_it_first(origin: Origin, other_browser: Browser) -> None:
    """Under the gateway's own, which alone proves a standing; then under the app's own; then the decision counts."""
    house, app = origin.scene.house, origin.scene.app
    await bring_upstream(house, Brought(app.id, "zalo", OWN.app_id, OWN.app_secret), Actor.command_line())
    path = await origin.ask()
    out = await other_browser.submit(path, TICKED)
    assert asked_as(out) == APP_ID
    await other_browser.get(await allow(out.location))
    account = await held(origin)
    confirming = {"account": account.id, "decision": "agree"}
    out = await other_browser.submit(path, confirming)
    assert asked_as(out) == OWN.app_id
    assert (await other_browser.get("/permissions")).grant_states == {}
    await other_browser.get(await allow(out.location))
    assert "code" in (await other_browser.submit(path, confirming)).answer
    assert set(await links(origin)) == {OWN.app_id, APP_ID}


async def test_a_link_under_it_alone_is_refused(origin: Origin, other_browser: Browser) -> None:
    """Whoever names the upstream app on their own, and holds no account, is told what comes first; nothing is kept."""
    house, app = origin.scene.house, origin.scene.app
    await bring_upstream(house, Brought(app.id, "zalo", OWN.app_id, OWN.app_secret), Actor.command_line())
    out = await other_browser.submit("/connections", {"platform": "zalo", "upstream": await own_id(origin)})
    back = await other_browser.get(await allow(out.location))
    assert (back.status, "Bạn chưa nối tài khoản này với cổng" in back.words) == (400, True)
    async with house.storage.read() as connection:
        assert await accounts.list_held(connection, origin.scene.other_owner.id, origin.scene.clock.now()) == []
