"""A failed fsync: nothing more is acknowledged, all is denied, the process ends, and its successor makes it good."""

import errno
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from gateway.acts import House
from gateway.acts.withdraw import withdraw
from gateway.authority.facts import find_token
from gateway.cli.main import main
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.journal import Journal
from gateway.ground.vault.tokens import hashed
from gateway.server.house import opened_house
from gateway.settings import read_settings
from gateway.terms.clock import SystemClock
from gateway.terms.refusal import Unavailable
from tests.contract.steps import ALL, SYSTEM, agreed, list_stones
from tests.house import MASTER_KEY, house_in, set_scene
from tests.services.child import Child, free_port
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

ROOT = Path(__file__).parents[2]


def sqlite_error(code: int) -> OperationalError:
    """Return an error of SQLite as the driver raises it."""
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = code
    return OperationalError("COMMIT", None, cause)


def lose(_descriptor: object) -> None:
    """Fail as a disk does that could not write back what it had taken."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


async def fail(storage: Storage, error: Exception) -> None:
    """Let a unit of work end by an error."""
    with pytest.raises((Unavailable, ValueError)):
        async with storage.unit():
            raise error


@pytest.fixture
async def house(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[House]:
    """Yield a house on SQLite."""
    async with house_in(tmp_path, clock, entropy=entropy) as house:
        yield house


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC, None])
async def test_after_a_failed_fsync_the_database_answers_nobody(house: House, code: int | None) -> None:
    """Acts, pages and verdicts alike."""
    await fail(house.storage, OSError(errno.EIO, "lost") if code is None else sqlite_error(code))
    assert house.storage.broken.is_set()
    for opening in (house.storage.unit, house.storage.read):
        with pytest.raises(Unavailable, match="disk"):
            await opening().__aenter__()
    with pytest.raises(Unavailable, match="disk"):
        await find_token(house.storage, hashed("qat_any"))


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error(sqlite3.SQLITE_FULL),
        sqlite_error(sqlite3.SQLITE_BUSY),
        OSError(errno.ENOSPC, "full"),
        ValueError("a"),
    ],
)
async def test_a_full_disk_a_busy_file_and_a_bug_are_other_matters(house: House, error: Exception) -> None:
    """The next act is tried as ever."""
    await fail(house.storage, error)
    assert not house.storage.broken.is_set()
    await set_scene(house, house.clock)


async def test_a_journal_that_loses_a_tombstone_ends_it_too(
    house: House, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not settled, and all that follows is denied; the next start writes what the journal is owed."""
    given = await agreed(await set_scene(house, clock))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", lose)
        with pytest.raises(Unavailable) as caught:
            await withdraw(house, given.grant_id, SYSTEM)
    assert (caught.value.reason, house.storage.broken.is_set()) == ("not_settled", True)
    with pytest.raises(Unavailable, match="disk"):
        await withdraw(house, given.grant_id, SYSTEM)
    (tmp_path / "quyen.db.lock").unlink()  # as if its process had ended
    async with house_in(tmp_path, clock, entropy=SeededEntropy("again")) as again:
        assert len(list_stones(again)[-1].permission_ids) == len(ALL)


async def test_a_checkpoint_that_is_lost_ends_it_too(
    house: House, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The act before it is committed and settled; nothing follows."""
    given = await agreed(await set_scene(house, clock))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", lose)
        await withdraw(house, given.grant_id, SYSTEM)
    assert (house.ledger.is_published, house.storage.broken.is_set()) == (False, True)


async def test_a_server_whose_disk_loses_a_tombstone_ends_with_one(tmp_path: Path) -> None:
    """The withdrawal is not acknowledged; the process says why and ends; the one after it has the tombstone."""
    ports = free_port(), free_port()
    lines = [
        f"QUYEN_DATABASE_URL=sqlite+aiosqlite:///{tmp_path / 'quyen.db'}",
        *[f"QUYEN_{name}_URL=http://127.0.0.1:{port}" for name, port in zip(("PUBLIC", "API"), ports, strict=True)],
        *[f"QUYEN_{name}=127.0.0.1:{port}" for name, port in zip(("LISTEN", "API_LISTEN"), ports, strict=True)],
        f"QUYEN_MASTER_KEY={MASTER_KEY}",
        "QUYEN_RECORD_RETENTION_DAYS=730",
    ]
    env_file = tmp_path / "env"
    env_file.write_text("\n".join(lines), encoding="utf-8")
    settings = read_settings(environment={}, env_file=env_file)
    async with opened_house(settings) as house:
        given = await agreed(await set_scene(house, SystemClock()))
    argv = [sys.executable, "-m", "tests.faults.serving", str(env_file)]
    server = Child(argv, tmp_path, environment={"PYTHONPATH": str(ROOT)})

    def quyen(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["--env-file", str(env_file), *arguments])
        return result.exit_code, result.output

    try:
        server.wait_until(lambda: quyen("healthcheck")[0] == 0, 30)
        code, said = quyen("grant", "withdraw", given.grant_id)
        assert (code, "not_settled" in said or "journal" in said) == (1, True), said
        assert server.stop(0, 30) == 1  # no signal: it ends of itself
    finally:
        server.stop()
    assert "did not keep what it was given" in server.log_path.read_text()
    async with opened_house(settings) as house:
        assert len(Journal(tmp_path / "journal").read().tombstones[-1].permission_ids) == len(ALL)
        assert not house.storage.broken.is_set()
