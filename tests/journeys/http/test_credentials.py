"""A grant's connection keys over HTTP: make one, see each, end one; only for one's own, only by who just signed in."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.make_credential import MOST_LIVE, NewCredential, make_credential
from gateway.acts.open_request import Asked, open_request
from gateway.acts.pause import pause
from gateway.acts.register import register_app, set_roles
from gateway.acts.show_request import show_request
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.use_credential import Use, use_credential
from gateway.acts.withdraw import withdraw
from gateway.records.accounts.types import Account
from gateway.records.families import credentials
from gateway.records.families.types import Credential
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.terms.ids import AskId, GrantId, TraceId
from tests.house import (
    CHALLENGE,
    PUBLIC_URL,
    REDIRECT_URI,
    agree,
    app_of,
    ask_of,
    fresh_parts,
    house_in,
    link_account,
    set_scene,
)
from tests.journeys.http.origin import Browser, Origin, Page, served

PASSED = Ending(Outcome.PASSED, None, 200, 200, 1, 0)


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
    """Let the owner grant everything; afterwards it is withdrawn, with every key."""
    grant_id = GrantId(str((await agree(origin.scene)).grant_id))
    yield grant_id
    if any(each.ended_at is None for each in await listed(origin, grant_id)):
        await withdraw(origin.scene.house, grant_id, Actor.system())


@pytest.fixture
def path(grant_id: GrantId) -> str:
    """Return the page of its keys."""
    return f"/permissions/{grant_id}/credentials"


async def listed(origin: Origin, grant_id: GrantId) -> list[Credential]:
    """List the credentials of a grant."""
    async with origin.scene.house.storage.read() as connection:
        return await credentials.list_of_grants(connection, [grant_id])


def states_on(page: Page) -> list[str]:
    """Return the state of each key on the page."""
    return re.findall(r'data-credential="[^"]+" data-state="([^"]+)"', page.text)


def making_on(page: Page) -> str:
    """Return whether the page offers to make a key, or why not."""
    (found,) = re.findall(r'data-making="([^"]+)"', page.text)
    return str(found)


async def test_a_key_is_made_shown_once_and_ended(
    origin: Origin, browser: Browser, grant_id: GrantId, path: str
) -> None:
    """From the grant's page: its secret stands in the one answer, its name in the list, and one press ends it."""
    assert f"/permissions/{grant_id}/credentials" in (await browser.get(f"/permissions/{grant_id}")).text
    made = await browser.submit(path, {"action": "make", "name": "  Quầy 1\u200b (mẫu) "})
    assert (made.status, made.headers["Cache-Control"]) == (200, "no-store")
    (secret,) = re.findall(r'id="secret">(qcs_[0-9A-Za-z]{49})<', made.text)
    credential = (await listed(origin, grant_id))[0]
    assert f'id="client-id">{credential.id}<' in made.text
    assert credential.name == "Quầy 1 (mẫu)"
    page = await browser.get(path)
    assert (secret in page.text, secret[-4:] in page.text, states_on(page)[0]) == (False, True, "live")
    assert "Quầy 1 (mẫu)" in page.words
    assert "Chưa dùng lần nào" in page.words
    assert 'data-credentials="1"' in (await browser.get(f"/permissions/{grant_id}")).text
    ended = await browser.submit(path, {"action": "end", "credential": credential.id})
    assert ended.location == path
    assert states_on(await browser.get(path))[0] == "ended"
    assert (await browser.submit(path, {"action": "end", "credential": credential.id})).location == path


@pytest.mark.parametrize("name", ["", "   ", "\u202e\u200b", "…", "x" * 61])
async def test_a_name_says_something(origin: Origin, browser: Browser, grant_id: GrantId, path: str, name: str) -> None:
    """A name without a word, or a very long one, comes back with the form; nothing is made."""
    before = len(await listed(origin, grant_id))
    page = await browser.submit(path, {"action": "make", "name": name})
    assert page.status == 422
    assert 'aria-invalid="true"' in page.text
    assert len(await listed(origin, grant_id)) == before


