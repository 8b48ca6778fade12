"""A record has one spelling: what encodes decodes, what decodes encodes to the same bytes, all else is refused."""

import hashlib
import hmac
import json
import math
import struct
import unicodedata
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.canonical import (
    CanonicalRecord,
    Json,
    NotCanonical,
    PartDigest,
    canonical_json,
    commitment,
    join_salt,
    parse_canonical_json,
    split_salt,
)


def normalised(text: str) -> str:
    """NFC, as everything people type is normalised at parsing."""
    return unicodedata.normalize("NFC", text)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(normalised)
numbers = st.integers(0, 2**63 - 1)
digests = st.binary(min_size=32, max_size=32)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
facts = st.dictionaries(texts, json_values, max_size=4).map(canonical_json)
parts = st.lists(
    st.builds(PartDigest, name=texts, person_id=texts, commitment=digests, sealed_sha256=digests),
    max_size=4,
    unique_by=lambda part: (part.name, part.person_id),
).map(lambda several: tuple(sorted(several)))
records = st.builds(
    CanonicalRecord,
    seq=st.integers(1, 2**63 - 1),
    record_id=texts.filter(bool),
    kind=texts.filter(bool),
    at_us=numbers,
    grant_id=texts,
    version=numbers,
    app_id=texts,
    account_id=texts,
    actor_kind=texts,
    actor_id=texts,
    request_id=texts,
    facts=facts,
    parts=parts,
)

PART = PartDigest("decision", "pe_1", b"\x01" * 32, b"\x02" * 32)
RECORD = CanonicalRecord(
    seq=7,
    record_id="re_1",
    kind="decide",
    at_us=1_795_249_800_123_456,
    grant_id="gr_1",
    version=3,
    app_id="ap_1",
    account_id="ac_1",
    actor_kind="person",
    actor_id="pe_1",
    request_id="rq_1",
    facts=b'{"asks":["phone"],"days":90}',
    parts=(PART,),
)


def spelled_by_hand(record: CanonicalRecord) -> bytes:
    """Write the format down a second time, from the module's description."""

    def blob(content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + content

    head = struct.pack(">BQ", 1, record.seq) + blob(record.record_id.encode()) + blob(record.kind.encode())
    head += struct.pack(">Q", record.at_us) + blob(record.grant_id.encode()) + struct.pack(">Q", record.version)
    for text in (record.app_id, record.account_id, record.actor_kind, record.actor_id, record.request_id):
        head += blob(text.encode())
    tail = blob(record.facts) + struct.pack(">I", len(record.parts))
    for part in record.parts:
        tail += blob(part.name.encode()) + blob(part.person_id.encode())
        tail += blob(part.commitment) + blob(part.sealed_sha256)
    return head + tail


@given(record=records)
def test_records_come_back_as_they_were(record: CanonicalRecord) -> None:
    """Any record decodes to itself, and its bytes are those of the format written down by hand."""
    assert CanonicalRecord.decode(record.encode()) == record
    assert record.encode() == spelled_by_hand(record)


def test_known_record_keeps_its_bytes() -> None:
    """The bytes of format 1 never change: receipts of years ago must verify."""
    digest = "7b1fa4dd689f66a8ce772ff7f336919b0fe566c8e4b8869e427910acced121cb"
    assert hashlib.sha256(RECORD.encode()).hexdigest() == digest


@given(raw=st.binary(max_size=200))
def test_random_bytes_never_break_the_reader(raw: bytes) -> None:
    """Whatever bytes come, they are refused as not canonical, or are exactly what the record encodes to."""
    try:
        record = CanonicalRecord.decode(raw)
    except NotCanonical:
        return
    assert record.encode() == raw


@given(record=records, data=st.data())
def test_changed_record_is_refused_or_is_another(record: CanonicalRecord, data: st.DataObject) -> None:
    """No two spellings: a changed byte never decodes to the same record."""
    raw = record.encode()
    position = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:position] + bytes([raw[position] ^ data.draw(st.integers(1, 255))]) + raw[position + 1 :]
    try:
        other = CanonicalRecord.decode(changed)
    except NotCanonical:
        return
    assert other != record
    assert other.encode() == changed


def test_cut_or_prolonged_bytes_are_refused() -> None:
    """Every prefix, and anything behind the end, is refused."""
    raw = RECORD.encode()
    for length in range(len(raw)):
        with pytest.raises(NotCanonical):
            CanonicalRecord.decode(raw[:length])
    with pytest.raises(NotCanonical):
        CanonicalRecord.decode(raw + b"\x00")


