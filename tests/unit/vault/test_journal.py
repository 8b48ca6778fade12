"""The tombstone journal: acknowledged lines are all there or reading fails; a torn end is told and left out."""

import json
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ground.vault.entries import Barred, DestroyedKey, Entry, SealedCredential, Tombstone
from gateway.ground.vault.journal import Journal, JournalDamaged, Reading

AT = datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)
END = Tombstone("gr_1", 3, ("pm_1", "pm_2"), "withdraw", AT)
ENTRIES: list[Entry] = [
    END,
    SealedCredential("co_1", 2, b"\x01\x00\xff", AT),
    DestroyedKey("pe_1", "identity", AT),
    Barred("app", "so-ban-hang", is_barred=True, at=AT),
]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal in a folder that did not exist."""
    return Journal(tmp_path / "journal")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where its lines lie."""
    return tmp_path / "journal" / "tombstones.jsonl"


def test_entries_come_back_as_written(journal: Journal, tmp_path: Path) -> None:
    """All kinds come back equal and in order, also for a journal opened anew."""
    assert journal.read().entries == ()
    journal.append(ENTRIES[:1])
    journal.append(ENTRIES[1:])
    reading = Journal(tmp_path / "journal").read()
    assert reading.entries == tuple(ENTRIES)
    assert reading.tombstones == (END,)
    assert reading.torn_bytes == 0


@given(
    grant_id=st.text(st.characters(exclude_categories=["Cs"])),
    version=st.integers(-(2**63), 2**63),
    cause=st.text(st.characters(exclude_categories=["Cs"])),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, **fields: object) -> None:
    """Newlines, quotes and braces in a value do not break the lines."""
    journal = Journal(tmp_path_factory.mktemp("journal"))
    entry = Tombstone(permission_ids=("pm_1",), **fields)  # type: ignore[arg-type]
    journal.append([entry, END])
    assert journal.read().entries == (entry, END)


def test_of_what_was_shut_and_opened_again_the_last_word_holds(journal: Journal) -> None:
    """A suspension that was lifted is none; kinds do not answer for each other."""
    for name, is_barred in (("a", True), ("b", True), ("a", False), ("c", False), ("c", True)):
        journal.append([Barred("app", name, is_barred, AT)])
    journal.append([Barred("role", "a", is_barred=True, at=AT)])
    assert journal.read().list_barred("app") == ["b", "c"]
    assert journal.read().list_barred("role") == ["a"]


def test_each_line_is_json_with_length_and_checksum(journal: Journal, file: Path) -> None:
    """A stranger's tool can read and check the lines without our code."""
    journal.append(ENTRIES)
    for line in file.read_bytes().splitlines():
        outer = json.loads(line)
        inner = line[line.index(b'"entry":') + 8 : -1]
        assert outer["length"] == len(inner)
        assert int(outer["crc32"], 16) == zlib.crc32(inner)
        assert outer["entry"]["kind"] in {"ended", "credential", "key_destroyed", "barred"}


def test_torn_end_is_told_and_left_out_at_every_length(journal: Journal, file: Path) -> None:
    """Wherever a power loss cuts the last line, the lines before it are read and the rest is counted."""
    journal.append([END])
    whole = file.read_bytes()
    journal.append(ENTRIES[1:2])
    both = file.read_bytes()
    for length in range(len(whole), len(both)):
        file.write_bytes(both[:length])
        reading = journal.read()
        assert reading.entries == (END,)
        assert reading.torn_bytes == length - len(whole)


def test_append_after_a_torn_end_is_whole(journal: Journal, file: Path) -> None:
    """The next end is not glued to a torn line; also where the torn line is all there is, or is long."""
    for torn in (b'{"length":9', b"x" * 10_000):
        for before in ([], [END]):
            file.write_bytes(b"")
            journal.append(before)
            file.write_bytes(file.read_bytes() + torn)
            journal.append(ENTRIES[1:])
            assert journal.read().entries == (*before, *ENTRIES[1:])
            assert journal.read().torn_bytes == 0


def test_damage_to_an_acknowledged_line_stops_the_reading(journal: Journal, file: Path) -> None:
    """No bit of a whole line may change unseen: a forgotten end would turn live again."""
    journal.append([END])
    journal.append(ENTRIES[1:])
    content = file.read_bytes()
    end_of_first = content.index(b"\n")
    for position in range(end_of_first + 1):
        for bit in (1, 32, 128):
            file.write_bytes(content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :])
            with pytest.raises(JournalDamaged, match="line 1"):
                journal.read()


