"""A real PostgreSQL: a cluster of its own in a temporary folder, on a unix socket and a loopback port.

Not durable on purpose (`fsync=off`): what survives a power cut is tested on SQLite's files and by the fault tests.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.services import pristine
from tests.services.child import Child, StartError, as_user, find_program, free_port, short_folder

START_SECONDS = 30
OWNER = "postgres"  # PostgreSQL refuses to run as root; the package makes this account
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


class PostgresServer:
    """A running cluster; a database of a template that is given back is put back as it was and handed out again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._password = secrets.token_hex(16)
        self._spare: dict[str, list[str]] = {}
        self._template_of: dict[str, str] = {}
        self._count = 0
        self.port = free_port()
        self._initialise()
        self.child = self.start()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+asyncpg://quyen:{self._password}@127.0.0.1:{self.port}/{database}"

    async def add_template(self, name: str, prepare: Callable[[str], Awaitable[None]]) -> None:
        """Make a database once for the whole run and let `prepare(url)` fill it, a migration for example."""
        if name in self._spare:
            return
        await self._execute(f'CREATE DATABASE "{name}"')
        await prepare(self.url(name))
        async with self._connected(name) as connection:
            await pristine.keep(connection)
        self._spare[name] = []

    async def add_database(self, template: str = "template1") -> str:
        """Return the name of a database that is as its template."""
        if self._spare.get(template):
            return self._spare[template].pop()
        self._count += 1
        name = f"t{self._count}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        if template in self._spare:
            self._template_of[name] = template
        return name

    async def give_back(self, name: str) -> None:
        """Take a database back, whoever is still connected."""
        template = self._template_of.get(name)
        if template is not None:
            async with self._connected(name) as connection:
                is_as_before = await pristine.put_back(connection)
            if is_as_before:
                self._spare[template].append(name)
                return
        await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def connect(self, database: str) -> "asyncpg.Connection[asyncpg.Record]":
        """Open a plain driver connection, for looking at what is really there."""
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="quyen", password=self._password, database=database, timeout=10
        )

    def start(self) -> Child:
        """Start (again) on the same port and wait until it takes connections."""
        options = [part for name, setting in SETTINGS.items() for part in ("-c", f"{name}={setting}")]
        options += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"]
        argv = [_program("postgres"), "-D", str(self._folder / "cluster"), "-p", str(self.port), *options]
        self.child = Child(argv, self._folder, user=OWNER)
        self.child.wait_until(self._is_answering, START_SECONDS)
        return self.child

    def stop(self) -> None:
        """End the cluster at once; its connections are cut."""
        self.child.stop(signal.SIGQUIT)

    async def _execute(self, statement: str) -> None:
        async with self._connected("postgres") as connection:
            await connection.execute(statement)

    @asynccontextmanager
    async def _connected(self, database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await self.connect(database)
        try:
            yield connection
        finally:
            await connection.close()

    def _initialise(self) -> None:
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        if os.geteuid() == 0:
            for path in (self._folder, password_file):
                shutil.chown(path, OWNER, OWNER)
        argv = [_program("initdb"), "-D", str(self._folder / "cluster"), "-U", "quyen", "-E", "UTF8", "--locale=C"]
        argv += ["-A", "scram-sha-256", f"--pwfile={password_file}", "--no-sync"]
        made = subprocess.run(
            as_user(OWNER, argv), cwd=self._folder, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if made.returncode != 0:
            raise StartError(made.stderr)

    def _is_answering(self) -> bool:
        probe = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, check=False).returncode == 0


def _program(name: str) -> str:
    """Debian keeps the server's programs outside PATH, a folder for each major version; the newest is taken."""
    return find_program(name, *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Yield one cluster for the whole run."""
    folder = short_folder("postgres")
    server = None
    try:
        server = PostgresServer(folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Yield the SQLAlchemy URL of a fresh, empty database; it is dropped after the test."""
    name = await postgres_server.add_database()
    yield postgres_server.url(name)
    await postgres_server.give_back(name)