async def test_a_key_is_made_only_by_who_signed_in_just_now(
    origin: Origin, browser: Browser, grant_id: GrantId, path: str
) -> None:
    """After a quarter of an hour the page leads to sign-in and back; ending needs no such proof."""
    made = await make_credential(origin.scene.house, NewCredential(grant_id, origin.scene.owner.id, "Trước (mẫu)"))
    origin.scene.clock.advance(timedelta(minutes=16))
    page = await browser.get(path)
    assert making_on(page) == "sign_in"
    refused = await browser.submit(path, {"action": "make", "name": "Muộn (mẫu)"})
    assert refused.location == f"/sign-in?again=1&return_to=%2Fpermissions%2F{grant_id}%2Fcredentials"
    assert (await listed(origin, grant_id))[0].name == "Trước (mẫu)"
    assert (await browser.submit(path, {"action": "end", "credential": made.credential.id})).location == path
    assert (await listed(origin, grant_id))[0].ended_at is not None


async def test_a_key_is_judged_by_what_it_reaches(origin: Origin, browser: Browser) -> None:
    """A key whose own asks are paused opens nothing, whatever else was granted since; nor does a suspended app's."""
    scene = origin.scene
    profile, phone = AskId("oa_profile"), AskId("crm_phone")
    grant_id = GrantId(str((await agree(scene, frozenset({profile}), whole=True)).grant_id))
    path = f"/permissions/{grant_id}/credentials"
    await make_credential(scene.house, NewCredential(grant_id, scene.owner.id, "Cũ (mẫu)"))
    await pause(scene.house, grant_id, Actor.system(), ask_ids=[profile])
    await agree(scene, frozenset({phone}), asked_for=frozenset({phone}))
    await make_credential(scene.house, NewCredential(grant_id, scene.owner.id, "Mới (mẫu)"))
    page = await browser.get(path)
    old, new = (page.text.split(name)[0].rpartition('data-state="')[2][:4] for name in ("Cũ (mẫu)", "Mới (mẫu)"))
    assert (old, new) == ("paus", "live")
    credential = next(each for each in await listed(origin, grant_id) if each.name == "Cũ (mẫu)")
    assert orjson.loads(await use_credential(scene.house, Use(credential)))["scope"] == ""
    await suspend_app(scene.house, scene.app.id, Actor.system(), reason="xem lại (mẫu)")
    assert set(states_on(await browser.get(path))[:2]) == {"paused"}
    await resume_app(scene.house, scene.app.id, Actor.system())
    await withdraw(scene.house, grant_id, Actor.system())


async def test_what_cannot_be_made_is_said(origin: Origin, browser: Browser, grant_id: GrantId, path: str) -> None:
    """Too many, and a grant that is paused: the page has no form, and a form from before is refused."""
    for number in range(MOST_LIVE):
        wanted = NewCredential(grant_id, origin.scene.owner.id, f"Khóa {number} (mẫu)")
        await make_credential(origin.scene.house, wanted)
    page = await browser.get(path)
    assert making_on(page) == "full"
    assert (await browser.submit(path, {"action": "make", "name": "Nữa (mẫu)"})).status == 409
    await pause(origin.scene.house, grant_id, Actor.system())
    page = await browser.get(path)
    assert (making_on(page), states_on(page)[0]) == ("nothing", "paused")
    assert (await browser.submit(path, {"action": "make", "name": "Nữa (mẫu)"})).status == 409
    assert (await browser.submit(path, {"action": "burn"})).status == 400


