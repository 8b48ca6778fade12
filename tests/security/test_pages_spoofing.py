"""Names that outsiders chose cannot pass for something else, nor become markup."""

from dataclasses import replace

import pytest

from gateway.acts.open_request import Asked, open_request
from gateway.acts.register import NewPerson, add_person, register_app
from gateway.doors.admin.commands import AdminDoor, perform
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.apps.types import App
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from gateway.terms.ids import AppId
from gateway.terms.refusal import Refusal
from tests.house import ASKS, CHALLENGE, REDIRECT_URI, app_of, ask_of, link_account
from tests.journeys.http.origin import Browser, Origin

NAMES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "</main><h1>Quyen</h1>",
    "{{ 7 * 7 }}",
    "%(app)s %s",
    "Zalo\u202egnol",
    "Za\u200blo",
    "Za\u2060lo\ufeff",
    "A\u2028B\u2029C",
    "\u2066Zalo\u2069",
    "\u3164\u115f",
    "Za\u034fl\u17b4o\ufe0f\U000e0100\u2065",
]
UNSEEN = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\ufeff\u034f\u17b4\ufe0f\U000e0100\u2065"
)


async def register(origin: Origin, name: str) -> App:
    """Register an app that calls itself, its company and everything else so."""
    app = replace(
        app_of(name, "gia-mao", is_confidential=False, clock=origin.scene.clock),
        legal_entity=name,
        contact=name,
        domain=name,
        reviewed_at=None,
    )
    ask = ask_of(app.id, ASKS[0])
    text = replace(ask.texts["vi"], purpose=name, refusal_effect=name, why_required=name)
    recipients = (replace(ask.recipients[0], name=name, country=name),)
    await register_app(
        origin.scene.house, app, [replace(ask, texts={"vi": text, "en": text}, recipients=recipients)], Actor.system()
    )
    return app


@pytest.mark.parametrize("name", NAMES)
async def test_spoofed_names_are_shown_for_what_they_are(origin: Origin, browser: Browser, name: str) -> None:
    """On every page that names an app or account, markup is text and unseen signs are visible marks."""
    app = await register(origin, name)
    account = await link_account(origin.scene.house, origin.scene.other_owner.id, external_id="7")
    async with origin.scene.house.storage.unit() as unit:
        await accounts.rename(unit.connection, account.id, name)
        await unit.commit()
    await browser.sign_in_as(origin.scene.other_owner)
    asked = Asked(AppId(app.id), (ask_of(app.id, ASKS[0]).id,), REDIRECT_URI, None, CHALLENGE)
    path = f"/consent/{(await open_request(origin.scene.house, asked)).id}"
    screen = await browser.get(path)
    fields = {"ask": "oa_profile", "account": account.id, "duration": "P1D", "decision": "agree"}
    pages = [screen, await browser.get(f"/sign-in?return_to={path}")]
    assert (await browser.submit(path, fields)).status == 303
    (grant_id,) = (await browser.get("/permissions")).grant_states
    places = ("/permissions", f"/permissions/{grant_id}", "/connections", "/permissions/trace", "/permissions/receipts")
    pages += [await browser.get(where) for where in places]
    pages.append(await browser.submit(f"/permissions/{grant_id}", {"action": "withdraw"}))
    for page in pages:
        assert page.status == 200
        assert not UNSEEN & set(page.text)
        assert "alert(1)</script>" not in page.text
        assert "<img" not in page.text
        assert page.text.count("<script") == 0
        assert page.text.count("</main>") == 1
        assert 'onfocus=alert(1) x="' not in page.text
        assert "49" not in page.words or "{{ 7 * 7 }}" not in name
    assert plain(name).replace("\ufffd", "").strip() == "" or name[0] in screen.words or "&" in screen.text


async def test_an_unverified_app_is_marked(origin: Origin, browser: Browser) -> None:
    """Nobody checked who stands behind it, and the screen says so."""
    app = await register(origin, "Zalo")
    asked = Asked(app.id, (ask_of(app.id, ASKS[0]).id,), REDIRECT_URI, None, CHALLENGE)
    page = await browser.get(f"/consent/{(await open_request(origin.scene.house, asked)).id}")
    assert "Chưa xác minh" in page.words
    assert "Chỉ đồng ý khi bạn biết chắc họ là ai" in page.words


def test_a_name_without_end_has_one() -> None:
    """Ten thousand letters are cut, so that no name pushes the buttons off the page."""
    assert len(plain("a" * 10_000)) == 120
    assert plain("a" * 10_000).endswith("…")
    assert plain("Sổ bán hàng (mẫu)") == "Sổ bán hàng (mẫu)"


def test_a_pictograph_in_a_name_is_no_hidden_sign() -> None:
    """A shop's heart is a heart; the sign that colours it hides nothing there, and something after a letter."""
    assert plain("Tiệm Hoa \u2764\ufe0f (mẫu)") == "Tiệm Hoa \u2764 (mẫu)"
    assert plain("Zalo\ufe0f") == "Zalo\ufffd"


@pytest.mark.parametrize("name", ["Chủ\u202eshop (mẫu)", "Chủ\u200bshop (mẫu)", "Chủ\nshop (mẫu)"])
async def test_a_persons_own_name_is_shown_for_what_it_is(origin: Origin, browser: Browser, name: str) -> None:
    """In the frame round each page, whoever gave them that name."""
    wanted = NewPerson("chu-la", name, frozenset({Role.OWNER}), None)
    await browser.sign_in_as(await add_person(origin.scene.house, wanted, Actor.system()))
    page = await browser.get("/permissions")
    assert "Chủ\N{REPLACEMENT CHARACTER}shop (mẫu)" in page.words
    assert not UNSEEN & set(page.text)


@pytest.mark.parametrize("place", ["login", "name"])
@pytest.mark.parametrize("written", ["a\u202eb", "a\u200bb", "<b>a</b>", " a", "a\nb"])
async def test_the_command_line_gives_nobody_such_a_name(origin: Origin, place: str, written: str) -> None:
    """Neither as a login; and what is typed in another spelling is kept in one."""
    door = AdminDoor(origin.scene.house, origin.door.catalogue, origin.door.passwords)
    asked = {"login": "le\u0302", "name": "Le\u0302 (mẫu)", "roles": ["owner"], "password": "mật khẩu đủ dài"}
    with pytest.raises(Refusal, match="bad_arguments"):
        await perform(door, "person create", {**asked, place: written})
    assert (await perform(door, "person create", asked))["login"] == "lê"
