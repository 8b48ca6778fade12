"""Check a grant log that someone handed to you, without trusting whoever wrote it.

    verify.py EXPORT --key KEYFILE               check a whole log
    verify.py --receipt RECEIPT --key KEYFILE    check one receipt; with EXPORT too, that both are of one log

It needs Python 3.11 and the `cryptography` package, and nothing of the gateway: read it, it is short.
KEYFILE is what you trust: lines `name+id+base64`, public Ed25519 keys (C2SP signed-note): the log's, whose `name` is
its *origin*, and for receipts the one named `.../receipts`. Get them from somewhere else than the file you check.
An export has one JSON object on each line. First {"type": "header", "format": 1, "origin": name}; then, in order,
{"type": "record", "seq": 1, "record_id": ..., "bytes": base64}; and anywhere {"type": "checkpoint", "note": text}, the
log's signed statement of its size and root (C2SP tlog-checkpoint). Add checkpoints that you kept yourself.
A receipt is {"receipt": {..., "proof": proof}, "signature": line, "verifier_key": text}, or its proof alone: {"record":
{"seq", "record_id", "bytes"}, "proof": {"index", "size", "hashes": [hex]}, "checkpoint": note or null: not signed yet}.

Checked is: each signature; that the records, hashed into a tree as RFC 9162 says, have the very root that each
checkpoint states: nothing was changed, added, removed or moved; that each is spelled canonically and is the one it is
listed as; that a receipt is signed to its last letter and tells its record's own decisions. With "leaf_hash" (hex) a
changed record is told exactly, else all from the last root that fits to the first that does not. Records behind the
last checkpoint are counted. Rows beside the log `quyen log verify` compares. Exit code: 0 holds, 1 not, 2 unchecked.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIELDS = ["seq", "record_id", "kind", "at_us", "grant_id", "version", "app_id", "account_id"]
FIELDS += ["actor_kind", "actor_id", "request_id", "facts"]
PART_FIELDS, DIGEST_BYTES = ["name", "person_id", "commitment", "sealed_sha256"], 32
NUMBERS, DIGESTS, LEAF, NODE = {"seq", "at_us", "version"}, {"commitment", "sealed_sha256"}, b"\x00", b"\x01"
Keys = dict[tuple[str, bytes], bytes]  # (name, id) -> public key


class Wrong(ValueError):
    """A check that did not hold."""


class Head(NamedTuple):
    """What a signed checkpoint says: the log had this root when it had this many records."""

    origin: str
    size: int
    root: bytes


def tree_hash(kind: bytes, *parts: bytes) -> bytes:
    """Hash a record (a LEAF) or two halves of a tree (a NODE): RFC 9162, section 2.1.1."""
    return hashlib.sha256(kind + b"".join(parts)).digest()


def list_roots(leaves: list[bytes]) -> list[bytes]:
    """Return the root after 0, 1, 2 ... leaves: equal subtrees join, and what is left of them makes the root."""
    peaks: list[tuple[int, bytes]] = []  # (number of leaves, hash), largest first
    roots = [hashlib.sha256(b"").digest()]
    for leaf in leaves:
        count, root = 1, leaf
        while peaks and peaks[-1][0] == count:
            count, root = count * 2, tree_hash(NODE, peaks.pop()[1], root)
        peaks.append((count, root))
        for _, peak in reversed(peaks[:-1]):
            root = tree_hash(NODE, peak, root)
        roots.append(root)
    return roots


def root_by_path(leaf: bytes, path: list[bytes], *, index: int, size: int) -> bytes:
    """Return the root to which an inclusion path leads: its last hash is the other half of the tree (section 2.1.3)."""
    if (size == 1) == bool(path):
        raise Wrong("the path is of another length")
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1  # the largest power of two below the size
    if index < half:
        return tree_hash(NODE, root_by_path(leaf, path[:-1], index=index, size=half), path[-1])
    return tree_hash(NODE, path[-1], root_by_path(leaf, path[:-1], index=index - half, size=size - half))


def from_base64(text: str) -> bytes:
    """Read base64 in its only spelling."""
    content = base64.b64decode(text, validate=True)
    if base64.b64encode(content).decode() != text:
        raise Wrong("not canonical base64")
    return content


def parse_key(line: str) -> tuple[tuple[str, bytes], bytes]:
    """Read `name+id+base64`: the base64 holds algorithm 1 (Ed25519) and the public key, the id is a hash of all."""
    name, _, rest = line.partition("+")
    key_id, _, encoded = rest.partition("+")
    content = from_base64(encoded)
    expected = hashlib.sha256(name.encode() + b"\n" + content).digest()[:4]
    if not name or len(content) != 1 + DIGEST_BYTES or content[0] != 1 or expected.hex() != key_id:
        raise Wrong("not an Ed25519 verifier key")
    return (name, expected), content[1:]


def open_note(note: str, keys: Keys) -> tuple[str, set[str]]:
    """Check a note's signatures (a wrong one of a key you trust spoils all); return its text and who signed it."""
    head, blank, tail = note.rpartition("\n\n")
    text, signed_by = head + "\n", set[str]()
    if not blank or not tail.endswith("\n"):
        raise Wrong("not a signed note")
    for line in tail[:-1].split("\n"):
        dash, name, encoded = line.split(" ")
        blob = from_base64(encoded)
        public = keys.get((name, blob[:4]))
        if dash == "\u2014" and public:  # signatures of other keys, of witnesses for example, are passed over
            Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode())
            signed_by.add(name)
    return text, signed_by


