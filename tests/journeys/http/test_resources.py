"""Asks narrowed to rooms, as people read them: on the screen, in Quản lý quyền, on the receipt (127, ADR 0026)."""

import json
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import update

from gateway.acts.open_request import Asked, open_request
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.register import register_app
from gateway.records.accounts.types import Account
from gateway.records.ledger.types import Actor
from gateway.records.requests.tables import authorization_requests
from gateway.terms.ids import AppId, AskId
from gateway.terms.resources import Details
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER, app_of, ask_of, link_account
from tests.journeys.http.origin import Browser, Origin, Page

TOM, TRA = "!tom:localhost", "!tra:localhost"
ODD = "!<b>tom</b>:localhost"
USER, OTHER_USER = "@tiem-mau:localhost", "@khac:localhost"
ASKS = (("read", "matrix.message.read", "chat", False), ("me", "matrix.profile.read", "chat", False))
READ, ME = AskId("read"), AskId("me")
ONLY = "Chỉ trong các phòng này:"


def only(*rooms: str) -> str:
    """Return how a page says it, markup left out."""
    return f"{ONLY} {' , '.join(rooms)}"


@pytest.fixture
async def account(origin: Origin) -> Account:
    """Link the owner's Matrix account, and let an app ask there in the place of the scene's."""
    scene = origin.scene
    app = app_of("Trợ lý chat (mẫu)", "tro-ly", is_confidential=True, clock=scene.clock)
    asks = tuple(ask_of(app.id, row) for row in ASKS)
    await register_app(scene.house, app, list(asks), Actor.system())
    return await link_account(scene.house, scene.owner.id, external_id=USER, platform="matrix")


async def asked(origin: Origin, *rooms: str, asks: tuple[AskId, ...] = (READ,), account: str | None = None) -> str:
    """Let the app ask to read in these rooms (none: everywhere); return the screen's path."""
    origin.scene.clock.advance(60)
    details = Details({READ: frozenset(rooms) or None}, account)
    wanted = Asked(AppId("tro-ly"), asks, REDIRECT_URI, "s", CHALLENGE, details=details)
    return f"/consent/{(await open_request(origin.scene.house, wanted)).id}"


async def agree(browser: Browser, path: str, account: Account, *asks: AskId) -> Page:
    """Tick asks on the screen and agree."""
    page = await browser.get(path)
    ticked = [("ask", str(each)) for each in asks]
    fields = [*ticked, ("account", account.id), ("duration", "P1D"), ("seen", page.seen), ("decision", "agree")]
    return await browser.post(path, [*fields, ("csrf_token", page.token)])


async def find_link(browser: Browser, path: str, prefix: str) -> str:
    """Return the first link of a page that begins so."""
    parts = (await browser.get(path)).text.split('"')
    return next(part for part in parts if part.startswith(prefix)).partition("?")[0]


async def rooms_of(origin: Origin, done: Page) -> list[str] | None:
    """Return the rooms that the code of an answer buys."""
    app = app_of("", "tro-ly", is_confidential=True, clock=origin.scene.clock)
    answer = orjson.loads(
        await redeem(origin.scene.house, Redemption(app, done.answer["code"], VERIFIER, REDIRECT_URI))
    )
    found: list[str] | None = answer["authorization_details"][0].get("resources")
    return found


async def test_req_127_the_rooms_stand_on_every_page(origin: Origin, browser: Browser, account: Account) -> None:
    """On the screen before the press, in Quản lý quyền, on the receipt and in its JSON; what is sent is no markup."""
    path = await asked(origin, TRA, ODD)
    page = await browser.get(path)
    assert only(ODD, TRA) in page.words
    assert ODD not in page.text
    done = await agree(browser, path, account, READ)
    assert await rooms_of(origin, done) == sorted([ODD, TRA])
    grant = await find_link(browser, "/permissions", "/permissions/gr_")
    assert only(ODD, TRA) in (await browser.get(grant)).words
    keys = (await browser.get(f"{grant}/credentials")).words
    assert only(ODD, TRA) in keys.partition("Khóa sẽ mở")[2]
    code = await find_link(browser, "/permissions/receipts", "/permissions/receipts/BN-")
    assert only(ODD, TRA) in (await browser.get(code)).words
    receipt = json.loads((await browser.get(f"{code}.json")).text)["receipt"]
    assert receipt["items"][0]["resources"] == sorted([ODD, TRA])


