"""The stand-alone verifier on exports: honest ones hold; each way of tampering is found and named."""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.records.ledger.tree import Frontier, leaf_hash
from tests.unit.ledger.verifying import (
    LOG,
    ORIGIN,
    SCRIPT,
    SIZE,
    STRANGER,
    WITNESS,
    Bench,
    Line,
    Log,
    bad_seqs,
    encoded,
    record_lines,
    record_of,
    verify,
)


def test_it_stands_alone(tmp_path: Path) -> None:
    """The script imports the standard library and cryptography only, and runs isolated, from another folder."""
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").split(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography"}
    (tmp_path / "key").write_text(LOG.verifier_key.text())
    (tmp_path / "export").write_text("".join(json.dumps(line) + "\n" for line in Log().lines()))
    command = [sys.executable, "-I", "-W", "error", str(SCRIPT), "export", "--key", "key"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.endswith("holds\n")


def test_it_stays_short() -> None:
    """A stranger reads fewer than 300 lines."""
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) < 300


@pytest.mark.parametrize("size", range(1, 18))
def test_honest_export_holds(bench: Bench, size: int) -> None:
    """Logs of all sizes hold, with a checkpoint at every size or at the last alone."""
    for checkpoints in (tuple(range(1, size + 1)), (size,)):
        code, printed = bench.export(Log(size).lines(checkpoints=checkpoints))
        assert (code, "BAD" in printed) == (0, False), printed
        assert f"{size} records, {len(checkpoints)} signed checkpoints" in printed


@pytest.mark.parametrize("signed", range(1, SIZE))
def test_what_is_not_signed_yet_is_counted_and_no_fault(bench: Bench, signed: int) -> None:
    """Records behind the last checkpoint hold, as `quyen log verify` says; but spelled and placed as records are."""
    lines = Log().lines(checkpoints=(signed,))
    code, printed = bench.export(lines)
    assert (code, printed.endswith("holds\n")) == (0, True), printed
    assert f"records not signed yet: {SIZE - signed}, from seq {signed + 1}" in printed
    record_lines(lines)[-1]["bytes"] = encoded(record_of(SIZE).encode() + b"\x00")
    assert bad_seqs(bench.export(lines)[1]) == [SIZE]
    record_lines(lines)[-1]["bytes"] = encoded(record_of(SIZE + 1).encode())
    assert bad_seqs(bench.export(lines)[1]) == [SIZE]
    code, printed = bench.export([*lines, {"type": "checkpoint", "note": Log().note(SIZE)}])  # someone kept one more
    assert (code, "not signed yet" in printed) == (1, False), printed


def test_a_changed_record_is_no_record_that_is_not_signed_yet(bench: Bench) -> None:
    """Between a root that does not fit and the last that was signed nothing is proven, and nothing excused."""
    lines = Log().lines(checkpoints=(2, 4, 5))
    record_lines(lines)[2]["bytes"] = encoded(record_of(3, actor_id="pe_2").encode())
    code, printed = bench.export(lines)
    assert (code, bad_seqs(printed)) == (1, [3, 4])
    assert "BAD seq 5 to 5: proven by no signed checkpoint" in printed
    assert "records not signed yet: 2, from seq 6" in printed


def test_empty_log_needs_its_signature(bench: Bench) -> None:
    """A log without records holds when the log signed that, and not otherwise."""
    header: Line = {"type": "header", "format": 1, "origin": ORIGIN}
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, Frontier.at(0, Log(0).get_node).root()), LOG)
    assert bench.export([header, {"type": "checkpoint", "note": empty}])[0] == 0
    assert bench.export([header])[0] == 1


def test_checkpoints_may_stand_anywhere(bench: Bench) -> None:
    """In front, in the middle, twice, cosigned by witnesses, under a second known key: all hold."""
    log = Log()
    lines = log.lines()
    extra: list[Line] = [
        {"type": "checkpoint", "note": log.note(SIZE)},
        {"type": "checkpoint", "note": log.note(3, LOG, WITNESS)},
        {"type": "checkpoint", "note": log.note(0)},
    ]
    assert bench.export([lines[0], *extra, *lines[1:], *extra])[0] == 0
    bench.write("key", f"{LOG.verifier_key.text()}\n{STRANGER.verifier_key.text()}\n")
    assert bench.export([*lines, {"type": "checkpoint", "note": log.note(SIZE, STRANGER)}])[0] == 0