def open_checkpoint(note: str, keys: Keys) -> Head:
    """Read the three lines of a checkpoint that the log signed."""
    text, signed_by = open_note(note, keys)
    origin, size, root, *rest = text.split("\n")
    if origin not in signed_by:
        raise Wrong(f"its checkpoint is not signed in the log's own name, {origin!r}, by a key that you trust")
    if rest != [""] or not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise Wrong("not a checkpoint of three lines")
    return Head(origin, int(size), from_base64(root))


def decode_record(content: bytes) -> dict[str, Any]:
    """Read a record: format 1, the fields, the number of parts (4 bytes), and each part's fields.

    A number has 8 bytes; text, facts (JSON) and digests stand behind their length of 4 bytes.
    """
    rest = content

    def take(length: int) -> bytes:
        nonlocal rest
        taken, rest = rest[:length], rest[length:]
        if len(taken) != length:
            raise Wrong("the record is cut short")
        return taken

    def take_field(name: str) -> Any:
        if name in NUMBERS:
            return int.from_bytes(take(8))
        value = take(int.from_bytes(take(4)))
        if name in DIGESTS and len(value) != DIGEST_BYTES:
            raise Wrong(f"{name} is of another length")
        return value.hex() if name in DIGESTS else value.decode()

    if take(1) != b"\x01":
        raise Wrong("a format that this program does not know")
    record = {name: take_field(name) for name in FIELDS}
    count = int.from_bytes(take(4))
    parts = [{name: take_field(name) for name in PART_FIELDS} for _ in range(count)]
    names = [(part["name"], part["person_id"]) for part in parts]
    if rest or names != sorted(set(names)):
        raise Wrong("parts out of order, or something behind the record")
    facts = json.loads(record["facts"])
    if not isinstance(facts, dict) or json.dumps(facts, ensure_ascii=False, separators=(",", ":")) != record["facts"]:
        raise Wrong("facts in another spelling")
    return record | {"facts": facts, "parts": parts}


def check_record(listed: dict[str, Any], seq: int) -> dict[str, Any]:
    """Check that a record is spelled canonically, and is the one it is listed as, in its place."""
    record = decode_record(from_base64(listed["bytes"]))
    if (record["seq"], record["record_id"]) != (listed["seq"], listed["record_id"]):
        raise Wrong(f"its bytes say seq {record['seq']}, record_id {record['record_id']!r}")
    if record["seq"] != seq:
        raise Wrong(f"stands where seq {seq} belongs")
    if bytes.fromhex(listed.get("leaf_hash", "")) not in {b"", tree_hash(LEAF, from_base64(listed["bytes"]))}:
        raise Wrong("its bytes were changed: the leaf hash listed with them is another")
    return record


def find_leaf(listed: dict[str, Any]) -> bytes:
    """Return the hash to build the tree on: the listed one, so that one changed record does not hide the next."""
    return bytes.fromhex(listed.get("leaf_hash", "")) or tree_hash(LEAF, from_base64(listed["bytes"]))


def attempt(check: Callable[[], Any], name: str, *, bad: list[str]) -> Any:
    """Run a check; return what it found, or add to `bad` why it does not hold."""
    try:
        return check()
    except InvalidSignature:
        bad.append(f"{name}: a signature is wrong")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as wrong:
        bad.append(f"{name}: {wrong if isinstance(wrong, Wrong) else f'malformed: {wrong!r}'}")
    return None


def read_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Read the lines of an export; the first must be its header."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            read = json.loads(line)
            if not isinstance(read, dict) or (number == 1) != (read.get("type") == "header"):
                raise ValueError(f"line {number} is no line of an export")
            yield read


def check_export(path: Path, keys: Keys, *, heads: list[Head], told: dict[int, bytes]) -> list[str]:
    """Check a whole log, and against it `heads` and the leaves of the records that a receipt told; say what is bad."""
    objects, names, leaves, bad = read_objects(path), list[str](), list[bytes](), list[str]()
    if (header := next(objects, {})).get("format") != 1:
        raise ValueError("not an export of format 1")
    for number, listed in enumerate(objects, 2):
        if listed.get("type") == "record":
            names.append(f"seq {listed.get('seq')!r} record_id {listed.get('record_id')!r}")
            leaves.append(attempt(partial(find_leaf, listed), names[-1], bad=[]) or b"")
            attempt(partial(check_record, listed, len(names)), names[-1], bad=bad)
        else:
            head = attempt(partial(open_checkpoint, listed.get("note", ""), keys), f"line {number}", bad=bad)
            heads += [head] if head else []
    bad += [f"checkpoint of size {head.size}: of another log" for head in heads if head.origin != header.get("origin")]
    bad += [f"receipt: not the record at seq {seq} here" for seq in told if leaves[seq - 1 : seq] != [told[seq]]]
    return bad + check_heads(heads, names, roots=list_roots(leaves))


