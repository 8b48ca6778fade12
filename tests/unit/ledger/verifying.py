"""An honest log written with the gateway's own modules, and the stand-alone verifier run on it."""

import base64
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway.records.ledger.canonical import CanonicalRecord, PartDigest, canonical_json
from gateway.records.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tree import Frontier, inclusion_proof, leaf_hash

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
        return sign_checkpoint(Checkpoint(ORIGIN, size, Frontier.at(size, self.get_node).root()), *(signers or (LOG,)))

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
