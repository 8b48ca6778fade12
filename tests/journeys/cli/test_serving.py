"""The command line beside a running server: the local socket, health, a second server, a clean stop."""

import asyncio
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from email.message import Message
from pathlib import Path

import aiohttp
import pytest

from gateway.server import running
from gateway.settings import Settings, read_settings
from tests.journeys.cli.conftest import Quyen, parsed, quyen_on, write_settings
from tests.services.child import Child

ROOT = Path(__file__).parents[3]
PASSWORD = "mật khẩu đủ dài"


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the settings of the server that these tests share."""
    return write_settings(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def quyen(env_file: Path) -> Quyen:
    """Return the command line beside that server."""
    return quyen_on(env_file)


@pytest.fixture(scope="module")
def server(env_file: Path, quyen: Quyen) -> Iterator[Child]:
    """Yield a running server; a test leaves it running."""
    child = start(env_file)
    try:
        child.wait_until(lambda: quyen("healthcheck").exit_code == 0, 120)
        yield child
    finally:
        child.stop(signal.SIGTERM)


@pytest.fixture
def own_env_file(tmp_path: Path) -> Path:
    """Return the settings of a server that a test has for itself."""
    return write_settings(tmp_path)


def start(env_file: Path) -> Child:
    """Start `quyen serve` on these settings."""
    argv = [sys.executable, "-m", "gateway.cli", "--env-file", str(env_file), "serve"]
    return Child(argv, env_file.parent, environment={"PYTHONPATH": str(ROOT)})


def read(env_file: Path, name: str, path: str) -> tuple[int, dict[str, object]]:
    """Ask one of the two origins and return status and JSON."""
    settings = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    host, _, port = settings[name].rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_commands_act_through_the_server(server: Child, quyen: Quyen, env_file: Path) -> None:
    """The socket is 0600; a refusal arrives as one sentence; the server's log verifies afterwards."""
    path = env_file.parent / "quyen.db.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    created = quyen("person", "create", "--login", "a", "--role", "owner", "--password-file", "-", stdin=PASSWORD)
    assert created.exit_code == 0, created.output
    again = quyen("person", "create", "--login", "a", "--role", "owner", "--password-file", "-", stdin=PASSWORD)
    assert again.stderr.strip() == "login_taken"
    assert quyen("grant", "withdraw", "gr_nobody").stderr.strip() == "not_found"
    assert quyen("log", "verify").exit_code == 0
    assert [row["kind"] for row in parsed(quyen("log", "search", "--json"))] == ["person_added"]
    assert server.is_alive()


@pytest.fixture
def on_postgres(own_env_file: Path, postgres_url: str) -> Path:
    """Return the folder of the journal, with this test's gateway moved to PostgreSQL."""
    lines = [line for line in own_env_file.read_text().splitlines() if not line.startswith("QUYEN_DATABASE_URL=")]
    folder = own_env_file.parent / "journal"
    places = [f"QUYEN_{name}_DIR={own_env_file.parent / name.lower()}" for name in ("CHECKPOINT", "JOURNAL", "KEYS")]
    own_env_file.write_text("\n".join([f"QUYEN_DATABASE_URL={postgres_url}", *places, *lines]), encoding="utf-8")
    return folder


def test_with_postgresql_commands_act_through_the_server_too(on_postgres: Path, own_env_file: Path) -> None:
    """The socket stands with the journal, so an end cuts the server's calls; a second server there is refused."""
    quyen, server = quyen_on(own_env_file), start(own_env_file)
    try:
        server.wait_until(lambda: quyen("healthcheck").exit_code == 0, 120)
        assert (on_postgres / "gateway.sock").stat().st_mode & 0o777 == 0o600
        create = ("person", "create", "--role", "owner", "--password-file", "-", "--login")
        assert quyen(*create, "a", stdin=PASSWORD).exit_code == 0
        argv = [sys.executable, "-m", "gateway.cli", "--env-file", str(own_env_file), "serve"]
        second = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert (second.returncode, "another server" in second.stderr) == (1, True)
    finally:
        assert server.stop(signal.SIGTERM, 20) == 0
    assert quyen(*create, "a", stdin=PASSWORD).stderr.strip() == "login_taken"
    assert not (on_postgres / "gateway.sock").exists()


def test_both_origins_say_that_they_are_alive_and_ready(server: Child, env_file: Path) -> None:
    """`/healthz` and `/readyz` answer on both; the log stands as verified."""
    for name in ("QUYEN_LISTEN", "QUYEN_API_LISTEN"):
        assert read(env_file, name, "/healthz") == (200, {"alive": True})
        status, state = read(env_file, name, "/readyz")
        assert (status, state["ready"], state["log"]) == (200, True, "verified at start")
    assert server.is_alive()


def ask(env_file: Path, name: str, target: str, **headers: str) -> tuple[int, Message, bytes]:
    """Ask one of the two origins and return status, headers and body."""
    settings = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    host, _, port = settings[name].rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize("length", [9_000, 60_000])
