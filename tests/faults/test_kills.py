"""SIGKILL at each step of an act, on real files: when the gateway starts again, what must hold holds."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.acts.renew import renew
from gateway.acts.revoke import revoke
from gateway.acts.withdraw import withdraw
from gateway.ground.vault.entries import SealedCredential
from gateway.platforms import Credential
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.types import Connection
from gateway.records.ledger.kinds import Kind
from gateway.server.backups import put_back
from gateway.server.house import OlderThanSigned
from tests.contract.platform import StandInPlatform
from tests.contract.steps import (
    ALL,
    SEND,
    SYSTEM,
    Agreed,
    agreed,
    get_grant,
    list_records,
    list_stones,
    live_asks,
    verified,
)
from tests.faults.actor import RESTORE_STEPS, STEPS, bring_in_two_batches
from tests.house import Scene, house_in, set_scene, settings_for
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

ROOT = Path(__file__).parents[2]
BEFORE_COMMIT = ["before the change", "during append", "after append", "before commit"]
AFTER_COMMIT = [step for step in STEPS if step not in BEFORE_COMMIT]


@dataclass
class Machine:
    """A gateway's folder, and the scene that is in it."""

    folder: Path
    clock: ManualClock
    scene: Scene
    given: Agreed

    def killed(self, step: str, act: str) -> None:
        """Run an act in a process of its own, which a SIGKILL ends at the step."""
        command = [sys.executable, "-m", "tests.faults.actor", str(self.folder), step, act]
        ended = subprocess.run(command, cwd=ROOT, timeout=30, check=False, capture_output=True, text=True)
        assert ended.returncode == -signal.SIGKILL, ended.stderr

    def check_whole(self) -> None:
        """Ask SQLite whether the file is whole."""
        with sqlite3.connect(self.folder / "quyen.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()


@pytest.fixture(scope="module")
async def prepared(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a gateway with one grant, stopped."""
    folder, clock = tmp_path_factory.mktemp("prepared"), ManualClock()
    async with house_in(folder, clock, entropy=SeededEntropy()) as house:
        scene = await set_scene(house, clock)
        return Machine(folder, clock, scene, await agreed(scene))


@pytest.fixture
def machine(prepared: Machine, tmp_path: Path) -> Machine:
    """Return a copy that a test may kill."""
    shutil.copytree(prepared.folder, tmp_path / "machine")
    return replace(prepared, folder=tmp_path / "machine")


async def find_link(scene: Scene) -> Connection:
    """Read the account's connection."""
    async with scene.house.storage.read() as connection:
        link = await accounts.find_connection(connection, scene.account.id)
    assert link is not None
    return link


@pytest.mark.parametrize("step", STEPS)
async def test_a_withdrawal_that_was_killed_happened_whole_or_not_at_all(machine: Machine, step: str) -> None:
    """Committed: over for good, recorded once. Not committed: as before, and the next withdrawal goes through."""
    machine.killed(step, "withdraw")
    machine.check_whole()
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        scene = replace(machine.scene, house=house)
        is_done = step in AFTER_COMMIT
        assert await live_asks(scene, machine.given.access_token) == (set() if is_done else ALL)
        assert len(await list_records(house, kinds=[Kind.WITHDRAWN])) == is_done
        assert (await get_grant(house, machine.given.grant_id)).version == 1 + is_done
        assert (await verified(house)).bad == []
        assert house.ledger.may_sign
        if not is_done:
            await withdraw(house, machine.given.grant_id, SYSTEM)
        assert [stone.version for stone in list_stones(house)] == [2]
        assert await live_asks(scene, machine.given.access_token) == set()
        assert (await verified(house)).bad == []


@pytest.mark.parametrize("step", ["during append", "after commit", "before the checkpoint goes outside"])
async def test_the_log_goes_on_where_a_kill_left_it(machine: Machine, step: str) -> None:
    """Numbers without gaps, every checkpoint outside, nothing signed twice; three kills in a row."""
    for _ in range(3):
        machine.killed(step, "rotate")
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        records = await list_records(house)
        assert [each.seq for each in records] == list(range(len(records), 0, -1))
        rotated = [each for each in records if each.kind is Kind.SECRET_ROTATED]
        assert len(rotated) == (0 if step == "during append" else 3)
        lines = house.ledger.path.read_bytes().splitlines()
        assert len(lines) == len(set(lines)) == len(records)
        assert (await verified(house)).bad == []


@pytest.mark.parametrize("step", ["during append", "after commit"])
async def test_an_import_that_was_killed_is_run_again(machine: Machine, step: str) -> None:
    """A batch is in whole or not at all, and the same file brings the rest; the log verifies all along."""
    machine.killed(step, "bring in")
    machine.check_whole()
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        is_in = 2 if step == "after commit" else 0
        assert len(await list_records(house, kinds=[Kind.BROUGHT_IN])) == is_in
        assert (await verified(house)).bad == []
        assert await bring_in_two_batches(house) == ["there"] * is_in + ["granted"] * (4 - is_in)
        assert (await verified(house)).bad == []


@pytest.mark.parametrize("step", ["before commit", "after commit"])
async def test_a_renewed_credential_outlives_the_kill(machine: Machine, step: str) -> None:
    """The platform ended the old one: the new one was in the journal before the database heard of it."""
    machine.killed(step, "renew")
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        scene = replace(machine.scene, house=house)
        link = await find_link(scene)
        opened = Credential.from_bytes(house.vault.open(link.sealed_credential, credential_place(link.id)))
        assert (link.generation, opened.refresh_token) == (2, "refresh-1")
        assert [each.version for each in house.journal.read().entries if isinstance(each, SealedCredential)] == [2]
        renewed = await renew(house, StandInPlatform(_live="refresh-1"), link)
        assert renewed.generation == 3


async def test_a_kill_before_the_journal_leaves_the_old_credential(machine: Machine) -> None:
    """Nothing was stored: the platform will refuse it, and the connection is lost, not silently wrong."""
    machine.killed("before the tombstone", "renew")
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        assert (await find_link(replace(machine.scene, house=house))).generation == 1


async def test_a_kill_frees_the_lock_of_the_file(machine: Machine) -> None:
    """The kernel gives it back: the next start is not refused, and a pause that was committed holds."""
    machine.killed("after commit", "pause")
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        assert await live_asks(replace(machine.scene, house=house), machine.given.access_token) == set()


async def lose_a_day(machine: Machine) -> None:
    """Back the database up, then let the app give its token back and the owner narrow the grant."""
    shutil.copy(machine.folder / "quyen.db", machine.folder / "backup.db")
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("a day")) as house:
        await revoke(house, machine.scene.app, machine.given.refresh_token)
        await withdraw(house, machine.given.grant_id, SYSTEM, ask_ids=[SEND])


@pytest.mark.parametrize("step", RESTORE_STEPS)
async def test_a_restore_that_was_killed_serves_nothing_until_it_is_done(machine: Machine, step: str) -> None:
    """Between its first step and its record no token of before may live: nothing opens until it is done again (I4)."""
    await lose_a_day(machine)
    signed = len((machine.folder / "checkpoints" / "checkpoints.jsonl").read_bytes().splitlines())
    lost = 0 if step == "before the copy" else 2
    machine.killed(step, "restore")
    machine.check_whole()
    if step != "before the mark":
        with pytest.raises(OlderThanSigned, match="not finished"):
            async with house_in(machine.folder, machine.clock):
                pass
        done = await put_back(settings_for(machine.folder), None, clock=machine.clock)
        assert done.records_lost == lost
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        scene = replace(machine.scene, house=house)
        assert await live_asks(scene, machine.given.access_token) == set()
        assert (await verified(house)).bad == []
        assert house.ledger.may_sign
        if step != "before the mark":
            told = (await list_records(house, kinds=[Kind.RESTORED]))[0].facts
            assert (told["signed_size"], told["restored_size"]) == (signed, signed - lost)


async def test_a_restore_that_was_killed_can_begin_anew(machine: Machine) -> None:
    """With the file again, not in place: how much was signed is not forgotten with the checkpoints that went aside."""
    await lose_a_day(machine)
    machine.killed("after the tombstones", "restore")
    done = await put_back(settings_for(machine.folder), machine.folder / "backup.db", clock=machine.clock)
    assert done.records_lost == 2
    async with house_in(machine.folder, machine.clock, entropy=SeededEntropy("again")) as house:
        assert await live_asks(replace(machine.scene, house=house), machine.given.access_token) == set()
        assert (await verified(house)).bad == []
