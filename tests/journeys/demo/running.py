"""The demo as a newcomer starts it: `quyen demo` as a process, its files, its commands, and what reached Zalo."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aiohttp import ClientSession, encode_basic_auth

from tests.services.child import StartError, find_program, free_port

READY_SECONDS = 60
STOP_SECONDS = 30
POLL_SECONDS = 0.05
COMMAND_SECONDS = 30
Json = dict[str, Any]


def four_free_ports() -> int:
    """Return the first of four loopback ports in a row that nobody listens on."""
    for _ in range(50):
        first = free_port()
        if first <= 65532 and all(is_free(first + n) for n in range(4)):
            return first
    raise StartError("no four free ports in a row")


def is_free(port: int) -> bool:
    """Tell whether a listener could have this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what waits out its time is free to listen on
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def command_line(*arguments: str) -> list[str]:
    """Return the command `quyen` with these arguments; it is told to stop, as by Ctrl-C, if the test run dies."""
    setpriv = [find_program("setpriv"), "--pdeathsig", "INT", "--"]
    return [*setpriv, sys.executable, "-m", "gateway.cli", *arguments]


def environment(**settings: str) -> dict[str, str]:
    """Return this environment with no settings of the gateway but these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("QUYEN_")} | settings


class RunningDemo:
    """One demo folder, and the processes on it while they run.

    Args:
        folder: what `quyen demo --folder` is given; made by the demo.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.first_port = four_free_ports()
        self.facts: Json = {}
        self._output = folder.with_suffix(".out")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """What the newest start has printed so far."""
        return self._output.read_text()

    def start(self) -> None:
        """Start the demo and wait for its line `ready`."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                command_line("demo", "--folder", str(self.folder)),
                env=environment(QUYEN_DEMO_PORT=str(self.first_port)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + READY_SECONDS
        while "ready" not in self.said.splitlines():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise StartError(f"the demo is not ready: {self.said}")
            time.sleep(POLL_SECONDS)
        self.facts = json.loads((self.folder / "demo.json").read_text())

    def stop(self) -> int:
        """End it as Ctrl-C does and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End what may be left of it; harmless when it has stopped."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)

    def fail(self, port: str = "") -> tuple[int, str]:
        """Start it where it cannot start, on `port` or on its own ports; return exit code and what it said."""
        done = subprocess.run(
            command_line("demo", "--folder", str(self.folder)),
            env=environment(QUYEN_DEMO_PORT=port or str(self.first_port)),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return done.returncode, done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one more `quyen` command on this demo's settings, beside the running server."""
        return subprocess.run(
            command_line("--env-file", self.facts["env_file"], *arguments),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def app(self, number: int = 0) -> Json:
        """Return one of the two sample apps."""
        found: Json = self.facts["apps"][number]
        return found

    def account(self, owner: str) -> Json:
        """Return the OA that an owner is meant for."""
        return next(row for row in self.facts["accounts"] if row["owner_login"] == owner)

    def password(self, login: str) -> str:
        """Return the password of someone who signs in."""
        return next(str(person["password"]) for person in self.facts["people"] if person["login"] == login)

    def tokens(self, app: Json, account: str) -> Json:
        """Return the tokens that the sample app holds for an account."""
        held = json.loads((self.folder / "sample-app.state").read_text())["connections"]
        found = [each for each in held if (each["client_id"], each["account"]) == (app["client_id"], account)]
        token: Json = found[-1]["token"]
        return token

    def received(self, after: int = 0) -> list[Json]:
        """Return what reached the platform, numbered above `after`."""
        with urlopen(f"{self.facts['sandbox']['zalo']}/_sandbox/received?after={after}", timeout=5) as answer:
            found: list[Json] = json.load(answer)
        return found

    def newest_received(self) -> int:
        """Return the number of the newest request that reached the platform."""
        return max((each["n"] for each in self.received()), default=0)

    def received_paths(self, after: int) -> list[str]:
        """Return the paths of what reached the platform, in order."""
        return [str(each["target"]).partition("?")[0] for each in self.received(after)]

    async def ask(self, app: Json, path: str, **form: str) -> Json:
        """Ask an OAuth endpoint as this app: by its secret, or by its bare id where it has none."""
        headers = {}
        if app["client_secret"]:
            headers["Authorization"] = encode_basic_auth(app["client_id"], app["client_secret"])
        else:
            form["client_id"] = app["client_id"]
        async with (
            ClientSession(headers=headers) as session,
            session.post(self.facts["gateway"] + path, data=form) as answer,
        ):
            found: Json = await answer.json()
            return found
