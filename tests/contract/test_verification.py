"""Whatever is changed past the gateway is found, and the record is named."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from sqlalchemy import Column, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gateway.acts.pause import pause, resume
from gateway.acts.register import rotate_secret
from gateway.acts.withdraw import withdraw
from gateway.ground.storage.storage import Storage
from gateway.ground.vault.personkeys import PersonKeys
from gateway.ground.vault.sealing import Place, Unsealable
from gateway.records.accounts.tables import connections, standings
from gateway.records.grants.tables import grants, permissions
from gateway.records.ledger import keys
from gateway.records.ledger.canonical import CanonicalRecord
from gateway.records.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.log import part_place
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tables import (
    ledger_checkpoints,
    ledger_head,
    ledger_keys,
    ledger_nodes,
    ledger_parts,
    ledger_records,
    notices,
)
from gateway.records.ledger.tree import Frontier, leaf_hash
from gateway.records.ledger.types import Draft
from gateway.server.house import log_parts
from gateway.terms.refusal import Refusal
from tests.contract.conftest import MIGRATED, migrate_url
from tests.contract.steps import NAME, PROFILE, SEND, SYSTEM, agreed, keys_of, owner, verified
from tests.contract.tampering import COLUMNS, TABLES, Target, change, change_raw, list_rows, name_of, other_value
from tests.house import Scene, agree, house_in, set_scene, settings_for
from tests.stand_ins.clock import ManualClock

if TYPE_CHECKING:
    from tests.services.postgres_server import PostgresServer


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> AsyncIterator[Target]:
    """Yield a house with some twenty records, that no test of this file changes for good."""
    folder, clock = tmp_path_factory.mktemp("target"), ManualClock()
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{folder / 'quyen.db'}"
        shutil.copy(sqlite_template, folder / "quyen.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        await server.add_template(MIGRATED, migrate_url)
        url = server.url(await server.add_database(MIGRATED))
    async with house_in(folder, clock, database_url=url) as house:
        await _make_history(await set_scene(house, clock))
        engine = create_async_engine(url)
        yield Target(house, engine)
        await engine.dispose()


async def _make_history(scene: Scene) -> None:
    given = await agreed(scene)
    await agree(scene, frozenset({PROFILE}), app=scene.public_app)
    for seconds in range(3):
        scene.clock.advance(seconds)
        await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
        await resume(scene.house, given.grant_id, owner(scene))
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    scene.clock.advance(60)
    await agree(scene)


def at_fault(target_bad: list[Any]) -> set[int | None]:
    """Name the places that verification found."""
    return {each.seq for each in target_bad}


async def test_an_honest_log_holds(target: Target) -> None:
    """Nothing is found where nothing was done."""
    async with target.opened() as connection:
        finding = await target.verified(connection)
        assert (finding.bad, finding.is_ok) == ([], True)
        rows = await list_rows(connection, ledger_records)
        assert (finding.size, finding.record_ids) == (len(rows), [row["record_id"] for row in rows])


async def test_what_follows_from_a_record_that_cannot_be_read_is_laid_at_no_others_door(target: Target) -> None:
    """A byte of the newest record of a grant is changed: it alone is named, and not the sound one before it."""
    async with target.opened() as connection:
        rows = [row for row in await list_rows(connection, ledger_records) if row["grant_id"] is not None]
        row = rows[-1]
        raw = row["canonical"][:100] + b"\xff" + row["canonical"][101:]
        await connection.execute(
            update(ledger_records).where(ledger_records.c.record_id == row["record_id"]).values(canonical=raw)
        )
        finding = await target.verified(connection)
        assert {each.record_id for each in finding.bad if not each.follows} == {row["record_id"]}
        assert any(row["grant_id"] in each.reason for each in finding.bad if each.follows)


@pytest.mark.parametrize("column", COLUMNS, ids=name_of)
async def test_a_change_in_any_column_is_found_and_named(target: Target, column: "Column[Any]") -> None:
    """Every column of every table of the log, and of grants and permissions; a record is named each time."""
    async with target.opened() as connection:
        rows = await list_rows(connection, column.table)
        row = next(each for each in reversed(rows) if each.get("is_current", True))  # a second current row cannot be
        await change(connection, column, row, other_value(column, row[column.name]))
        finding = await target.verified(connection)
        assert finding.bad
        named = [each for each in finding.bad if each.seq in range(1, finding.size + 1) or each.record_id]
        assert named, finding.bad
        if "record_id" in row and column.name != "record_id":
            assert row["record_id"] in {each.record_id for each in finding.bad}
        if "seq" in row and column.name != "seq":
            assert row["seq"] in at_fault(finding.bad)


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
@pytest.mark.parametrize("column", [each for each in COLUMNS if each is not ledger_head.c.id], ids=name_of)
async def test_a_value_that_is_not_of_its_column_is_found(target: Target, column: "Column[Any]") -> None:
    """SQLite stores text anywhere but in its own row number; verification finds it and never falls over it."""
    async with target.opened() as connection:
        row = (await list_rows(connection, column.table))[-1]
        await change_raw(connection, column, row, "không phải")
        assert not (await target.verified(connection)).is_ok


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_a_row_that_was_removed_is_missed(target: Target, table: Any) -> None:
    """Any row of any of the tables, from the middle."""
    async with target.opened() as connection:
        rows = await list_rows(connection, table)
        row = rows[len(rows) // 2]
        known = [key == row[key.name] for key in table.primary_key.columns]
        assert (await connection.execute(delete(table).where(*known))).rowcount == 1
        assert not (await target.verified(connection)).is_ok


ADDED: dict[str, tuple[Any, dict[str, Any]]] = {
    "a record before the first": (ledger_records, {"seq": -7, "record_id": "lr_x", "grant_id": None}),
    "a record after the last": (ledger_records, {"seq": 99, "record_id": "lr_x", "grant_id": None}),
    "a part of another record": (ledger_parts, {"name": "evidence", "person_id": "ps_x"}),
    "a part of no record": (ledger_parts, {"record_id": "lr_x"}),
    "a node": (ledger_nodes, {"level": 40, "position": 40}),
    "a checkpoint": (ledger_checkpoints, {"size": 99}),
    "a head": (ledger_head, {"id": 2}),
    "a text": (notices, {"sha256": "0" * 64}),
    "a grant": (grants, {"id": "gr_x", "app_id": "x"}),
    "a permission": (permissions, {"id": "pm_x", "is_current": False}),
    "a permission of no grant": (permissions, {"id": "pm_x", "grant_id": "gr_x"}),
}


@pytest.mark.parametrize("name", ADDED)
async def test_a_row_that_was_added_is_found(target: Target, name: str) -> None:
    """Also where no page would show it."""
    table, changes = ADDED[name]
    async with target.opened() as connection:
        row = (await list_rows(connection, table))[0]
        await connection.execute(insert(table).values(**{**row, **changes}))
        assert not (await target.verified(connection)).is_ok


async def test_records_that_changed_places_are_found(target: Target) -> None:
    """Two neighbours, swapped in all that says where they stand."""
    async with target.opened() as connection:
        first, second = (await list_rows(connection, ledger_records))[3:5]
        for row, seq in ((first, 999), (second, first["seq"]), ({**first, "seq": 999}, second["seq"])):
            await change(connection, ledger_records.c.seq, row, seq)
        finding = await target.verified(connection)
        assert {first["record_id"], second["record_id"]} <= {each.record_id for each in finding.bad}


async def cut_to(connection: AsyncConnection, size: int) -> None:
    """Truncate the log so that all that is left fits together."""
    rows = await list_rows(connection, ledger_records)
    gone = [row["record_id"] for row in rows[size:]]
    await connection.execute(delete(ledger_records).where(ledger_records.c.seq > size))
    await connection.execute(delete(ledger_parts).where(ledger_parts.c.record_id.in_(gone)))
    await connection.execute(delete(ledger_checkpoints).where(ledger_checkpoints.c.size > size))
    await rebuild_tree(connection, [row["canonical"] for row in rows[:size]])


async def rebuild_tree(connection: AsyncConnection, contents: list[bytes]) -> None:
    """Write head and nodes as an honest log of these records would have them."""
    frontier = Frontier()
    nodes = [node for content in contents for node in frontier.append(leaf_hash(content))]
    await connection.execute(delete(ledger_nodes))
    await connection.execute(insert(ledger_nodes), [{"level": n[0], "position": n[1], "hash": n[2]} for n in nodes])
    peaks = [peak.hex() for peak in frontier.peaks]
    await connection.execute(update(ledger_head).values(size=frontier.size, peaks=peaks))


async def test_a_log_cut_short_is_found_by_what_stands_outside(target: Target, tmp_path: Path) -> None:
    """Without the file outside a log that was cut in every table looks whole: that is what the file is for."""
    async with target.opened() as connection:
        honest = await target.verified(connection)
        await cut_to(connection, honest.size - 1)
        reasons = [each.reason for each in (await target.verified(connection)).bad]
        assert f"{honest.size} records were signed, {honest.size - 1} are there" in reasons
        alone = await target.verified(connection, checkpoints=tmp_path / "absent")
        assert {each.reason.partition(" ")[0] for each in alone.bad} <= {"grant", "permission", "the"}


async def test_a_log_cut_to_nothing_is_found(target: Target) -> None:
    """No record, no checkpoint, nothing that stands: the file outside still knows."""
    async with target.opened() as connection:
        for table in (permissions, grants, notices, standings, connections):
            await connection.execute(delete(table))
        await cut_to_nothing(connection)
        finding = await target.verified(connection)
        assert finding.size == 0
        assert finding.bad
        assert all("records were signed, 0 are there" in each.reason for each in finding.bad)


async def cut_to_nothing(connection: AsyncConnection) -> None:
    """Empty every table of the log."""
    for table in (ledger_parts, ledger_records, ledger_checkpoints, ledger_nodes):
        await connection.execute(delete(table))
    await connection.execute(update(ledger_head).values(size=0, peaks=[]))


async def test_a_log_written_anew_is_found_by_its_signatures(target: Target) -> None:
    """A record changed with all that follows from it: only what was signed can say so, here or outside."""
    async with target.opened() as connection:
        rows = await list_rows(connection, ledger_records)
        old = CanonicalRecord.decode(rows[-1]["canonical"])
        fields = {name: getattr(old, name) for name in CanonicalRecord.__slots__}
        raw = CanonicalRecord(**{**fields, "request_id": "forged"}).encode()
        for column, value in (("canonical", raw), ("leaf_hash", leaf_hash(raw)), ("request_id", "forged")):
            await change(connection, ledger_records.c[column], rows[-1], value)
        await rebuild_tree(connection, [*[row["canonical"] for row in rows[:-1]], raw])
        finding = await target.verified(connection)
        assert {each.reason for each in finding.bad} == {
            f"the first {len(rows)} records are not those that were signed"
        }
        assert {each.record_id for each in finding.bad} == {old.record_id}


@pytest.mark.parametrize("where", ["inside", "outside"])
async def test_a_forged_checkpoint_is_found(target: Target, tmp_path: Path, where: str) -> None:
    """Signed by another key in the log's name, in the database or outside."""
    async with target.opened() as connection:
        row = (await list_rows(connection, ledger_checkpoints))[-1]
        key = target.house.ledger.verifier_key
        assert key is not None
        forger = Signer(key.name, b"f" * 32)
        note = sign_checkpoint(Checkpoint(key.name, row["size"], row["root"]), forger)
        path = tmp_path / "checkpoints.jsonl"
        content = target.house.ledger.path.read_bytes()
        if where == "inside":
            await change(connection, ledger_checkpoints.c.note, row, note)
        else:
            content += orjson.dumps({"size": row["size"], "note": note}) + b"\n"
        path.write_bytes(content)
        finding = await target.verified(connection, checkpoints=path)
        assert any("not signed by the log" in each.reason for each in finding.bad)


