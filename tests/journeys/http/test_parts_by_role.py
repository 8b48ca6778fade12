"""Which parts of the gateway a page leads to: those of the reader's own roles; of the others it says whose they are."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.acts.register import NewPerson, add_person, set_roles
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles, served_consoles
from tests.journeys.http.origin import Page
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

PARTS = ("/permissions", "/developers", "/operators/log")
NAMES = ("Quản lý quyền", "Ứng dụng của tôi", "Nhật ký cấp quyền")
OWNERS_PAGES = ("/permissions", "/permissions/receipts", "/permissions/trace", "/connections")


@pytest.fixture
async def consoles(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Consoles]:
    """Yield a gateway with all its doors."""
    async with served_consoles(tmp_path, clock, entropy) as consoles:
        yield consoles


def cards(page: Page) -> list[str]:
    """Return where the cards of the first page lead."""
    return re.findall(r'<h2><a href="([^"]+)"', page.text)


def menu(page: Page) -> list[str]:
    """Return which parts the menu of a page leads to."""
    found = re.search(r'<nav class="nav".*?</nav>', page.text, re.DOTALL)
    return [path for path in re.findall(r'href="([^"]+)"', found[0]) if path in PARTS] if found else []


def links(page: Page) -> set[str]:
    """Return which own pages a page leads to, beside the menu's frame."""
    main = page.text.partition("<main")[2].partition("</main>")[0]
    return set(re.findall(r'href="(/[^"]*)"', main))


async def test_each_role_is_led_to_its_own_parts(consoles: Consoles) -> None:
    """A stranger may try every door; who is signed in has the doors and the menu of their roles, on a 404 too."""
    people = [(consoles.scene.owner, 0), (consoles.developer, 1), (consoles.operator, 2)]
    for person, part in people:
        async with consoles.signed_in(person) as browser:
            first, lost = await browser.get("/"), await browser.get("/nowhere")
        assert cards(first) == menu(first) == menu(lost) == [PARTS[part]]
        assert first.words.count("ần đăng nhập bằng tài khoản") == 2
        assert (lost.status, person.name in lost.words) == (404, True)
        names = [name for name in NAMES if f"Về {name}" in lost.words]
        assert names == [NAMES[part]]
        assert f"đi từ {NAMES[part]}." in lost.words
    async with consoles.signed_in(None) as stranger:
        first = await stranger.get("/")
    assert (cards(first), menu(first)) == ([*PARTS], [])


@pytest.mark.parametrize("path, whose", [("/operators/log", "người vận hành"), ("/developers", "nhà phát triển")])
async def test_a_page_of_another_role_says_whose_it_is(consoles: Consoles, path: str, whose: str) -> None:
    """An owner stays signed in on it, with their own menu, and reads which account it takes."""
    owner = consoles.scene.owner
    async with consoles.signed_in(owner) as browser:
        page = await browser.get(path)
    assert page.status == 403
    assert f"đang đăng nhập là {owner.name}: đăng xuất, rồi đăng nhập bằng tài khoản {whose}" in page.words
    assert menu(page) == ["/permissions"]
    assert 'action="/sign-out"' in page.text


async def test_an_owners_page_says_so_to_staff_and_where_theirs_are(consoles: Consoles) -> None:
    """Who is a developer or an operator alone reads whose page it is, instead of an empty one; filtered or not."""
    for person, part in ((consoles.developer, 1), (consoles.operator, 2)):
        async with consoles.signed_in(person) as browser:
            pages = [await browser.get(path) for path in (*OWNERS_PAGES, "/permissions?action=withdraw")]
            english = await browser.get("/permissions?lang=en")
        for page in pages:
            assert page.status == 403
            assert f"dành cho chủ tài khoản. Bạn đang đăng nhập là {person.name}:" in page.words
            assert f"Trang của bạn: {NAMES[part]} ." in page.words
            assert (menu(page), links(page)) == ([PARTS[part]], {"/", PARTS[part]})
        assert "This page is for owners of accounts." in english.words


async def test_a_parameter_stands_once_on_every_page_of_ones_own(consoles: Consoles) -> None:
    """Owners', developers' and operators' pages do not guess which of two counts; an unknown one says nothing."""
    people = [
        (consoles.scene.owner, ("/permissions", "/permissions/trace", "/permissions/receipts", "/connections")),
        (consoles.developer, ("/developers", "/developers/cua-toi", "/developers/cua-toi/notices")),
        (consoles.operator, ("/operators/log", "/operators/log/export")),
    ]
    for person, paths in people:
        async with consoles.signed_in(person) as browser:
            for path in paths:
                page = await browser.get(f"{path}?state=x&state=x&lang=en")
                assert page.status == 400
                assert "A parameter stands twice in the address" in page.words
                assert (await browser.get(f"{path}?foo=1&bar=2")).status == 200


async def test_what_was_given_before_becoming_staff_is_still_there_to_end(consoles: Consoles) -> None:
    """Whoever was an owner once and is an operator now still finds what they gave, its receipts and its trace."""
    decided = await agree(consoles.scene)
    await set_roles(consoles.scene.house, consoles.scene.owner.login, frozenset({Role.OPERATOR}), Actor.system())
    async with consoles.signed_in(consoles.scene.owner) as browser:
        pages = [await browser.get(path) for path in OWNERS_PAGES[:3]]
    assert [page.status for page in pages] == [200, 200, 200]
    assert pages[0].grant_states == {decided.grant_id: "granted"}


async def test_a_follower_reads_what_these_pages_are_not_about(consoles: Consoles) -> None:
    """Before a shop's link was opened there is nothing here: the pages say how it comes, and not that nobody looked."""
    wanted = NewPerson("khach", "Khách (mẫu)", frozenset({Role.FOLLOWER}), None)
    follower = await add_person(consoles.scene.house, wanted, Actor.system())
    async with consoles.signed_in(follower) as browser:
        first, *pages = [await browser.get(path) for path in ("/", "/permissions", "/permissions/trace")]
        english = await browser.get("/permissions?lang=en")
    assert "người quan tâm" not in first.words
    for page in pages:
        assert (page.status, "Shop mời bạn bằng một liên kết" in page.words) == (200, True)
        assert not [claim for claim in ("0 ứng dụng", "Chưa ai xem dữ liệu của bạn") if claim in page.words]
    assert "A shop invites you by a link" in english.words
    async with consoles.signed_in(consoles.scene.owner) as browser:
        assert "Shop mời bạn" not in (await browser.get("/permissions")).words
        assert "Chưa ai xem dữ liệu của bạn" in (await browser.get("/permissions/trace")).words
