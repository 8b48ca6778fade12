"""A house with people and apps in it, made once for each kind of database and copied for each test."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.house import Scene, house_in, set_scene
from tests.services.postgres_server import PostgresServer
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

READY = "ready"
OWN_FILES = shutil.ignore_patterns("*.ballast")


class ReadyScenes:
    """Scenes to copy, each made when it is first wanted: migrated, populated, closed.

    What they drew comes of another seed than a test's own entropy, so that no id is drawn twice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Scene] = {}

    async def add_database(self, server: PostgresServer) -> str:
        """Return the name of a fresh PostgreSQL database with the scene in it."""
        await server.add_template(READY, lambda url: self._make(READY, url))
        return await server.add_database(READY)

    @asynccontextmanager
    async def opened(
        self, folder: Path, clock: ManualClock, *, entropy: SeededEntropy | None = None, database_url: str | None = None
    ) -> AsyncIterator[Scene]:
        """Open a copy in `folder`; `database_url` names a database of `add_database`, None: SQLite."""
        kind = "sqlite" if database_url is None else READY
        if kind not in self._made:
            await self._make(kind, database_url)
        shutil.copytree(self._folder / kind, folder, dirs_exist_ok=True, ignore=OWN_FILES)
        async with house_in(folder, clock, entropy=entropy, database_url=database_url) as house:
            yield replace(self._made[kind], house=house, clock=clock)

    async def _make(self, kind: str, url: str | None) -> None:
        folder, clock = self._folder / kind, ManualClock()
        folder.mkdir(mode=0o700)
        async with house_in(folder, clock, entropy=SeededEntropy("ready"), database_url=url) as house:
            self._made[kind] = await set_scene(house, clock)
