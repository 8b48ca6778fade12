"""Readiness is what calls meet: `/readyz` says no while nothing can be written, and asking it is never a load."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from sqlalchemy import text

from gateway.ground.storage import engines
from gateway.ground.storage import storage as storage_module
from gateway.ground.storage.storage import Storage
from gateway.server.health import Health
from gateway.terms.refusal import Unavailable
from tests.house import house_in
from tests.stand_ins.clock import ManualClock


def sqlite_url(folder: Path) -> str:
    """Return the address of the database in a folder."""
    return f"sqlite+aiosqlite:///{folder / 'quyen.db'}"


async def ask(health: Health) -> tuple[int, bool]:
    """Ask whether the server is ready; return the status and what stands in the answer."""
    answer = await health.answer_ready(None)  # type: ignore[arg-type]
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return answer.status, orjson.loads(answer.body)["ready"]


async def test_a_locked_database_is_not_ready(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be read and not written, so every call would be `no_verdict`; unlocked it is ready again."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 20)
    async with house_in(tmp_path, clock) as house:
        health = Health(house)
        assert await ask(health) == (200, True)
        other = sqlite3.connect(tmp_path / "quyen.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert await house.storage.is_answering()
        assert await ask(health) == (200, True)
        clock.advance(timedelta(seconds=1))
        assert await ask(health) == (503, False)
        other.execute("ROLLBACK")
        other.close()
        clock.advance(timedelta(seconds=1))
        assert await ask(health) == (200, True)


@pytest.mark.parametrize("is_writable", [True, False])
async def test_the_database_is_asked_once_a_second(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, *, is_writable: bool
) -> None:
    """However many ask, at once or one after the other, and whatever it says: each asking is a write on the disk."""
    asked: list[bool] = []

    async def once(_storage: Storage) -> bool:
        asked.append(True)
        return is_writable

    async with house_in(tmp_path, clock) as house:
        health = Health(house)
        monkeypatch.setattr(Storage, "is_writable", once)
        answer = (200, True) if is_writable else (503, False)
        assert await asyncio.gather(*[ask(health) for _ in range(5)]) == [answer] * 5
        assert [await ask(health) for _ in range(5)] == [answer] * 5
        clock.advance(timedelta(seconds=0.9))
        await ask(health)
        assert len(asked) == 1
        clock.advance(timedelta(seconds=0.1))
        assert [await ask(health) for _ in range(2)] == [answer] * 2
        assert len(asked) == 2


async def test_a_drain_is_told_at_once(tmp_path: Path, clock: ManualClock) -> None:
    """Whoever sends calls here must stop before the server does: no answer is kept for that."""
    async with house_in(tmp_path, clock) as house:
        health = Health(house)
        assert await ask(health) == (200, True)
        health.is_draining = True
        assert await ask(health) == (503, False)


async def test_asking_writes_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page goes to the log of the file, as a call's line would; whoever waits too long for the writer hears no."""
    storage = Storage(sqlite_url(tmp_path))
    async with storage.unit() as unit:
        await unit.connection.execute(text("CREATE TABLE t (a)"))
        await unit.commit()
    log = tmp_path / "quyen.db-wal"
    before = log.stat().st_size
    assert await storage.is_writable()
    assert log.stat().st_size > before
    async with storage.unit():
        monkeypatch.setattr(storage_module, "_PROBE_SECONDS", 0.02)
        assert not await storage.is_writable()
    assert await storage.is_writable()
    await storage.close()


async def test_a_postgresql_that_only_reads_is_not_ready(postgres_url: str) -> None:
    """A standby answers queries, and no call could be traced there."""
    storage = Storage(postgres_url)
    assert await storage.is_writable()
    async with storage.unit() as unit:
        name = (await unit.connection.execute(text("SELECT current_database()"))).scalar_one()
        await unit.connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        await unit.commit()
    await storage.close()
    assert (await storage.is_answering(), await storage.is_writable()) == (True, False)
    await storage.close()


async def test_a_commit_without_an_answer_is_perhaps_done(database_url: str) -> None:
    """Before the commit nobody says anything; out of it PostgreSQL may have done it, and SQLite has not."""
    storage = Storage(database_url)
    with pytest.raises(Unavailable) as before:
        async with storage.unit():
            raise ConnectionResetError
    with pytest.raises(Unavailable) as within:
        async with storage.unit() as unit:
            unit.is_committing = True
            raise ConnectionResetError
    assert (before.value.done, within.value.done) == ("", "" if storage.is_sqlite else "perhaps")
    await storage.close()
