"""The OAuth door served on each database in turn, and how often a race is run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.protocol.wire import Wire, served
from tests.ready import add_database, scene_in
from tests.services.postgres_server import PostgresServer
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy


@asynccontextmanager
async def database_on(request: pytest.FixtureRequest) -> AsyncIterator[str | None]:
    """Yield the URL of a fresh PostgreSQL database where the test wants one, else None: SQLite."""
    if request.param == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres_server")
    assert isinstance(server, PostgresServer)
    name = await add_database(server)
    yield server.url(name)
    await server.give_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def wire(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Wire]:
    """Yield the door served on each database in turn."""
    async with (
        database_on(request) as url,
        scene_in(tmp_path, clock, database_url=url, entropy=SeededEntropy()) as scene,
        served(scene) as wire,
    ):
        yield wire
