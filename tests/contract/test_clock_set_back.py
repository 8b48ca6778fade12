"""Somebody sets the machine's clock back: what time had ended stays ended (I4), recorded or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from structlog.testing import capture_logs

from gateway.acts import House
from gateway.acts.expire import expire
from gateway.acts.register import rotate_secret
from gateway.authority.verdict import list_live
from gateway.records.ledger.kinds import Kind
from tests.contract.steps import SYSTEM, agreed, find_facts, list_records
from tests.house import Scene, house_in, set_scene
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

DAY = timedelta(days=1)


async def list_live_asks(scene: Scene, raw_token: str, house: House) -> set[str]:
    """Name the asks whose permission is live by the house's own clock, as a call would find them."""
    facts = await find_facts(scene, raw_token, house=house)
    assert facts is not None
    return {reach.ask_id for reach in list_live(facts, house.clock.now())}


async def test_an_expiry_that_is_not_recorded_yet_stays_one(scene: Scene) -> None:
    """The clock goes back before the record was written: nothing is live again, and the record follows."""
    given = await agreed(scene, duration="P1D")
    assert await list_live_asks(scene, given.access_token, scene.house)
    scene.clock.advance(DAY)
    assert await list_live_asks(scene, given.access_token, scene.house) == set()
    scene.clock.skew(-DAY / 2)
    assert await list_live_asks(scene, given.access_token, scene.house) == set()
    assert await expire(scene.house) == 1
    assert len(await list_records(scene.house, kinds=[Kind.EXPIRED])) == 1


@asynccontextmanager
async def started(folder: Path, database_url: str, clock: ManualClock, name: str) -> AsyncIterator[House]:
    """Start a gateway in the folder; its randomness is of this start alone."""
    async with house_in(folder, clock, database_url=database_url, entropy=SeededEntropy(name)) as house:
        yield house


async def test_a_start_is_no_earlier_than_the_log(tmp_path: Path, database_url: str, clock: ManualClock) -> None:
    """The clock went back while the gateway was down: it starts at the newest record, and says by how much."""
    async with started(tmp_path, database_url, clock, "first") as house:
        scene = await set_scene(house, clock)
        given = await agreed(scene, duration="P1D")
        clock.advance(DAY)
        await rotate_secret(house, scene.app.id, SYSTEM)  # something that was written down after the end
    clock.skew(-DAY / 2)
    with capture_logs() as logged:
        async with started(tmp_path, database_url, clock, "second") as house:
            assert await list_live_asks(scene, given.access_token, house) == set()
            assert await expire(house) == 1
            assert (await list_records(house, kinds=[Kind.EXPIRED]))[0].at == clock.now() + DAY / 2
    assert ("the machine's clock stands behind the grant log", 43200) in {
        (line["event"], line.get("seconds")) for line in logged
    }


async def test_a_start_believes_no_time_of_a_log_that_was_tampered_with(
    tmp_path: Path, database_url: str, clock: ManualClock
) -> None:
    """Whoever can write the database could else end every grant for good by one number."""
    async with started(tmp_path, database_url, clock, "first") as house:
        scene = await set_scene(house, clock)
        given = await agreed(scene, duration="P1D")
        async with house.storage.unit() as unit:
            await unit.connection.execute(text("UPDATE ledger_records SET at = at + 86400000000 WHERE seq = 1"))
            await unit.commit()
    async with started(tmp_path, database_url, clock, "second") as house:
        assert house.ledger.checked is not None
        assert house.ledger.checked.faults
        assert house.clock.now() == clock.now()
        assert await list_live_asks(scene, given.access_token, house)
