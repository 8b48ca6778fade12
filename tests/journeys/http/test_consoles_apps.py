"""The developers' pages over HTTP: my apps, what people see of them, keys, and how each ask was decided."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import Asked, open_request
from gateway.acts.pause import pause
from gateway.acts.register import rotate_secret
from gateway.acts.show_request import show_request
from gateway.acts.suspend import suspend_app
from gateway.acts.upstream_apps import Brought, bring_upstream
from gateway.acts.withdraw import withdraw
from gateway.records.accounts.types import Account
from gateway.records.apps.types import BEFORE_RESTORE
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.people.types import Person
from gateway.terms.ids import AccountId, AskId, GrantId
from tests.followers import object_as
from tests.house import CHALLENGE, REDIRECT_URI, link_account
from tests.journeys.http.consoles_origin import OWN_ASKS, Consoles
from tests.journeys.http.origin import Browser, Page

WHO, PHONE = (AskId(row[0]) for row in OWN_ASKS)
PATH = "/developers/cua-toi"


def counts(page: Page, ask: AskId) -> dict[str, int]:
    """Return the numbers of one ask."""
    row = page.text.split(f'data-ask="{ask}"')[1].split("</tr>")[0]
    return {name: int(number) for name, number in re.findall(r'data-count="(\w+)">([\d.]+)<', row)}


async def answer(
    consoles: Consoles, person: Person, account_id: AccountId | None, *agreed: AskId, lasts: str = "P30D"
) -> GrantId | None:
    """Let a person answer the developer's app for an account; no ask is a refusal."""
    house = consoles.scene.house
    request = await open_request(house, Asked(consoles.own_app.id, (WHO, PHONE), REDIRECT_URI, "s", CHALLENGE))
    await show_request(house, request.id, person.id)
    said = Answer(person.id, account_id, frozenset(agreed), DURATIONS[lasts], "Chữ đã hiện (mẫu)", "vi")
    return (await decide(house, request.id, said)).grant_id


async def other_account(consoles: Consoles) -> Account:
    """Link an account of the second owner."""
    return await link_account(consoles.scene.house, consoles.scene.other_owner.id, external_id="4000000000000002")


async def test_my_apps_are_mine(consoles: Consoles, developer: Browser) -> None:
    """The list holds the developer's app and no other; a developer without apps is told how one comes about."""
    page = await developer.get("/developers")
    assert re.findall(r'data-app="([^"]+)"', page.text) == ["cua-toi"]
    async with consoles.signed_in(consoles.rival) as rival:
        assert "Chưa có ứng dụng nào" in (await rival.get("/developers")).words


async def test_the_page_says_who_stands_behind_and_what_people_see(consoles: Consoles, developer: Browser) -> None:
    """Legal entity, address, contact and country; each ask exactly as on the consent screen; redirect URIs."""
    page = await developer.get(PATH)
    assert page.status == 200
    for words in ("Công ty (mẫu)", "1 Phố Mẫu", "a@app.example", "Việt Nam", "who (mẫu).", "không có gì xảy ra (mẫu)."):
        assert words in page.words
    assert REDIRECT_URI in page.words
    assert "zalo.follower.phone.read#crm" in page.words
    async with consoles.signed_in(consoles.scene.owner) as owner:
        asked = Asked(consoles.own_app.id, (WHO, PHONE), REDIRECT_URI, "s", CHALLENGE)
        screen = await owner.get(f"/consent/{(await open_request(consoles.scene.house, asked)).id}")
    shown = re.findall(r'<div class="say">.*?</dl>', screen.text, re.DOTALL)
    assert len(shown) == len(OWN_ASKS)
    assert re.findall(r'<div class="say">.*?</dl>', page.text, re.DOTALL) == shown


async def test_an_app_of_its_own_at_a_platform_is_named(consoles: Consoles, developer: Browser) -> None:
    """The developer sees as which app calls go out, and nothing of the secret, its length or its end."""
    assert "ứng dụng riêng" not in (await developer.get(PATH)).words
    brought = Brought(consoles.own_app.id, "zalo", "2233445566778899001", "a-secret-of-the-isv")
    await bring_upstream(consoles.scene.house, brought, Actor.command_line())
    page = await developer.get(PATH)
    assert "Gọi bằng ứng dụng riêng Zalo" in page.words
    assert "2233445566778899001" in page.words
    assert "the-isv" not in page.text


async def test_keys_are_shown_by_their_last_four(consoles: Consoles, developer: Browser) -> None:
    """Each key stands with its last four and when it was made; ended ones say so; no more of a key is anywhere."""
    raw = [await rotate_secret(consoles.scene.house, consoles.own_app.id, Actor.system()) for _ in range(2)]
    page = await developer.get(PATH)
    keys = re.findall(r'data-key="(\w{4})"', page.text)
    assert len(keys) == 3
    assert {secret[-4:] for secret in raw} <= set(keys)
    assert page.words.count("Hết dùng") == 1
    assert not any(secret[-5:] in page.text for secret in raw)


