"""`tap-kiotviet`, a published client of KiotViet's, run as its own process in a virtual environment of its own.

`make setup-kiotviet-client` installs it from requirements-kiotviet-client.lock. It prints what it read as Singer
messages.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services.child import StartError, as_user

PROGRAM = Path(__file__).parents[2] / ".venv-kiotviet-client" / "bin" / "tap-kiotviet"
RUN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that is over: its exit code, the messages on its stdout, and all that it logged."""

    code: int
    messages: Sequence[Mapping[str, Any]]
    log: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Return the records that it read, in order."""
        return [dict(one["record"]) for one in self.messages if one["type"] == "RECORD"]


@dataclass(frozen=True, slots=True)
class KiotVietTap:
    """The installed client."""

    program: Path

    async def run(self, folder: Path, settings: Mapping[str, str], *, proxy: str, authority: Path) -> Ran:
        """Run it once: it reads all that it can and ends.

        Args:
            folder: its home, which holds its settings.
            settings: what its user types in.
            proxy: the only way out that it is told of.
            authority: the one that it trusts, in PEM.
        """
        path = folder / "settings.json"
        path.write_text(json.dumps(settings))
        environment = {"HOME": str(folder), "PYTHONPATH": str(_trust(folder, authority))}
        environment |= {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy}
        argv = as_user("", [str(self.program), "--config", str(path)])
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*argv, cwd=folder, env=environment, stdout=pipe, stderr=pipe)
        try:
            async with asyncio.timeout(RUN_SECONDS):
                out, log = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Ran(await process.wait(), [json.loads(line) for line in out.splitlines()], log.decode())


def _trust(folder: Path, authority: Path) -> Path:
    # The client sends by a way on which `requests` reads no REQUESTS_CA_BUNDLE and asks `certifi` alone for the
    # authorities to trust. As on Debian, where that package names the machine's own, it names ours here.
    package = folder / "trusted" / "certifi"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(f"def where() -> str:\n    return {str(authority)!r}\n")
    return package.parent


@pytest.fixture(scope="session")
def kiotviet_tap() -> KiotVietTap:
    """Return the client; a run shares nothing with another."""
    if not PROGRAM.exists():
        raise StartError("tap-kiotviet is not installed: run `make setup-kiotviet-client`")
    return KiotVietTap(PROGRAM)