def test_unknown_kind_stops_the_reading(journal: Journal, file: Path) -> None:
    """An entry that a newer version wrote is not skipped by an older one."""
    content = b'{"kind":"later"}'
    file.write_bytes(b'{"length":%d,"crc32":"%08x","entry":%b}\n' % (len(content), zlib.crc32(content), content))
    with pytest.raises(JournalDamaged, match="no entry"):
        journal.read()


@pytest.mark.parametrize(
    "entry",
    [
        Tombstone("gr_1", 1, (), "withdraw", datetime(2026, 11, 21)),
        Tombstone("gr_1", "1", (), "withdraw", AT),  # type: ignore[arg-type]
        DestroyedKey("pe_1", "everything", AT),  # type: ignore[arg-type]
    ],
)
def test_entry_that_could_not_be_read_is_not_written(journal: Journal, file: Path, entry: Entry) -> None:
    """A naive time or a wrong type is refused before the disk, not found at the restore."""
    with pytest.raises(ValueError, match=r".+"):
        journal.append([END, entry])
    assert file.read_bytes() == b""


def test_entry_that_comes_back_otherwise_is_not_written(journal: Journal, file: Path) -> None:
    """A value that JSON would turn into another one (a list for a tuple) is refused too."""
    with pytest.raises(ValueError, match=r".+"):
        journal.append([Tombstone("gr_1", 1, ["pm_1"], "withdraw", AT)])  # type: ignore[arg-type]
    assert file.read_bytes() == b""


def test_all_entries_take_one_fdatasync_before_the_return(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is synced once, after all its bytes were written."""
    sizes: list[int] = []
    real = os.fdatasync

    def count(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", count)
    journal.append(ENTRIES)
    assert sizes == [journal._path.stat().st_size]
    journal.append([])
    assert len(sizes) == 1


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_disk_error_is_raised_as_it_is(journal: Journal, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A full or broken disk is an OSError with its number: the caller must not acknowledge."""

    def fail(*args: object) -> int:
        raise OSError(28, "injected")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="injected") as raised:
        journal.append([END])
    assert raised.value.errno == 28