def test_a_target_that_is_too_long_is_told_in_the_askers_language(server: Child, env_file: Path, length: int) -> None:
    """People get a page, Zalo's clients Zalo's JSON while the head can be read, and everyone else a whole problem."""
    long = "x" * length
    status, headers, page = ask(env_file, "QUYEN_LISTEN", f"/oauth/authorize?state={long}")
    assert (status, headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Mã yêu cầu".encode() in page
    assert (long[:100].encode() in page) is (
        length < 32_000
    )  # the link to the other language keeps a query it can read
    status, headers, body = ask(env_file, "QUYEN_API_LISTEN", f"/zalo/v2.0/oa/getoa?data={long}", access_token="x")
    told = json.loads(body)
    if length < 32_000:
        assert (status, told["error"], headers["Quyen-Error"]) == (200, -201, "bad_target")
    else:
        assert (status, told["code"], bool(told["detail"]), told["title"]) == (400, "bad_target", True, "Bad Request")
    assert headers["Cache-Control"] == "no-store"
    assert server.is_alive()


def test_no_answer_names_the_server(server: Child, env_file: Path) -> None:
    """Neither program nor version stands on pages, OAuth answers or health, nor where a request could not be read."""
    targets = ("/", "/healthz", "/.well-known/oauth-authorization-server", "/nowhere", "/" + "x" * 60_000)
    for name in ("QUYEN_LISTEN", "QUYEN_API_LISTEN"):
        named = [str(ask(env_file, name, target)[1]["Server"]) for target in targets]
        assert [each for each in named if each not in {"None", "quyen"}] == []
    assert server.is_alive()


def test_a_second_server_on_the_same_file_is_refused(server: Child, env_file: Path) -> None:
    """It ends with 1 and says why; the first goes on."""
    argv = [sys.executable, "-m", "gateway.cli", "--env-file", str(env_file), "serve"]
    second = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "another server" in second.stderr
    assert server.is_alive()


def test_a_server_that_is_asked_to_stop_ends_with_zero(own_env_file: Path) -> None:
    """SIGTERM: exit 0, and the socket is gone."""
    quyen, server = quyen_on(own_env_file), start(own_env_file)
    server.wait_until(lambda: quyen("healthcheck").exit_code == 0, 120)
    assert server.stop(signal.SIGTERM, 20) == 0
    assert not (own_env_file.parent / "quyen.db.sock").exists()


async def test_a_server_that_is_asked_to_stop_says_so_before_it_stops_listening(
    own_env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/readyz` answers 503 on both origins while they still listen, so that nobody sends more."""
    monkeypatch.setattr(running, "NOTICE_SECONDS", 600)
    monkeypatch.setattr(running, "configure_log", lambda: None)
    settings = read_settings({}, own_env_file)
    serving = asyncio.create_task(running.serve(settings))
    try:
        async with aiohttp.ClientSession() as http:
            assert await until_ready(http, settings, serving) == {200}
            os.kill(os.getpid(), signal.SIGTERM)
            await statuses(http, settings, "/healthz")  # the signal reaches the loop a moment later
            assert await statuses(http, settings, "/readyz") == {503}
            assert await statuses(http, settings, "/healthz") == {200}
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def until_ready(http: aiohttp.ClientSession, settings: Settings, serving: asyncio.Task[None]) -> set[int]:
    """Wait until both origins listen, unless the server ended; return what they say."""
    while not serving.done():
        with suppress(aiohttp.ClientConnectionError):
            return await statuses(http, settings, "/readyz")
        await asyncio.wait([serving], timeout=0.02)
    raise AssertionError(serving.exception())


async def statuses(http: aiohttp.ClientSession, settings: Settings, path: str) -> set[int]:
    """Return the statuses with which both origins answer."""
    found = set()
    for origin in (settings.public_url, settings.api_url):
        async with http.get(origin + path) as answer:
            found.add(answer.status)
    return found


def test_a_tampered_log_is_served_unsigned_and_said(own_env_file: Path) -> None:
    """The server starts, signs nothing more, and `/readyz` says so; which record it is stands in its log."""
    quyen = quyen_on(own_env_file)
    add = ["person", "create", "--role", "owner", "--password-file", "-", "--login"]
    assert quyen(*add, "a", stdin=PASSWORD).exit_code == 0
    with sqlite3.connect(own_env_file.parent / "quyen.db") as connection:
        connection.execute("UPDATE ledger_records SET kind = 'withdrawn'")
    child = start(own_env_file)
    try:
        child.wait_until(lambda: quyen("healthcheck").exit_code == 0, 120)
        _, state = read(own_env_file, "QUYEN_LISTEN", "/readyz")
        assert "does not verify" in str(state["log"])
        assert state["faults"] == 1
        assert "column kind" in child.log_tail()
        assert "column kind" not in str(state)
        assert quyen(*add, "b", stdin=PASSWORD).exit_code == 0
        assert quyen("log", "checkpoint").stdout.splitlines()[1] == "1"
    finally:
        child.stop(signal.SIGTERM)
