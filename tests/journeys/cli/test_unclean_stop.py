"""A database that nobody closed is checked before anything is served from it; one that was closed is not."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.journeys.cli.conftest import Quyen, parsed
from tests.journeys.cli.test_serving import PASSWORD, ROOT, read, start
from tests.services.child import Child

INDEX = "ix_sessions_person_id"  # read by no start, so that only the check can find it

OPEN, CLOSED = b"open  ", b"closed"
CHECKED = "every page of it is checked"


@pytest.fixture
def database(env_file: Path, quyen: Quyen) -> Path:
    """Return a database with somebody in it, closed."""
    add(quyen, "a")
    return env_file.parent / "quyen.db"


def add(quyen: Quyen, login: str) -> None:
    """Add a person."""
    added = quyen("person", "create", "--role", "owner", "--password-file", "-", "--login", login, stdin=PASSWORD)
    assert added.exit_code == 0, added.output


@contextmanager
def serving(env_file: Path, quyen: Quyen) -> Iterator[Child]:
    """Serve; in the end the server is killed, unless a test stopped it."""
    child = start(env_file)
    try:
        child.wait_until(lambda: quyen("healthcheck").exit_code == 0, 30)
        yield child
    finally:
        child.stop(signal.SIGKILL)


def damage(database: Path) -> None:
    """Overwrite the page of an index, as a bad disk would."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (INDEX,)).fetchone()
        (size_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * size_bytes)
        file.write(b"\xff" * size_bytes)


def served(env_file: Path) -> "subprocess.CompletedProcess[str]":
    """Run `quyen serve` and wait for it to end by itself."""
    argv = [sys.executable, "-m", "gateway.cli", "--env-file", str(env_file), "serve"]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_after_a_kill_it_is_checked_and_served(database: Path, env_file: Path, quyen: Quyen) -> None:
    """What stood in the write-ahead log is there; the check is said, and not after the clean stop that follows."""
    lock = database.with_name("quyen.db.lock")
    with serving(env_file, quyen) as first:
        add(quyen, "b")
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    assert lock.read_bytes() == OPEN
    assert database.with_name("quyen.db-wal").stat().st_size > 0
    with serving(env_file, quyen) as again:
        assert read(env_file, "QUYEN_LISTEN", "/readyz")[0] == 200
        assert again.stop(signal.SIGTERM, 20) == 0
    assert again.log_path.read_text().count(CHECKED) == 1
    assert lock.read_bytes() == CLOSED
    assert CHECKED not in quyen("person", "role", "a", "--role", "operator").output
    lock.write_bytes(OPEN)
    told = quyen("person", "role", "a", "--role", "owner")
    assert CHECKED in told.stderr
    assert CHECKED not in told.stdout
    assert len(parsed(quyen("log", "search", "--json"))) == 4


def test_a_damaged_database_is_not_served(database: Path, env_file: Path, quyen: Quyen) -> None:
    """Exit 1 and one sentence, for the server and for every command that acts; a backup in its place is served."""
    copy = env_file.parent / "copy.db"
    assert quyen("backup", str(copy)).exit_code == 0
    database.with_name("quyen.db.lock").write_bytes(OPEN)
    damage(database)
    refused = served(env_file)
    assert refused.returncode == 1
    assert "quyen.db is damaged" in refused.stderr
    assert "quyen restore" in refused.stderr
    assert "Traceback" not in refused.stderr
    for command in (("person", "role", "a", "--role", "owner"), ("migrate",)):
        result = quyen(*command)
        assert (result.exit_code, "quyen.db is damaged" in result.stderr) == (1, True), result.output
    assert quyen("restore", str(copy)).exit_code == 0
    add(quyen, "b")


def test_a_file_that_is_no_database_any_more_is_not_served(database: Path, quyen: Quyen) -> None:
    """Its pages are gone: the same sentence."""
    database.with_name("quyen.db.lock").write_bytes(OPEN)
    database.write_bytes(b"\0" * database.stat().st_size)
    result = quyen("migrate")
    assert (result.exit_code, "quyen.db is damaged" in result.stderr) == (1, True), result.output


def test_a_damaged_journal_is_told_in_one_sentence(database: Path, quyen: Quyen) -> None:
    """Exit 1, and no traceback: what ended before cannot be known, so nothing opens."""
    (journal,) = [path for path in (database.parent / "journal").iterdir() if path.is_file()]
    journal.write_bytes(b"no entry\n" + journal.read_bytes())
    result = quyen("person", "role", "a", "--role", "owner")
    assert (result.exit_code, result.stderr.startswith("the tombstone journal is damaged: line 1 ")) == (1, True)


def test_a_database_that_was_closed_is_not_checked(database: Path, quyen: Quyen) -> None:
    """A clean start is quick: it serves, whatever a check would have found."""
    damage(database)
    add(quyen, "b")
    assert database.with_name("quyen.db.lock").read_bytes() == b"closed"


def test_what_was_put_back_is_checked_whatever_was_said_before(database: Path, quyen: Quyen) -> None:
    """A damaged copy in place is refused before anything is set aside for it."""
    damage(database)
    result = quyen("restore", "--in-place")
    assert (result.exit_code, result.stderr.partition(":")[0]) == (1, "bad_backup"), result.output
    assert (database.parent / "checkpoints" / "checkpoints.jsonl").stat().st_size > 0


@pytest.mark.parametrize("mark", [None, b"", OPEN, b"close", b"\xff" * 100])
def test_only_the_word_of_who_closed_it_counts(database: Path, quyen: Quyen, mark: bytes | None) -> None:
    """A lock file that is gone, empty, torn or strange: checked. Then it says again that it was closed."""
    lock = database.with_name("quyen.db.lock")
    assert lock.read_bytes() == CLOSED
    lock.unlink()
    if mark is not None:
        lock.write_bytes(mark)
    damage(database)
    result = quyen("person", "role", "a", "--role", "owner")
    assert (result.exit_code, "is damaged" in result.stderr) == (1, True), result.output
    assert lock.read_bytes() == (mark or b"")
