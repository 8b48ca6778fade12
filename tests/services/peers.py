"""Published programs in JavaScript, each in a process of its own: started on loopback, ended by its pid.

They are pinned in tests/peers/package-lock.json, with the Node that runs them; `make setup-peers` installs them.
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.services.child import Child, StartError, as_user, find_program, free_port, short_folder

PEERS = Path(__file__).parents[1] / "peers"
START_SECONDS = 20


def find_node() -> str:
    """Return the Node that came with the peers, or the machine's own where none is published for it."""
    if not (PEERS / "node_modules").is_dir():
        raise StartError("the peers are not installed: run `make setup-peers`")
    found = sorted(PEERS.glob("node_modules/node-linux-*/bin/node"))
    return str(found[0]) if found else find_program("node")


class OpenIdProvider:
    """A running `oidc-provider` with its own development pages: any login is right, and is the subject.

    Args:
        folder: where its configuration and log stand.
        clients: registered clients, as in its configuration.
        keys: private JWKs that it signs with.
        configuration: more of its configuration.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clients: Sequence[Mapping[str, Any]],
        keys: Sequence[Mapping[str, Any]],
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        self._folder, self._clients, self._configuration = folder, clients, configuration or {}
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.child = self.start(keys)

    def start(self, keys: Sequence[Mapping[str, Any]]) -> Child:
        """Start (again) on the same port with these keys, knowing nobody, and wait until it answers."""
        given = {"port": self.port, "clients": self._clients, "jwks": {"keys": list(keys)}}
        path = self._folder / "provider.json"
        path.write_text(json.dumps({**given, "configuration": self._configuration}))
        self.child = Child([find_node(), str(PEERS / "provider.mjs"), str(path)], self._folder)
        self.child.wait_until(lambda: _is_answering(self.issuer), START_SECONDS)
        return self.child

    def told(self) -> list[dict[str, Any]]:
        """Return what it told its clients behind the browser's back, and whether they took it."""
        with urlopen(f"{self.issuer}/_test/told", timeout=5) as answer:
            told: list[dict[str, Any]] = json.load(answer)
            return told


@pytest.fixture
def peer_folder() -> Iterator[Path]:
    """Yield a folder for a peer's files."""
    folder = short_folder("peer")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class ClientError(Exception):
    """What `openid-client` threw: `said` holds its code, and the server's error word and status."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(said["message"])
        self.said = said

    @property
    def word(self) -> tuple[int | None, str | None]:
        """Status and OAuth's error word."""
        return self.said.get("status"), self.said.get("word")


class OpenIdClients:
    """A running `openid-client` (tests/peers/client.mjs), as many clients as have a name."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process, self._waiting, self._number = process, dict[int, asyncio.Future[Any]](), 0
        self._reading = asyncio.create_task(self._read())

    async def do(self, name: str, step: str, argument: Any = None) -> Any:
        """Let one client take one step; return what came of it.

        Raises:
            ClientError: the library threw.
        """
        if self._process.stdin is None:
            raise StartError("openid-client has no stdin")
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps([self._number, name, step, argument]).encode() + b"\n")
        async with asyncio.timeout(START_SECONDS):
            said = await answer
        if "error" in said:
            raise ClientError(said["error"])
        return said["value"]

    async def close(self) -> None:
        """End the process."""
        self._process.terminate()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        stdout = self._process.stdout
        while stdout is not None and (line := await stdout.readline()):
            number, said = json.loads(line)
            self._waiting.pop(number).set_result(said)


@asynccontextmanager
async def openid_clients() -> AsyncIterator[OpenIdClients]:
    """Start `openid-client`, and end it."""
    argv = as_user("", [find_node(), str(PEERS / "client.mjs")])
    pipe = asyncio.subprocess.PIPE
    clients = OpenIdClients(await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe))
    try:
        yield clients
    finally:
        await clients.close()


class Oracle:
    """A running `oidc-provider` with the features of an OAuth server (tests/peers/oracle.mjs): a known-good one.

    Args:
        folder: where its configuration and log stand.
        clients: registered clients, as in its configuration.
        keys: private JWKs that it signs with.
        resource: whose tokens it gives.
        scope: all that its clients may ask.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clients: Sequence[Mapping[str, Any]],
        keys: Sequence[Mapping[str, Any]],
        resource: str,
        scope: str,
    ) -> None:
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        given = {"port": port, "clients": clients, "jwks": {"keys": list(keys)}, "resource": resource, "scope": scope}
        path = folder / "oracle.json"
        path.write_text(json.dumps(given))
        self.child = Child([find_node(), str(PEERS / "oracle.mjs"), str(path)], folder)
        self.child.wait_until(lambda: _is_answering(self.issuer), START_SECONDS)

    def now(self) -> float:
        """Return its time: the machine's."""
        return time.time()

    def read_metadata(self) -> dict[str, Any]:
        """Return what it says of itself."""
        with urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=5) as answer:
            metadata: dict[str, Any] = json.load(answer)
            return metadata


def _is_answering(issuer: str) -> bool:
    try:
        with urlopen(f"{issuer}/.well-known/openid-configuration", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