def check_heads(heads: list[Head], names: list[str], *, roots: list[bytes]) -> list[str]:
    """Compare each signed root with the records; name those that it does not prove, and count those not signed yet."""
    signed = min(max((head.size for head in heads), default=len(names)), len(names))
    unsigned = f"; records not signed yet: {len(names) - signed}, from seq {signed + 1}" * (signed < len(names))
    print(f"{len(names)} records, {len(heads)} signed checkpoints, root {roots[-1].hex()}{unsigned}")
    proven = max((head.size for head in heads if roots[head.size : head.size + 1] == [head.root]), default=0)
    misfits = sorted(head.size for head in heads if roots[head.size : head.size + 1] != [head.root])
    bad = [] if heads else ["no checkpoint is signed by a key that you trust"]
    bad += [f"checkpoint of size {size}: the log signed two histories" for size in misfits if size <= proven]
    bad += [f"checkpoint of size {size}: only {len(names)} records are here" for size in misfits if size > len(names)]
    suspects = next((size for size in misfits if proven < size <= len(names)), proven)
    reason = f"this or another of seq {proven + 1} to {suspects} was changed, added, removed or moved"
    bad += [f"{name}: {reason}" for name in names[proven:suspects]]
    return bad + [f"seq {suspects + 1} to {signed}: proven by no signed checkpoint"] * (suspects < signed)


def check_words(given: dict[str, Any], record: dict[str, Any], keys: Keys) -> None:
    """Check that a receipt is signed as a whole (in canonical JSON), and tells the decisions of its own record."""
    receipt, facts = given["receipt"], record["facts"]
    text = json.dumps(receipt, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    names = open_note(f"{text}\n\n{given['signature']}\n", keys)[1]
    if len(given) > 3 or not any(name.endswith("/receipts") for name in names):
        raise Wrong("its words are not, or not all, signed by a key named .../receipts that you trust")
    decided = {fact["ask"]: fact["state"] for fact in facts.get("permissions", []) if fact["current"]}
    decided |= dict.fromkeys(facts.get("refused_asks", []), "refused")
    decided |= {fact["ask"]: fact["state"] for fact in facts.get("reached", [])}
    told = {item["ask"]: item["decision"] for item in receipt["items"]}
    if (receipt["record_id"], told) != (record["record_id"], decided):
        raise Wrong("it tells other decisions than its record")


def check_receipt(path: Path, keys: Keys, *, heads: list[Head], told: dict[int, bytes]) -> None:
    """Check that a receipt's record is in the log whose checkpoint it brings, if any; add what was told to both."""
    text = path.read_text(encoding="utf-8")  # an object in which a name stands twice reads in two ways: it is none
    given = json.loads(text, object_pairs_hook=lambda pairs: dict(pairs) if len(dict(pairs)) == len(pairs) else None)
    proven = given["receipt"]["proof"] if "receipt" in given else given
    listed, proof, note = proven["record"], proven["proof"], proven["checkpoint"]
    head = open_checkpoint(note, keys) if note is not None or "receipt" not in given else None
    record = check_record(listed, proof["index"] + 1 if head else listed["seq"])
    if head and (proof["size"] != head.size or not 1 <= record["seq"] <= head.size):
        raise Wrong("the proof is not for this checkpoint")
    hashes = [bytes.fromhex(text) for text in proof["hashes"]] if head else []
    if head and root_by_path(find_leaf(listed), hashes, index=proof["index"], size=head.size) != head.root:
        raise Wrong("the path does not lead to the signed root")
    if "receipt" in given:
        check_words(given, record, keys)
    held = f"{head.origin!r} held this record when it had {head.size} records" if head else "genuine, not signed yet"
    print(f"{held}:\n{json.dumps(record, indent=2)}")
    heads += [head] if head else []
    told[record["seq"]] = find_leaf(listed)


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names, print what does not hold, and return the exit code."""
    parser = argparse.ArgumentParser(description="Check an export or a receipt of a grant log.")
    parser.add_argument("export", nargs="?", type=Path)
    parser.add_argument("--receipt", type=Path)
    parser.add_argument("--key", type=Path, required=True)
    given = parser.parse_args(arguments)
    if not given.export and not given.receipt:
        parser.error("name an export, a receipt, or both")
    heads, bad, told = list[Head](), list[str](), dict[int, bytes]()  # told: seq -> leaf
    try:
        keys = dict(parse_key(line) for line in given.key.read_text(encoding="utf-8").split("\n") if line)
        if given.receipt:
            attempt(partial(check_receipt, given.receipt, keys, heads=heads, told=told), "receipt", bad=bad)
        bad += check_export(given.export, keys, heads=heads, told=told) if given.export else []
    except (OSError, ValueError, RecursionError) as wrong:
        print(f"could not be checked: {wrong}", file=sys.stderr)
        return 2
    print("\n".join([*(f"BAD {line}" for line in bad), "DOES NOT HOLD" if bad else "holds"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
