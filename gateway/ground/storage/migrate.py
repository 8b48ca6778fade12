"""Bringing a database to the newest schema."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from gateway.ground.storage.storage import Storage

_SCRIPTS = Path(__file__).parent / "migrations"
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('migrate', 0))")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config


@cache
def _find_newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _find_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def migrate(storage: Storage) -> None:
    """Apply every migration that the database lacks, in one transaction on the writing connection.

    Servers that start together take turns: SQLite by its one writer, PostgreSQL by an advisory lock.

    Raises:
        Unavailable: the database did not answer; it is as it was.
    """

    def upgrade(connection: Connection) -> None:
        if _find_revision(connection) == _find_newest():
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with storage.unit() as unit:
        if not storage.is_sqlite:
            await unit.connection.execute(_TURN)
        await unit.connection.run_sync(upgrade)
        await unit.commit()


async def is_current(storage: Storage) -> bool:
    """Say whether the database has the schema that this program was written for."""
    async with storage.read() as connection:
        return await connection.run_sync(_find_revision) == _find_newest()
