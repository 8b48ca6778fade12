"""The stand-alone verifier on receipts, and on what is no export, no receipt and no key."""

from typing import Any

import pytest

from gateway.records.ledger.canonical import CanonicalRecord, canonical_json
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tree import Frontier, leaf_hash
from tests.unit.ledger.verifying import LOG, SIZE, STRANGER, Bench, Line, Log, encoded, record_of

RECEIPTS = Signer("quyen.example/receipts", b"\x06" * 32)


def unsigned(seq: int, record: CanonicalRecord) -> Line:
    """Write a whole receipt whose record the log had not signed yet; it tells no decisions, as the record does."""
    listed = {"seq": seq, "record_id": f"re_{seq}", "bytes": encoded(record.encode())}
    receipt: Line = {
        "record_id": f"re_{seq}",
        "items": [],
        "proof": {"record": listed, "proof": {}, "checkpoint": None, "state": "unsigned"},
    }
    return {"receipt": receipt, "signature": RECEIPTS.sign(canonical_json(receipt).decode() + "\n").rstrip("\n")}


def test_a_receipt_without_a_checkpoint_is_not_signed_yet(bench: Bench) -> None:
    """Whole and signed it holds, with that said; beside an export its record must be the one there."""
    bench.write("key", f"{LOG.verifier_key.text()}\n{RECEIPTS.verifier_key.text()}\n")
    bench.export(Log().lines())
    both = str(bench.folder / "export"), "--receipt", str(bench.folder / "receipt")
    code, printed = bench.receipt(unsigned(3, record_of(3)))
    assert (code, "genuine, not signed yet" in printed) == (0, True), printed
    assert bench.run(*both)[0] == 0
    assert bench.receipt(unsigned(3, record_of(3, actor_id="pe_9")))[0] == 0
    code, printed = bench.run(*both)
    assert (code, "not the record at seq 3 here" in printed) == (1, True), printed
    assert bench.receipt(unsigned(3, record_of(2)))[0] == 1
    forged = unsigned(3, record_of(3))
    forged["receipt"]["items"] = [{"ask": "phone", "decision": "granted"}]
    assert bench.receipt(forged)[0] == 1


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
