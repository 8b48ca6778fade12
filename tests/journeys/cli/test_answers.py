"""What the command line says when things do not go their way, and to programs: sentences, never tracebacks."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from gateway.doors.admin import socket as door_socket
from gateway.doors.admin.commands import AdminDoor
from gateway.doors.admin.socket import ask, listening
from gateway.ground.vault.passwords import Passwords
from scopes import load_catalogue
from tests.house import house_in
from tests.journeys.cli.conftest import Quyen, parsed
from tests.services.child import short_folder
from tests.stand_ins.clock import ManualClock

PASSWORD = "mật khẩu đủ dài"


@pytest.fixture
def path() -> Iterator[Path]:
    """Return where a socket may stand: short enough, and gone afterwards."""
    folder = short_folder("cli")
    yield folder / "sock"
    (folder / "sock").unlink(missing_ok=True)
    folder.rmdir()


@contextmanager
def server_that_says(path: Path, answer: bytes | None) -> Iterator[None]:
    """Listen, read a command, and say this; None says nothing and holds the line."""
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            if answer is None:
                done.wait(10)
            else:
                connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(10)


def test_every_command_that_acts_speaks_json(quyen: Quyen, app_file: Path) -> None:
    """`--json` is on each, with the same members as the lines for people."""
    new = ["--name", "Người phát triển (mẫu)", "--role", "developer", "--password-file", "-", "--json"]
    assert parsed(quyen("person", "create", "--login", "dev", *new, stdin=PASSWORD))["login"] == "dev"
    assert parsed(quyen("person", "role", "dev", "--role", "developer", "--json"))["roles"] == ["developer"]
    client_id = parsed(quyen("app", "register", "--file", str(app_file), "--json"))["client_id"]
    assert parsed(quyen("app", "rotate-secret", client_id, "--json"))["client_secret"].startswith("qcs_")
    suspended = parsed(quyen("app", "suspend", client_id, "--reason", "thử (mẫu)", "--json"))
    assert suspended == {"client_id": client_id, "state": "suspended"}
    assert parsed(quyen("app", "resume", client_id, "--json")) == {"client_id": client_id, "state": "active"}
    nothing = quyen("grant", "withdraw", "gr_nobody", "--json")
    assert (nothing.exit_code, nothing.stderr.strip(), nothing.stdout) == (1, "not_found", "")


def test_a_broken_catalogue_is_told_before_anything_is_opened(quyen: Quyen, env_file: Path, tmp_path: Path) -> None:
    """The one that `QUYEN_CATALOGUE` names, by every command that reads it; no database is made."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "zalo.yaml").write_text("platform: [", encoding="utf-8")
    env_file.write_text(f"{env_file.read_text()}\nQUYEN_CATALOGUE={folder}", encoding="utf-8")
    adding = ["person", "create", "--login", "a", "--role", "owner", "--password-file", "-"]
    for command in (
        ["scopes", "check"],
        ["scopes", "list"],
        ["scopes", "docs"],
        ["config", "check"],
        ["serve"],
        adding,
    ):
        told = quyen(*command, stdin=PASSWORD)
        assert (told.exit_code, "zalo.yaml" in told.stderr) == (1, True), (command, told.output)
        assert isinstance(told.exception, SystemExit)
    assert not (tmp_path / "quyen.db").exists()


@pytest.mark.parametrize("answer", [b"", b"no json\n", b'{"ok": '])
def test_a_server_that_breaks_off_is_told(path: Path, answer: bytes) -> None:
    """Nobody knows whether it was done, and that is what is said."""
    with server_that_says(path, answer):
        told = ask(path, "app resume", {})
    assert told is not None
    assert told["error"] == "no_answer"


def test_a_server_that_never_answers_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a bound."""
    monkeypatch.setattr(door_socket, "ANSWER_SECONDS", -0.9)
    with server_that_says(path, None):
        told = ask(path, "app resume", {})
    assert told is not None
    assert told["error"] == "no_answer"


def test_a_socket_that_cannot_be_opened_is_told(path: Path) -> None:
    """Another user's, or no place for one at all; where nobody listens, nobody is asked."""
    told = ask(path.parent / ("x" * 200), "app resume", {})
    assert told is not None
    assert told["error"] == "no_way_in"
    assert ask(path, "app resume", {}) is None


async def test_a_caller_that_says_nothing_is_let_go(
    path: Path, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server closes the line when the time is up, and hears the next one."""
    monkeypatch.setattr(door_socket, "ANSWER_SECONDS", 0.2)
    async with house_in(tmp_path, clock) as house:
        passwords = Passwords(house.entropy)
        async with listening(AdminDoor(house, load_catalogue(), passwords), path):
            reader, writer = await asyncio.open_unix_connection(path)
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            monkeypatch.setattr(door_socket, "ANSWER_SECONDS", 30)
            told = await asyncio.to_thread(ask, path, "app resume", {"client_id": "app_nobody"})
        passwords.close()
    assert told == {"error": "not_found", "detail": ""}


async def test_a_command_that_says_two_things_is_none(path: Path, tmp_path: Path, clock: ManualClock) -> None:
    """Nothing is done where a name stands twice, at whatever depth."""
    resume = b'"command": "app resume"'
    twice = [
        b'{"command": "app suspend", ' + resume + b', "arguments": {"client_id": "app_nobody"}}',
        b"{" + resume + b', "arguments": {"client_id": "app_other", "client_id": "app_nobody"}}',
    ]
    once = b"{" + resume + b', "arguments": {"client_id": "app_nobody"}}'
    async with house_in(tmp_path, clock) as house:
        passwords = Passwords(house.entropy)
        async with listening(AdminDoor(house, load_catalogue(), passwords), path):
            told = []
            for line in (*twice, once):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(line + b"\n")
                told.append(orjson.loads(await asyncio.wait_for(reader.read(), 10))["error"])
                writer.close()
        passwords.close()
    assert told == ["bad_arguments", "bad_arguments", "not_found"]


def test_a_copy_that_fails_leaves_nothing_behind(quyen: Quyen, tmp_path: Path) -> None:
    """One sentence, and the next try is not told that the target exists."""
    absent = quyen("backup", str(tmp_path / "nowhere" / "copy.db"))
    assert (absent.exit_code, absent.stderr.startswith("not_copied")) == (1, True)
    copy = tmp_path / "copy.db"
    for _ in range(2):
        failed = quyen("backup", str(copy))
        assert (failed.exit_code, failed.stderr.startswith("not_copied")) == (1, True)
        assert not copy.exists()
    assert quyen("migrate").exit_code == 0
    assert quyen("backup", str(copy)).exit_code == 0


@pytest.mark.parametrize("command", ["create", "role"])
def test_no_role_is_offered_that_is_not_begun(quyen: Quyen, command: str) -> None:
    """A guardian could do nothing here, so none is made."""
    told = quyen("person", command, "--role", "guardian")
    assert (told.exit_code, "'guardian' is not one of" in told.stderr) == (2, True)
    assert "guardian" not in quyen("person", command, "--help").output
