"""Canonical bytes: each record has exactly one spelling, so that its hash says everything about it.

Record: one format byte, then the fields in fixed order. A number is 8 bytes, big-endian; text (UTF-8, NFC) and bytes
stand behind their length (4 bytes, big-endian); the parts stand behind their count (4 bytes), sorted, none twice.
Nothing is optional and nothing may follow: what decodes encodes to the same bytes again.

Facts are JSON in the form of RFC 8785, narrowed: no fractions, whole numbers within 2**53, text in NFC.

A record names persons by id only. What concerns a person stands in a sealed part elsewhere; here is a commitment to it,
HMAC-SHA256 under a salt that is sealed with the part: without it nobody can try names or phone numbers against it.
"""

import hmac
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, Self

FORMAT = 1
SALT_BYTES = 32
_DIGEST_BYTES = 32
_MOST_JSON_INTEGER = 2**53 - 1
_MOST_JSON_DEPTH = 32
_MOST_NUMBER = 2**63 - 1  # what both databases hold
_NUMBER_BYTES = 8
_LENGTH_BYTES = 4

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]


class NotCanonical(Exception):
    """Something that has no canonical form, or bytes that are not in it."""


@dataclass(frozen=True, slots=True, order=True)
class PartDigest:
    """What a record says of one sealed part: whose it is and what it must be, never what it holds.

    Args:
        name: which part, for example `decision` or `guardian`.
        person_id: whose key seals it.
        commitment: `commitment(salt, payload)`, 32 bytes.
        sealed_sha256: SHA-256 of the sealed bytes, 32 bytes; it can still be checked when the key is destroyed.
    """

    name: str
    person_id: str
    commitment: bytes
    sealed_sha256: bytes

    def __post_init__(self) -> None:
        """Refuse what has no canonical form."""
        _check_texts(self.name, self.person_id)
        if any(len(digest) != _DIGEST_BYTES for digest in (self.commitment, self.sealed_sha256)):
            raise NotCanonical("a digest has 32 bytes")

    def encode(self) -> bytes:
        """Return the part's bytes inside its record."""
        return _text(self.name) + _text(self.person_id) + _blob(self.commitment) + _blob(self.sealed_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalRecord:
    """One record of the grant log, as it is hashed.

    Args:
        seq: from 1, without gaps; the record's leaf stands at index seq - 1.
        at_us: microseconds since 1970, UTC.
        version: of the grant, or 0 where the record is about none; ids that do not apply are empty.
        facts: canonical JSON of an object; holds no personal data.
        parts: sorted, one for each (name, person).

    Raises:
        NotCanonical: a field is out of range or not in its one spelling.
    """

    format: int = FORMAT
    seq: int
    record_id: str
    kind: str
    at_us: int
    grant_id: str
    version: int
    app_id: str
    account_id: str
    actor_kind: str
    actor_id: str
    request_id: str
    facts: bytes
    parts: tuple[PartDigest, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no canonical form, so that every record can be encoded and read back."""
        if self.format != FORMAT:
            raise NotCanonical("a format that this version does not know")
        _check_numbers(self.seq, self.at_us, self.version)
        _check_texts(self.record_id, self.kind, self.grant_id, self.app_id, self.account_id)
        _check_texts(self.actor_kind, self.actor_id, self.request_id)
        if self.seq < 1 or not self.record_id or not self.kind:
            raise NotCanonical("a record has a number from 1, an id and a kind")
        if not isinstance(parse_canonical_json(self.facts), dict):
            raise NotCanonical("facts are an object")
        names = [(part.name, part.person_id) for part in self.parts]
        if names != sorted(set(names)):
            raise NotCanonical("parts are sorted, and none stands twice")

    def encode(self) -> bytes:
        """Return the bytes whose leaf hash stands in the tree."""
        fields = [
            self.format.to_bytes(),
            _number(self.seq),
            _text(self.record_id),
            _text(self.kind),
            _number(self.at_us),
            _text(self.grant_id),
            _number(self.version),
            _text(self.app_id),
            _text(self.account_id),
            _text(self.actor_kind),
            _text(self.actor_id),
            _text(self.request_id),
            _blob(self.facts),
            len(self.parts).to_bytes(_LENGTH_BYTES),
        ]
        return b"".join(fields) + b"".join(part.encode() for part in self.parts)

    @classmethod
    def decode(cls, raw_record: bytes) -> Self:
        """Read a record's bytes.

        Raises:
            NotCanonical: cut, too long, of another format, or not in the one spelling.
        """
        reader = _Reader(raw_record)
        record = cls(
            format=reader.take(1)[0],
            seq=reader.number(),
            record_id=reader.text(),
            kind=reader.text(),
            at_us=reader.number(),
            grant_id=reader.text(),
            version=reader.number(),
            app_id=reader.text(),
            account_id=reader.text(),
            actor_kind=reader.text(),
            actor_id=reader.text(),
            request_id=reader.text(),
            facts=reader.blob(),
            parts=tuple(reader.part() for _ in range(reader.length())),
        )
        if record.encode() != raw_record:
            raise NotCanonical("bytes that no record encodes to")
        return record


def commitment(salt: bytes, payload: bytes) -> bytes:
    """Commit to a payload without showing it; whoever is given salt and payload can check it.

    Raises:
        ValueError: a salt of another length than 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return hmac.digest(salt, payload, "sha256")


def join_salt(salt: bytes, payload: bytes) -> bytes:
    """Return what is sealed as a part: the salt, then the payload.

    Raises:
        ValueError: a salt of another length than 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return salt + payload


def split_salt(opened_part: bytes) -> tuple[bytes, bytes]:
    """Return salt and payload of a part that was opened.

    Raises:
        NotCanonical: too short to hold a salt.
    """
    if len(opened_part) < SALT_BYTES:
        raise NotCanonical("a part begins with its salt")
    return opened_part[:SALT_BYTES], opened_part[SALT_BYTES:]


def canonical_json(value: Json) -> bytes:
    """Write JSON in its one form: RFC 8785, without fractions.

    Raises:
        NotCanonical: fractions, numbers beyond 2**53, text that is not NFC or not Unicode, deeper than 32, other types.
    """
    return json.dumps(_ordered(value, 0), ensure_ascii=False, separators=(",", ":")).encode()


def parse_canonical_json(raw_json: bytes) -> Json:
    """Read JSON that is in its one form, and nothing else.

    Raises:
        NotCanonical: anything that `canonical_json` would not have written just so.
    """
    try:
        value: Json = json.loads(raw_json.decode(), parse_float=_refuse_number, parse_constant=_refuse_number)
    except (ValueError, RecursionError) as wrong:
        raise NotCanonical("not JSON") from wrong
    if canonical_json(value) != raw_json:  # a key that stands twice is lost in reading and shows here
        raise NotCanonical("JSON in another spelling")
    return value


def _ordered(value: Json, depth: int) -> Json:
    if depth > _MOST_JSON_DEPTH:
        raise NotCanonical(f"deeper than {_MOST_JSON_DEPTH}")
    if isinstance(value, str):
        _check_texts(value)
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > _MOST_JSON_INTEGER:
            raise NotCanonical("a whole number that JSON readers would round")
        return value
    if isinstance(value, dict):
        _check_texts(*value)
        # RFC 8785 sorts by UTF-16 code units, which differs from code points beyond the basic plane.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key], depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, depth + 1) for item in value]
    raise NotCanonical(f"no canonical form for {type(value).__name__}")


def _refuse_number(written: str) -> NoReturn:
    raise NotCanonical(f"not a whole number: {written[:20]}")


class _Reader:
    """Takes fields off the front of a record's bytes."""

    def __init__(self, raw_record: bytes) -> None:
        self._rest = raw_record

    def take(self, length_bytes: int) -> bytes:
        taken, self._rest = self._rest[:length_bytes], self._rest[length_bytes:]
        if len(taken) != length_bytes:
            raise NotCanonical("cut short")
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(_NUMBER_BYTES))

    def length(self) -> int:
        return int.from_bytes(self.take(_LENGTH_BYTES))

    def blob(self) -> bytes:
        return self.take(self.length())

    def text(self) -> str:
        try:
            return self.blob().decode()
        except UnicodeDecodeError as wrong:
            raise NotCanonical("not UTF-8") from wrong

    def part(self) -> PartDigest:
        return PartDigest(self.text(), self.text(), self.blob(), self.blob())


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES)


def _blob(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH_BYTES) + content


def _text(value: str) -> bytes:
    return _blob(value.encode())


def _check_numbers(*values: int) -> None:
    if not all(type(value) is int and 0 <= value <= _MOST_NUMBER for value in values):
        raise NotCanonical("a whole number from 0 that both databases hold")


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise NotCanonical("text that has no UTF-8")
        if not unicodedata.is_normalized("NFC", value):
            raise NotCanonical("text that is not in NFC")
