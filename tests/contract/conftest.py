"""The same house on SQLite and on PostgreSQL."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.ground.storage.migrate import migrate
from gateway.ground.storage.storage import Storage
from tests.house import Scene
from tests.ready import add_database, scene_in
from tests.services.postgres_server import PostgresServer
from tests.stand_ins.clock import ManualClock

MIGRATED = "migrated"


async def migrate_url(url: str) -> None:
    """Bring a database to the newest schema."""
    storage = Storage(url)
    await migrate(storage)
    await storage.close()


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "quyen.db"
    await migrate_url(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[str]:
    """Yield a fresh, migrated database of each kind; where the test wants the scene, it is in there."""
    has_scene = "scene" in request.fixturenames
    if request.param == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "quyen.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'quyen.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    await server.add_template(MIGRATED, migrate_url)
    name = await (add_database(server) if has_scene else server.add_database(MIGRATED))
    yield server.url(name)
    await server.give_back(name)


@pytest.fixture
async def postgres_migrated(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Yield a fresh, migrated PostgreSQL database."""
    await postgres_server.add_template(MIGRATED, migrate_url)
    name = await postgres_server.add_database(MIGRATED)
    yield postgres_server.url(name)
    await postgres_server.give_back(name)


@pytest.fixture
async def scene(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Scene]:
    """Yield a house with two owners, a linked account and two apps."""
    url = None if database_url.startswith("sqlite") else database_url
    async with scene_in(tmp_path, clock, database_url=url) as scene:
        yield scene
