"""The demo's processes: started, waited for, and stopped, each by its own id."""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import Process
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

READY_SECONDS = 60
STOP_SECONDS = 10


class DidNotStart(Exception):
    """A process of the demo ended, or did not answer in time; the text says which and where its log is."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process, what it is called, and where what it says is kept."""

    name: str
    process: Process
    log: Path


def find_busy(ports: list[int]) -> int | None:
    """Find a port that something else listens on."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return port
    return None


async def start(name: str, arguments: list[str], log: Path) -> Child:
    """Start one of our own modules in a process group of its own, so that Ctrl-C reaches only the demo itself.

    Its standard input is a pipe that this process holds, and never writes to: `child.py` ends it when the pipe closes.
    """
    command = [sys.executable, "-m", "gateway.cli.demo.child", *arguments]
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
        )
    return Child(name, process, log)


async def wait_until_ready(child: Child, url: str) -> None:
    """Wait until the process answers at `url` with a 200.

    Raises:
        DidNotStart: it ended, or a minute passed.
    """
    try:
        async with asyncio.timeout(READY_SECONDS), ClientSession(timeout=ClientTimeout(total=2)) as session:
            while not await _answers(session, url):
                _check_running(child)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise DidNotStart(f"{child.name} did not answer in a minute; see {child.log}") from None


async def read_state(url: str) -> dict[str, Any]:
    """Read what a process that is ready says of itself."""
    async with ClientSession(timeout=ClientTimeout(total=2)) as session, session.get(url) as answer:
        state: dict[str, Any] = await answer.json()
        return state


def _check_running(child: Child) -> None:
    if child.process.returncode is not None:
        raise DidNotStart(f"{child.name} did not start; see {child.log}")


async def _answers(session: ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == HTTPStatus.OK
    except (ClientError, TimeoutError):
        return False


async def stop(children: list[Child]) -> None:
    """Ask each to end, last started first; kill what does not within ten seconds."""
    for child in reversed(children):
        if child.process.returncode is not None:
            continue
        child.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.process.wait(), STOP_SECONDS)
        except TimeoutError:
            child.process.kill()
            await child.process.wait()