@pytest.mark.parametrize("seq", range(1, SIZE + 1))
def test_changed_record_is_bracketed(bench: Bench, seq: int) -> None:
    """A record rewritten with care is among those named: all between the last good root and the first bad one."""
    lines = Log().lines()
    record_lines(lines)[seq - 1]["bytes"] = encoded(record_of(seq, actor_id="pe_2").encode())
    code, printed = bench.export(lines)
    assert code == 1
    expected = next(group for group in ([1, 2], [3, 4], [5], [6, 7]) if seq in group)
    assert bad_seqs(printed) == expected
    assert f"seq {expected[-1] + 1} to 7: proven by no" in printed or expected[-1] == 7


@pytest.mark.parametrize("seq", range(1, SIZE + 1))
def test_changed_record_is_told_exactly_by_its_leaf_hash(bench: Bench, seq: int) -> None:
    """Where leaf hashes are listed the changed record is named alone, two of them both."""
    log = Log()
    lines = log.lines()
    for line in record_lines(lines):
        line["leaf_hash"] = leaf_hash(base64.b64decode(line["bytes"])).hex()
    assert bench.export(lines)[0] == 0
    for changed in {seq, SIZE}:
        record_lines(lines)[changed - 1]["bytes"] = encoded(record_of(changed, version=99).encode())
    code, printed = bench.export(lines)
    assert (code, bad_seqs(printed)) == (1, sorted({seq, SIZE}))
    record_lines(lines)[seq - 1]["leaf_hash"] = leaf_hash(record_of(seq, version=99).encode()).hex()
    code, printed = bench.export(lines)
    assert code == 1
    assert seq in bad_seqs(printed)


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7), seq=st.integers(1, SIZE))
def test_any_changed_bit_is_found(tmp_path_factory: pytest.TempPathFactory, position: int, bit: int, seq: int) -> None:
    """No bit of any record may differ, checkpoints kept as they were."""
    folder = tmp_path_factory.mktemp("export")
    lines = Log().lines(checkpoints=(SIZE,))
    raw = bytearray(base64.b64decode(record_lines(lines)[seq - 1]["bytes"]))
    raw[position % len(raw)] ^= 1 << bit
    record_lines(lines)[seq - 1]["bytes"] = encoded(bytes(raw))
    (folder / "key").write_text(LOG.verifier_key.text())
    (folder / "export").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert verify.main([str(folder / "export"), "--key", str(folder / "key")]) == 1


def drop_third(lines: list[Line]) -> None:
    """Take a record out."""
    lines.remove(record_lines(lines)[2])


def drop_third_and_renumber(lines: list[Line]) -> None:
    """Take a record out and let the later ones move up, in their bytes too."""
    drop_third(lines)
    for seq, line in enumerate(record_lines(lines), 1):
        line |= {"seq": seq, "record_id": f"re_{seq}", "bytes": encoded(record_of(seq).encode())}


def double_third(lines: list[Line]) -> None:
    """Put a record in twice."""
    lines.insert(4, dict(record_lines(lines)[2]))


def swap_two(lines: list[Line]) -> None:
    """Exchange two records."""
    first, second = record_lines(lines)[2:4]
    at, to = lines.index(first), lines.index(second)
    lines[at], lines[to] = second, first


def cut_end(lines: list[Line]) -> None:
    """Leave the last record out, and keep the checkpoint that counts it."""
    lines.remove(record_lines(lines)[-1])


def rename_listed(lines: list[Line]) -> None:
    """List a record under another id than its bytes say."""
    record_lines(lines)[2]["record_id"] = "re_other"


def renumber_listed(lines: list[Line]) -> None:
    """List a record under another number than its bytes say."""
    record_lines(lines)[2]["seq"] = 30


def drop_checkpoints(lines: list[Line]) -> None:
    """Leave all signatures out."""
    lines[:] = [line for line in lines if line["type"] != "checkpoint"]


