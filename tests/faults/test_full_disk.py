"""A real disk that is full: what is given is refused, what is taken back is taken back (I4)."""

import errno
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gateway.acts import House, Settled
from gateway.acts.expire import expire
from gateway.acts.pause import pause, resume
from gateway.acts.profiles import Objection, object_to
from gateway.acts.suspend import suspend_app
from gateway.acts.withdraw import withdraw
from gateway.authority.bases import Asked
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.in_flight import Call
from gateway.authority.limits import LocalLimits
from gateway.authority.verdict import list_live
from gateway.doors.calls.door import CallsDoor
from gateway.doors.oauth.known import find_known
from gateway.ground.storage.ballast import SIZE_BYTES
from gateway.ground.storage.failures import DiskFull
from gateway.ground.vault.entries import Tombstone
from gateway.ground.vault.tokens import hashed
from gateway.records.trace.writer import TraceWriter
from gateway.server.health import Health
from gateway.terms.ids import AccountId, AppId, FamilyId
from gateway.terms.refusal import Unavailable
from scopes import load_catalogue
from tests.contract.steps import ALL, SEND, SYSTEM, Agreed, agreed, get_grant, list_stones, verified
from tests.followers import NAME, PHONE, follow, say_yes, take_back, with_asking_app
from tests.house import API_URL, PUBLIC_URL, Scene, agree, house_in, set_scene
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