async def test_nobody_elses_and_not_by_staff(origin: Origin, browser: Browser, grant_id: GrantId, path: str) -> None:
    """A stranger finds no page and ends nothing; another holder sees who made it and may end it; staff may not make."""
    house, other = origin.scene.house, origin.scene.other_owner
    made = await make_credential(house, NewCredential(grant_id, origin.scene.owner.id, "Của tôi (mẫu)"))
    end = {"action": "end", "credential": made.credential.id}
    async with origin.browser() as visitor:
        await visitor.sign_in_as(other)
        assert (await visitor.get(path)).status == 404
        assert (await visitor.submit(path, end, page="/permissions")).status == 404
        await link_account(house, other.id, external_id=origin.scene.account.external_id)
        page = await visitor.get(path)
        assert origin.scene.owner.name in page.words
        await set_roles(house, other.login, frozenset({Role.OPERATOR}), Actor.system())
        assert making_on(await visitor.get(path)) == "staff"
        assert (await visitor.submit(path, {"action": "make", "name": "X (mẫu)"})).status == 403
        assert (await visitor.submit(path, end)).location == path
    assert (await browser.submit(path, {"action": "end", "credential": "gc_x"})).status == 404
    assert states_on(await browser.get(path))[0] == "ended"


async def test_the_trace_names_the_key(origin: Origin, browser: Browser, grant_id: GrantId) -> None:
    """A call that came by it is the app's, by that key; the app's own call names none."""
    house = origin.scene.house
    made = await make_credential(house, NewCredential(grant_id, origin.scene.owner.id, "Máy quầy <b> (mẫu)"))
    own = origin.scene.app.id, grant_id, origin.scene.account.id
    for number, family_id in enumerate((made.credential.family_id, None)):
        now = origin.scene.clock.advance(1)
        line = Line(TraceId(f"tr_{number:022}"), "re", *own, family_id, "zalo", "view_follower", (), now)
        await TraceWriter(house.storage, origin.scene.clock).note(line, PASSED)
    text = (await browser.get("/permissions/trace")).text
    newest, older = text.split("data-trace=")[1:3]
    assert "khóa kết nối" not in newest
    assert "Bằng khóa kết nối “Máy quầy &lt;b&gt; (mẫu)”." in older


async def grant_on(origin: Origin, account: Account, *, dialect: str | None) -> GrantId:
    """Register an app with an ask on the account's platform, and let the owner agree to it."""
    scope = {"kiotviet": "kiotviet.shop.read", "zalo": "zalo.profile.read"}[account.platform]
    app_id = f"{dialect}-{account.platform}"
    app = app_of(f"{app_id} (mẫu)", app_id, is_confidential=True, clock=origin.scene.clock)
    await register_app(
        origin.scene.house,
        replace(app, dialect=dialect),
        [ask_of(app.id, ("shop", scope, "crm", False))],
        Actor.system(),
    )
    ask = AskId("shop")
    request = await open_request(origin.scene.house, Asked(app.id, (ask,), REDIRECT_URI, "s", CHALLENGE))
    await show_request(origin.scene.house, request.id, origin.scene.owner.id)
    answer = Answer(origin.scene.owner.id, account.id, frozenset({ask}), DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    return GrantId(str((await decide(origin.scene.house, request.id, answer)).grant_id))


@pytest.mark.parametrize(
    "dialect,platform,path",
    [
        ("kiotviet", "kiotviet", "/dialect/kiotviet/connect/token"),
        (None, "kiotviet", "/oauth/token"),
        ("kiotviet", "zalo", "/oauth/token"),
        ("zalo", "zalo", "/oauth/token"),
    ],
)
async def test_a_key_says_where_its_clients_exchange_it(
    origin: Origin, browser: Browser, dialect: str | None, platform: str, path: str
) -> None:
    """A client that knows only KiotViet is given KiotViet's address, on the gateway; every other one OAuth's."""
    numbers = {"kiotviet": "tiem-banh-mau", "zalo": "4000000000000055"}
    scene = origin.scene
    account = await link_account(scene.house, scene.owner.id, external_id=numbers[platform], platform=platform)
    page = f"/permissions/{await grant_on(origin, account, dialect=dialect)}/credentials"
    made = await browser.submit(page, {"action": "make", "name": "Máy tính quầy (mẫu)"})
    assert f'<dd class="mono">{PUBLIC_URL}{path}</dd>' in made.text