def test_every_field_is_in_the_bytes() -> None:
    """A change of any field whatsoever changes the bytes."""
    changed: dict[str, Any] = {
        "facts": b"{}",
        "parts": (),
        **{field.name: getattr(RECORD, field.name) + 1 for field in fields(RECORD) if field.type is int},
        **{field.name: getattr(RECORD, field.name) + "x" for field in fields(RECORD) if field.type is str},
    }
    changed.pop("format")
    assert set(changed) | {"format"} == {field.name for field in fields(RECORD)}
    spellings = {replace(RECORD, **{name: value}).encode() for name, value in changed.items()}
    assert len(spellings | {RECORD.encode()}) == len(changed) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": 2},
        {"seq": 0},
        {"seq": -1},
        {"seq": 2**63},
        {"seq": True},
        {"version": -1},
        {"at_us": 1.5},
        {"record_id": ""},
        {"kind": ""},
        {"record_id": "e\u0302"},
        {"grant_id": "\ud800"},
        {"actor_id": None},
        {"facts": b""},
        {"facts": b"[]"},
        {"facts": b"null"},
        {"facts": b'{"a": 1}'},
        {"parts": (PART, PART)},
        {"parts": (replace(PART, name="z"), PART)},
        {"parts": (PART, replace(PART, commitment=b"\x09" * 32))},
    ],
)
def test_record_without_canonical_form_is_refused(wrong: dict[str, Any]) -> None:
    """Out of range, unsorted, twice, decomposed, not an object: such a record is not even built."""
    with pytest.raises(NotCanonical):
        replace(RECORD, **wrong)


@pytest.mark.parametrize("wrong", [{"commitment": b"x"}, {"sealed_sha256": b"x" * 33}, {"name": "e\u0302"}])
def test_part_without_canonical_form_is_refused(wrong: dict[str, Any]) -> None:
    """A digest of another length or decomposed text makes no part."""
    with pytest.raises(NotCanonical):
        replace(PART, **wrong)


@given(value=json_values)
def test_json_comes_back(value: Json) -> None:
    """Any value in the narrowed form survives, and its text is in the one form whatever the order of its keys."""
    raw = canonical_json(value)
    assert parse_canonical_json(raw) == value
    assert json.loads(raw) == value


@pytest.mark.parametrize(
    "value,raw",
    [
        ({"b": 1, "a": [True, False, None]}, b'{"a":[true,false,null],"b":1}'),
        # RFC 8785, section 3.2.3: keys by UTF-16 code units, so U+1F600 comes before U+E000.
        # (The RFC's own example has U+FB33 there, which is not in NFC.)
        (
            {"\u20ac": 1, "\r": 2, "\ue000": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
            None,
        ),
        # RFC 8785, section 3.2.2.2: which letters are escaped, and how.
        ('\u20ac$\u000f\nA\'B"\\\\"/', b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\b\t\f\r\x1f\x7f\u2028", b'"\\b\\t\\f\\r\\u001f\x7f\xe2\x80\xa8"'),
        ("Việt", '"Việt"'.encode()),
        (2**53 - 1, b"9007199254740991"),
        (-(2**53) + 1, b"-9007199254740991"),
        ((1, 2), b"[1,2]"),
    ],
)
def test_json_in_the_form_of_rfc_8785(value: Json, raw: bytes | None) -> None:
    """Order, escapes and numbers are those of the RFC."""
    if raw is None:
        order = [str(key) for key in json.loads(canonical_json(value))]
        assert order == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ue000"]
    else:
        assert canonical_json(value) == raw


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        math.nan,
        math.inf,
        2**53,
        -(2**53),
        "e\u0302",
        "\udfff",
        {"e\u0302": 1},
        {1: 1},
        {None: 1},
        b"x",
        {1, 2},
        [object()],
    ],
)
def test_json_without_canonical_form_is_refused(value: Any) -> None:
    """Fractions, large numbers, decomposed or broken text, keys that are no text, other types."""
    with pytest.raises(NotCanonical):
        canonical_json(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" 1",
        b"1 ",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"9" * 5000,
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000F"',
        b'"\\ud83d\\ude00"',
        b'"\\ud800"',
        b'"\xff"',
        b'\xef\xbb\xbf"a"',
        '"e\u0302"'.encode(),
        b"[1,]",
        b"nul",
        b"[" * 100_000,
        b"[" * 34 + b"]" * 34,
    ],
)
def test_json_in_another_spelling_is_refused(raw: bytes) -> None:
    """Blank, order, twice the same key, escapes, numbers, BOM, depth: nothing but the one form is read."""
    with pytest.raises(NotCanonical):
        parse_canonical_json(raw)


def test_depth_is_allowed_up_to_its_limit() -> None:
    """33 nested lists are read, as the refusal of 34 alone would not show a limit."""
    raw = b"[" * 33 + b"]" * 33
    assert canonical_json(parse_canonical_json(raw)) == raw


def test_commitment_is_an_hmac_that_needs_its_salt() -> None:
    """The commitment is HMAC-SHA256 under the salt: another salt or payload gives another one."""
    salt = b"s" * 32
    assert commitment(salt, b"payload") == hmac.new(salt, b"payload", hashlib.sha256).digest()
    assert len({commitment(salt, b"payload"), commitment(b"t" * 32, b"payload"), commitment(salt, b"payloae")}) == 3
    with pytest.raises(ValueError, match="salt"):
        commitment(b"short", b"payload")


@given(salt=digests, payload=st.binary(max_size=40))
def test_salt_travels_with_its_payload(salt: bytes, payload: bytes) -> None:
    """What is joined before sealing comes apart after opening."""
    assert split_salt(join_salt(salt, payload)) == (salt, payload)
    with pytest.raises(NotCanonical):
        split_salt(salt[:-1])
    with pytest.raises(ValueError, match="salt"):
        join_salt(salt[:-1], payload)