@pytest.mark.parametrize(
    "line,reason",
    [
        (b"rubbish\n", "is damaged"),
        (b'{"size":1}\n', "is damaged"),
        (b'{"size":"one","note":"x"}\n', "is damaged"),
        (b'{"size":2,"note":"x"}\n', "not signed by the log"),
        (b'{"size":99,"note":', ""),
    ],
)
async def test_a_line_outside_is_read_with_care(target: Target, tmp_path: Path, line: bytes, reason: str) -> None:
    """What does not read is named; a torn last line was never acknowledged."""
    path = tmp_path / "checkpoints.jsonl"
    path.write_bytes(target.house.ledger.path.read_bytes() + line)
    async with target.opened() as connection:
        finding = await target.verified(connection, checkpoints=path)
    assert [reason in each.reason for each in finding.bad] == ([True] if reason else [])


async def test_a_line_outside_that_lies_about_its_size_is_found(target: Target, tmp_path: Path) -> None:
    """The note says what counts; the number beside it must be the same."""
    lines = target.house.ledger.path.read_bytes().splitlines()
    path = tmp_path / "checkpoints.jsonl"
    path.write_bytes(orjson.dumps({**orjson.loads(lines[0]), "size": 2}) + b"\n")
    async with target.opened() as connection:
        finding = await target.verified(connection, checkpoints=path)
    assert [each.reason for each in finding.bad] == ["a checkpoint outside states another size than it signs"]


