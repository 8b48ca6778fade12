"""The stand-alone verifier: honest exports and receipts hold; each way of tampering is found and named."""

import ast
import base64
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.canonical import CanonicalRecord, PartDigest, canonical_json
from gateway.records.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tree import Frontier, inclusion_proof, leaf_hash, root_at

SCRIPT = Path(__file__).parents[3] / "docs" / "verify.py"
ORIGIN = "quyen.example/log"
LOG = Signer(ORIGIN, b"\x07" * 32)
STRANGER = Signer(ORIGIN, b"\x09" * 32)
WITNESS = Signer("witness.example", b"\x08" * 32)
SIZE = 7

Line = dict[str, Any]


def load_script() -> ModuleType:
    """Load the script as a module; it is in no package."""
    spec = importlib.util.spec_from_file_location("quyen_verify", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verify = load_script()


def record_of(seq: int, **changed: Any) -> CanonicalRecord:
    """Make a record like the gateway's."""
    part = PartDigest("decision", "pe_1", seq.to_bytes(32), b"\x02" * 32)
    given_fields: dict[str, Any] = {
        "seq": seq,
        "record_id": f"re_{seq}",
        "kind": "decide",
        "at_us": 1_795_249_800_000_000 + seq,
        "grant_id": "gr_1",
        "version": seq,
        "app_id": "ap_1",
        "account_id": "ac_1",
        "actor_kind": "person",
        "actor_id": "pe_1",
        "request_id": "",
        "facts": canonical_json({"asks": ["phone"], "lý do": "mẫu"}),
        "parts": (part,),
    }
    return CanonicalRecord(**given_fields | changed)


class Log:
    """An honest log, written with the gateway's own modules."""

    def __init__(self, size: int = SIZE) -> None:
        self.records = [record_of(seq).encode() for seq in range(1, size + 1)]
        self.nodes: dict[tuple[int, int], bytes] = {}
        frontier = Frontier()
        for raw in self.records:
            for level, index, node in frontier.append(leaf_hash(raw)):
                self.nodes[level, index] = node

    def get_node(self, level: int, index: int) -> bytes:
        """Read a stored node."""
        return self.nodes[level, index]

    def note(self, size: int, *signers: Signer) -> str:
        """Sign the log's head at a size."""
        return sign_checkpoint(Checkpoint(ORIGIN, size, root_at(size, self.get_node)), *(signers or (LOG,)))

    def lines(self, *, checkpoints: tuple[int, ...] = (2, 4, 5, SIZE)) -> list[Line]:
        """Write the export: each checkpoint behind the last record it covers."""
        lines: list[Line] = [{"type": "header", "format": 1, "origin": ORIGIN}]
        for seq, raw in enumerate(self.records, 1):
            lines.append({"type": "record", "seq": seq, "record_id": f"re_{seq}", "bytes": encoded(raw)})
            if seq in checkpoints:
                lines.append({"type": "checkpoint", "note": self.note(seq)})
        return lines

    def receipt(self, seq: int, size: int = SIZE) -> Line:
        """Write the receipt of one record."""
        hashes = inclusion_proof(seq - 1, size, get_node=self.get_node)
        return {
            "record": {"seq": seq, "record_id": f"re_{seq}", "bytes": encoded(self.records[seq - 1])},
            "proof": {"index": seq - 1, "size": size, "hashes": [one.hex() for one in hashes]},
            "checkpoint": self.note(size),
        }


class Bench:
    """Runs the verifier on what a test has written."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.write("key", LOG.verifier_key.text() + "\n")

    def write(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the verifier with the key; return its exit code and what it printed."""
        code = verify.main([*arguments, "--key", str(self.folder / "key")])
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err

    def export(self, lines: list[Line]) -> tuple[int, str]:
        """Check an export."""
        return self.run(self.write("export", "".join(json.dumps(line) + "\n" for line in lines)))

    def receipt(self, receipt: Any) -> tuple[int, str]:
        """Check a receipt."""
        return self.run("--receipt", self.write("receipt", json.dumps(receipt)))


def encoded(raw: bytes) -> str:
    """Base64, as in the export."""
    return base64.b64encode(raw).decode()


def bad_seqs(printed: str) -> list[int]:
    """Read which records were named."""
    return [
        int(line.split()[2]) for line in printed.splitlines() if line.startswith("BAD seq ") and "record_id" in line
    ]


def record_lines(lines: list[Line]) -> list[Line]:
    """Pick the record lines."""
    return [line for line in lines if line["type"] == "record"]


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    """A folder with the log's key."""
    return Bench(tmp_path, capsys)


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


def test_empty_log_needs_its_signature(bench: Bench) -> None:
    """A log without records holds when the log signed that, and not otherwise."""
    header: Line = {"type": "header", "format": 1, "origin": ORIGIN}
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, root_at(0, Log(0).get_node)), LOG)
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


