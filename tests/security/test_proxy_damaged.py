"""A row that holds what none can lets no call pass: 503 in the caller's dialect, nothing sent, the log says which."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.acts.bury import bury
from gateway.acts.expire import expire
from gateway.acts.pause import pause
from gateway.ground.storage.engines import sqlite_path
from gateway.ground.storage.failures import Unreadable
from gateway.ground.vault.entries import Tombstone
from gateway.terms.ids import GrantId
from tests.contract.steps import SYSTEM, get_grant
from tests.house import Scene, agree
from tests.platforms.zalo.stage import PROFILE, Reply, Stage, zalo_stage


def damage(scene: Scene, table: str, change: str, where: str = "TRUE") -> None:
    """Change rows past the gateway, as anyone who can write the file can."""
    with closing(sqlite3.connect(sqlite_path(scene.house.storage.url))) as database, database:
        assert database.execute(f"UPDATE {table} SET {change} WHERE {where}").rowcount > 0  # noqa: S608


def named(logs: Iterable[Mapping[str, object]]) -> set[tuple[object, object]]:
    """Say what the log names as damaged."""
    return {(log["kind"], log["id"]) for log in logs if log["event"] == "a stored row cannot be read and is closed"}


DAMAGES = {
    "a permission's state": ("permissions", "state = 'x'", "grant"),
    "a permission's end": ("permissions", "ends_at = 'x'", "grant"),
    "an app's state": ("apps", "state = 'x'", "grant"),
    "an app's addresses": ("apps", "addresses = '{'", "grant"),
    "when the standing lapses": ("standings", "lapses_at = 'x'", "grant"),
    "a connection's state": ("connections", "state = 'x'", "connection of account"),
    "a connection's credential": ("connections", "sealed_credential = 'x'", "connection of account"),
    "a credential's bytes": ("connections", "sealed_credential = x'00'", "connection"),
}


@pytest.mark.parametrize("what", DAMAGES)
async def test_nothing_passes_by_a_row_that_cannot_be_read(tmp_path: Path, what: str) -> None:
    """Not refused as if the app were at fault, and not a bug: no verdict. Mended, it passes again."""
    table, change, kind = DAMAGES[what]
    async with zalo_stage(tmp_path) as stage:
        assert (await stage.app.call(PROFILE)).status == 200
        arrived = len(await stage.arrived())
        with closing(sqlite3.connect(sqlite_path(stage.scene.house.storage.url))) as kept:
            before = kept.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - the test's own words
        damage(stage.scene, table, change)
        with capture_logs() as logs:
            replies = [await stage.app.call(PROFILE), await in_dialect(stage)]
        assert (replies[0].status, replies[0].code) == (503, "no_verdict")
        assert (replies[1].status, replies[1].json["error"]) == (200, -200)
        assert {each for each, _ in named(logs)} == {kind}
        assert len(await stage.arrived()) == arrived
        put_back(stage.scene, table, before)
        assert (await stage.app.call(PROFILE)).status == 200


async def in_dialect(stage: Stage) -> Reply:
    """Call as Zalo's own clients do."""
    return await stage.app.call(PROFILE, headers={"access_token": stage.app.token})


def put_back(scene: Scene, table: str, rows: list[tuple[object, ...]]) -> None:
    """Write the rows as they were."""
    with closing(sqlite3.connect(sqlite_path(scene.house.storage.url))) as database, database:
        for row in rows:
            database.execute(f"REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608


async def test_rounds_and_starts_go_on_beside_it(tmp_path: Path) -> None:
    """What time ended of other grants is recorded, and what the journal says had ended is ended again."""
    async with zalo_stage(tmp_path) as stage:
        scene, house = stage.scene, stage.scene.house
        other = (await agree(scene, app=scene.public_app)).grant_id
        given = GrantId(str(stage.grant_id))
        damage(scene, "permissions", "decided_at = 'x'", f"grant_id = '{given}'")
        scene.clock.advance(40 * 86_400)
        with capture_logs() as logs:
            assert await expire(house) == 1
        assert named(logs) == {("grant", given)}
        stones = [Tombstone(each, 99, (), "withdrawn", scene.clock.now()) for each in (given, str(other))]
        with capture_logs() as logs:
            await bury(house, stones)
        assert named(logs) == {("grant", given)}
        assert (await get_grant(house, GrantId(str(other)))).version > 99
        with pytest.raises(Unreadable):
            await pause(house, given, SYSTEM)
