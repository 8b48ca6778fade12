"""The grant log as acts write it: one record for each act, in commit order, signed, published, proven (I2)."""

import asyncio
import json
import shutil
import subprocess
import sys
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import UpdateBase, delete, text, update

from gateway.acts.decide import decide
from gateway.acts.expire import expire
from gateway.acts.pause import pause, resume
from gateway.acts.register import rotate_secret
from gateway.acts.seal_trace import seal_trace
from gateway.acts.shorten import shorten
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.ground.vault.sealing import Unsealable
from gateway.records.ledger import notices, outside, reading
from gateway.records.ledger.checkpoint import open_checkpoint
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.log import part_place
from gateway.records.ledger.parts import list_parts
from gateway.records.ledger.proof import Proof, prove
from gateway.records.ledger.signed import LogDamaged
from gateway.records.ledger.tables import ledger_checkpoints, ledger_head, ledger_nodes, ledger_parts
from gateway.records.ledger.tree import Frontier, leaf_hash, verify_inclusion
from gateway.records.ledger.types import Draft, Record
from gateway.records.trace import batches
from gateway.terms.refusal import Refusal, Unavailable
from tests.contract.steps import (
    NAME,
    PROFILE,
    SEND,
    SYSTEM,
    agreed,
    get_states,
    keys_of,
    list_records,
    owner,
    verified,
)
from tests.contract.test_decide import answer, shown
from tests.contract.test_trace_batches import trace
from tests.house import Scene, agree, house_in, set_scene
from tests.stand_ins.entropy import SeededEntropy

SCRIPT = Path(__file__).parents[2] / "docs" / "verify.py"


async def make_history(scene: Scene) -> list[Kind]:
    """Do one of each act that leaves a record, and name the records that they leave, oldest first."""
    given = await agreed(scene, PROFILE, NAME, SEND, duration="P1D")
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    await pause(scene.house, given.grant_id, owner(scene))
    await resume(scene.house, given.grant_id, owner(scene))
    await shorten(scene.house, given.grant_id, owner(scene), lasts=timedelta(hours=1))
    await suspend_app(scene.house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)")
    await resume_app(scene.house, scene.app.id, SYSTEM)
    await rotate_secret(scene.house, scene.app.id, SYSTEM)
    scene.clock.advance(timedelta(hours=1))
    await expire(scene.house)
    await agree(scene, frozenset())
    acts = [Kind.DECIDED, Kind.WITHDRAWN, Kind.PAUSED, Kind.RESUMED, Kind.SHORTENED, Kind.APP_SUSPENDED]
    return [*acts, Kind.APP_RESUMED, Kind.SECRET_ROTATED, Kind.EXPIRED, Kind.REFUSED]


def is_published(scene: Scene) -> bool:
    """Say whether all that is signed stands outside."""
    return scene.house.ledger.is_published


async def test_each_act_leaves_one_record_in_order(scene: Scene) -> None:
    """Numbers without gaps, in commit order; a refused act leaves none."""
    before = len(await list_records(scene.house))
    kinds = await make_history(scene)
    with pytest.raises(Refusal):
        await rotate_secret(scene.house, scene.public_app.id, SYSTEM)
    records = list(reversed(await list_records(scene.house)))
    assert [each.kind for each in records[before:]] == kinds
    assert [each.seq for each in records] == list(range(1, len(records) + 1))
    async with scene.house.storage.read() as connection:
        assert await reading.count(connection) == len(records)
    assert (await verified(scene.house)).bad == []


async def test_each_batch_is_closed_by_a_checkpoint_that_stands_outside_too(scene: Scene) -> None:
    """Of each size one, signed by the log's key, the same in the database and outside when the act has returned."""
    settled = await withdraw(scene.house, (await agreed(scene)).grant_id, owner(scene))
    key = scene.house.ledger.verifier_key
    assert key is not None
    async with scene.house.storage.read() as connection:
        notes = await reading.list_checkpoints(connection)
        newest = await reading.newest_checkpoint(connection)
    signed = [open_checkpoint(note, [key]) for note in notes]
    assert [each.size for each in signed] == list(range(1, settled.recorded.size + 1))
    assert newest == (settled.recorded.size, settled.recorded.note)
    assert signed[-1].root == settled.recorded.root
    stands = outside.read_outside(scene.house.ledger.path)
    assert [each.note for each in stands.signed] == notes
    assert stands.damaged_lines == ()


async def test_an_empty_log_has_no_checkpoint(database_url: str, tmp_path: Path, clock: Any) -> None:
    """Before the first act there is nothing to sign, and it verifies."""
    async with house_in(tmp_path, clock, database_url=database_url) as house:
        async with house.storage.read() as connection:
            assert await reading.newest_checkpoint(connection) is None
            assert await prove(connection, 1) is None
        assert (await verified(house)).is_ok


