"""A real server as a child of the test run: started with a bounded wait, ended by its own pid and no other."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

POLL_SECONDS = 0.02


class StartError(Exception):
    """A service did not come up; the message holds the end of what it wrote."""


LOWEST_PORT, PORTS = 10_000, 20_000
"""Below those that a connection going out is given by itself (on Linux from 32768 on): it could take one meanwhile."""
_numbers = count(os.getpid() * 997, 7)  # a demo takes the next three too


def free_port() -> int:
    """Return a loopback port that nobody listens on right now; each process of a run looks in a place of its own."""
    while True:
        port = LOWEST_PORT + next(_numbers) % PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def short_folder(name: str) -> Path:
    """Make a folder whose path is short enough for a unix socket (108 bytes); the caller removes it."""
    return Path(tempfile.mkdtemp(prefix=f"quyen-{name}-"))


def find_program(name: str, *folders: str) -> str:
    """Return the path of an installed program, or say what to do about its absence."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    if found is None:
        raise StartError(f"{name} is not installed: run tools/ensure_services.sh, which says or does what is needed")
    return found


class Child:
    """One process of ours. It also ends when the test run is killed (parent death signal).

    Args:
        argv: program and arguments.
        folder: working folder; holds `<name>.log`, all that it writes.
        user: the user to run as where the tests run as root; nobody else may be asked for.
        environment: replaces the inherited one where given.
    """

    def __init__(
        self, argv: Sequence[str], folder: Path, *, user: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        self.log_path = folder / f"{Path(argv[0]).name}.log"
        with self.log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                as_user(user, argv),
                cwd=folder,
                env=dict(environment) if environment is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        return self._popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for `ready`; raise StartError when time is up or the process ended first (it is stopped then)."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise StartError(f"{self.log_path.name}: not ready in {seconds} s\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self, signal_number: int = 15, grace_seconds: float = 10) -> int:
        """End this process: politely, then not. Harmless when it has ended already; return its exit code."""
        if self.is_alive():
            self._popen.send_signal(signal_number)
        try:
            return self._popen.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait(grace_seconds)

    def log_tail(self, length_bytes: int = 3000) -> str:
        """Return the end of what the process wrote."""
        return self.log_path.read_bytes()[-length_bytes:].decode(errors="replace")


def as_user(name: str, argv: Sequence[str]) -> list[str]:
    """Return the command that runs `argv` as `name` where we are root, and dies with us in any case."""
    command = [find_program("setpriv"), "--pdeathsig", "KILL"]
    if name and os.geteuid() == 0:
        account = pwd.getpwnam(name)
        command += ["--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups"]
    return [*command, "--", *argv]