DISK_BYTES = 3 * SIZE_BYTES
PAGE_BYTES = 4096
NO_CALL = Call(AppId(""), AccountId(""), FamilyId(""), b"", frozenset(), cut=lambda: None)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "quyen-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Leave no room for one byte more."""
    with (disk / "filler").open("ab", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        while filler.write(b"x" * 4096):  # a write that finds some room is short, the next one fails
            pass


def empty(disk: Path) -> None:
    """Do what the operator does."""
    (disk / "filler").unlink()


@asynccontextmanager
async def started(disk: Path, clock: ManualClock, name: str) -> AsyncIterator[House]:
    """Start a gateway on the disk."""
    async with house_in(disk, clock, entropy=SeededEntropy(name)) as house:
        yield house


@pytest.fixture
async def scene(disk: Path, clock: ManualClock) -> AsyncIterator[Scene]:
    """Yield a gateway on the small disk, with people and apps in it."""
    async with started(disk, clock, "first") as house:
        yield await set_scene(house, clock)


async def list_open(house: House, given: Agreed) -> set[str]:
    """Name the asks under which a call would pass now, as the calls' door finds them."""
    trace = TraceWriter(house.storage, house.clock)
    proofs = LocalProofMemory(house.clock, house.entropy)
    limits = LocalLimits(house.clock)
    door = CallsDoor(house, load_catalogue(), {}, trace, proofs, PUBLIC_URL, API_URL, limits, Budgets(house.clock))
    facts = await door.find_token(hashed(given.access_token))
    return {reach.ask_id for reach in list_live(facts, house.clock.now())} if facts and not facts.is_ended else set()


async def disk_state(house: House) -> str:
    """Return what /readyz says of the disk."""
    answer = await Health(house).answer_ready(None)  # type: ignore[arg-type]
    return str(answer.text)


async def test_a_withdrawal_has_the_room_that_is_kept_for_it(scene: Scene, disk: Path, clock: ManualClock) -> None:
    """Giving is refused and leaves the ballast; taking back commits, with record and tombstone; health says so."""
    given, house = await agreed(scene), scene.house
    assert (disk / "quyen.db.ballast").stat().st_size == SIZE_BYTES
    assert (disk / "quyen.db.ballast").stat().st_mode & 0o777 == 0o600
    fill(disk)
    with pytest.raises(DiskFull):
        await agree(scene)
    assert '"disk": "room is kept for ends"' in await disk_state(house)
    await withdraw(house, given.grant_id, SYSTEM)
    assert await list_open(house, given) == set()
    assert len(list_stones(house)) == 1
    assert (await verified(house)).bad == []
    assert house.in_flight.denied == set()
    assert not (disk / "quyen.db.ballast").exists()
    assert '"disk": "no room is kept for ends"' in await disk_state(house)


async def test_a_gateway_without_room_is_not_ready(scene: Scene, disk: Path) -> None:
    """No call could be traced; what is there is read, and with room again it is ready without a start."""
    house = scene.house
    assert await house.storage.is_writable()
    fill(disk)
    assert (await house.storage.is_answering(), await house.storage.is_writable()) == (True, False)
    assert '"ready": false' in await disk_state(house)
    empty(disk)
    assert await house.storage.is_writable()
    assert '"ready": true' in await disk_state(house)


async def test_the_ballast_is_made_again_at_a_start_with_room(disk: Path, clock: ManualClock) -> None:
    """Not while the disk is full, and the withdrawal holds through both starts."""
    async with started(disk, clock, "first") as house:
        given = await agreed(await set_scene(house, clock))
        fill(disk)
        await withdraw(house, given.grant_id, SYSTEM)
        with (disk / "more").open("wb") as more:
            more.write(b"x" * (SIZE_BYTES // 2))
    async with started(disk, clock, "second") as house:
        assert '"disk": "no room is kept for ends"' in await disk_state(house)
        assert not (disk / "quyen.db.ballast").exists()
        assert await list_open(house, given) == set()
    empty(disk)
    async with started(disk, clock, "third") as house:
        assert '"disk": "room is kept for ends"' in await disk_state(house)
        assert (disk / "quyen.db.ballast").stat().st_blocks * 512 >= SIZE_BYTES
        assert await list_open(house, given) == set()


async def test_without_any_room_it_is_denied_in_memory(scene: Scene, disk: Path) -> None:
    """Refused, for nothing was written; and nothing passes. With room the same withdrawal goes through."""
    given, house = await agreed(scene), scene.house
    fill(disk)
    assert house.storage.ballast is not None
    house.storage.ballast.release()
    fill(disk)
    assert await list_open(house, given) == ALL
    with pytest.raises(DiskFull):
        await withdraw(house, given.grant_id, SYSTEM, ask_ids=[SEND])
    assert await list_open(house, given) == ALL - {SEND}
    known = await find_known(house, given.access_token, house.clock.now())
    assert known is not None
    assert {held.ask_id for held in known.live} == ALL - {SEND}
    assert (await get_grant(house, given.grant_id)).version == 1
    empty(disk)
    await withdraw(house, given.grant_id, SYSTEM, ask_ids=[SEND])
    assert await list_open(house, given) == ALL - {SEND}
    assert house.in_flight.denied == set()
    assert (await verified(house)).bad == []


async def test_what_was_denied_in_memory_is_believed_again_once_it_is_written(scene: Scene, disk: Path) -> None:
    """A pause that could not be written denies; written and then lifted, everything passes as before."""
    given, house = await agreed(scene), scene.house
    assert house.storage.ballast is not None
    house.storage.ballast.release()
    fill(disk)
    with pytest.raises(DiskFull):
        await pause(house, given.grant_id, SYSTEM)
    assert await list_open(house, given) == set()
    empty(disk)
    await pause(house, given.grant_id, SYSTEM)
    await resume(house, given.grant_id, SYSTEM)
    assert await list_open(house, given) == ALL


@pytest.mark.parametrize("is_objection", [False, True], ids=["taken back", "objected to"])
async def test_a_person_s_no_without_any_room_is_held_in_memory(
    scene: Scene, disk: Path, *, is_objection: bool
) -> None:
    """Nobody calls as a person, so their no stops the calls about them; written down later, the database says it."""
    house = scene.house
    say_no: Callable[[], Awaitable[Settled]]
    if is_objection:
        person, profile = await follow(scene, "1")
        say_no = partial(object_to, house, Objection(profile.id, scene.app.id), person.id)
    else:
        scene = await with_asking_app(scene)
        say_no = partial(take_back, scene, await say_yes(scene, "1", [NAME, PHONE]))
    about = replace(NO_CALL, app_id=scene.app.id, account_id=scene.account.id, people={"1"})
    other = replace(about, people={"2"})
    asked = Asked(scene.app.id, "zalo", scene.account.external_id, frozenset("12"))
    assert NAME not in (await house.words.find(asked)).refused
    assert house.storage.ballast is not None
    house.storage.ballast.release()
    fill(disk)
    with house.in_flight.registered(about), house.in_flight.registered(other):
        with pytest.raises(DiskFull):
            await say_no()
        assert (about.is_cut, other.is_cut) == (True, False)
    said = await house.words.find(asked)
    assert said.refused[NAME] == said.refused[PHONE] == {"1"}
    assert said.agreed.get(NAME) is None
    empty(disk)
    await say_no()
    assert not any(house.in_flight.recalled.values())
    assert house.in_flight.denied == set()
    assert (await house.words.find(asked)).refused[NAME] == {"1"}
    assert (await verified(house)).bad == []


async def test_every_kind_of_end_has_the_room(scene: Scene, disk: Path) -> None:
    """An app that is suspended and a time that ran out, on a full disk."""
    given, house = await agreed(scene, duration="P1D"), scene.house
    fill(disk)
    await suspend_app(house, scene.app.id, SYSTEM, reason="kiểm tra (mẫu)")
    scene.clock.advance(24 * 3600)
    assert await expire(house) == 1
    assert {each.state.value for each in (await get_grant(house, given.grant_id)).permissions} == {"expired"}


def fill_page(house: House, path: Path) -> None:
    """Let the journal end where a page of the disk ends, so that its next line needs another."""

    def add(letters: int) -> int:
        before = path.stat().st_size
        house.journal.append([Tombstone("gr_other", 1, (), "x" * letters, house.clock.now())])
        return path.stat().st_size - before

    grown = add(1000)
    add(1000 + PAGE_BYTES + -path.stat().st_size % PAGE_BYTES - grown)
    assert path.stat().st_size % PAGE_BYTES == 0


async def test_a_tombstone_has_the_room_too(scene: Scene, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database had room left in its write-ahead log, the journal has none: the ballast is for both."""
    given, house = await agreed(scene), scene.house
    fill_page(house, disk / "journal" / "tombstones.jsonl")
    write = house.journal.append
    tries: list[bool] = []

    def append(stones: object) -> None:
        tries.append(house.storage.ballast is not None and house.storage.ballast.is_kept)
        if len(tries) == 1:
            fill(disk)
        write(stones)  # type: ignore[arg-type]

    monkeypatch.setattr(type(house.journal), "append", lambda _self, stones: append(stones))
    await withdraw(house, given.grant_id, SYSTEM)
    assert tries == [True, False]
    assert len(list_stones(house)) == 1


async def test_a_tombstone_without_any_room_is_not_settled(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written in the database and not in the journal: 503, and neither is done twice."""
    given, house = await agreed(scene), scene.house

    def refuse(_self: object, _stones: object) -> None:
        raise OSError(errno.ENOSPC, "no room (mẫu)")

    monkeypatch.setattr(type(house.journal), "append", refuse)
    with pytest.raises(Unavailable) as refused:
        await withdraw(house, given.grant_id, SYSTEM)
    assert refused.value.reason == "not_settled"
    assert not isinstance(refused.value, DiskFull)
    assert await list_open(house, given) == set()
