"""A follower lets an app read their own Zalo name: signed in by Zalo, asked, linked, confirmed, seen, taken back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway.acts.register import NewPerson, add_person, register_app
from gateway.acts.renew import lose
from gateway.doors.person.provider import SignInProvider
from gateway.platforms import Trouble
from gateway.platforms.zalo.connector import ZaloUpstream
from gateway.platforms.zalo.login import ZaloApp, ZaloLogin
from gateway.platforms.zalo.social import ZaloSocialConnector
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import STANDING_LASTS
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.sandbox.zalo.app import build_zalo_sandbox
from gateway.sandbox.zalo.people import Follower
from gateway.sandbox.zalo.seeds import BAKERY, PLACE_OF_MINOR
from gateway.server.identity import FOLLOWERS
from gateway.terms.ids import GATEWAYS_OWN, AskId, TraceId, new_id
from tests.house import PUBLIC_URL, Scene, app_of, ask_of
from tests.journeys.http.origin import Browser, Origin, Page, served
from tests.platforms.sandbox.zalo_caller import (
    APP_ID,
    APP_SECRET,
    LOGIN_CALLBACK,
    ZaloCaller,
    zalo_config,
)
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

FAN, OTHER, YOUNG = BAKERY.followers[0], BAKERY.followers[1], BAKERY.followers[PLACE_OF_MINOR]
OWN_CALLBACK = f"{PUBLIC_URL}/connections/zalosocial/callback"
LINK = {"platform": "zalosocial"}
TICKED = [("ask", "own_name"), ("duration", "P30D"), ("decision", "agree")]


@dataclass(frozen=True)
class Town:
    """The origin, whose scene's app asks for a person's own Zalo account; the stand-in; a follower's browser."""

    origin: Origin
    zalo: ZaloCaller
    browser: Browser

    async def agree(self, url: str, person: str = FAN.id_by_app) -> str:
        """Agree at the stand-in as one of its people; return the path that the browser is sent back to."""
        page = urlsplit(url)
        assert page.path == "/zalo/v4/permission"
        sent = dict(parse_qsl(page.query)) | {"person": person, "allow": "1"}
        status, headers, body = await self.zalo.raw("POST", "/v4/permission", data=sent)
        assert status == 302, body
        return headers["Location"].removeprefix(PUBLIC_URL)

    async def link(self, person: str = FAN.id_by_app, browser: Browser | None = None) -> Page:
        """Link an account as a person does; return where the way back leads."""
        used = browser or self.browser
        out = await used.submit("/connections", LINK)
        return await used.get(await self.agree(out.location, person))


