"""What the log says about a failure: where it was, never what was being handled."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.doors.admin import commands
from gateway.doors.admin.commands import AdminDoor
from gateway.doors.admin.socket import ask, listening
from gateway.ground.vault.passwords import Passwords
from scopes import load_catalogue
from tests.house import house_in
from tests.services.child import short_folder
from tests.stand_ins.clock import ManualClock

PASSWORD = "mật khẩu rất bí mật"
ROOT = Path(__file__).parents[2]
WORDS = "token qat_secret"


FAILING = """
import asyncio, logging
from pathlib import Path
import structlog
from gateway.server.log_lines import configure_log, log_loop_error

def raise_it(held):
    raise ValueError(held)

configure_log()
loop = asyncio.new_event_loop()
try:
    raise_it("token qat_secret")
except ValueError as error:
    structlog.get_logger("ours").exception("ours", request_id="re_1")
    logging.getLogger("library").exception("theirs", stack_info=True)
    logging.getLogger("library").error("theirs", exc_info=error)
    log_loop_error(loop, {"message": "never retrieved", "exception": error, "future": "token qat_secret"})
log_loop_error(loop, {"message": "slow"})
loop.close()
structlog.get_logger("ours").info("refused", reason="limited", path=Path("x"))
logging.getLogger("library").warning("slow by %d", 3)
structlog.get_logger("ours").debug("unheard")
"""


async def test_a_command_that_fails_does_not_print_its_password(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log names the kind and the place of a bug behind the socket; the password typed stands nowhere."""

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(WORDS)

    monkeypatch.setattr(commands, "add_person", broken)
    arguments = {"login": "a", "name": "A (mẫu)", "roles": ["owner"], "password": PASSWORD}
    path = short_folder("log") / "sock"
    async with house_in(tmp_path, clock) as house:
        passwords = Passwords(house.entropy)
        async with listening(AdminDoor(house, load_catalogue(), passwords), path):
            answer = await asyncio.to_thread(ask, path, "person create", arguments)
        passwords.close()
    path.parent.rmdir()
    assert answer == {"error": "internal", "detail": "the server's log says more"}
    printed = "".join(capfd.readouterr())
    assert "RuntimeError" in printed
    assert "broken:" in printed
    assert not [secret for secret in (PASSWORD, WORDS, "bí mật") if secret in printed]


def test_whoever_logs_an_exception_logs_no_words_of_it() -> None:
    """Ours, a library's, and the event loop's: one line of JSON each, with kind and places alone."""
    done = subprocess.run([sys.executable, "-c", FAILING], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    events = ["ours", "theirs", "theirs", "bug", "event loop", "refused", "slow by 3"]
    assert ([line["event"] for line in lines], done.stdout) == (events, "")
    assert {line["kind"] for line in lines[:4]} == {"ValueError"}
    assert all(line["places"][-1].startswith("raise_it:") for line in lines[:4])
    assert all({"level", "timestamp"} <= line.keys() for line in lines)
    assert (lines[5]["reason"], lines[5]["path"], lines[4]["what"]) == ("limited", "x", "slow")
    assert WORDS not in done.stderr