async def test_every_record_is_proven(scene: Scene, tmp_path: Path) -> None:
    """By the tree's own arithmetic, and by the stand-alone script that knows nothing of the gateway."""
    await make_history(scene)
    key = scene.house.ledger.verifier_key
    assert key is not None
    for record in await list_records(scene.house):
        async with scene.house.storage.read() as connection:
            proof = await prove(connection, record.seq)
        assert proof is not None
        assert proof.index == record.seq - 1
        signed = open_checkpoint(proof.note, [key])
        verify_inclusion(
            leaf_hash(record.canonical), proof.hashes, index=proof.index, size=proof.size, root=signed.root
        )
        (tmp_path / f"{record.seq}.json").write_text(json.dumps(_receipt(record, proof)))
    (tmp_path / "key").write_text(key.text() + "\n")
    command = [sys.executable, str(SCRIPT), "--receipt", str(tmp_path / "5.json"), "--key", str(tmp_path / "key")]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "holds" in done.stdout


def _receipt(record: Record, proof: Proof) -> dict[str, Any]:
    return {
        "record": {"seq": record.seq, "record_id": record.record_id, "bytes": b64encode(record.canonical).decode()},
        "proof": {"index": proof.index, "size": proof.size, "hashes": [each.hex() for each in proof.hashes]},
        "checkpoint": proof.note,
    }


async def test_a_record_is_proven_under_a_later_checkpoint_where_its_own_is_missing(scene: Scene) -> None:
    """A time without signing ends with the next signed batch, which proves all before it."""
    scene.house.ledger.stop_signing()
    settled = await withdraw(scene.house, (await agreed(scene)).grant_id, owner(scene))
    assert settled.recorded.note is None
    async with scene.house.storage.read() as connection:
        assert await prove(connection, settled.recorded.seq) is None
    scene.house.ledger.may_sign = True
    scene.clock.advance(1)
    later = await withdraw(scene.house, (await agreed(scene)).grant_id, owner(scene))
    async with scene.house.storage.read() as connection:
        proof = await prove(connection, settled.recorded.seq)
    assert proof is not None
    assert settled.recorded.seq < proof.size < later.recorded.size + 1
    record = next(each for each in await list_records(scene.house) if each.seq == settled.recorded.seq)
    signed = open_checkpoint(proof.note, [key for key in [scene.house.ledger.verifier_key] if key])
    verify_inclusion(record.leaf_hash, proof.hashes, index=proof.index, size=proof.size, root=signed.root)
    assert (await verified(scene.house)).is_ok


async def test_what_is_undone_was_never_in_the_log(scene: Scene) -> None:
    """A record whose transaction did not commit leaves no row, and its checkpoint is never published."""
    size = len(await list_records(scene.house))
    async with scene.house.storage.unit() as unit:
        draft = Draft(Kind.LOOKED_UP, scene.clock.now(), owner(scene), {"reason": "x"})
        recorded = await scene.house.ledger.append(unit.connection, draft)
        await scene.house.ledger.publish()
    assert recorded.seq == size + 1
    await scene.house.ledger.publish()
    assert len(outside.read_outside(scene.house.ledger.path).signed) == size
    await agree(scene)
    assert len(await list_records(scene.house)) == size + 1
    assert (await verified(scene.house)).bad == []


