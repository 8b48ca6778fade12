"""C2SP checkpoints: a log's name, its size and its root, as the text of a signed note.

Source: C2SP tlog-checkpoint. Extension lines are allowed there, not advised, and refused here: nobody could audit them.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gateway.records.ledger.note import InvalidNote, Signer, VerifierKey, open_note, sign_note
from gateway.records.ledger.tree import EMPTY_ROOT, HASH_BYTES

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


class InvalidCheckpoint(Exception):
    """Not a checkpoint of this form, or of another log."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one size.

    Args:
        origin: the log's name, which is also its key's name.
        size: number of records.
        root: 32 bytes.

    Raises:
        InvalidCheckpoint: the parts do not make a checkpoint.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what `parse` would refuse, so that every checkpoint can be written and read."""
        if len(self.root) != HASH_BYTES or _TEXT.fullmatch(self.text()) is None:
            raise InvalidCheckpoint("an origin of one line, a size, and a root of 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise InvalidCheckpoint("an empty log has the root of nothing")

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the three lines.

        Raises:
            InvalidCheckpoint: anything but exactly these, in their only spelling.
        """
        shape = _TEXT.fullmatch(text)
        if shape is None:
            raise InvalidCheckpoint("a checkpoint is an origin, a size and a root, each on its line")
        origin, size, root = shape.groups()
        checkpoint = cls(origin, int(size), base64.b64decode(root))
        if checkpoint.text() != text:
            raise InvalidCheckpoint("the root is not in canonical base64")
        return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer) -> str:
    """Return the signed note of a checkpoint.

    Raises:
        InvalidNote: no signer, or an origin that no note may carry.
    """
    return sign_note(checkpoint.text(), *signers)


def open_checkpoint(raw_note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Check a signed checkpoint: one of our keys signed it, and its name is the log's origin.

    Raises:
        InvalidNote: malformed, or not signed by one of these keys.
        InvalidCheckpoint: the text is no checkpoint.
    """
    text, signed_by = open_note(raw_note, keys)
    checkpoint = Checkpoint.parse(text)
    if all(key.name != checkpoint.origin for key in signed_by):
        raise InvalidNote("the key that signed is not the log's own")
    return checkpoint
