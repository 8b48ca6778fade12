"""What outlives a restart, a kill and a database put back to yesterday (I4)."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.acts import House
from gateway.acts.bury import bury
from gateway.acts.expire import expire
from gateway.acts.link import finish_link, start_link
from gateway.acts.pause import pause, resume
from gateway.acts.shorten import shorten
from gateway.acts.unlink import unlink
from gateway.acts.withdraw import withdraw
from gateway.ground.vault.entries import DestroyedKey, SealedCredential, Tombstone
from gateway.ground.vault.personkeys import Erased
from gateway.platforms import Profile
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import SELF, Connection, ConnectionState
from gateway.records.grants.tables import permissions
from gateway.records.ledger import reading
from gateway.records.ledger.causes import Because, Cause
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.server.database import AlreadyRunning
from tests.contract.platform import StandInPlatform
from tests.contract.steps import (
    NAME,
    PHONE,
    PROFILE,
    SEND,
    Agreed,
    agreed,
    get_grant,
    get_states,
    keys_of,
    list_records,
    list_stones,
    list_versions,
    live_asks,
    owner,
    verified,
)
from tests.contract.test_unlink import look
from tests.house import Scene, agree, house_in, set_scene
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy


class Machine:
    """One gateway on SQLite that a test stops, puts back to an older database, and starts again."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder = folder
        self.clock = clock
        self._starts = 0
        self._is_older = False

    @asynccontextmanager
    async def started(self, scene: Scene | None = None) -> AsyncIterator[Scene]:
        """Start; with the scene of an earlier start, it goes on there."""
        self._starts += 1
        entropy = SeededEntropy(f"start {self._starts}")
        async with house_in(self.folder, self.clock, entropy=entropy, may_be_older=self._is_older) as house:
            yield replace(scene, house=house) if scene else await set_scene(house, self.clock)

    def back_up(self) -> None:
        """Copy the database, as a nightly backup would; the gateway is stopped."""
        shutil.copy(self.folder / "quyen.db", self.folder / "backup.db")

    def restore(self) -> None:
        """Put the copy back."""
        for name in ("quyen.db-wal", "quyen.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy(self.folder / "backup.db", self.folder / "quyen.db")
        self._is_older = True


@pytest.fixture
def machine(sqlite_template: Path, tmp_path: Path, clock: ManualClock) -> Machine:
    """Return a machine with a migrated database."""
    shutil.copy(sqlite_template, tmp_path / "quyen.db")
    return Machine(tmp_path, clock)


async def backed_up(machine: Machine, *asks: str) -> tuple[Scene, Agreed]:
    """Let the owner agree and back the database up right after."""
    async with machine.started() as scene:
        given = await agreed(scene, *[each.id for each in scene.asks if each.id in asks])
    machine.back_up()
    return scene, given


async def find_connection(scene: Scene) -> Connection:
    """Read the account's connection."""
    async with scene.house.storage.read() as connection:
        link = await accounts.find_connection(connection, scene.account.id)
    assert link is not None
    return link


ENDS: dict[str, Callable[[Scene, Agreed], Awaitable[object]]] = {
    "withdraw one": lambda scene, given: withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND]),
    "withdraw all": lambda scene, given: withdraw(scene.house, given.grant_id, owner(scene)),
    "decide narrower": lambda scene, _given: agree(scene, frozenset({PROFILE}), whole=True),
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_database_put_back_to_before_an_end_does_not_forget_it(machine: Machine, name: str) -> None:
    """What ended stays ended, and all else that was decided in the gap is to be confirmed anew."""
    scene, given = await backed_up(machine)
    async with machine.started(scene) as scene:
        await ENDS[name](scene, given)
        (stone,) = list_stones(scene.house)
    machine.restore()
    async with machine.started(scene) as scene:
        assert await live_asks(scene, given.access_token) == set()
        states = await get_states(scene.house, given.grant_id)
        ended = await _name_asks(scene.house, given, stone)
        assert {ask for ask, state in states.items() if state == "withdrawn"} == ended
        assert {ask for ask, state in states.items() if state == "reconfirm"} == set(states) - ended
        records = await list_records(scene.house, grant_ids=[given.grant_id])
        assert [each.kind for each in records] == [Kind.RECONFIRM, Kind.BURIED, Kind.DECIDED]
        assert [Because.of(each) for each in records] == [Because(Cause.RESTORED), None, None]
        assert (await get_grant(scene.house, given.grant_id)).version == stone.version + 2


async def _name_asks(house: House, given: Agreed, stone: Tombstone) -> set[str]:
    async with house.storage.read() as connection:
        rows = await connection.execute(select(permissions).where(permissions.c.grant_id == given.grant_id))
    return {row.ask_id for row in rows if row.id in stone.permission_ids}


