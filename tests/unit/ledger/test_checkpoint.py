"""Checkpoints are three lines in one spelling, signed by the log that they name."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint, sign_checkpoint
from gateway.records.ledger.note import InvalidNote, Signer, sign_note
from gateway.records.ledger.tree import EMPTY_ROOT

ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
# The body of the standard's own example.
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = Signer("quyen.example/log", b"\x07" * 32)
OTHER = Signer("other.example/log", b"\x08" * 32)


def test_the_standards_example() -> None:
    """The example of tlog-checkpoint reads and writes."""
    checkpoint = Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
    assert Checkpoint.parse(EXAMPLE) == checkpoint
    assert checkpoint.text() == EXAMPLE


@given(size=st.integers(1, 10**19 - 1), root=st.binary(min_size=32, max_size=32))
def test_signed_checkpoints_open(size: int, root: bytes) -> None:
    """What the log signs its key opens."""
    checkpoint = Checkpoint("quyen.example/log", size, root)
    assert open_checkpoint(sign_checkpoint(checkpoint, LOG), [LOG.verifier_key]) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE[:-1],
        EXAMPLE + "extension\n",
        EXAMPLE + "\n",
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "+1"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "٣"),
        EXAMPLE.replace("20852163", " 1"),
        EXAMPLE.replace("20852163", ""),
        EXAMPLE.replace("20852163", "0"),
        EXAMPLE.replace("example.com/behind-the-sofa", ""),
        EXAMPLE.replace("q2I=", "q2J="),
        EXAMPLE.replace("q2I=", "q2I"),
        EXAMPLE.replace("q2I=", "q2IA"),
        EXAMPLE.replace("\n", "\r\n"),
        "",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """Leading zeroes, signs, extensions, base64 with loose bits, an empty log with a root: refused."""
    with pytest.raises(InvalidCheckpoint):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "origin,size,root",
    [("", 1, ROOT), ("a\nb", 1, ROOT), ("a", -1, ROOT), ("a", 1, b"short"), ("a", 0, ROOT), ("a", 10**19, ROOT)],
)
def test_checkpoint_that_could_not_be_read_is_not_built(origin: str, size: int, root: bytes) -> None:
    """What `parse` would refuse cannot be signed by mistake."""
    with pytest.raises(InvalidCheckpoint):
        Checkpoint(origin, size, root)


def test_empty_log_has_a_checkpoint() -> None:
    """A log without records signs size 0 and the root of nothing."""
    checkpoint = Checkpoint("quyen.example/log", 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(checkpoint, LOG), [LOG.verifier_key]) == checkpoint


def test_cosigned_checkpoint_opens() -> None:
    """A witness's signature beside the log's is welcome; alone it is not enough."""
    checkpoint = Checkpoint("quyen.example/log", 1, ROOT)
    keys = [LOG.verifier_key, OTHER.verifier_key]
    assert open_checkpoint(sign_checkpoint(checkpoint, LOG, OTHER), keys) == checkpoint
    with pytest.raises(InvalidNote, match="own"):
        open_checkpoint(sign_checkpoint(checkpoint, OTHER), keys)


def test_checkpoint_signed_for_another_log_is_refused() -> None:
    """A known key's checkpoint of another origin does not pass for this log's."""
    with pytest.raises(InvalidNote, match="own"):
        open_checkpoint(sign_checkpoint(Checkpoint("elsewhere.example", 1, ROOT), LOG), [LOG.verifier_key])


def test_signed_text_that_is_no_checkpoint_is_refused() -> None:
    """A good signature over something else is no checkpoint."""
    with pytest.raises(InvalidCheckpoint):
        open_checkpoint(sign_note("quyen.example/log\n", LOG), [LOG.verifier_key])
