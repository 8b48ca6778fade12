"""Verification compares families of tokens with the log: what a record ended cannot be brought to life by hand."""

from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.engine import Engine

from gateway.acts.restore import Gap, restore
from gateway.acts.revoke import revoke
from gateway.records.families import store
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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("began", ["'never'", "x'00'", "5.5"])
async def test_one_that_began_at_no_time_lives_on(scene: Scene, began: str) -> None:
    """SQLite holds anything in any column: what is no time is not after a restore."""
    await restore(scene.house, SYSTEM, Gap(1, 1))
    scene.clock.advance(1)
    await agreed(scene)
    assert await faults(scene) == []
    await tamper(scene, update(families).values(created_at=text(began)))
    assert await faults(scene) == ["family F lives on from before a restore"]


async def test_only_what_is_compared_is_read(scene: Scene) -> None:
    """Of the families ever made those that a record ended, in a few columns; of a restore only what outlived it."""
    given = await agreed(scene)
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM families" in statement:
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert await faults(scene) == []
        assert asked == []
        await revoke(scene.house, scene.app, given.refresh_token)
        await restore(scene.house, SYSTEM, Gap(1, 1))
        asked.clear()
        assert await faults(scene) == []
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(asked) == 2
    assert not [each for each in asked if "WHERE families." not in each or "authenticated_at" in each]


async def test_however_many_ended_each_is_compared(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked for in portions."""
    monkeypatch.setattr(store, "_MOST_ASKED", 2)
    for _ in range(3):
        given = await agreed(scene)
        await revoke(scene.house, scene.app, given.refresh_token)
    assert await faults(scene) == []
    await tamper(scene, update(families).values(ended_at=None))
    assert await faults(scene) == ["family F did not end as the log says"] * 3