async def test_an_ask_for_everything_names_no_rooms(origin: Origin, browser: Browser, account: Account) -> None:
    """Nothing is said of a limit where there is none."""
    page = await browser.get(await asked(origin))
    assert ONLY not in page.words
    assert account.name in page.words


async def test_other_rooms_are_a_difference_that_says_what_it_replaces(
    origin: Origin, browser: Browser, account: Account
) -> None:
    """The box shows the new rooms and beside them the old ones, before the press; unticked the old ones stay."""
    await agree(browser, await asked(origin, TOM), account, READ)
    path = await asked(origin, TOM, TRA)
    page = await browser.get(path)
    assert page.boxes == {"read"}
    assert f"có hiệu lực đến 22/11/2026. {only(TOM)} ." in page.words
    assert "thay cho giới hạn cũ" in page.words
    assert only(TOM, TRA) in page.words
    assert (await agree(browser, path, account)).answer["error"] == "access_denied"
    done = await agree(browser, await asked(origin, TOM, TRA), account, READ)
    assert await rooms_of(origin, done) == [TOM, TRA]


async def test_more_than_some_rooms_says_so_too(origin: Origin, browser: Browser, account: Account) -> None:
    """From some to all is a difference; from all to some is none, and the short page says what stands."""
    await agree(browser, await asked(origin, TOM), account, READ)
    page = await browser.get(await asked(origin))
    assert page.boxes == {"read"}
    assert f"{only(TOM)} ." in page.words
    await agree(browser, await asked(origin), account, READ)
    path = await asked(origin, TRA)
    page = await browser.get(path)
    assert (page.boxes, "muốn nối lại" in page.words) == (set(), True)
    fields = [("account", account.id), ("seen", page.seen), ("decision", "agree"), ("csrf_token", page.token)]
    assert await rooms_of(origin, await browser.post(path, fields)) == [TRA]


async def test_the_whole_screen_says_that_it_limits(origin: Origin, browser: Browser, account: Account) -> None:
    """What stands for all and is asked for some by `prompt=consent` is a box that says what becomes of it."""
    await agree(browser, await asked(origin), account, READ)
    path = await asked(origin, TOM)
    raw_id = path.rpartition("/")[2]
    whole = update(authorization_requests).where(authorization_requests.c.id == raw_id).values(prompts=("consent",))
    async with origin.scene.house.storage.unit() as unit:
        await unit.connection.execute(whole)
        await unit.commit()
    page = await browser.get(path)
    assert "mà không giới hạn như dưới đây" in page.words
    assert await rooms_of(origin, await agree(browser, path, account, READ)) == [TOM]


async def test_the_account_named_is_the_only_one_offered(origin: Origin, browser: Browser, account: Account) -> None:
    """Another account of the same person does not stand on the screen, and a form that names it decides nothing."""
    scene = origin.scene
    other = await link_account(scene.house, scene.owner.id, external_id=OTHER_USER, platform="matrix")
    path = await asked(origin, TOM, account=USER)
    page = await browser.get(path)
    assert (USER in page.words, OTHER_USER in page.words) == (True, False)
    assert (await agree(browser, path, replace(account, id=other.id), READ)).status == 400
    assert await rooms_of(origin, await agree(browser, path, account, READ)) == [TOM]


async def test_an_account_that_nobody_connected(origin: Origin, browser: Browser, account: Account) -> None:
    """The page says which account is meant, and that it is not connected; others are not offered."""
    page = await browser.get(await asked(origin, TOM, account="@<i>ai</i>:localhost"))
    assert "Bạn chưa nối tài khoản Matrix đó" in page.words
    assert "chỉ xin cho tài khoản @<i>ai</i>:localhost" in page.words
    assert "<i>ai" not in page.text
    assert account.external_id not in page.words