def append_unsigned(lines: list[Line]) -> None:
    """Add a record that no checkpoint covers."""
    lines.append({"type": "record", "seq": 8, "record_id": "re_8", "bytes": encoded(record_of(8).encode())})


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
        (append_unsigned, "seq 8 to 8: proven by no signed checkpoint"),
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


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
def test_honest_receipts_hold(bench: Bench, size: int) -> None:
    """Every record's receipt holds by itself and beside the export, and shows the record."""
    log = Log()
    bench.export(log.lines())
    for seq in range(1, size + 1):
        code, printed = bench.receipt(log.receipt(seq, size))
        assert code == 0, printed
        assert f'"record_id": "re_{seq}"' in printed
        assert bench.run(str(bench.folder / "export"), "--receipt", str(bench.folder / "receipt"))[0] == 0


@pytest.mark.parametrize(
    "path,value",
    [
        (("record", "bytes"), encoded(record_of(3, version=9).encode())),
        (("record", "bytes"), encoded(record_of(2).encode())),
        (("record", "seq"), 4),
        (("record", "record_id"), "re_4"),
        (("proof", "index"), 3),
        (("proof", "index"), -1),
        (("proof", "index"), "2"),
        (("proof", "size"), 6),
        (("proof", "size"), 8),
        (("proof", "hashes"), []),
        (("proof", "hashes"), ["00" * 32] * 3),
        (("proof", "hashes"), ["xx"]),
        (("checkpoint",), Log().note(6)),
        (("checkpoint",), Log().note(SIZE, STRANGER)),
        (("checkpoint",), Log().note(SIZE).replace("quyen.example", "other.example")),
        (("checkpoint",), ""),
        (("checkpoint",), None),
        (("proof",), None),
    ],
)
def test_tampered_receipt_is_refused(bench: Bench, path: tuple[str, ...], value: Any) -> None:
    """No member of a receipt may differ."""
    receipt = Log().receipt(3)
    inner = receipt
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    code, printed = bench.receipt(receipt)
    assert code == 1, printed
    assert "BAD receipt" in printed


def test_path_of_another_length_is_refused(bench: Bench) -> None:
    """A path that is longer or shorter by one hash does not lead to the root."""
    receipt = Log().receipt(3)
    for hashes in (receipt["proof"]["hashes"][:-1], [*receipt["proof"]["hashes"], "00" * 32]):
        code, printed = bench.receipt(receipt | {"proof": receipt["proof"] | {"hashes": hashes}})
        assert (code, "another length" in printed) == (1, True)


def test_receipt_of_a_fork_is_found_beside_the_export(bench: Bench) -> None:
    """A receipt that holds by itself, from a history shown to one person only, does not hold beside the log."""
    bench.export(Log().lines())
    fork = Log()
    fork.records[2] = record_of(3, actor_id="pe_9").encode()
    frontier = Frontier()
    for raw in fork.records:
        fork.nodes |= {(level, index): node for level, index, node in frontier.append(leaf_hash(raw))}
    assert bench.receipt(fork.receipt(3))[0] == 0
    code, printed = bench.run(str(bench.folder / "export"), "--receipt", str(bench.folder / "receipt"))
    assert code == 1
    assert "two histories" in printed


@pytest.mark.parametrize(
    "export",
    [
        "",
        "nonsense\n",
        "[]\n",
        '{"type": "record"}\n',
        '{"type": "header", "format": 2}\n',
        '{"type": "header", "format": 1}\n{',
    ],
)
def test_what_is_no_export_exits_2(bench: Bench, export: str) -> None:
    """Another file, another format, broken lines: it could not be checked, which is not the same as tampered."""
    code, printed = bench.run(bench.write("export", export))
    assert code == 2
    assert "could not be checked" in printed


@pytest.mark.parametrize("key", ["nonsense", LOG.verifier_key.text()[:-4], "a+00000000+AAAA", "é"])
def test_what_is_no_key_exits_2(bench: Bench, key: str) -> None:
    """A key file that is damaged is no reason to call the log bad, nor good."""
    bench.write("key", key)
    assert bench.export(Log().lines())[0] == 2


def test_missing_files_and_wrong_usage_exit_2(bench: Bench) -> None:
    """A file that is not there, or nothing to check, is exit code 2."""
    assert bench.run(str(bench.folder / "missing"))[0] == 2
    assert bench.run("--receipt", str(bench.folder / "missing"))[0] == 2
    with pytest.raises(SystemExit) as ended:
        bench.run()
    assert ended.value.code == 2


def test_no_key_at_all_proves_nothing(bench: Bench) -> None:
    """An empty key file trusts nobody."""
    bench.write("key", "\n")
    assert bench.export(Log().lines())[0] == 1
