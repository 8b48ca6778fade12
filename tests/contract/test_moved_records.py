"""Records whose row was moved to another grant: the grant that their bytes name still has them in its history (I2)."""

import pytest
from sqlalchemy import text

from gateway.acts.pause import pause
from gateway.acts.withdraw import withdraw
from gateway.records.ledger import reading
from gateway.records.ledger.entries import Damaged
from gateway.records.ledger.types import Record
from gateway.terms.ids import PersonId
from tests.contract.steps import NAME, PHONE, agreed, owner
from tests.house import Scene


@pytest.mark.parametrize("reader", ["owner", "stranger"])
async def test_a_moved_record_is_found_by_its_bytes(scene: Scene, reader: str) -> None:
    """Of any kind, among the records of the reader and of whoever else acted; other grants' are not."""
    grant = await agreed(scene)
    scene.clock.advance(1)
    paused = await pause(scene.house, grant.grant_id, owner(scene), ask_ids=frozenset({NAME}))
    scene.clock.advance(1)
    gone = await withdraw(scene.house, grant.grant_id, owner(scene), ask_ids=frozenset({PHONE}))
    moved = [each.recorded.record_id for each in (paused, gone)]
    async with scene.house.storage.unit() as unit:
        for number, record_id in enumerate(moved):
            change = "UPDATE ledger_records SET grant_id = 'gr_x', version = :version WHERE record_id = :id"
            await unit.connection.execute(text(change), {"version": number, "id": record_id})
        await unit.commit()
    person_id = scene.owner.id if reader == "owner" else PersonId("ps_x")
    async with scene.house.storage.read() as connection:
        found = await reading.list_of_grant(connection, grant.grant_id, person_id, 10)
        fewer = await reading.list_of_grant(connection, grant.grant_id, person_id, 2)
    assert [each.record_id for each in found[:2]] == moved[::-1]
    assert [type(each) for each in found] == [Damaged] * 2 + [Record] * (len(found) - 2)
    assert fewer == found[:2]
