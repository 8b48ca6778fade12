"""Published programs in JavaScript, each in a process of its own: started on loopback, ended by its pid.

They are pinned in tests/peers/package-lock.json, with the Node that runs them; `make setup-peers` installs them.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.services.child import Child, StartError, find_program, free_port, short_folder

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
        self.child.wait_until(self._is_answering, START_SECONDS)
        return self.child

    def told(self) -> list[dict[str, Any]]:
        """Return what it told its clients behind the browser's back, and whether they took it."""
        with urlopen(f"{self.issuer}/_test/told", timeout=5) as answer:
            told: list[dict[str, Any]] = json.load(answer)
            return told

    def _is_answering(self) -> bool:
        try:
            with urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, TimeoutError, ConnectionError):
            return False


@pytest.fixture
def peer_folder() -> Iterator[Path]:
    """Yield a folder for a peer's files."""
    folder = short_folder("peer")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
