"""Verification compares families of tokens with the log: what a record ended cannot be brought to life by hand."""

from typing import Any

from sqlalchemy import update

from gateway.acts.restore import Gap, restore
from gateway.acts.revoke import revoke
from gateway.records.families.tables import families
from tests.contract.steps import SYSTEM, agreed, verified
from tests.house import Scene


async def tamper(scene: Scene, statement: Any) -> None:
    """Change the database past the gateway."""
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(statement)
        await unit.commit()


async def faults(scene: Scene) -> list[str]:
    """Say what verification finds."""
    return [each.reason.replace(each.reason.split()[1], "F") for each in (await verified(scene.house)).bad]


async def test_a_family_that_a_record_ended_stays_ended(scene: Scene) -> None:
    """Honest, it holds; brought to life, given another time, it is named."""
    given = await agreed(scene)
    await revoke(scene.house, scene.app, given.refresh_token)
    assert await faults(scene) == []
    for value in (None, 5):
        values = {families.c.ended_at.name: value if value is None else scene.clock.advance(value)}
        await tamper(scene, update(families).values(values))
        assert await faults(scene) == ["family F did not end as the log says"]


async def test_a_family_that_ended_with_its_grant_needs_no_record(scene: Scene) -> None:
    """One that lives, too, is told of by no record."""
    await agreed(scene)
    assert await faults(scene) == []


async def test_what_lived_before_a_restore_lives_no_more(scene: Scene) -> None:
    """All of it ended with that record; what came later is another matter."""
    await agreed(scene)
    scene.clock.advance(1)
    await restore(scene.house, SYSTEM, Gap(1, 1))
    scene.clock.advance(1)
    await agreed(scene)
    assert await faults(scene) == []
    await tamper(scene, update(families).values(ended_at=None))
    assert await faults(scene) == ["family F lives on from before a restore"]
