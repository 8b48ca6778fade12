"""A receipt judged by itself, as `docs/verify.py` does it: its bytes, its proof, its signatures.

Nothing that the gateway keeps is asked, its keys aside: what was done to the database later is no fault of the receipt.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.receipt_codes import EVENTS, record_id_of
from gateway.doors.person.receipt_json import is_signed as has_signed_words
from gateway.doors.person.receipt_keys import list_receipt_keys
from gateway.records.ledger.attestation import Attestation, Attested, is_signed
from gateway.records.ledger.canonical import CanonicalRecord, NotCanonical, parse_canonical_json
from gateway.records.ledger.note import VerifierKey
from gateway.records.ledger.proof import Proof
from gateway.records.ledger.tree import leaf_hash
from scopes.strict_json import parse

LONGEST_CODE = 80
_MEMBERS = {"receipt", "signature", "verifier_key"}


class Unreadable(Exception):
    """What was pasted is no receipt."""


@dataclass(frozen=True, slots=True)
class Given:
    """A receipt as it was pasted, its code, its signature line and its key, if any; nothing of it is believed."""

    unverified: Mapping[str, Any]
    code: str
    signature: str
    key: str


@dataclass(frozen=True, slots=True)
class Genuine:
    """A receipt of this gateway: the record that it brings, and how far the receipt itself proves that."""

    canonical: bytes
    record: CanonicalRecord
    attestation: Attestation


def read_given(raw_receipt: str) -> Given:
    """Read what was pasted.

    Raises:
        Unreadable: not the JSON of a receipt.
    """
    try:
        given: Any = parse(raw_receipt.encode())
        receipt, signature, code = given["receipt"], given["signature"], given["receipt"]["receipt_id"]
        key, further = given.get("verifier_key", ""), given.keys() - _MEMBERS
    except (ValueError, KeyError, TypeError) as wrong:
        raise Unreadable("no receipt in JSON") from wrong
    if further:
        raise Unreadable("beside the receipt there is only its signature and its key")
    if not all(isinstance(one, str) for one in (key, signature, code)) or len(code) > LONGEST_CODE:
        raise Unreadable("a receipt has a code and a signature")
    return Given(receipt, code, signature, key)


def find_genuine(door: PersonDoor, given: Given) -> Genuine | None:
    """Judge a receipt: whole as we signed it, telling its own record's decisions, and that record in the signed log."""
    receipt = given.unverified
    known = {key.text() for key in list_receipt_keys(door.house.vault, door.public_url)}
    if given.key not in {*known, ""} or not has_signed_words(door, dict(receipt), given.signature):
        return None
    try:
        listed = receipt["proof"]["record"]
        canonical = b64decode(listed["bytes"], validate=True)
        record = CanonicalRecord.decode(canonical)
        named = {receipt["record_id"], listed["record_id"], record_id_of(given.code)}
        is_its_own = (named, listed["seq"]) == ({record.record_id}, record.seq) and _is_told(receipt, record)
        attestation = _attest(receipt["proof"], canonical, record, key=door.house.ledger.verifier_key)
    except (NotCanonical, ValueError, KeyError, TypeError):  # signed by us, and yet not as we write them
        return None
    if not is_its_own or record.kind not in EVENTS or attestation.state is Attested.BROKEN:
        return None
    return Genuine(canonical, record, attestation)


def _is_told(receipt: Mapping[str, Any], record: CanonicalRecord) -> bool:
    """Tell whether the items are the record's decisions, so that not even our key could sign others."""
    facts: Any = parse_canonical_json(record.facts)
    decided = {each["ask"]: each["state"] for each in facts.get("permissions", ()) if each["current"]}
    decided |= dict.fromkeys(facts.get("refused_asks", ()), "refused")
    decided |= {each["ask"]: each["state"] for each in facts.get("reached", ())}
    return {item["ask"]: item["decision"] for item in receipt["items"]} == decided


def _attest(
    brought: Mapping[str, Any], canonical: bytes, record: CanonicalRecord, *, key: VerifierKey | None
) -> Attestation:
    """Follow the proof that a receipt brings; one from before the log's signature brings none."""
    hashed = leaf_hash(canonical)
    if brought["checkpoint"] is None or key is None:
        return Attestation(Attested.UNSIGNED, hashed)
    path = brought["proof"]
    hashes = tuple(bytes.fromhex(each) for each in path["hashes"])
    proof = Proof(record.seq - 1, path["size"], hashes, brought["checkpoint"])
    holds = path["index"] == proof.index and is_signed(hashed, proof, key)
    return Attestation(Attested.HOLDS if holds else Attested.BROKEN, hashed, proof)
