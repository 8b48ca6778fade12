"""The file of checkpoints outside the database: whole lines, private, and never glued to a torn one."""

import os
from pathlib import Path

import pytest

from gateway.records.ledger.outside import Outside, Signed, append_outside, read_outside


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file will be."""
    return tmp_path / "checkpoints.jsonl"


def test_an_absent_file_holds_nothing(path: Path) -> None:
    """A gateway that signed nothing yet."""
    assert read_outside(path) == Outside((), ())


def test_what_was_appended_is_read_in_order(path: Path) -> None:
    """Notes have lines of their own; the file is for this user alone."""
    signed = [Signed(size, f"name\n{size}\nroot\n\n— sig") for size in (1, 2, 3)]
    append_outside(path, signed[:1])
    append_outside(path, signed[1:])
    assert read_outside(path) == Outside(tuple(signed), ())
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("torn", [b"", b"{", b'{"size":2,"note":"b"}', b"\0" * 40])
def test_a_torn_write_is_left_out_and_cut_off(path: Path, torn: bytes) -> None:
    """It was never acknowledged, and what comes after it is whole."""
    append_outside(path, [Signed(1, "a")])
    path.write_bytes(path.read_bytes() + torn)
    assert read_outside(path) == Outside((Signed(1, "a"),), ())
    append_outside(path, [Signed(2, "c")])
    assert read_outside(path) == Outside((Signed(1, "a"), Signed(2, "c")), ())


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b"1", b'{"note":"a"}', b'{"size":"x","note":"a"}', b"\xff"])
def test_a_whole_line_that_does_not_read_is_damaged(path: Path, line: bytes) -> None:
    """It is named by its number; the others are read."""
    append_outside(path, [Signed(1, "a")])
    path.write_bytes(path.read_bytes() + line + b"\n")
    append_outside(path, [Signed(2, "b")])
    assert read_outside(path) == Outside((Signed(1, "a"), Signed(2, "b")), (2,))


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Nobody points the checkpoints at another file."""
    (tmp_path / "other").write_bytes(b"")
    path.symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        append_outside(path, [Signed(1, "a")])


def test_it_is_on_disk_when_appending_has_returned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Synced with all its bytes; a disk that refuses is an error."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    append_outside(path, [Signed(1, "a"), Signed(2, "b")])
    assert synced[0] == path.stat().st_size
    monkeypatch.setattr(os, "fsync", _refuse)
    with pytest.raises(OSError, match="error 5"):
        append_outside(path, [Signed(3, "c")])


def _refuse(_descriptor: int) -> None:
    raise OSError(5, "error 5")


def test_appending_reads_the_end_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each act appends: what is read for it does not grow with the log."""
    path = tmp_path / "checkpoints.jsonl"
    append_outside(path, [Signed(size, "note") for size in range(1, 5000)])
    read: list[int] = []
    real = os.pread

    def count(descriptor: int, length: int, offset: int) -> bytes:
        read.append(length)
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", count)
    append_outside(path, [Signed(5000, "note")])
    assert read == [4096]
    assert [each.size for each in read_outside(path).signed] == list(range(1, 5001))


def test_the_first_line_brings_the_files_name_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a power loss may take the new file away; later lines need only the file."""
    synced: list[int] = []
    real = os.fsync

    def count(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", count)
    path = tmp_path / "checkpoints.jsonl"
    for size in (1, 2):
        append_outside(path, [Signed(size, "note")])
    file, folder = path.stat().st_ino, tmp_path.stat().st_ino
    assert synced == [file, folder, file]
