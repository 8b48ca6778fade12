"""The history of a grant and the list of receipts, whatever kind of record stands in the log."""

import pytest

from gateway.doors.admin.commands import AdminDoor, perform
from gateway.doors.person.receipt_codes import EVENTS
from gateway.doors.person.told import sentence
from gateway.ground.web.frame import Lang
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import GrantId
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin


@pytest.fixture
async def grant_id(origin: Origin) -> GrantId:
    """Let the owner grant everything, and add a record of every kind about it."""
    scene = origin.scene
    decided = await agree(scene)
    assert decided.grant_id is not None
    async with scene.house.storage.unit() as unit:
        for number, kind in enumerate(Kind):
            actor = Actor(ActorKind.OPERATOR, scene.other_owner.id) if number % 2 else Actor.system()
            draft = Draft(
                kind,
                scene.clock.now(),
                actor,
                {"reason": "khiếu nại số 7"},
                grant_id=decided.grant_id,
                version=100 + number,
                app_id=scene.app.id,
                account_id=scene.account.id,
            )
            await scene.house.ledger.append(unit.connection, draft)
        await unit.commit()
    return decided.grant_id


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_a_grants_history_tells_every_kind(browser: Browser, grant_id: GrantId, lang: Lang) -> None:
    """No record is left out and none breaks the page."""
    page = await browser.get(f"/permissions/{grant_id}?lang={lang}")
    assert page.status == 200
    history = page.words.partition({"vi": "Lịch sử", "en": "History"}[lang])[2]
    assert [kind for kind in Kind if sentence(kind, lang) not in history] == []


@pytest.mark.parametrize(
    "lang,named", [("vi", "Người vận hành, bằng dòng lệnh"), ("en", "An operator, by the command line")]
)
async def test_what_an_operator_did_by_the_command_line_is_told_as_theirs(
    origin: Origin, browser: Browser, lang: Lang, named: str
) -> None:
    """In the history and on the receipt; the gateway's own word for what time ended stands on neither."""
    decided = await agree(origin.scene)
    assert decided.grant_id is not None
    door = AdminDoor(origin.scene.house, origin.door.catalogue, origin.door.passwords)
    await perform(door, "grant withdraw", {"grant_id": decided.grant_id})
    page = await browser.get(f"/permissions/{decided.grant_id}?lang={lang}")
    codes = [part.split('"')[0] for part in page.text.split("/permissions/receipts/")[1:]]
    receipt = await browser.get(f"/permissions/receipts/{codes[0].partition('?')[0]}?lang={lang}")
    for told in (page.words.partition({"vi": "Lịch sử", "en": "History"}[lang])[2], receipt.words):
        assert named in told
        assert {"vi": "theo thời hạn", "en": "when time was up"}[lang] not in told


async def test_receipts_are_of_decisions_alone(browser: Browser, grant_id: GrantId) -> None:
    """The list stands, with a receipt for each record that has one and for no other."""
    page = await browser.get("/permissions/receipts")
    assert page.status == 200
    assert page.text.count('href="/permissions/receipts/BN-') >= len(EVENTS) + 1
    for code in {part.split('"')[0] for part in page.text.split('href="/permissions/receipts/')[1:]}:
        assert (await browser.get(f"/permissions/receipts/{code}")).status == 200
