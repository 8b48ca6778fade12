"""C2SP signed notes with Ed25519: text that anyone can check with the tools of transparency logs.

A note is text that ends in a newline, an empty line, and one or more signature lines: em dash, space, key name, space,
base64 of key id and signature. Signatures of keys that we do not know are passed over (witnesses and successors add
theirs); a known key whose signature fails spoils the whole note.

Source: C2SP signed-note; golang.org/x/mod/sumdb/note behaves alike, and its vectors are tested.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_DASH = "\u2014 "
_MOST_SIGNATURES = 100
_FIRST_PRINTABLE = " "


class InvalidNote(Exception):
    """Not a note, not signed by a key we know, or signed wrongly."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what no note can hold."""
        if not _is_key_name(self.name) or len(self.public_key) != _KEY_BYTES:
            raise InvalidNote("a key has a name without spaces or plus signs, and 32 bytes")

    @classmethod
    def parse(cls, raw_line: str) -> Self:
        """Read `name+id+base64`.

        Raises:
            InvalidNote: another shape, another algorithm than Ed25519, or an id that is not this key's.
        """
        name, plus, rest = raw_line.partition("+")
        key_id, second_plus, encoded = rest.partition("+")
        content = _from_base64(encoded)
        if not plus or not second_plus or content[:1] != _ED25519:
            raise InvalidNote("not an Ed25519 verifier key")
        key = cls(name, content[1:])
        if key.key_id.hex() != key_id:
            raise InvalidNote("the key id is not this key's")
        return key

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no proof of anything."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_ID_BYTES]

    def text(self) -> str:
        """Return the line that people publish and compare."""
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(_ED25519 + self.public_key)}"

    def check(self, text: str, signature: bytes) -> None:
        """Check one signature over a note's text.

        Raises:
            InvalidNote: it is not this key's signature of this text.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except (InvalidSignature, ValueError) as wrong:
            raise InvalidNote(f"the signature of {self.name} is wrong") from wrong


class Signer:
    """A private key and the name it signs under.

    Args:
        name: no spaces, no plus sign; for a log its origin.
        seed: 32 bytes, the Ed25519 private key of RFC 8032.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        self._private_key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier_key = VerifierKey(name, self._private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the signature line for this text, newline included.

        Raises:
            InvalidNote: the text is not one that a note may carry.
        """
        _check_text(text)
        blob = self.verifier_key.key_id + self._private_key.sign(text.encode())
        return f"{_DASH}{self.verifier_key.name} {_to_base64(blob)}\n"

    def __repr__(self) -> str:
        """Show the public half only."""
        return f"Signer({self.verifier_key.text()})"


def sign_note(text: str, *signers: Signer) -> str:
    """Make a note of text that ends in a newline.

    Raises:
        InvalidNote: no signer, or the text is not one that a note may carry.
    """
    if not signers:
        raise InvalidNote("a note has a signature")
    return text + "\n" + "".join(signer.sign(text) for signer in signers)


def open_note(raw_note: str, keys: Sequence[VerifierKey]) -> tuple[str, list[VerifierKey]]:
    """Check a note against the keys we trust.

    Returns:
        Its text, and those of our keys that signed it: at least one.

    Raises:
        InvalidNote: malformed, signed by none of our keys, or one of our keys' signatures is wrong.
    """
    text, signatures = _split_note(raw_note)
    signed_by: list[VerifierKey] = []
    for name, blob in signatures:
        for key in keys:
            if (key.name, key.key_id) != (name, blob[:_ID_BYTES]):
                continue
            key.check(text, blob[_ID_BYTES:])
            signed_by.append(key)
    if not signed_by:
        raise InvalidNote("signed by no key that is known here")
    return text, list(dict.fromkeys(signed_by))


def _split_note(raw_note: str) -> tuple[str, list[tuple[str, bytes]]]:
    head, blank, tail = raw_note.rpartition("\n\n")
    text = head + "\n"
    _check_text(text)
    *lines, end = tail.split("\n")
    if not blank or end or not lines or len(lines) > _MOST_SIGNATURES:
        raise InvalidNote("a note has text, an empty line, and 1 to 100 signature lines")
    return text, [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_key_name(name):
        raise InvalidNote("a signature line is dash, name and base64")
    blob = _from_base64(encoded)
    if len(blob) <= _ID_BYTES:
        raise InvalidNote("a signature line holds a key id and a signature")
    return name, blob


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(letter < _FIRST_PRINTABLE and letter != "\n" for letter in text):
        raise InvalidNote("a note's text ends in a newline and has no other control characters")
    if _has_surrogate(text):
        raise InvalidNote("a note is UTF-8")


def _is_key_name(name: str) -> bool:
    has_space = any(letter.isspace() or letter < _FIRST_PRINTABLE for letter in name)
    return bool(name) and "+" not in name and not has_space and not _has_surrogate(name)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _to_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _from_base64(encoded: str) -> bytes:
    """Read standard base64 in its only canonical spelling, so that one note has one text."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise InvalidNote("not base64") from wrong
    if _to_base64(content) != encoded:
        raise InvalidNote("not canonical base64")
    return content
