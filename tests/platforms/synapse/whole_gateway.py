"""The whole gateway as a program of its own: `quyen serve` on real settings, run by the commands that operators use."""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from gateway.doors.admin.socket import ask
from tests.services.child import Child, free_port

ROOT: Final = Path(__file__).parents[3]
START_SECONDS: Final = 30
COMMAND_SECONDS: Final = 30


class WholeGateway:
    """A running gateway in front of one homeserver.

    Args:
        folder: holds everything that it writes.
        homeserver: the only way to the platform that it knows.
    """

    def __init__(self, folder: Path, homeserver: str) -> None:
        self.folder = folder
        self.public, self.api = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._env_file = folder / "env"
        self._env_file.write_text("\n".join(self._settings(homeserver)))
        # Nothing of the test run's own environment: what it is told stands in its file.
        self.child = Child([*self._program(), "serve"], folder, environment={"PYTHONPATH": str(ROOT)})
        self.child.wait_until(self._is_ready, START_SECONDS)

    def run(self, *arguments: str) -> str:
        """Run a command of `quyen` on this gateway and return what it prints."""
        done = subprocess.run(
            [*self._program(), *arguments],
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_owner(self, login: str, password: str) -> None:
        """Add someone who may decide for accounts, as `quyen person create` does but without its start-up."""
        arguments = {"login": login, "name": f"{login} (mẫu)", "roles": ["owner"], "password": password}
        answer = ask(self.folder / "quyen.db.sock", "person create", arguments)
        assert answer is not None
        assert "ok" in answer, answer

    def register(self, registration: dict[str, Any]) -> tuple[str, str]:
        """Register an app; return its client id and secret."""
        path = self.folder / "app.yaml"
        path.write_text(json.dumps(registration))  # JSON is YAML
        answer = json.loads(self.run("app", "register", "--file", str(path), "--json"))
        return answer["client_id"], answer["client_secret"]

    def find_at_rest(self, secret: str) -> list[str]:
        """Return the names of the files, the program's own output among them, in which these characters stand."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.name for path in files if secret.encode() in path.read_bytes())

    def _program(self) -> list[str]:
        return [sys.executable, "-m", "gateway.cli", "--env-file", str(self._env_file)]

    def _settings(self, homeserver: str) -> list[str]:
        return [
            f"QUYEN_DATABASE_URL=sqlite+aiosqlite:///{self.folder / 'quyen.db'}",
            f"QUYEN_PUBLIC_URL={self.public}",
            f"QUYEN_API_URL={self.api}",
            f"QUYEN_LISTEN={self.public.removeprefix('http://')}",
            f"QUYEN_API_LISTEN={self.api.removeprefix('http://')}",
            f"QUYEN_MASTER_KEY={urlsafe_b64encode(bytes(range(32))).decode()}",
            "QUYEN_RECORD_RETENTION_DAYS=730",
            "QUYEN_OPERATOR_NAME=Chuỗi cửa hàng (mẫu)",
            f"QUYEN_PLATFORM__MATRIX__BASE_URL={homeserver}",
        ]

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.public}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, TimeoutError, ConnectionError):
            return False


@contextmanager
def running_gateway(folder: Path, homeserver: str) -> Iterator[WholeGateway]:
    """Run a gateway while the block runs."""
    gateway = WholeGateway(folder, homeserver)
    try:
        yield gateway
    finally:
        gateway.child.stop()
