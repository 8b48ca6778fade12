"""Copies that wait for their app: in no backup, and dead after a restore (I4, I6)."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.ground.storage.copies import copy_database
from gateway.records.outbox.tables import event_copies, outbox
from gateway.server import backups
from gateway.server.backups import back_up, put_back
from tests.house import agree, house_in, settings_for
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.telling import listen, telling


async def test_no_copy_is_in_a_backup_or_lives_after_a_restore(tmp_path: Path, clock: ManualClock) -> None:
    """The backup holds the line of the log and no byte of the copy; put back, the line says that it is over."""
    folder, target = tmp_path / "house", tmp_path / "backup.db"
    folder.mkdir()
    async with scene_in(folder, clock) as scene, telling(scene) as teller:
        await listen(scene, "http://127.0.0.1:9/")
        await agree(scene)
        assert await teller.tell(teller.message()) == 200
        async with scene.house.storage.read() as connection:
            (row,) = (await connection.execute(event_copies.select())).mappings()
        back_up(settings_for(folder), target)
    with closing(sqlite3.connect(target)) as backup:
        assert backup.execute("SELECT count(*) FROM event_copies").fetchone() == (0,)
        assert backup.execute("SELECT state FROM outbox WHERE version IS NULL").fetchall() == [("queued",)]
    assert row["sealed"] not in target.read_bytes()
    assert row["sealed"] in (folder / "quyen.db").read_bytes()
    await put_back(settings_for(folder), target, clock=clock)
    async with house_in(folder, clock) as house, house.storage.read() as connection:
        (line,) = (await connection.execute(outbox.select().where(outbox.c.version.is_(None)))).mappings()
    assert (line["state"], line["outcome"]) == ("void", "ended")


async def test_a_backup_that_is_killed_is_none(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the copies are out of it nothing stands under the backup's name; what one left goes with the next."""
    (tmp_path / "house").mkdir()
    async with house_in(tmp_path / "house", clock):
        target, seen = tmp_path / "backup.db", list[str]()
        target.with_name("backup.db.incoming").write_bytes(b"left by a killed one")

        def copy(*args: Any, **options: Any) -> None:
            copy_database(*args, **options)
            seen.extend(each.name for each in tmp_path.glob("backup*"))

        monkeypatch.setattr(backups, "copy_database", copy)
        back_up(settings_for(tmp_path / "house"), target)
    assert seen == ["backup.db.incoming"]
    assert [each.name for each in tmp_path.glob("backup*")] == ["backup.db"]


async def test_a_database_that_was_copied_whole_sends_nothing_either(tmp_path: Path, clock: ManualClock) -> None:
    """A file that somebody copied by other means still holds copies: the restore destroys them."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller:
        await listen(scene, "http://127.0.0.1:9/")
        await agree(scene)
        assert await teller.tell(teller.message()) == 200
    await put_back(settings_for(tmp_path), None, clock=clock)
    async with house_in(tmp_path, clock) as house, house.storage.read() as connection:
        assert (await connection.execute(event_copies.select())).all() == []
