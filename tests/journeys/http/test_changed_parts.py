"""A sealed part that was renamed, moved, changed, added or taken away: every place that shows its record stays.

One house is served for the whole file; each test puts back what it changed.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import GrantId, RecordId
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles, served_consoles
from tests.journeys.http.origin import Browser
from tests.journeys.http.test_consoles_log import REASON, list_look_ups, verified
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

CHANGES = {
    "a name that no part has": "UPDATE ledger_parts SET name = 'zz' WHERE {it}",
    "a name that is bytes": "UPDATE ledger_parts SET name = x'ff' WHERE {it}",
    "a name that is no text": "UPDATE ledger_parts SET name = CAST(x'ff' AS TEXT) WHERE {it}",
    "a person whom no key is of": "UPDATE ledger_parts SET person_id = '../ps_x' WHERE {it}",
    "a person that is bytes": "UPDATE ledger_parts SET person_id = x'ff' WHERE {it}",
    "a person that is no text": "UPDATE ledger_parts SET person_id = CAST(x'ff' AS TEXT) WHERE {it}",
    "another record's": "UPDATE ledger_parts SET record_id = 'lr_x' WHERE {it}",
    "gone": "DELETE FROM ledger_parts WHERE {it}",
    "one more": "INSERT INTO ledger_parts VALUES ('{id}', 'evidence', 'ps_x', x'00')",
    "one more of a name that no part has": "INSERT INTO ledger_parts VALUES ('{id}', 'zz', 'ps_x', x'00')",
    "one byte": "UPDATE ledger_parts SET sealed = x'00' || substr(sealed, 2) WHERE {it}",
    "no bytes": "UPDATE ledger_parts SET sealed = x'' WHERE {it}",
    "text": "UPDATE ledger_parts SET sealed = 'text' WHERE {it}",
}
DAMAGED = "Bản ghi bị sửa, không đọc được"


@dataclass(frozen=True, slots=True)
class Stage:
    """A served house with a decision, and with a look at who is behind it."""

    consoles: Consoles
    folder: Path
    operator: Browser
    owner: Browser
    grant_id: GrantId
    decided: RecordId
    looked: RecordId

    @contextmanager
    def changed(self, change: str, record_id: RecordId, part: str) -> Iterator[None]:
        """Change the parts of a record behind the gateway's back, for a while."""
        database = sqlite3.connect(self.folder / "quyen.db", isolation_level=None)
        it = f"record_id = '{record_id}' AND name = '{part}'"
        kept = database.execute("SELECT * FROM ledger_parts WHERE record_id = ?", (record_id,)).fetchall()
        try:
            assert database.execute(CHANGES[change].format(it=it, id=record_id)).rowcount == 1
            yield
        finally:
            database.execute("DELETE FROM ledger_parts WHERE record_id IN (?, 'lr_x')", (record_id,))
            database.executemany("INSERT INTO ledger_parts VALUES (?, ?, ?, ?)", kept)
            database.close()


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Serve a house in which the owner agreed, and an operator looked at who that was."""
    folder = tmp_path_factory.mktemp("parts")
    async with served_consoles(folder, ManualClock(), SeededEntropy()) as consoles:
        scene = consoles.scene
        decided = await agree(scene)
        assert decided.grant_id is not None
        async with consoles.signed_in(consoles.operator) as operator, consoles.signed_in(scene.owner) as owner:
            page = await operator.get(f"/operators/log/{decided.recorded.record_id}?reason={REASON}")
            assert "Đã mở danh tính" in page.words
            async with scene.house.storage.read() as connection:
                (look,) = await reading.list_records(connection, reading.Search(kinds=[Kind.LOOKED_UP]), 9)
            given = decided.grant_id, decided.recorded.record_id
            yield Stage(consoles, folder, operator, owner, *given, look.record_id)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_record_with_a_changed_part_is_shown_as_changed_to_operators(stage: Stage, change: str) -> None:
    """Page, list and export mark it and open nothing; verification names it; the record beside it stays."""
    operator, decided, looked = stage.operator, stage.decided, stage.looked
    with stage.changed(change, decided, "identity"):
        for path in (decided, f"{decided}?reason={REASON}"):
            page = await operator.get(f"/operators/log/{path}")
            assert (page.status, "không còn như lúc được ghi" in page.words) == (200, True)
            assert "data-opened" not in page.text
        listed = await operator.get("/operators/log")
        row = listed.text.split(f'data-record="{decided}"')[1].split("</tr>")[0]
        assert "Bản ghi bị sửa" in row
        exported = await operator.get(f"/operators/log/export?format=json&reason={REASON}")
        outcomes = {each["record_id"]: each["outcome"] for each in orjson.loads(exported.text)}
        assert (outcomes[decided], outcomes[looked]) == ("damaged", "done")
        assert (await operator.get(f"/operators/log/{looked}")).status == 200
        bad = (await verified(stage.consoles, stage.folder)).bad
        assert decided in {each.record_id for each in bad}
        assert orjson.loads(orjson.dumps([each.reason for each in bad]))
    assert "không còn như lúc được ghi" not in (await operator.get(f"/operators/log/{decided}")).words


@pytest.mark.parametrize("part", ["identity", "evidence"])
@pytest.mark.parametrize("change", CHANGES)
async def test_a_record_with_a_changed_part_is_marked_for_its_person(stage: Stage, change: str, part: str) -> None:
    """History and list mark it and stay; no receipt is given; by its code its bytes are genuine, the record changed."""
    code = stage.decided.replace("lr_", "BN-")
    with stage.changed(change, stage.decided, part):
        for path in ("/permissions", "/permissions/trace"):
            assert (await stage.owner.get(path)).status == 200, path
        history = await stage.owner.get(f"/permissions/{stage.grant_id}")
        assert (history.status, history.words.count(DAMAGED), history.ask_states["crm_phone"]) == (200, 1, "granted")
        listed = await stage.owner.get("/permissions/receipts")
        assert DAMAGED in listed.text.split(f'data-receipt="{code}"')[1].split("</tr>")[0]
        for path in (code, f"{code}.json"):
            receipt = await stage.owner.get(f"/permissions/receipts/{path}")
            assert (receipt.status, "Bản ghi của biên nhận này đã bị sửa" in receipt.words) == (409, True)
        checked = await stage.owner.get(f"/receipts/verify?code={code}")
        assert (f"{code} là thật" in checked.words, "Bản ghi mà cổng giữ đã bị sửa" in checked.words) == (True, True)
    assert DAMAGED not in (await stage.owner.get(f"/permissions/{stage.grant_id}")).words


@pytest.mark.parametrize("part", ["identity", "evidence"])
@pytest.mark.parametrize("change", CHANGES)
async def test_a_look_with_a_changed_part_stays_with_its_person(stage: Stage, change: str, part: str) -> None:
    """Who was looked at still reads that, and that the reason cannot be read; unless no part names them."""
    with stage.changed(change, stage.looked, part):
        page = await stage.owner.get("/permissions/trace")
        assert page.status == 200
        is_theirs = part == "identity" or not ("person" in change or change in {"another record's", "gone"})
        assert (DAMAGED in page.words) is is_theirs
        assert "Lý do: trả lời khiếu nại số 192" not in page.words
        assert "không còn như lúc được ghi" in (await stage.operator.get(f"/operators/log/{stage.looked}")).words
    assert "Lý do: trả lời khiếu nại số 192" in (await stage.owner.get("/permissions/trace")).words


async def test_a_key_file_that_is_damaged_or_lost_opens_nothing_and_breaks_nothing(stage: Stage) -> None:
    """The record is as it was written, so its page is whole; opening it says why it cannot be, and is no look."""
    (path,) = stage.folder.rglob(f"{stage.consoles.scene.owner.id}.key")
    whole, size = path.read_bytes(), len(await list_look_ups(stage.consoles))
    try:
        for damage in (lambda: path.write_bytes(whole[:-1]), path.unlink):
            damage()
            page = await stage.operator.get(f"/operators/log/{stage.decided}")
            assert (page.status, 'data-proof="holds"' in page.text) == (200, True)
            page = await stage.operator.get(f"/operators/log/{stage.decided}?reason={REASON}")
            assert (page.status, "Không mở được danh tính" in page.words) == (200, True)
            assert (await stage.owner.get("/permissions/trace")).status == 200
            assert not (await verified(stage.consoles, stage.folder)).is_ok
    finally:
        path.write_bytes(whole)
    assert len(await list_look_ups(stage.consoles)) == size
