"""The socket: one JSON line in, one JSON line out; only the user who runs the server can open it (0600)."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import orjson

from gateway.doors.admin.commands import AdminDoor, perform
from gateway.ground.web.bugs import log_bug
from gateway.terms.refusal import Refusal, Unavailable
from scopes.strict_json import encode, parse

LIMIT_BYTES = 1 << 20
ANSWER_SECONDS = 30


@asynccontextmanager
async def listening(door: AdminDoor, path: Path) -> AsyncIterator[None]:
    """Serve commands on the socket at `path` while the block runs. The caller holds the database's lock."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError, TimeoutError), closing(writer):
            async with asyncio.timeout(ANSWER_SECONDS):
                writer.write(orjson.dumps(await _answer(door, await reader.readline())) + b"\n")
                await writer.drain()

    path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call on a local file
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(answer, path, limit=LIMIT_BYTES)
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240


def ask(path: Path, command: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Send a command to the server that listens at `path` and wait for its answer.

    Returns:
        The answer: `{"ok": ...}` or `{"error": reason, "detail": text}`; None if no server listens there. Also
        `no_answer`: the server was asked and did not say what came of it; `no_way_in`: its socket is another user's.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS + 1)
            connection.connect(str(path))
            return _ask(connection, encode({"command": command, "arguments": arguments}) + b"\n")
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        return {"error": "no_way_in", "detail": f"{path}: {error.strerror or error}"}


def _ask(connection: socket.socket, line: bytes) -> dict[str, Any]:
    try:
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            answer: dict[str, Any] = orjson.loads(answers.readline())
    except (OSError, ValueError):
        return {"error": "no_answer", "detail": "whether it was done is not known; look before you ask again"}
    return answer


def _read(line: bytes) -> Any:
    """Read a command as one thing only; its numbers are Python's, as they are where no server runs."""
    parse(line)
    return orjson.loads(line)


async def _answer(door: AdminDoor, line: bytes) -> dict[str, Any]:
    try:
        wanted = _read(line)
        return {"ok": await perform(door, str(wanted["command"]), dict(wanted["arguments"]))}
    except Refusal as refusal:
        return {"error": refusal.reason, "detail": refusal.detail}
    except Unavailable as unavailable:
        return {"error": unavailable.reason, "detail": f"{unavailable.what} gave no answer"}
    except (ValueError, KeyError, TypeError):
        return {"error": "bad_arguments", "detail": "not a command"}
    except Exception as bug:  # noqa: BLE001 - a bug must not close the door for the next command
        log_bug(bug, where="admin command")
        return {"error": "internal", "detail": "the server's log says more"}