async def test_versions_go_on_above_the_journal_and_a_new_decision_stands(machine: Machine) -> None:
    """After the restore the person agrees anew; the next starts leave that alone."""
    scene, given = await backed_up(machine)
    async with machine.started(scene) as scene:
        await withdraw(scene.house, given.grant_id, owner(scene))
    machine.restore()
    async with machine.started(scene) as scene:
        machine.clock.advance(1)
        again = await agreed(scene, NAME, PROFILE)
        version = (await get_grant(scene.house, given.grant_id)).version
        assert version > max(stone.version for stone in list_stones(scene.house))
    for _ in range(2):
        async with machine.started(scene) as scene:
            assert await live_asks(scene, again.access_token) == {NAME, PROFILE}
            assert (await get_grant(scene.house, given.grant_id)).version == version
            assert await live_asks(scene, given.access_token) == set()


async def _pause_and_resume(scene: Scene, given: Agreed) -> None:
    await pause(scene.house, given.grant_id, owner(scene))
    await resume(scene.house, given.grant_id, owner(scene))


GAPS: dict[str, Callable[[Scene, Agreed], Awaitable[object]]] = {
    "paused and resumed": _pause_and_resume,
    "agreed to anew": lambda scene, _given: agree(scene, whole=True),
    "agreed to more": lambda scene, _given: agree(scene, frozenset({PHONE}), asked_for=frozenset({PROFILE, PHONE})),
    "refused": lambda scene, _given: agree(scene, frozenset(), asked_for=frozenset({PHONE})),
}


@pytest.mark.parametrize("name", GAPS)
async def test_no_version_that_anybody_was_told_of_is_used_twice(machine: Machine, name: str) -> None:
    """What ended nothing moved the grant on too: versions go on above it, and all that stands is to be confirmed."""
    scene, given = await backed_up(machine, PROFILE, NAME)
    async with machine.started(scene) as scene:
        machine.clock.advance(1)
        await GAPS[name](scene, given)
        told = (await get_grant(scene.house, given.grant_id)).version
        assert list_versions(scene.house) == list(range(1, told + 1))
    machine.restore()
    async with machine.started(scene) as scene:
        assert (await get_grant(scene.house, given.grant_id)).version == told + 1
        (record, _before) = await list_records(scene.house, grant_ids=[given.grant_id])
        assert (record.kind, record.version) == (Kind.RECONFIRM, told + 1)
        assert await live_asks(scene, given.access_token) == set()
        finding = await verified(scene.house)
        assert [each for each in finding.bad if "grant" in each.reason] == []
    async with machine.started(scene) as scene:  # and the next start leaves it so
        assert (await get_grant(scene.house, given.grant_id)).version == told + 1


async def test_the_same_old_database_put_back_twice_ends_twice(machine: Machine) -> None:
    """Each restore goes above the one before."""
    scene, given = await backed_up(machine)
    async with machine.started(scene) as scene:
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    versions = []
    for _ in range(2):
        machine.restore()
        async with machine.started(scene) as scene:
            assert await live_asks(scene, given.access_token) == set()
            versions.append((await get_grant(scene.house, given.grant_id)).version)
    assert versions[1] > versions[0]


async def test_a_gap_in_which_nothing_stands_is_recorded_too(machine: Machine) -> None:
    """Refused, granted, withdrawn, put back to refused: the version goes on, and the log says why."""
    async with machine.started() as scene:
        decided = await agree(scene, frozenset())
    machine.back_up()
    async with machine.started(scene) as scene:
        machine.clock.advance(1)
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene))
    machine.restore()
    async with machine.started(scene) as scene:
        assert decided.grant_id == given.grant_id
        assert (await get_grant(scene.house, given.grant_id)).version == 4
        finding = await verified(scene.house)
        assert [each for each in finding.bad if "grant" in each.reason] == []
    async with machine.started(scene) as scene:
        assert (await get_grant(scene.house, given.grant_id)).version == 4


async def test_a_grant_that_the_old_database_never_knew_is_passed_over(machine: Machine) -> None:
    """A tombstone for nothing changes nothing."""
    async with machine.started() as scene:
        pass
    machine.back_up()
    async with machine.started(scene) as scene:
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene))
    machine.restore()
    async with machine.started(scene) as scene:
        assert await live_asks(scene, given.access_token) == set()
        assert await list_records(scene.house, grant_ids=[given.grant_id]) == []


