"""The schema of consents that were brought in, over a database in use: nothing that stands in it is lost on the way."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, text

from gateway.ground.storage.migrate import is_current, migrate
from gateway.ground.storage.storage import Storage
from gateway.records.families.tables import family_permissions
from gateway.records.grants.tables import permissions
from tests.bringing import bring, row_of
from tests.contract.steps import agreed, live_asks, verified
from tests.followers import NAME, with_asking_app
from tests.house import Scene

SCRIPTS = "gateway/ground/storage/migrations"
STRICT = {
    "sqlite": "UPDATE sqlite_master SET sql = replace(sql, 'decided_by VARCHAR', 'decided_by VARCHAR NOT NULL')"
    " WHERE name = 'permissions' AND sql NOT LIKE '%decided_by VARCHAR NOT NULL%'",
    "postgresql": "ALTER TABLE permissions ALTER COLUMN decided_by SET NOT NULL",
}


async def run(storage: Storage, *steps: Callable[[Connection, Config], object]) -> None:
    """Do something to the schema in one transaction."""

    def act(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", SCRIPTS)
        config.attributes["connection"] = connection
        for step in steps:
            step(connection, config)

    async with storage.unit() as unit:
        await unit.connection.run_sync(act)
        await unit.commit()


def downgrade(_connection: Connection, config: Config) -> None:
    """Go back to the schema before."""
    command.downgrade(config, "-1")


def tighten(connection: Connection, _config: Config) -> None:
    """Let somebody have decided on everything, as it once was."""
    connection.execute(text("PRAGMA writable_schema=ON") if connection.dialect.name == "sqlite" else text("SELECT 1"))
    connection.execute(text(STRICT[connection.dialect.name]))
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA writable_schema=RESET"))


async def count(storage: Storage) -> list[int]:
    """Count the permissions, and what families reach of them."""
    async with storage.read() as connection:
        queries = [select(func.count()).select_from(table) for table in (permissions, family_permissions)]
        return [int((await connection.execute(query)).scalar_one()) for query in queries]


async def test_the_schema_grows_over_what_is_there(scene: Scene) -> None:
    """Back and forth over grants with families under them: tokens live on, and the log folds to the rows."""
    token = (await agreed(scene)).access_token
    storage, before = scene.house.storage, await count(scene.house.storage)
    assert min(before) > 0
    await run(storage, downgrade, tighten)
    assert not await is_current(storage)
    await migrate(storage)
    assert await count(storage) == before
    assert len(await live_asks(scene, token)) == len(scene.asks)
    scene = await with_asking_app(scene)
    assert await bring(scene, row_of(scene, "1", NAME)) == ["granted"]
    assert (await verified(scene.house)).bad == []


async def test_what_was_brought_in_is_not_undone(scene: Scene) -> None:
    """The schema before has no room for it."""
    scene = await with_asking_app(scene)
    await bring(scene, row_of(scene, "1", NAME))
    with pytest.raises(RuntimeError, match="were brought in"):
        await run(scene.house.storage, downgrade)
    assert await is_current(scene.house.storage)