async def test_each_ask_is_counted_by_what_became_of_it(consoles: Consoles, developer: Browser) -> None:
    """Agreed, refused, withdrawn, paused and live stand apart, and what was given adds up."""
    scene = consoles.scene
    account = await other_account(consoles)
    owner, other = Actor(ActorKind.PERSON, scene.owner.id), Actor(ActorKind.PERSON, scene.other_owner.id)
    first = await answer(consoles, scene.owner, scene.account.id, WHO, PHONE)
    second = await answer(consoles, scene.other_owner, account.id, WHO)
    assert first is not None
    assert second is not None
    scene.clock.advance(60)
    await withdraw(scene.house, first, owner, ask_ids=[PHONE])
    await pause(scene.house, second, other, ask_ids=[WHO])
    await object_as(replace(scene, app=consoles.own_app), "1", PHONE)  # a follower's own no: not the app's to count
    page = await developer.get(PATH)
    nothing = dict.fromkeys(("agreed", "refused", "withdrawn", "paused", "expired", "reconfirm", "live"), 0)
    assert counts(page, WHO) == nothing | {"agreed": 2, "paused": 1, "live": 1}
    assert counts(page, PHONE) == nothing | {"agreed": 1, "refused": 1, "withdrawn": 1}
    assert "1" in (await developer.get("/developers")).text.split("Tài khoản đang cấp quyền")[1][:40]


async def test_giving_again_counts_again_and_extending_does_not(consoles: Consoles, developer: Browser) -> None:
    """Agreeing to what is in force is no new gift; agreeing after taking back is one; both stay in the sum."""
    scene = consoles.scene
    grant_id = await answer(consoles, scene.owner, scene.account.id, WHO, PHONE)
    await answer(consoles, scene.owner, scene.account.id, WHO, PHONE)
    assert counts(await developer.get(PATH), WHO)["agreed"] == 1
    assert grant_id is not None
    scene.clock.advance(60)
    await withdraw(scene.house, grant_id, Actor(ActorKind.PERSON, scene.owner.id))
    await answer(consoles, scene.owner, scene.account.id, WHO, PHONE)
    found = counts(await developer.get(PATH), WHO)
    assert (found["agreed"], found["withdrawn"], found["live"]) == (2, 1, 1)


async def test_time_that_ran_out_counts_before_it_is_recorded(consoles: Consoles, developer: Browser) -> None:
    """A permission past its end is expired on the page at once."""
    scene = consoles.scene
    await answer(consoles, scene.owner, scene.account.id, WHO, lasts="P1D")
    scene.clock.advance(timedelta(hours=11))
    assert counts(await developer.get(PATH), WHO)["live"] == 1
    scene.clock.advance(timedelta(hours=11))
    await developer.get(PATH)
    scene.clock.advance(timedelta(hours=11))
    found = counts(await developer.get(PATH), WHO)
    assert (found["expired"], found["live"], found["agreed"]) == (1, 0, 1)


async def test_refusals_without_an_account_count(consoles: Consoles, developer: Browser) -> None:
    """Someone who refuses before linking any account refused all the same."""
    await answer(consoles, consoles.scene.other_owner, None)
    await answer(consoles, consoles.scene.owner, consoles.scene.account.id)
    page = await developer.get(PATH)
    assert counts(page, WHO)["refused"] == counts(page, PHONE)["refused"] == 2
    assert "cộng số lần người chưa nối tài khoản nào từ chối" in page.words


async def test_a_suspended_app_says_so(consoles: Consoles, developer: Browser) -> None:
    """The page of a suspended app says that nothing passes, and the operator's reason."""
    await suspend_app(consoles.scene.house, consoles.own_app.id, Actor.system(), reason="gọi sai mục đích (mẫu)")
    page = await developer.get(PATH)
    assert 'data-state="suspended"' in page.text
    assert "gọi sai mục đích (mẫu)" in page.words


@pytest.mark.parametrize(
    "lang,words",
    [("vi", "từ trước khi dữ liệu của cổng được khôi phục"), ("en", "before the gateway's data was restored")],
)
async def test_a_suspension_that_outlived_its_words_is_explained(
    consoles: Consoles, developer: Browser, lang: str, words: str
) -> None:
    """After a restore the operator's reason is lost; the page says so in its own language, and shows no code."""
    await suspend_app(consoles.scene.house, consoles.own_app.id, Actor.system(), reason=BEFORE_RESTORE)
    page = await developer.get(f"{PATH}?lang={lang}")
    assert words in page.words
    assert BEFORE_RESTORE not in page.text


async def test_the_pages_speak_english(developer: Browser) -> None:
    """Both pages are drawn in English when asked."""
    assert "My apps" in (await developer.get("/developers?lang=en")).words
    page = await developer.get(f"{PATH}?lang=en")
    assert '<html lang="en">' in page.text
    assert "Vietnam" in page.words
    assert "How each item was decided" in page.words