@pytest.fixture
async def town(scene: Scene, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Town]:
    """Yield the town; the follower signed in at Zalo."""
    app = app_of("Thẻ thành viên (mẫu)", "the-thanh-vien", is_confidential=True, clock=scene.clock)
    rows = [("own_id", "zalosocial.id.read", "card", False), ("own_name", "zalosocial.profile.read", "card", True)]
    asks = tuple(ask_of(app.id, row) for row in rows)
    raw_secret = await register_app(scene.house, app, list(asks), Actor.system())
    scene = replace(scene, app=app, asks=asks, raw_secret=raw_secret or "")
    config = zalo_config(None).model_copy(update={"login_callback_urls": (LOGIN_CALLBACK, OWN_CALLBACK)})
    async with (
        TestServer(build_zalo_sandbox(config, clock, entropy)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as http,
    ):
        zalo = ZaloCaller(http, str(server.make_url("/zalo")))
        login = ZaloLogin(ZaloApp(zalo.base, zalo.base, APP_ID, APP_SECRET, LOGIN_CALLBACK), http, limit_seconds=2)
        upstream = ZaloUpstream(zalo.base, zalo.base, APP_ID, APP_SECRET, OWN_CALLBACK)
        connectors = {"zalosocial": ZaloSocialConnector(upstream, http, clock=clock)}
        provider = SignInProvider(login, "Zalo", "Zalo", FOLLOWERS)
        async with (
            served(scene, connectors, providers=(provider,)) as origin,
            origin.browser() as browser,
        ):
            town = Town(origin, zalo, browser)
            form = await browser.get("/sign-in")
            out = await browser.post("/sign-in/zalo", {"csrf_token": form.token, "return_to": "/permissions"})
            assert (await browser.get(await town.agree(out.location))).status == 303
            yield town


async def decide(town: Town, person: str = FAN.id_by_app) -> tuple[str, Page]:
    """Go the whole way of an authorize request: asked, linked, confirmed; return the account and the answer."""
    path = await town.origin.ask(redirect_uri="https://app.example/cb")
    out = await town.browser.submit(path, TICKED)
    back = await town.browser.get(await town.agree(out.location, person))
    assert back.location == path
    confirm = await town.browser.get(path)
    account_id = confirm.text.split('name="account" value="')[1].split('"')[0]
    return account_id, await town.browser.submit(path, {"account": account_id, "decision": "agree"})


async def test_from_the_question_to_the_answer(town: Town) -> None:
    """The screen speaks of the person's own Zalo account, leads to Zalo and back, and only then anything is granted."""
    path = await town.origin.ask(redirect_uri="https://app.example/cb")
    page = await town.browser.get(path)
    assert page.boxes == {"own_id", "own_name"}
    for words in ("Xem tên và ảnh đại diện Zalo của bạn", "Về Zalo cá nhân của bạn", "tài khoản Zalo của bạn"):
        assert words in page.words
    for foreign in ("OA", "Official Account", "người quan tâm"):
        assert foreign not in page.words
    english = await town.browser.get(f"{path}?lang=en")
    assert "View your Zalo name and picture" in english.words
    assert "OA" not in english.words
    assert page.policy.split() == ["'self'", "https:", "http:"]
    _, done = await decide(town)
    assert done.answer["code"].startswith("qac_")
    assert "oa_id" not in done.answer
    (grant_id,) = (await town.browser.get("/permissions")).grant_states
    states = (await town.browser.get(f"/permissions/{grant_id}")).ask_states
    assert states == {"own_id": "refused", "own_name": "granted"}


async def test_what_was_given_is_shown_and_taken_back(town: Town) -> None:
    """Quản lý quyền, the receipt and the trace name the account and what was read; one press takes it back."""
    account_id, _ = await decide(town)
    listed = await town.browser.get("/permissions")
    assert FAN.display_name in listed.words
    assert "Zalo cá nhân" in listed.words
    (grant_id,) = listed.grant_states
    house = town.origin.scene.house
    line = Line(
        id=TraceId(new_id("tr", house.entropy)),
        request_id="re_1",
        app_id=town.origin.scene.app.id,
        grant_id=grant_id,  # type: ignore[arg-type]
        account_id=account_id,  # type: ignore[arg-type]
        family_id=None,
        platform="zalosocial",
        route="me",
        ask_ids=(AskId("own_name"),),
        opened_at=house.clock.now(),
    )
    await TraceWriter(house.storage, house.clock).note(line, Ending(Outcome.PASSED, None, 200, 200, 0, 0))
    trace = await town.browser.get("/permissions/trace")
    assert "xem hồ sơ Zalo của chính chủ" in trace.words
    receipts = await town.browser.get("/permissions/receipts")
    assert "Thẻ thành viên (mẫu)" in receipts.words
    grant = await town.browser.get(f"/permissions/{grant_id}")
    for page in (listed, trace, receipts, grant):
        assert " OA" not in page.words
    out = await town.browser.submit(
        f"/permissions/{grant_id}", {"action": "withdraw", "confirm": "yes"}, page=f"/permissions/{grant_id}"
    )
    assert out.status == 303
    states = (await town.browser.get(f"/permissions/{grant_id}")).ask_states
    assert states["own_name"] == "withdrawn"


async def test_a_link_of_ones_own_is_listed_and_mended(town: Town) -> None:
    """The page has its own button for it, says that the role is oneself, and links again what Zalo refuses."""
    page = await town.browser.get("/connections")
    assert "Sang Zalo để nối tài khoản của bạn" in page.words
    assert "Official Account" not in page.words
    assert page.policy == "'self' http:"
    back = await town.link()
    listed = await town.browser.get(back.location)
    assert f"Đã nối {FAN.display_name}" in listed.words
    assert "chính chủ" in listed.words
    scene = town.origin.scene
    async with scene.house.storage.read() as connection:
        account = await accounts.find_external(connection, "zalosocial", FAN.id_by_app)
        assert account is not None
        link = await accounts.find_connection(connection, account.id)
    assert link is not None
    await lose(scene.house, link, Trouble.PERMISSION_LOST)
    lost = await town.browser.get("/connections")
    assert 'data-state="lost"' in lost.text
    assert lost.text.count('name="platform" value="zalosocial"') == 2
    await town.link()
    assert 'data-state="live"' in (await town.browser.get("/connections")).text
    english = await town.browser.get("/connections?lang=en")
    assert "Go to Zalo to link your own account" in english.words


async def test_the_standing_lapses_and_is_proven_again(town: Town) -> None:
    """After ninety days nobody may decide for the account until the person links it again; what stood is asked anew."""
    await decide(town)
    town.origin.scene.clock.advance(STANDING_LASTS)
    async with town.origin.browser() as browser:
        form = await browser.get("/sign-in")
        out = await browser.post("/sign-in/zalo", {"csrf_token": form.token, "return_to": "/permissions"})
        await browser.get(await town.agree(out.location))
        assert (await browser.get("/permissions")).grant_states == {}
        await town.link(browser=browser)
        (state,) = (await browser.get("/permissions")).grant_states.values()
        assert state == "reconfirm"


async def test_anothers_account_is_another(town: Town) -> None:
    """Who agreed at Zalo is whose account it is, whoever is signed in here; nobody sees what another linked."""
    await town.link(OTHER.id_by_app)
    scene = town.origin.scene
    async with town.origin.browser() as browser:
        await browser.sign_in_as(scene.other_owner)
        await town.link(browser=browser)
        page = await browser.get("/connections")
        assert (FAN.id_by_app in page.words, OTHER.id_by_app in page.words) == (True, False)
    page = await town.browser.get("/connections")
    assert (FAN.id_by_app in page.words, OTHER.id_by_app in page.words) == (False, True)


async def test_staff_link_nothing(town: Town) -> None:
    """Developers and operators are no owners of data: the way out, and the way back, are closed to them."""
    wanted = NewPerson("dev", "Lập trình (mẫu)", frozenset({Role.DEVELOPER}), None)
    developer = await add_person(town.origin.scene.house, wanted, Actor.system())
    async with town.origin.browser() as browser:
        await browser.sign_in_as(developer)
        for path in ("/connections", "/connections/zalosocial/callback?state=x&code=y"):
            assert (await browser.get(path)).status == 403


@pytest.mark.parametrize("seconds", [0, 601])
async def test_a_return_counts_once_and_in_time(town: Town, seconds: int) -> None:
    """As for every account: ten minutes, one return, and only for whoever set out."""
    out = await town.browser.submit("/connections", LINK)
    path = await town.agree(out.location)
    if seconds:
        town.origin.scene.clock.advance(timedelta(seconds=seconds))
    else:
        assert (await town.browser.get(path)).status == 303
    page = await town.browser.get(path)
    assert (page.status, "Lượt nối này không dùng được" in page.words) == (400, True)


async def test_ones_own_account_is_taken_away_on_the_page(town: Town) -> None:
    """Two presses, said on the page afterwards, and by the record alone; a shop's OA has no such button."""
    account_id, _ = await decide(town)
    assert "Gỡ kết nối" in (await town.browser.get("/connections")).words
    done = await town.browser.submit("/connections", {"action": "unlink", "account": account_id})
    page = await town.browser.get(done.location)
    assert "Đã gỡ kết nối" in page.words
    assert FAN.id_by_app not in page.words
    assert (await town.browser.get("/permissions")).grant_states == {}
    for unproven in ("x", "lr_0000000000000000000000", ""):
        assert "Đã gỡ kết nối" not in (await town.browser.get(f"/connections?done={unproven}")).words
    async with town.origin.browser() as browser:
        await browser.sign_in_as(town.origin.scene.owner)
        assert "Đã gỡ kết nối" not in (await browser.get(done.location)).words
        assert "Gỡ kết nối" not in (await browser.get("/connections")).words
        oa = town.origin.scene.account.id
        assert (await browser.submit("/connections", {"action": "unlink", "account": oa})).status == 404
        assert (await browser.post("/connections", {"action": "unlink", "account": oa})).status == 403
    assert (await town.browser.submit("/connections", {"action": "unlink", "account": account_id})).status == 404
    assert (await town.browser.submit("/connections", {"action": "unlink"})).status == 400


@pytest.mark.parametrize("person, is_said", [(YOUNG, True), (FAN, False)], ids=["said", "silent"])
async def test_whoever_is_not_called_of_age_agrees_to_nothing(town: Town, person: Follower, *, is_said: bool) -> None:
    """A child's yes is not taken for their own account either: Zalo is asked at that moment, silence is no answer."""
    await town.zalo.switch(social_marks=is_said)
    account_id, page = await decide(town, person.id_by_app)
    assert (page.status, "người giám hộ" in page.words) == (403, True)
    assert (await town.browser.get("/permissions")).grant_states == {}
    path = await town.origin.ask(redirect_uri="https://app.example/cb")
    refused = await town.browser.submit(path, {"account": account_id, "decision": "refuse"})
    assert refused.answer["error"] == "access_denied"


async def test_a_child_by_now_resumes_nothing(town: Town) -> None:
    """What was paused passes again only where Zalo calls the person of age now; no answer, and no link, is no yes."""
    account_id, _ = await decide(town)
    (grant_id,) = (await town.browser.get("/permissions")).grant_states
    path, resume = f"/permissions/{grant_id}", {"action": "resume"}
    await town.browser.submit(path, {"action": "pause"}, page=path)
    refusals = ({"social_marks": False}, 403), ({"social_refuse": 12000}, 503), ({"social_refuse": 210}, 400)
    for switches, status in refusals:
        await town.zalo.switch(**switches)
        assert (await town.browser.submit(path, resume, page=path)).status == status
        await town.zalo.switch(social_marks=True, social_refuse=None)
    scene = town.origin.scene
    link = await accounts.look_up_connection(scene.house.storage, account_id, GATEWAYS_OWN)  # type: ignore[arg-type]
    assert link is not None
    await lose(scene.house, link, Trouble.PERMISSION_LOST)
    assert (await town.browser.submit(path, resume, page=path)).status in {400, 502}
    town.origin.door.connectors.pop("zalosocial")  # type: ignore[attr-defined]
    assert (await town.browser.submit(path, resume, page=path)).status == 403
    assert (await town.browser.get(path)).ask_states["own_name"] == "paused"


async def test_a_token_that_ended_is_renewed_to_ask(town: Town) -> None:
    """Zalo's tokens for people live an hour: the question of age renews one as a call does."""
    await decide(town)
    (grant_id,) = (await town.browser.get("/permissions")).grant_states
    path = f"/permissions/{grant_id}"
    await town.browser.submit(path, {"action": "pause"}, page=path)
    town.origin.scene.clock.advance(timedelta(hours=2))
    assert (await town.browser.submit(path, {"action": "resume"}, page=path)).status == 303
    assert (await town.browser.get(path)).ask_states["own_name"] == "granted"