async def test_an_erased_person_s_log_still_verifies(target: Target, tmp_path: Path) -> None:
    """Both keys destroyed: nothing opens and everything holds. A key that was lost is another matter."""
    folder = tmp_path / "keys"
    shutil.copytree(target.house.ledger.path.parents[1] / "keys", folder)
    person_keys = PersonKeys(folder, target.house.vault, entropy=target.house.entropy)
    everyone = sorted(path.stem for path in folder.glob("*.key"))
    async with target.opened() as connection:
        for person_id in everyone:
            person_keys.destroy(person_id, "identity")
            person_keys.destroy(person_id, "evidence")
        assert (await target.verified(connection, person_keys=person_keys)).bad == []
        (folder / f"{everyone[0]}.key").unlink()
        finding = await target.verified(connection, person_keys=person_keys)
        assert finding.bad
        assert all("does not open to what was committed" in each.reason for each in finding.bad)


async def test_a_part_that_somebody_sealed_anew_is_found(target: Target) -> None:
    """Whoever holds keys and database still cannot change what was committed."""
    async with target.opened() as connection:
        row = (await list_rows(connection, ledger_parts))[0]
        place = part_place(row["record_id"], row["name"], row["person_id"])
        sealed = keys_of(target.house).seal(row["person_id"], row["name"], plain=b"x" * 64, place=place)
        await change(connection, ledger_parts.c.sealed, row, sealed)
        finding = await target.verified(connection)
        assert [(each.record_id, each.reason) for each in finding.bad] == [
            (row["record_id"], f"its {row['name']} part was changed")
        ]


