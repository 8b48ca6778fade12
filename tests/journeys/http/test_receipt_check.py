"""The public check judges a receipt by itself: not even our own key of receipts can sign what does not hold."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.doors.person.receipt_check import Unreadable, find_genuine, read_given
from gateway.doors.person.receipt_keys import receipt_signer
from gateway.records.ledger.attestation import Attested
from gateway.records.ledger.canonical import CanonicalRecord, canonical_json
from gateway.records.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.records.ledger.note import Signer
from gateway.records.ledger.tree import leaf_hash
from gateway.terms.ids import AskId
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin

Receipt = dict[str, Any]
STRANGER = Signer("127.0.0.1:8400/log", b"\x05" * 32)


@pytest.fixture
async def kept(origin: Origin, browser: Browser) -> Receipt:
    """Return what a person kept: the receipt of a decision, whole."""
    decided = await agree(origin.scene, frozenset({AskId("oa_profile")}))
    page = await browser.get(f"/permissions/receipts/{decided.recorded.record_id}.json")
    receipt: Receipt = orjson.loads(page.text)["receipt"]
    return receipt


def judged(origin: Origin, receipt: Receipt) -> Attested | None:
    """Sign a receipt as this gateway does, and have it judged."""
    signer = receipt_signer(origin.door.house.vault, origin.door.public_url)
    signature = signer.sign(canonical_json(receipt).decode() + "\n").rstrip("\n")
    given = {"receipt": receipt, "signature": signature, "verifier_key": signer.verifier_key.text()}
    found = find_genuine(origin.door, read_given(orjson.dumps(given).decode()))
    return found.attestation.state if found else None


def bring(receipt: Receipt, signer: Signer, **changed: Any) -> None:
    """Bring another record: the first of a log that the signer signed."""
    proof = receipt["proof"]
    old = CanonicalRecord.decode(b64decode(proof["record"]["bytes"]))
    fields = {name: getattr(old, name) for name in CanonicalRecord.__slots__} | {"seq": 1} | changed
    canonical = CanonicalRecord(**fields).encode()
    proof["record"] |= {"seq": fields["seq"], "bytes": b64encode(canonical).decode()}
    proof["proof"] = {"index": 0, "size": 1, "hashes": []}
    proof["checkpoint"] = sign_checkpoint(Checkpoint("127.0.0.1:8400/log", 1, leaf_hash(canonical)), signer)


def log_signer(origin: Origin) -> Signer:
    """Return the key of the log itself."""
    signer = origin.scene.house.ledger._signer
    assert signer is not None
    return signer


def tell_another_decision(receipt: Receipt) -> None:
    """Tell that a refused item was granted."""
    next(item for item in receipt["items"] if item["decision"] == "refused")["decision"] = "granted"


def leave_a_decision_out(receipt: Receipt) -> None:
    """Tell one item less."""
    del receipt["items"][0]


def claim_another_record(receipt: Receipt) -> None:
    """Stand under another record's id."""
    receipt["record_id"] = "lr_0000000000000000000000"


def claim_another_code(receipt: Receipt) -> None:
    """Stand under another code."""
    receipt["receipt_id"] = "BN-0000000000000000000000"


def renumber(receipt: Receipt) -> None:
    """List the record at another place than its bytes say."""
    receipt["proof"]["record"]["seq"] += 1


def move(receipt: Receipt) -> None:
    """Prove another leaf."""
    receipt["proof"]["proof"]["index"] -= 1


def resize(receipt: Receipt) -> None:
    """State another size than the checkpoint signs."""
    receipt["proof"]["proof"]["size"] += 1


def shorten(receipt: Receipt) -> None:
    """Leave a hash of the path out."""
    receipt["proof"]["proof"]["hashes"].pop()


def break_bytes(receipt: Receipt) -> None:
    """Bring bytes that are no record."""
    receipt["proof"]["record"]["bytes"] = b64encode(b"text").decode()


def forget_the_proof(receipt: Receipt) -> None:
    """Bring a checkpoint and no path to it."""
    receipt["proof"]["proof"] = {}


def give_wrong_types(receipt: Receipt) -> None:
    """Give text where objects belong."""
    receipt["proof"] = "proof"


def let_a_stranger_sign(receipt: Receipt) -> None:
    """Bring a checkpoint in the log's name that another key signed."""
    bring(receipt, STRANGER)


FORGERIES = (
    tell_another_decision,
    leave_a_decision_out,
    claim_another_record,
    claim_another_code,
    renumber,
    move,
    resize,
    shorten,
    break_bytes,
    forget_the_proof,
    give_wrong_types,
    let_a_stranger_sign,
)


async def test_what_does_not_hold_by_itself_is_not_genuine(origin: Origin, kept: Receipt) -> None:
    """Words, record, place, path and checkpoint must fit together, whoever signed the words."""
    assert judged(origin, kept) is Attested.HOLDS
    for forge in FORGERIES:
        forged: Receipt = orjson.loads(orjson.dumps(kept))
        forge(forged)
        assert judged(origin, forged) is None, forge.__doc__
    unsigned = kept | {"proof": kept["proof"] | {"proof": {}, "checkpoint": None}}
    assert judged(origin, unsigned) is Attested.UNSIGNED


async def test_only_a_decision_has_a_receipt(origin: Origin, kept: Receipt) -> None:
    """A record of another kind in the signed log, told by our own key, is no receipt."""
    bring(kept, log_signer(origin))
    assert judged(origin, kept) is Attested.HOLDS
    for kind in ("linked", "nothing"):
        bring(kept, log_signer(origin), kind=kind)
        assert judged(origin, kept) is None


def doubled(text: str) -> str:
    """Let a name of the receipt stand twice."""
    return text.replace('"receipt_id":', '"receipt_id":"BN-0","receipt_id":', 1)


def lengthened(text: str) -> str:
    """Write a code that no form takes."""
    return text.replace('"BN-', '"BN-' + "0" * 80, 1)


def surrogate(text: str) -> str:
    """Write a code that is no text in UTF-8."""
    return text.replace('"BN-', '"BN-\\ud800', 1)


def nested(text: str) -> str:
    """Write JSON that no reader goes to the end of."""
    return "[" * 100_000


def accompanied(text: str) -> str:
    """Write something beside the receipt that nobody signed."""
    return text.replace('"signature":', '"note":"x","signature":', 1)


@pytest.mark.parametrize("change", [doubled, lengthened, surrogate, nested, accompanied])
async def test_what_reads_in_two_ways_or_in_none_is_no_receipt(kept: Receipt, change: Callable[[str], str]) -> None:
    """A name that stands twice, a code that is none or cannot be shown, JSON without end: unreadable."""
    text = orjson.dumps({"receipt": kept, "signature": "x", "verifier_key": "k"}).decode()
    assert read_given(text).code == kept["receipt_id"]
    with pytest.raises(Unreadable):
        read_given(change(text))


async def test_a_receipt_that_names_another_key_is_not_genuine(origin: Origin, browser: Browser) -> None:
    """Whoever reads the file would check it by that key; as it was given out it holds."""
    decided = await agree(origin.scene, frozenset({AskId("oa_profile")}))
    text = (await browser.get(f"/permissions/receipts/{decided.recorded.record_id}.json")).text
    given = orjson.loads(text)
    assert find_genuine(origin.door, read_given(text)) is not None
    other = {**given, "verifier_key": STRANGER.verifier_key.text()}
    assert find_genuine(origin.door, read_given(orjson.dumps(other).decode())) is None