async def test_an_act_whose_record_fails_changes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no change without its record."""
    given = await agreed(scene)
    before = await get_states(scene.house, given.grant_id)

    async def fail(*_given: object, **_named: object) -> None:
        raise LogDamaged

    with monkeypatch.context() as broken, pytest.raises(LogDamaged):
        broken.setattr("gateway.records.ledger.log.check_written", fail)
        await withdraw(scene.house, given.grant_id, owner(scene))
    assert await get_states(scene.house, given.grant_id) == before
    assert await list_records(scene.house, kinds=[Kind.WITHDRAWN]) == []
    assert (await verified(scene.house)).is_ok


async def test_a_disk_that_takes_no_checkpoint_is_told_and_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The act stands all the same; the next one brings both outside."""
    given = await agreed(scene)
    assert is_published(scene)

    def full_disk(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("gateway.records.ledger.log.append_outside", full_disk)
        settled = await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    assert not is_published(scene)
    await withdraw(scene.house, given.grant_id, owner(scene))
    assert is_published(scene)
    stands = outside.read_outside(scene.house.ledger.path).signed
    assert [each.size for each in stands] == list(range(1, settled.recorded.size + 2))


async def test_a_database_that_cannot_be_read_leaves_the_checkpoint_for_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing never fails an act that is committed."""

    def gone(*_given: object) -> None:
        raise Unavailable("database")

    with monkeypatch.context() as broken:
        broken.setattr(scene.house.storage, "read", gone)
        await rotate_secret(scene.house, scene.app.id, SYSTEM)
    assert not is_published(scene)
    await rotate_secret(scene.house, scene.app.id, SYSTEM)
    assert is_published(scene)
    assert (await verified(scene.house)).is_ok


OTHER_HEAD = update(ledger_head).values(peaks=["ab" * 32] * 3)
LAST_SIGNED = delete(ledger_checkpoints).where(ledger_checkpoints.c.size == 7)
LAST_LEAF = ledger_nodes.c.level == 0, ledger_nodes.c.position == 6
TAMPERED: dict[str, list[UpdateBase]] = {
    "a head of other peaks": [OTHER_HEAD],
    "a head of another size": [update(ledger_head).values(size=6)],
    "a head that is none": [update(ledger_head).values(peaks=["no hash"])],
    "another root signed last": [update(ledger_checkpoints).values(root=b"r" * 32)],
    "the checkpoint signed last is gone": [LAST_SIGNED],
    "every checkpoint is gone": [delete(ledger_checkpoints)],
    "a forked head, and what was signed last is gone": [LAST_SIGNED, OTHER_HEAD],
    "another leaf": [update(ledger_nodes).where(*LAST_LEAF).values(hash=b"r" * 32)],
    "no leaf": [delete(ledger_nodes).where(*LAST_LEAF)],
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_nothing_is_signed_on_top_of_what_was_tampered_with(scene: Scene, name: str) -> None:
    """Before signing, what was signed last is read back; the act is undone and verification says why."""
    while len(await list_records(scene.house)) < 7:
        await rotate_secret(scene.house, scene.app.id, SYSTEM)
    before = len(await list_records(scene.house))
    async with scene.house.storage.unit() as unit:
        for statement in TAMPERED[name]:
            await unit.connection.execute(statement)
        await unit.commit()
    with pytest.raises(LogDamaged):
        await rotate_secret(scene.house, scene.app.id, SYSTEM)
    assert len(await list_records(scene.house)) == before
    assert not (await verified(scene.house)).is_ok


async def test_a_head_that_moved_under_its_lock_is_no_head(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the lock ever lost, nothing is written."""
    size = len(await list_records(scene.house))

    async def wrong(_connection: object) -> Frontier:
        frontier = Frontier()
        for number in range(size + 1):
            frontier.append(leaf_hash(bytes([number])))
        return frontier

    monkeypatch.setattr("gateway.records.ledger.log._locked_frontier", wrong)
    with pytest.raises(LogDamaged, match="moved"):
        await rotate_secret(scene.house, scene.app.id, SYSTEM)
    assert len(await list_records(scene.house)) == size


async def test_a_database_that_writes_otherwise_is_not_signed(tmp_path: Path, clock: Any) -> None:
    """A trigger that changes what is inserted is found before the commit."""
    async with house_in(tmp_path, clock) as house:
        async with house.storage.unit() as unit:
            changes = "UPDATE ledger_nodes SET hash = zeroblob(32) WHERE position = NEW.position"
            await unit.connection.execute(text(f"CREATE TRIGGER t AFTER INSERT ON ledger_nodes BEGIN {changes}; END"))
            await unit.commit()
        with pytest.raises(LogDamaged, match="otherwise"):
            await set_scene(house, clock)
        assert await list_records(house) == []


async def test_two_gateways_on_one_database_write_one_log(postgres_migrated: str, tmp_path: Path, clock: Any) -> None:
    """Sixteen acts of two processes' worth race on PostgreSQL: numbers without gaps, each act once, and it verifies."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = house_in(tmp_path / "a", clock, database_url=postgres_migrated, entropy=SeededEntropy("a"))
    second = house_in(tmp_path / "b", clock, database_url=postgres_migrated, entropy=SeededEntropy("b"))
    async with first as house, second as other:
        scene = await set_scene(house, clock)
        shutil.copytree(tmp_path / "a" / "keys", tmp_path / "b" / "keys", dirs_exist_ok=True)
        before = len(await list_records(house))
        acts = [rotate_secret([house, other][number % 2], scene.app.id, SYSTEM) for number in range(16)]
        await asyncio.gather(*acts)
        assert [each.seq for each in await list_records(other)] == list(range(before + 16, 0, -1))
        for each in (house, other):
            await each.ledger.publish()
            assert (await verified(each)).bad == []


async def test_two_gateways_seal_each_line_of_the_trace_once(
    postgres_migrated: str, tmp_path: Path, clock: Any
) -> None:
    """Eight sealers of two processes' worth race for the same lines on PostgreSQL: no false alarm afterwards."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = house_in(tmp_path / "a", clock, database_url=postgres_migrated, entropy=SeededEntropy("a"))
    second = house_in(tmp_path / "b", clock, database_url=postgres_migrated, entropy=SeededEntropy("b"))
    async with first as house, second as other:
        scene = await set_scene(house, clock)
        shutil.copytree(tmp_path / "a" / "keys", tmp_path / "b" / "keys", dirs_exist_ok=True)
        for _ in range(3):
            for _ in range(5):
                await trace(scene)
            sealed = await asyncio.gather(*[seal_trace([house, other][number % 2]) for number in range(8)])
            assert sorted(sealed) == [0] * 7 + [5]
        assert (await verified(house)).bad == []


async def test_a_line_that_another_sealer_took_is_not_sealed_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the lock ever lost, nothing is recorded."""
    await trace(scene)
    async with scene.house.storage.read() as connection:
        taken = await batches.list_waiting(connection, scene.clock.now(), 10)
    assert await seal_trace(scene.house) == 1

    async def stale(*_given: object) -> object:
        return taken

    before = len(await list_records(scene.house))
    monkeypatch.setattr(batches, "list_waiting", stale)
    with pytest.raises(AssertionError, match="under their lock"):
        await seal_trace(scene.house)
    assert len(await list_records(scene.house)) == before


async def test_a_search_narrows_by_each_field(scene: Scene) -> None:
    """Grant, person, app, kind, time, request and cursor, each alone and together."""
    start = scene.clock.now()
    given = await agreed(scene)
    scene.clock.advance(60)
    settled = await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND], request_id="rq-1")
    every = await list_records(scene.house)
    of_grant = [Kind.WITHDRAWN, Kind.DECIDED]
    wanted: list[tuple[dict[str, Any], list[Kind]]] = [
        ({"grant_ids": [given.grant_id]}, of_grant),
        ({"grant_ids": []}, []),
        ({"person_id": scene.owner.id}, [*of_grant, Kind.PERSON_ADDED]),
        ({"app_id": scene.public_app.id}, [Kind.APP_REGISTERED]),
        ({"kinds": [Kind.DECIDED]}, [Kind.DECIDED]),
        ({"since": start + timedelta(seconds=1)}, [Kind.WITHDRAWN]),
        ({"until": start}, []),
        ({"until": start + timedelta(seconds=1), "grant_ids": [given.grant_id]}, [Kind.DECIDED]),
        ({"request_id": "rq-1"}, [Kind.WITHDRAWN]),
        ({"before_seq": settled.recorded.seq, "grant_ids": [given.grant_id]}, [Kind.DECIDED]),
    ]
    for search, kinds in wanted:
        assert [each.kind for each in await list_records(scene.house, **search)] == kinds, search
    async with scene.house.storage.read() as connection:
        assert await reading.find(connection, settled.recorded.record_id) == every[0]
        assert await reading.find(connection, "lr_unknown") is None
        assert await reading.list_records(connection, reading.Search(), 2) == every[:2]


async def test_what_a_person_was_shown_is_kept_once(scene: Scene) -> None:
    """The same text shown to eight at once is one row; an unknown text is not found."""
    requests = [await shown(scene) for _ in range(8)]
    decided = await asyncio.gather(*[decide(scene.house, each.id, answer(scene, PROFILE)) for each in requests])
    facts = [each.facts for each in await list_records(scene.house, kinds=[Kind.DECIDED])]
    (sha256,) = {str(each["notice"]) for each in facts}
    async with scene.house.storage.read() as connection:
        assert await notices.find(connection, sha256) == ("vi", "Chữ đã hiện (mẫu)")
        assert await notices.find(connection, "0" * 64) is None
    assert len({each.recorded.seq for each in decided}) == 8
    assert (await verified(scene.house)).bad == []


async def test_a_part_opens_to_what_was_sealed_or_not_at_all(scene: Scene) -> None:
    """Changed bytes, and bytes that somebody with the key sealed otherwise, are `Unsealable`."""
    await agree(scene)
    record = (await list_records(scene.house, kinds=[Kind.DECIDED]))[0]
    keys = keys_of(scene.house)
    async with scene.house.storage.read() as connection:
        opened = await reading.open_parts(connection, record, keys)
        rows = (await list_parts(connection, [record.record_id]))[record.record_id]
    assert opened["identity"] == {"login": "chu-1", "name": "chu-1 (mẫu)"}
    place = part_place(record.record_id, "identity", scene.owner.id)
    for sealed in (rows[0]["sealed"][:-1], keys.seal(scene.owner.id, "identity", plain=b"short", place=place)):
        async with scene.house.storage.unit() as unit:
            changed = update(ledger_parts).where(ledger_parts.c.record_id == record.record_id)
            await unit.connection.execute(changed.where(ledger_parts.c.name == "identity").values(sealed=sealed))
            with pytest.raises(Unsealable):
                await reading.open_parts(unit.connection, record, keys)
            found = (await list_parts(unit.connection, [record.record_id]))[record.record_id]
            with pytest.raises(Unsealable):
                reading.open_part(next(row for row in found if row["name"] == "identity"), keys)
