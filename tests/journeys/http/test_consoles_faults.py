"""A log that was tampered with: each thing is told once, in the reader's language, and what follows is counted."""

import re

import orjson
import pytest
from sqlalchemy import update

from gateway.doors.consoles.operators.fault_words import list_faults
from gateway.records.ledger.tables import ledger_records
from gateway.records.ledger.types import Checked
from gateway.server.house import check_log
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser
from tests.journeys.http.test_consoles_log import fill


async def test_a_changed_record_is_named_and_what_follows_is_counted(consoles: Consoles, operator: Browser) -> None:
    """The bytes of one record: it is named, the tree over it is a number; `/readyz` tells strangers numbers alone."""
    ids, house = await fill(consoles), consoles.scene.house
    async with house.storage.unit() as unit:
        changed = update(ledger_records).where(ledger_records.c.record_id == ids["decided"])
        await unit.connection.execute(changed.values(leaf_hash=bytes(32), canonical=b"x"))
        await unit.commit()
    await check_log(house, house.ledger.person_keys)
    checked = house.ledger.checked
    assert checked is not None
    assert checked.following > 0
    assert not [fault for fault in checked.faults if "tree node" in fault]
    page, english = await operator.get("/operators/log"), await operator.get("/operators/log?lang=en")
    assert page.words.count(f"{ids['decided']}: bản ghi đã bị sửa hoặc mất") == 1
    assert f"{ids['decided']}: a record was changed or is missing" in english.words
    assert f"Thêm {checked.following} chỗ trong cây băm và điểm ký" in page.words
    assert "tree node" not in page.words + english.words
    said = (await operator.get("/readyz")).text
    state = orjson.loads(said)
    assert (state["faults"], state["following"]) == (len(checked.faults), checked.following)
    assert not re.search(r"\b[a-z]{2}_[0-9A-Za-z]", said)


async def test_beyond_ten_the_rest_is_a_number(consoles: Consoles, operator: Browser) -> None:
    """The page stays a page."""
    faults = tuple(f"lr_{number}: column kind is not what the record's bytes say" for number in range(13))
    consoles.scene.house.ledger.note_check(Checked(consoles.scene.clock.now(), 13, faults, 0))
    page = await operator.get("/operators/log")
    assert "lr_9: bản ghi đã bị sửa hoặc mất và 3 chỗ khác" in page.words
    assert "thấy 13 chỗ không khớp" in page.words
    assert "vì những chỗ trên" not in page.words
    assert orjson.loads((await operator.get("/readyz")).text)["faults"] == 13


@pytest.mark.parametrize(
    "fault,said",
    [
        ("lr_1: permission pm_1 of grant gr_1 is not what the log says", "quyền không như nhật ký nói"),
        ("log: trace line tr_1 was changed before it was sealed", "dấu vết đã bị sửa"),
        ("lr_1: the text that was shown is missing", "chữ đã hiện cho người quyết đã bị sửa hoặc mất"),
        ("7: 9 records were signed, 7 are there", "cây băm hoặc điểm ký không khớp"),
        ("log: line 1 of the checkpoints outside is damaged", "cây băm hoặc điểm ký không khớp"),
        ("lr_1: a part of no record", "bản ghi đã bị sửa hoặc mất"),
    ],
)
def test_each_kind_has_its_words(fault: str, said: str) -> None:
    """Told twice of one record it stands once."""
    assert list_faults([fault, fault], "vi") == [f"{fault.partition(':')[0]}: {said}"]