def sign_with_another_key(lines: list[Line]) -> None:
    """Let a stranger sign in the log's name."""
    lines[-1]["note"] = Log().note(SIZE, STRANGER)


def let_a_witness_sign(lines: list[Line]) -> None:
    """Leave a witness's signature only."""
    lines[-1]["note"] = Log().note(SIZE, WITNESS)


def damage_signature(lines: list[Line]) -> None:
    """Change the signed size and keep the signature."""
    lines[-1]["note"] = lines[-1]["note"].replace(f"\n{SIZE}\n", "\n6\n")


def claim_another_origin(lines: list[Line]) -> None:
    """Say in the header that it is another log."""
    lines[0]["origin"] = "elsewhere.example"


def break_base64(lines: list[Line]) -> None:
    """Write a record in base64 with a line break."""
    record_lines(lines)[0]["bytes"] += "\n"


def forget_bytes(lines: list[Line]) -> None:
    """Leave a record's bytes out."""
    del record_lines(lines)[3]["bytes"]


def give_wrong_types(lines: list[Line]) -> None:
    """Give numbers and nulls where text belongs."""
    record_lines(lines)[3]["bytes"] = 7
    lines[-1]["note"] = None


@pytest.mark.parametrize(
    "tamper,told",
    [
        (drop_third, "stands where seq 3 belongs"),
        (drop_third_and_renumber, "only 6 records are here"),
        (double_third, "stands where seq 4 belongs"),
        (swap_two, "stands where seq 3 belongs"),
        (cut_end, "only 6 records are here"),
        (rename_listed, "record_id 're_other'"),
        (renumber_listed, "seq 30"),
        (drop_checkpoints, "no checkpoint is signed"),
        (sign_with_another_key, "by a key that you trust"),
        (let_a_witness_sign, "by a key that you trust"),
        (damage_signature, "signature is wrong"),
        (claim_another_origin, "of another log"),
        (break_base64, "seq 1 "),
        (forget_bytes, "seq 4 "),
        (give_wrong_types, "malformed"),
    ],
)
def test_tampering_is_found_and_named(bench: Bench, tamper: Callable[[list[Line]], None], told: str) -> None:
    """Each way of tampering ends with exit code 1 and says what is wrong."""
    lines = Log().lines()
    tamper(lines)
    code, printed = bench.export(lines)
    assert code == 1, printed
    assert told in printed
    assert "Traceback" not in printed


def test_record_that_was_never_canonical_is_named(bench: Bench) -> None:
    """A log that signed a record in another spelling is told so, even where all roots fit."""
    raw = record_of(2).encode()
    facts = record_of(2).facts
    loose = raw.replace(len(facts).to_bytes(4) + facts, (len(facts) + 1).to_bytes(4) + facts[:-1] + b" }")
    for wrong in (loose, raw + b"\x00", b"\x02" + raw[1:], b""):
        log = Log(1)
        log.records.append(wrong)
        frontier = Frontier(1, [leaf_hash(log.records[0])])
        log.nodes |= {(level, index): node for level, index, node in frontier.append(leaf_hash(wrong))}
        code, printed = bench.export(log.lines(checkpoints=(1, 2)))
        assert (code, bad_seqs(printed)) == (1, [2])


def test_log_that_signed_two_histories_is_told(bench: Bench) -> None:
    """A kept checkpoint that does not fit, though later ones do, is the log's own fault and is said so."""
    forked = sign_checkpoint(Checkpoint(ORIGIN, 3, b"\x05" * 32), LOG)
    code, printed = bench.export([*Log().lines(), {"type": "checkpoint", "note": forked}])
    assert code == 1
    assert "checkpoint of size 3: the log signed two histories" in printed
    assert bad_seqs(printed) == []


def test_printed_ids_cannot_steer_the_terminal(bench: Bench) -> None:
    """An id with escape sequences or bidirectional controls is printed escaped."""
    lines = Log().lines()
    record_lines(lines)[2]["record_id"] = "\x1b[2J\u202e\nholds"
    code, printed = bench.export(lines)
    assert code == 1
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert printed.splitlines().count("holds") == 0
