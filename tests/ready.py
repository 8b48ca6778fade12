"""A house with people and apps in it, made once in a run for each kind of database and copied for each test."""

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.house import Scene, house_in, set_scene
from tests.services.postgres_server import PostgresServer
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

SQLITE, POSTGRES = "sqlite", "ready"
_scenes: dict[str, Scene] = {}


@asynccontextmanager
async def scene_in(
    folder: Path, clock: ManualClock, *, entropy: SeededEntropy | None = None, database_url: str | None = None
) -> AsyncIterator[Scene]:
    """Open a copy in `folder`; `database_url` names a database of `add_database`, None: SQLite."""
    kind = SQLITE if database_url is None else POSTGRES
    if kind not in _scenes:
        await _make(kind, database_url)
    shutil.copytree(_folder() / kind, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.ballast"))
    async with house_in(folder, clock, entropy=entropy, database_url=database_url) as house:
        yield replace(_scenes[kind], house=house, clock=clock)


async def add_database(server: PostgresServer) -> str:
    """Return the name of a fresh PostgreSQL database with the scene in it."""
    await server.add_template(POSTGRES, lambda url: _make(POSTGRES, url))
    return await server.add_database(POSTGRES)


async def _make(kind: str, url: str | None) -> None:
    """Migrate, populate and close a house. It draws from a seed of its own: no test draws the same id again."""
    folder, clock = _folder() / kind, ManualClock()
    folder.mkdir(mode=0o700)
    async with house_in(folder, clock, entropy=SeededEntropy("ready"), database_url=url) as house:
        _scenes[kind] = await set_scene(house, clock)


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="quyen-ready-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