async def test_an_ordinary_start_writes_nothing_for_the_dead(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One read finds that the database knows all that the journal does, however long it is."""
    async with machine.started() as scene:
        await withdraw(scene.house, (await agreed(scene)).grant_id, owner(scene))
        stones = list_stones(scene.house)

        def refuse() -> None:
            raise AssertionError

        with monkeypatch.context() as broken:
            broken.setattr(scene.house.storage, "unit", refuse)
            assert await bury(scene.house, stones) == 0


async def test_a_kill_between_the_steps_of_burying_loses_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one transaction: without the record the version is not lifted, and the next start does all."""
    scene, given = await backed_up(machine)
    async with machine.started(scene) as scene:
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
    machine.restore()

    async def fail(*_given: object, **_named: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as broken, pytest.raises(BaseException):  # noqa: B017, PT011 - as a kill would
        broken.setattr(House, "record_change", fail)
        async with machine.started(scene):
            pass
    async with machine.started(scene) as scene:
        assert await live_asks(scene, given.access_token) == set()
        assert set((await get_states(scene.house, given.grant_id)).values()) == {"reconfirm", "withdrawn"}


async def test_a_restart_changes_nothing(machine: Machine) -> None:
    """What lives goes on living, what ended is ended, and the log got no record."""
    async with machine.started() as scene:
        given = await agreed(scene)
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[SEND])
        await pause(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
        before = await live_asks(scene, given.access_token)
        size = len(await list_records(scene.house))
    async with machine.started(scene) as scene:
        assert await live_asks(scene, given.access_token) == before
        assert len(await list_records(scene.house)) == size
        assert await bury(scene.house, list_stones(scene.house)) == 0
        assert (await verified(scene.house)).is_ok


async def test_a_tombstone_ends_only_what_it_names(scene: Scene) -> None:
    """Buried from a stone of an older version: that permission, and nothing beside it, on both databases."""
    given = await agreed(scene)
    grant = await get_grant(scene.house, given.grant_id)
    send = grant.find(SEND)
    assert send is not None
    stone = Tombstone(grant.id, 1, (send.id, "pm_unknown"), "withdrawn", scene.clock.now())
    assert await bury(scene.house, [stone, replace(stone, grant_id="gr_unknown")]) == 1
    assert SEND not in await live_asks(scene, given.access_token)
    assert len(await live_asks(scene, given.access_token)) == 4
    (record,) = await list_records(scene.house, kinds=[Kind.BURIED])
    assert record.actor == Actor.system()


async def test_an_older_database_signs_nothing_any_more(machine: Machine) -> None:
    """The checkpoint outside is further than the log: a fork is never signed, and verification names it."""
    scene, given = await backed_up(machine)
    async with machine.started(scene) as scene:
        await withdraw(scene.house, given.grant_id, owner(scene))
        newest = scene.house.ledger.path.read_bytes()
    machine.restore()
    async with machine.started(scene) as scene:
        settled = await _withdrawn_anew(scene)
        assert settled is None
        assert scene.house.ledger.path.read_bytes() == newest
        finding = await verified(scene.house)
        assert any("not those that were signed" in each.reason for each in finding.bad)


async def _withdrawn_anew(scene: Scene) -> str | None:
    scene.clock.advance(1)
    given = await agreed(scene)
    return (await withdraw(scene.house, given.grant_id, owner(scene))).recorded.note


async def test_a_checkpoint_that_a_kill_kept_inside_goes_outside_at_the_next_start(machine: Machine) -> None:
    """Committed and not yet published is published; a torn line is cut off and written whole."""
    async with machine.started() as scene:
        await agreed(scene)
        whole = scene.house.ledger.path.read_bytes()
    scene.house.ledger.path.write_bytes(whole[:-30])
    async with machine.started(scene) as scene:
        assert scene.house.ledger.path.read_bytes() == whole
        assert scene.house.ledger.may_sign
        assert (await verified(scene.house)).is_ok


async def test_a_damaged_line_outside_stops_the_signing(machine: Machine) -> None:
    """A line that was acknowledged and does not read is no torn write."""
    async with machine.started() as scene:
        pass
    path = scene.house.ledger.path
    path.write_bytes(b"{}\n" + path.read_bytes())
    async with machine.started(scene) as scene:
        assert not scene.house.ledger.may_sign
        assert [each.reason for each in (await verified(scene.house)).bad] == [
            "line 1 of the checkpoints outside is damaged"
        ]


async def test_a_newer_credential_of_the_journal_is_put_back(machine: Machine) -> None:
    """The platform ended the one before: of a connection's credentials the newest known is the one that works."""
    async with machine.started() as scene:
        link = await find_connection(scene)
        for version, content in ((3, b"newest"), (2, b"older"), (3, b"newest, written again")):
            scene.house.journal.append([SealedCredential(link.id, version, content, machine.clock.now())])
    async with machine.started(scene) as scene:
        put_back = await find_connection(scene)
        assert (put_back.sealed_credential, put_back.generation) == (b"newest, written again", 3)
        assert (put_back.state, put_back.credential_expires_at) == (ConnectionState.LIVE, None)
    async with machine.started(scene) as scene:
        assert await find_connection(scene) == put_back


async def link_own(scene: Scene) -> None:
    """Let the owner link the scene's account as their own."""
    platform = StandInPlatform(profile=Profile(scene.account.external_id, "Tên (mẫu)", SELF))
    journey = await start_link(scene.house, platform, scene.owner.id, return_to="/x")
    await finish_link(scene.house, platform, scene.owner.id, raw_state=journey.raw_state, raw_code="c")


async def test_an_account_that_was_taken_away_stays_away(machine: Machine) -> None:
    """A backup brings its connection, name and standing back; they are taken away again, once, and the log says so."""
    async with machine.started() as scene:
        await link_own(scene)
        given = await agreed(scene, PROFILE)
    machine.back_up()
    async with machine.started(scene) as scene:
        await unlink(scene.house, scene.account.id, scene.owner.id)
    machine.restore()
    for _ in range(2):
        async with machine.started(scene) as scene:
            account, found, holders = await look(scene)
            assert (account.name, found, holders) == ("", None, 0)
            assert await live_asks(scene, given.access_token) == set()
            (record,) = await list_records(scene.house, kinds=[Kind.UNLINKED])
            assert (record.actor, record.account_id) == (Actor.system(), scene.account.id)
            assert record.facts["cause"] == Cause.RESTORED.value
            # What is bad is the gap alone: the rows are as the log tells them.
            bad = [each.reason for each in (await verified(scene.house)).bad]
            assert [why for why in bad if "checkpoint" not in why and "signed" not in why] == []


async def test_an_account_that_was_linked_again_is_left_alone(machine: Machine) -> None:
    """Its connection is another one than was taken away."""
    async with machine.started() as scene:
        await link_own(scene)
        await unlink(scene.house, scene.account.id, scene.owner.id)
        await link_own(scene)
        before = await look(scene)
    async with machine.started(scene) as scene:
        assert await look(scene) == before


async def test_a_key_that_a_backup_brought_back_is_destroyed_again(machine: Machine) -> None:
    """Erasure outlives a restore of the keys; the log still verifies without the key."""
    async with machine.started() as scene:
        await agreed(scene)
        entry = DestroyedKey(scene.owner.id, "identity", machine.clock.now())
        scene.house.journal.append([entry])
    for _ in range(2):
        async with machine.started(scene) as scene:
            assert keys_of(scene.house).is_destroyed(scene.owner.id, "identity")
            record = (await list_records(scene.house, kinds=[Kind.DECIDED]))[0]
            async with scene.house.storage.read() as connection:
                opened = await reading.open_parts(connection, record, keys_of(scene.house))
            assert set(opened) == {"evidence"}
            assert (await verified(scene.house)).is_ok
    with pytest.raises(Erased):
        keys_of(scene.house).seal(scene.owner.id, "identity", plain=b"x", place=None)  # type: ignore[arg-type]


async def test_a_second_server_on_the_same_file_is_refused(machine: Machine) -> None:
    """The lock is the kernel's: held while the first lives, free afterwards."""
    async with machine.started() as scene:
        with pytest.raises(AlreadyRunning):
            async with machine.started(scene):
                pass
    async with machine.started(scene) as scene:
        assert (await verified(scene.house)).is_ok


async def test_time_that_ran_out_while_the_gateway_was_down_is_recorded_at_the_next_start(machine: Machine) -> None:
    """Nothing lives in between, and the record follows."""
    async with machine.started() as scene:
        given = await agreed(scene, PHONE, PROFILE)
        await shorten(scene.house, given.grant_id, owner(scene), lasts=timedelta(minutes=5))
    machine.clock.advance(300)
    async with machine.started(scene) as scene:
        assert await live_asks(scene, given.access_token) == set()
        assert await expire(scene.house) == 1


async def test_two_servers_that_start_together_agree_on_one_log(
    postgres_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    """On an empty PostgreSQL four starts at once migrate once and sign with one key."""

    async def start(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        async with house_in(
            folder, clock, database_url=postgres_url, entropy=SeededEntropy(f"replica {number}")
        ) as house:
            assert house.ledger.verifier_key is not None
            return house.ledger.verifier_key.text()

    assert len(set(await asyncio.gather(*[start(number) for number in range(4)]))) == 1
