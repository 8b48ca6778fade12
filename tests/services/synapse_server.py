"""A real Matrix homeserver (Synapse on SQLite) in a process and a virtual environment of its own.

Synapse is AGPL: it is run, never imported. `make setup-synapse` installs it from requirements-synapse.lock.
"""

import hashlib
import hmac
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from aiohttp import ClientSession

from tests.services.child import Child, StartError, as_user, free_port, short_folder
from tests.services.matrix_user import CLIENT_API, MatrixUser

PYTHON = Path(__file__).parents[2] / ".venv-synapse" / "bin" / "python"
START_SECONDS = 45
UNLIMITED = {"per_second": 1000, "burst_count": 1000}


class SynapseServer:
    """A running homeserver named `localhost`, reachable on loopback only.

    Args:
        folder: where its configuration, keys and database stand.
        settings: added to the configuration; `matrix_authentication_service`, for example, to stand behind our OAuth.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object] | None = None) -> None:
        if not PYTHON.exists():
            raise StartError("Synapse is not installed: run `make setup-synapse`")
        self._folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._shared_secret = self._write_configuration(settings or {})
        self.child = self.start()
        self.http = ClientSession(self.base_url)

    def start(self) -> Child:
        """Start (again) on the same port and database and wait until it is healthy."""
        argv = [str(PYTHON), "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
        self.child = Child(argv, self._folder)
        self.child.wait_until(self._is_healthy, START_SECONDS)
        return self.child

    async def stop(self) -> None:
        """End the server and the connections to it."""
        await self.http.close()
        self.child.stop()

    async def add_user(self, name: str, password: str = "a-long-test-password") -> MatrixUser:
        """Register `@<name>:localhost` with the shared secret, as an operator does, and sign in."""
        path = "/_synapse/admin/v1/register"
        async with self.http.get(path, raise_for_status=True) as answer:
            nonce = (await answer.json())["nonce"]
        signed = f"{nonce}\0{name}\0{password}\0notadmin".encode()
        mac = hmac.new(self._shared_secret.encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": False, "mac": mac}
        async with self.http.post(path, json=body, raise_for_status=True):
            return await self.log_in(name, password)

    async def log_in(self, name: str, password: str) -> MatrixUser:
        """Sign in with a password: a new device and a new token each time."""
        identifier = {"type": "m.id.user", "user": name}
        body = {"type": "m.login.password", "identifier": identifier, "password": password}
        async with self.http.post(f"{CLIENT_API}/login", json=body, raise_for_status=True) as answer:
            found = await answer.json()
        return MatrixUser(self.http, found["user_id"], password, found["access_token"], found["device_id"])

    def _write_configuration(self, settings: Mapping[str, object]) -> str:
        argv = [str(PYTHON), "-m", "synapse.app.homeserver", "--server-name", "localhost", "--report-stats=no"]
        argv += ["--config-path", "homeserver.yaml", "--generate-config"]
        made = subprocess.run(
            as_user("", argv), cwd=self._folder, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if made.returncode != 0:
            raise StartError(made.stderr)
        path = self._folder / "homeserver.yaml"
        configuration = yaml.safe_load(path.read_text())
        listener = {"port": self.port, "type": "http", "bind_addresses": ["127.0.0.1"]}
        configuration |= {
            "listeners": [listener | {"resources": [{"names": ["client"]}]}],
            "trusted_key_servers": [],
            "rc_message": UNLIMITED,
            "rc_registration": UNLIMITED,
            "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), UNLIMITED),
            "rc_joins": {"local": UNLIMITED},
            "bcrypt_rounds": 4,  # tests make many people; what a password costs is not their matter
            **settings,
        }
        path.write_text(yaml.safe_dump(configuration))
        secret: str = configuration["registration_shared_secret"]
        return secret

    def _is_healthy(self) -> bool:
        try:
            with urlopen(f"{self.base_url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, TimeoutError, ConnectionError):
            return False


@pytest.fixture(scope="session")
async def synapse() -> AsyncIterator[SynapseServer]:
    """Yield one homeserver for the whole run; tests make users and rooms of their own."""
    folder = short_folder("synapse")
    server = None
    try:
        server = SynapseServer(folder)
        yield server
    finally:
        if server is not None:
            await server.stop()
        shutil.rmtree(folder, ignore_errors=True)
