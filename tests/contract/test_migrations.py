"""Migrations over a database in use, on both databases: nothing that stands in it is lost on the way."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, select

from gateway.acts.suspend import resume_app, suspend_app
from gateway.ground.storage.migrate import is_current, migrate
from gateway.ground.storage.storage import Storage
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.families.tables import family_permissions
from gateway.records.grants.tables import permissions
from gateway.records.ledger.types import Actor
from tests.bringing import bring, row_of
from tests.contract.steps import agreed, live_asks, verified
from tests.followers import NAME, say_yes, take_back_at_zalo, with_asking_app
from tests.house import Scene, agree

SCRIPTS = "gateway/ground/storage/migrations"


async def downgrade(storage: Storage, revision: str) -> None:
    """Bring a database back to an older schema."""
    await _run(storage, lambda config: command.downgrade(config, revision))


async def _run(storage: Storage, step: Callable[[Config], None]) -> None:
    def act(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", SCRIPTS)
        config.attributes["connection"] = connection
        step(config)

    async with storage.unit() as unit:
        await unit.connection.run_sync(act)
        await unit.commit()


async def count(storage: Storage) -> tuple[int, int]:
    """Count the permissions, and what families reach of them."""
    async with storage.read() as connection:
        rows = (await connection.execute(select(permissions))).all()
        reached = (await connection.execute(select(family_permissions))).all()
    return len(rows), len(reached)


async def test_who_decided_may_be_nobody_and_all_rows_stay(scene: Scene) -> None:
    """0006 over grants with families under them, back and forth: tokens live on, and the log folds to the rows."""
    token = (await agreed(scene)).access_token
    before = await count(scene.house.storage)
    assert min(before) > 0
    await downgrade(scene.house.storage, "0005")
    assert not await is_current(scene.house.storage)
    await migrate(scene.house.storage)
    assert await count(scene.house.storage) == before
    assert len(await live_asks(scene, token)) == len(scene.asks)
    assert (await verified(scene.house)).is_ok


async def test_what_was_brought_in_is_not_undone(scene: Scene) -> None:
    """0007 goes over what is there; back of it the program knows no such basis."""
    scene = await with_asking_app(scene)
    await downgrade(scene.house.storage, "0006")
    await migrate(scene.house.storage)
    assert await bring(scene, row_of(scene, "1", NAME)) == ["granted"]
    with pytest.raises(RuntimeError, match="were brought in"):
        await downgrade(scene.house.storage, "0006")
    assert await is_current(scene.house.storage)
    assert (await verified(scene.house)).is_ok


async def test_what_was_taken_back_at_the_platform_is_not_undone(scene: Scene) -> None:
    """The schema before has no room for it: without the row what somebody said no to would pass again."""
    scene = await with_asking_app(scene)
    await agree(scene)
    await say_yes(scene, "1", [NAME])
    assert await take_back_at_zalo(scene, "2") == 1
    before = await count(scene.house.storage)
    with pytest.raises(RuntimeError, match="ended at a platform"):
        await downgrade(scene.house.storage, "0005")
    assert await count(scene.house.storage) == before
    assert await is_current(scene.house.storage)


async def test_since_when_is_read_from_the_log(scene: Scene) -> None:
    """0010 over an app that was suspended, resumed and suspended again: the newest time, and none of another app.

    Likewise over an account that was linked: when that was.
    """
    house, app_id, linked = scene.house, scene.app.id, scene.clock.now()
    await suspend_app(house, app_id, Actor.command_line(), reason="a")
    await resume_app(house, app_id, Actor.command_line())
    at = scene.clock.advance(timedelta(days=1))
    await suspend_app(house, app_id, Actor.command_line(), reason="b")
    scene.clock.advance(timedelta(days=1))
    await downgrade(house.storage, "0008")
    await migrate(house.storage)
    async with house.storage.read() as connection:
        found = {app.id: app.suspended_at for app in await apps.list_all(connection)}
        links = await accounts.list_connections(connection, [scene.account.id])
    assert found == {app_id: at, scene.public_app.id: None}
    assert [link.linked_at for link in links] == [linked]