def test_short_writes_are_continued(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes seven bytes at a time gets them all."""
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, content, offset: real(descriptor, content[:7], offset))
    journal.append(ENTRIES)
    monkeypatch.undo()
    assert journal.read().entries == tuple(ENTRIES)


def test_failed_batch_does_not_harm_the_next(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a disk that filled up in the middle of a line the next end stands whole."""
    real, room = os.pwrite, [40]

    def fill(descriptor: int, content: bytes, offset: int) -> int:
        if room[0] == 0:
            raise OSError(28, "injected")
        taken, room[0] = room[0], 0
        return real(descriptor, content[:taken], offset)

    monkeypatch.setattr(os, "pwrite", fill)
    with pytest.raises(OSError, match="injected"):
        journal.append([END])
    monkeypatch.undo()
    assert journal.read().torn_bytes == 40
    journal.append(ENTRIES[1:])
    assert journal.read().entries == tuple(ENTRIES[1:])


def test_vanished_journal_is_a_fault(journal: Journal, file: Path) -> None:
    """A journal taken away under a running gateway is not quietly begun anew."""
    file.unlink()
    with pytest.raises(FileNotFoundError):
        journal.append([END])
    with pytest.raises(FileNotFoundError):
        journal.read()


def test_racing_writers_lose_nothing(tmp_path: Path) -> None:
    """Writers that know nothing of each other, each starting on a torn end, keep every line of every other."""
    journals = [Journal(tmp_path) for _ in range(8)]
    with (tmp_path / "tombstones.jsonl").open("ab") as torn:
        torn.write(b'{"torn')
    batches = [
        [Tombstone(f"gr_{writer}", turn, (f"pm_{writer}_{turn}",), "withdraw", AT) for turn in range(5)]
        for writer in range(8)
    ]

    def write(writer: int) -> None:
        for entry in batches[writer]:
            journals[writer].append([entry])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    entries = journals[0].read().tombstones
    assert sorted(entry.permission_ids for entry in entries) == sorted(e.permission_ids for b in batches for e in b)
    for batch in batches:
        assert [entry for entry in entries if entry.grant_id == batch[0].grant_id] == batch


def test_journal_is_private(journal: Journal, file: Path) -> None:
    """0600: it names who ended what, and holds sealed credentials."""
    journal.append([END])
    assert file.stat().st_mode & 0o777 == 0o600


def entries_of_years() -> list[Entry]:
    """Return what two grants, a connection, a key, an app and a role leave behind when much happens."""
    many: list[Entry] = [DestroyedKey("pe_1", "identity", AT), DestroyedKey("pe_1", "evidence", AT)]
    for turn in range(1, 500):
        many.append(Tombstone(f"gr_{turn % 2}", turn, (f"pm_{turn}",), "withdrawn", AT))
        many.append(SealedCredential("co_1", turn if turn != 498 else 1, b"%d" % turn, AT))
        many.append(DestroyedKey("pe_1", "identity", AT))
        many += [Barred("app", "a", bool(turn % 2), AT), Barred("role", "p/operator", bool(turn % 2 - 1), AT)]
    return many


def meaning_of(reading: Reading) -> tuple[object, ...]:
    """Return all that start and restore read out of a journal."""
    stones: dict[str, tuple[int, set[str]]] = {}
    newest: dict[str, SealedCredential] = {}
    for stone in reading.tombstones:
        version, dead = stones.get(stone.grant_id, (0, set()))
        stones[stone.grant_id] = (max(version, stone.version), {*dead, *stone.permission_ids})
    for each in reading.entries:
        if isinstance(each, SealedCredential) and each.version >= newest.get(each.connection_id, each).version:
            newest[each.connection_id] = each
    keys = {(each.person_id, each.part) for each in reading.entries if isinstance(each, DestroyedKey)}
    return stones, newest, keys, reading.list_barred("app"), reading.list_barred("role")


def test_a_journal_of_years_is_written_anew_and_says_the_same(journal: Journal, file: Path) -> None:
    """Six entries are left of two and a half thousand; a second time there is nothing to do, and appending goes on."""
    journal.append(entries_of_years())
    before, size = meaning_of(journal.read()), file.stat().st_size
    (file.parent / "tombstones.new").write_bytes(b"left by a kill")
    journal.compact()
    reading = journal.read()
    assert meaning_of(reading) == before
    assert (len(reading.entries), reading.torn_bytes) == (6, 0)
    assert file.stat().st_size < size / 10
    assert file.stat().st_mode & 0o777 == 0o600
    inode = file.stat().st_ino
    journal.compact()
    assert file.stat().st_ino == inode
    journal.append([END])
    assert journal.read().entries == (*reading.entries, END)


def test_a_short_journal_is_left_as_it_is(journal: Journal) -> None:
    """What is read at start in no time is not worth a rewrite."""
    journal.append([END, END, *ENTRIES])
    journal.compact()
    assert journal.read().entries == (END, END, *ENTRIES)


def test_the_key_of_a_connection_that_was_taken_away_is_gone_at_once(journal: Journal, file: Path) -> None:
    """However short the journal is, also where a renewal wrote it later; what stays is that it was taken away."""
    gone, later = Barred("connection", "co_1", is_barred=True, at=AT), SealedCredential("co_1", 9, b"later", AT)
    journal.append([SealedCredential("co_1", 1, b"the key", AT), SealedCredential("co_2", 1, b"another", AT), gone])
    for before in ((), (later,)):
        journal.append(before)
        journal.compact()
        assert journal.read().entries == (SealedCredential("co_2", 1, b"another", AT), gone)
    assert journal.read().list_barred("connection") == ["co_1"]
    inode = file.stat().st_ino
    journal.compact()
    assert file.stat().st_ino == inode


def test_a_disk_that_takes_no_new_journal_leaves_the_old_one(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in place only after it is on disk."""
    many = entries_of_years()
    journal.append(many)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "injected")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="injected"):
            journal.compact()
    assert journal.read().entries == tuple(many)


def test_a_damaged_journal_is_not_written_anew(journal: Journal, file: Path) -> None:
    """An acknowledged line that does not check must not vanish by a rewrite."""
    journal.append(entries_of_years())
    file.write_bytes(b"{}\n" + file.read_bytes())
    content = file.read_bytes()
    with pytest.raises(JournalDamaged):
        journal.compact()
    assert file.read_bytes() == content


def test_a_writer_that_waited_for_the_rewrite_writes_to_the_new_journal(tmp_path: Path) -> None:
    """Another process may hold the old file open while it is replaced: its end is not lost with it."""
    journals = [Journal(tmp_path) for _ in range(8)]
    journals[0].append(entries_of_years())

    def write(writer: int) -> None:
        for turn in range(20):
            journals[writer].append([Tombstone(f"own_{writer}", turn, (f"pm_{writer}_{turn}",), "withdraw", AT)])
            if writer < 2:
                journals[writer].append(entries_of_years()[-1200:])
                journals[writer].compact()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    dead = {each for stone in journals[0].read().tombstones for each in stone.permission_ids}
    assert {f"pm_{writer}_{turn}" for writer in range(8) for turn in range(20)} <= dead