async def test_long_logs_are_read_in_batches(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two records at a time find the same: nothing when honest, a part in the middle when not."""
    monkeypatch.setattr("gateway.records.ledger.reading._BATCH", 2)
    monkeypatch.setattr("gateway.records.ledger.verification._BATCH", 2)
    async with target.opened() as connection:
        assert (await target.verified(connection)).bad == []
        rows = await list_rows(connection, ledger_parts)
        row = rows[len(rows) // 2]
        await change(connection, ledger_parts.c.sealed, row, b"x")
        assert [each.record_id for each in (await target.verified(connection)).bad] == [row["record_id"]]


@pytest.mark.parametrize("column", ledger_keys.c, ids=name_of)
async def test_the_key_s_row_opens_unchanged_or_not_at_all(target: Target, column: "Column[Any]") -> None:
    """Name, time, seed and verifier key are bound together; a row of another id is no key."""
    async with target.opened() as connection:
        (row,) = await list_rows(connection, ledger_keys)
        assert await keys.find_signer(connection, target.house.vault) is not None
        await change(connection, column, row, other_value(column, row[column.name]))
        if column.name == "id":
            assert await keys.find_signer(connection, target.house.vault) is None
            return
        with pytest.raises(Unsealable):
            await keys.find_signer(connection, target.house.vault)


async def test_a_gateway_that_never_started_has_no_log(database_url: str, tmp_path: Path) -> None:
    """There is no key to verify with, and it is said."""
    storage = Storage(database_url)
    with pytest.raises(Refusal, match="no_log"):
        await log_parts(settings_for(tmp_path, database_url), storage)
    await storage.close()


async def test_what_verification_needs_is_opened_beside_the_server(scene: Scene, tmp_path: Path) -> None:
    """The same key, person keys and file as the running house has."""
    await agree(scene)
    parts = await log_parts(settings_for(tmp_path, scene.house.storage.url), scene.house.storage)
    assert parts.key == scene.house.ledger.verifier_key
    assert parts.checkpoints == scene.house.ledger.path
    place = Place("t", "r", "c")
    sealed = keys_of(scene.house).seal(scene.owner.id, "identity", plain=b"x", place=place)
    assert parts.person_keys.open(scene.owner.id, "identity", sealed=sealed, place=place) == b"x"


async def test_a_record_that_steps_back_is_found(scene: Scene) -> None:
    """A version that was passed already, and facts that are no facts of permissions, written by the log itself."""
    given = await agreed(scene)
    base = Draft(Kind.PAUSED, scene.clock.now(), SYSTEM, {}, app_id=scene.app.id, account_id=scene.account.id)
    drafts = [
        replace(base, grant_id=given.grant_id, version=version, facts={"permissions": told})
        for version, told in ((0, []), (7, "none"), (8, ["none"]))
    ]
    async with scene.house.storage.unit() as unit:
        places = [await scene.house.ledger.append(unit.connection, draft) for draft in drafts]
        await unit.commit()
    finding = await verified(scene.house)
    assert "version 0 of the grant comes after version 1" in {each.reason for each in finding.bad}
    assert (places[-1].seq, f"grant {given.grant_id} is not what the log says") in {
        (each.seq, each.reason) for each in finding.bad
    }


async def test_verifying_beside_a_busy_gateway_raises_no_false_alarm(scene: Scene) -> None:
    """What is read is one moment; what is outside was inside before."""
    done = asyncio.Event()

    async def act() -> None:
        for _ in range(10):
            await rotate_secret(scene.house, scene.app.id, SYSTEM)
            scene.clock.advance(1)
            await agree(scene)
        done.set()

    async def watch() -> list[Any]:
        found: list[Any] = []
        while not done.is_set():
            found += (await verified(scene.house)).bad
        return found

    _, *found = await asyncio.gather(act(), watch(), watch())
    assert found == [[], []]
