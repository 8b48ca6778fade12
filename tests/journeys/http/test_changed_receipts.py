"""Which changed records stand among a person's receipts, when the row itself cannot be trusted to say so."""

import re
from html import unescape
from pathlib import Path

import pytest

from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Draft
from gateway.terms.ids import AskId, GrantId, RecordId
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin, Page
from tests.journeys.http.test_changed_log import DAMAGED, code_of, end_one, tamper


def change_row(folder: Path, record_id: RecordId, change: str) -> None:
    """Change a record's row behind the gateway's back."""
    tamper(folder, f"UPDATE ledger_records SET {change} WHERE record_id = '{record_id}'")  # noqa: S608


async def end_families(origin: Origin, grant_id: str, count: int) -> list[RecordId]:
    """Add records about a grant that are no decisions."""
    scene, ended = origin.scene, list[RecordId]()
    async with scene.house.storage.unit() as unit:
        for version in range(50, 50 + count):
            at, about, owner = scene.clock.now(), GrantId(grant_id), Actor(ActorKind.PERSON, scene.owner.id)
            draft = Draft(Kind.FAMILY_ENDED, at, owner, {}, grant_id=about, version=version)
            ended.append((await scene.house.ledger.append(unit.connection, draft)).record_id)
        await unit.commit()
    return ended


def codes_of(page: Page) -> list[str]:
    """Return the codes of the receipts that a page lists."""
    return re.findall(r'data-receipt="([^"]+)"', page.text)


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'linked'",
        "kind = 'looked_up'",
        "kind = 'linked', actor_id = 'ps_x'",
        "kind = 'linked', grant_id = NULL, version = 0",
        "kind = 'linked', app_id = NULL",
        "kind = x'ff'",
        "kind = 'linked', canonical = x'00'",
    ],
)
async def test_a_decision_of_another_kind_stays_among_the_receipts(
    origin: Origin, browser: Browser, tmp_path: Path, change: str
) -> None:
    """Whatever the row says that it is: its bytes, or the column, leave it possible that it was a decision."""
    record_id = (await end_one(origin))[1]
    change_row(tmp_path, record_id, change)
    listed = await browser.get("/permissions/receipts")
    assert codes_of(listed)[0] == code_of(record_id)
    assert DAMAGED in listed.text.split(f'data-receipt="{code_of(record_id)}"')[1].split("</tr>")[0]
    assert len(codes_of(listed)) == 2


@pytest.mark.parametrize(
    "change",
    ["grant_id = '{other}', version = 90", "grant_id = NULL, version = 0", "grant_id = x'ff'", "grant_id = 'gr_x'"],
)
async def test_a_record_that_was_moved_to_another_grant_stays_in_the_history(
    origin: Origin, browser: Browser, tmp_path: Path, change: str
) -> None:
    """Its bytes still name the grant: the owner reads that a record of theirs was changed, not who ended what."""
    grant_id, record_id = await end_one(origin)
    other = await agree(origin.scene, app=origin.scene.public_app)
    change_row(tmp_path, record_id, change.format(other=other.grant_id))
    page = await browser.get(f"/permissions/{grant_id}")
    assert (page.status, page.words.count(DAMAGED), page.ask_states["crm_phone"]) == (200, 1, "withdrawn")
    assert "Không rõ ai rút lại" in page.words


@pytest.mark.parametrize("at", ["'now'", "9223372036854775807", "221845392000000000", "0", "-1", "x'ff'"])
async def test_a_time_that_cannot_be_read_is_a_dash(origin: Origin, browser: Browser, tmp_path: Path, at: str) -> None:
    """No text, no year 9000 and none before there was a gateway is shown as a time of a record that was changed."""
    grant_id, record_id = await end_one(origin)
    change_row(tmp_path, record_id, f"at = {at}")
    listed = await browser.get("/permissions/receipts")
    row = listed.text.split(f'data-receipt="{code_of(record_id)}"')[1].split("</tr>")[0]
    assert (DAMAGED in row, row.count(">–<"), "<time" in row) == (True, 3, False)
    history = (await browser.get(f"/permissions/{grant_id}")).text.split(DAMAGED)[1].partition("</li>")[0]
    assert ("–" in history, "<time" in history) == (True, False), history


async def test_a_changed_record_that_was_no_decision_is_not_among_the_receipts(
    origin: Origin, browser: Browser, tmp_path: Path
) -> None:
    """Column and bytes agree that it was none; where the bytes are gone, nothing says so any more."""
    grant_id = (await end_one(origin))[0]
    before = codes_of(await browser.get("/permissions/receipts"))
    (ended,) = await end_families(origin, grant_id, 1)
    for change, more in (("request_id = 'x'", []), ("canonical = x'00'", [code_of(ended)])):
        change_row(tmp_path, ended, change)
        assert codes_of(await browser.get("/permissions/receipts")) == more + before


async def test_every_page_of_the_receipts_is_full(
    origin: Origin, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other records about the same grants take no place on a page, and a changed one takes its own."""
    monkeypatch.setattr("gateway.doors.person.receipts.PAGE", 2)
    grant_id, record_id = await end_one(origin)
    await end_families(origin, grant_id, 7)
    change_row(tmp_path, record_id, "kind = 'linked'")
    for ask in ("oa_profile", "crm_phone"):
        await agree(origin.scene, frozenset({AskId(ask)}), whole=True)
    first = await browser.get("/permissions/receipts")
    (older,) = re.findall(r'href="([^"]*cursor=[^"]*)"', first.text)
    second = await browser.get(unescape(older))
    assert (len(codes_of(first)), codes_of(second)[0], len(codes_of(second))) == (2, code_of(record_id), 2)
