"""Filter evasion: each way to make two readers see two documents is refused or comes out as one (security classes)."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import Answer, AnswerMalformed, Catalogue, strict_json

PHONE = "zalo.follower.phone.read"
HIDDEN = b"84000000001"
GOOD = b'{"data":{"user_id":"1","display_name":"84000000001","shared_info":{"phone":5}},"error":0}'
KEPT = {"data": {"user_id": "1", "shared_info": {"phone": 5}}, "error": 0}


@pytest.fixture(scope="module")
def detail(packaged: Catalogue) -> Answer:
    """The answer of user/detail, of which only the phone is open in these tests."""
    return packaged.platforms["zalo"].routes["view_follower"].answer


def test_positive_control(detail: Answer) -> None:
    """The document that the attacks below start from is taken, and shows the open field only."""
    assert json.loads(detail.filter(GOOD, {PHONE}).body) == KEPT


ATTACKS = {
    "duplicate key": GOOD.replace(b'"phone":5', b'"phone":5,"phone":6'),
    "duplicate key spelled with an escape": GOOD.replace(b'"phone":5', b'"phone":5,"ph\\u006fne":6'),
    "duplicate envelope": GOOD.replace(b'"error":0', b'"error":-1,"error":0'),
    "duplicate subject id": GOOD.replace(b'"user_id":"1"', b'"user_id":"1","user_id":"2"'),
    "duplicate key in a dropped part": GOOD.replace(b'"error":0', b'"x":{"a":1,"a":2},"error":0'),
    "duplicate paid for by an escaped colon": GOOD.replace(b'"error":0', b'"x":"\\u003a","y":1,"y":1,"error":0'),
    "duplicate paid for by a capital escaped colon": GOOD.replace(b'"error":0', b'"x":"\\u003A","y":1,"y":1,"error":0'),
    "bad UTF-8 in a dropped value": GOOD.replace(HIDDEN, b"\xc3"),
    "overlong UTF-8": GOOD.replace(HIDDEN, b"\xc0\xaf"),
    "surrogate in UTF-8": GOOD.replace(HIDDEN, b"\xed\xa0\x80"),
    "depth 300 in a dropped part": GOOD.replace(b'"error":0', b'"x":' + b"[" * 300 + b"]" * 300 + b',"error":0'),
    "object for a scalar": GOOD.replace(b'"phone":5', b'"phone":{"phone":5,"name":"x"}'),
    "array for a scalar": GOOD.replace(b'"phone":5', b'"phone":[5]'),
    "boolean for a number": GOOD.replace(b'"phone":5', b'"phone":true'),
    "fraction for an integer": GOOD.replace(b'"phone":5', b'"phone":5.5'),
    "array for an object": GOOD.replace(b'{"phone":5}', b'[{"phone":5}]'),
    "array for data": b'{"data":[{"user_id":"1"}],"error":0}',
    "scalar for an object": GOOD.replace(b'{"phone":5}', b'"5"'),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "bad UTF-8 in a kept value": GOOD.replace(b'"phone":5', b'"phone":"\xff"'),
    "lone surrogate escape": GOOD.replace(b'"phone":5', b'"phone":"\\ud800"'),
    "utf-16": GOOD.decode().encode("utf-16"),
    "utf-16 without mark": GOOD.decode().encode("utf-16-le"),
    "utf-32": GOOD.decode().encode("utf-32"),
    "utf-7": b"+AHs-" + GOOD[1:],
    "gzip still on": gzip.compress(GOOD),
    "NDJSON": GOOD + b"\n" + GOOD,
    "two values": GOOD + GOOD,
    "JSON text sequence": b"\x1e" + GOOD + b"\n",
    "prefix against hijacking": b")]}',\n" + GOOD,
    "JSONP": b"f(" + GOOD + b")",
    "HTML": b"<html>" + HIDDEN + b"</html>",
    "comment": GOOD.replace(b'"error"', b'/* x */"error"'),
    "single quotes": GOOD.replace(b'"', b"'"),
    "trailing comma": GOOD.replace(b"5}", b"5,}"),
    "NaN": GOOD.replace(b'"phone":5', b'"phone":NaN'),
    "leading zero": GOOD.replace(b'"phone":5', b'"phone":05'),
    "plus sign": GOOD.replace(b'"phone":5', b'"phone":+5'),
    "hexadecimal": GOOD.replace(b'"phone":5', b'"phone":0x5'),
    "raw newline in a string": GOOD.replace(HIDDEN, b"84\n00"),
    "raw NUL": GOOD.replace(b'"phone":5', b'"phone":5\x00'),
    "NUL after the end": GOOD + b"\x00",
    "a number of 400 digits in a dropped part": GOOD.replace(b'"error":0', b'"x":' + b"5" * 400 + b',"error":0'),
    "a number of 5,000 digits": GOOD.replace(b'"phone":5', b'"phone":' + b"5" * 5000),
    "depth 33 in a failed answer": b'{"error":-1,"x":' + b"[" * 32 + b"]" * 32 + b"}",
    "depth 100,000": GOOD.replace(b'"error":0', b'"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"error":0'),
    "depth never closed": b"[" * 200_000,
    "a list at the top": b"[" + GOOD + b"]",
    "null at the top": b"null",
    "a string at the top": b'"84000000001"',
    "empty": b"",
    "white space only": b" \n",
    "over the size": GOOD[:-1] + b',"x":"' + b"a" * (1 << 20) + b'"}',
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused(detail: Answer, name: str) -> None:
    """Nothing of such a document passes, and the refusal quotes nothing of it."""
    with pytest.raises(AnswerMalformed) as caught:
        detail.filter(ATTACKS[name], {PHONE})
    assert HIDDEN.decode() not in f"{caught.value} {caught.value.detail}"


@pytest.mark.parametrize(
    "name,body",
    [
        ("depth 32 in a dropped part", GOOD.replace(b'"error":0', b'"x":' + b"[" * 31 + b"]" * 31 + b',"error":0')),
        ("the same key in two objects", GOOD.replace(b'"error":0', b'"x":[{"a":1},{"a":1}],"error":0')),
        ("colons in values", GOOD.replace(HIDDEN, b":::")),
        ("an escaped colon in a value", GOOD.replace(HIDDEN, b"\\u003a\\u003A")),
        ("a quote and a colon in a value", GOOD.replace(HIDDEN, b'\\":\\"')),
        ("white space round colons", GOOD.replace(b":", b" :\n")),
        ("an emoji by escapes", GOOD.replace(HIDDEN, b"\\ud83d\\ude00")),
    ],
)
def test_honest_document_near_an_attack_is_taken(detail: Answer, name: str, body: bytes) -> None:
    """What only looks like an attack passes."""
    assert json.loads(detail.filter(body, {PHONE}).body) == json.loads(detail.filter(GOOD, {PHONE}).body)


def test_null_shows_nothing(detail: Answer) -> None:
    """Null may stand for anything declared, and stays null."""
    body = detail.filter(b'{"data":{"user_id":null,"shared_info":{"phone":null}},"error":0}', {PHONE}).body
    assert json.loads(body)["data"] == {"user_id": None, "shared_info": {"phone": None}}
    assert json.loads(detail.filter(b'{"data":null,"error":0}', {PHONE}).body) == {"data": None, "error": 0}


@pytest.mark.parametrize("digits", ["123456789012345678901234567890", "9007199254740993", "-1", "5" * 300])
def test_integers_keep_every_digit(detail: Answer, digits: str) -> None:
    """Ids above 2^53 and numbers of any length pass digit for digit."""
    body = GOOD.replace(b'"phone":5', b'"phone":' + digits.encode())
    assert f'"phone":{digits}}}'.encode() in detail.filter(body, {PHONE}).body


def test_other_numbers_stay_as_written(shop: Catalogue) -> None:
    """Fractions and exponents are not read and written again, so nothing is rounded."""
    answer = shop.platforms["shop"].routes["list_people"].answer
    for number in ("1.10", "1e300", "0.1000000000000000055511151231257827", "-0.0"):
        assert answer.filter(f'{{"total":{number}}}'.encode(), {"shop.name.read"}).body.startswith(
            f'{{"total":{number}'.encode()
        )
    with pytest.raises(AnswerMalformed):
        answer.filter(b'{"total":1e400}', {"shop.name.read"})  # no reader of JSON can hold it


def test_strings_stay_as_written(packaged: Catalogue) -> None:
    """Escapes are neither undone nor made: what passes is byte for byte what came."""
    tags = packaged.platforms["zalo"].routes["list_tags"].answer
    strings = r'["a\/b","\u0111","đ","\ud83d\ude00"]'.encode()
    assert tags.filter(b'{"data":' + strings + b',"error":0}', {"zalo.tag.read"}).body.count(strings) == 1


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/html",
        "application/json; charset=utf-16",
        'application/json; charset="utf-7"',
        "application/x-ndjson",
        "application/json, text/html",
        "application/json;charset=utf-8;charset=utf-16",
        "multipart/mixed; boundary=x",
    ],
)
def test_other_media_type_is_malformed(detail: Answer, content_type: str | None) -> None:
    """Only what calls itself JSON in UTF-8 is read."""
    with pytest.raises(AnswerMalformed):
        detail.check_media_type(content_type)


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_in_utf8_is_taken(detail: Answer, content_type: str) -> None:
    """The spellings of JSON in UTF-8 are one."""
    detail.check_media_type(content_type)


def _unique(pairs: list[tuple[str, object]]) -> object:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


REFUSED = object()


def read_quickly(text: str) -> object:
    """Read a document as the filters do, through the quick check."""
    try:
        return json.loads(strict_json.encode(strict_json.parse(text.encode())), parse_float=str)
    except strict_json.NotStrict:
        return REFUSED


def read_exactly(text: str) -> object:
    """Read a document key by key."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=str)
    except ValueError:
        return REFUSED


TOKENS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        '"a"',
        '"b"',
        '"\\u0061"',
        '":"',
        '"\\u003a"',
        '"\\\\u003a"',
        '"\\""',
        "1",
        "1.5",
        "null",
        " ",
    ]
)


@given(st.lists(TOKENS, max_size=14).map("".join))
def test_strict_reader_agrees_with_the_slow_one(text: str) -> None:
    """The quick check for duplicate keys takes and refuses the same documents as the exact reader."""
    assert read_quickly(text) == read_exactly(text)


PAIRS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "\\u0061", ":", "\\u003a"]),
        st.sampled_from(["1", '":"', '"\\u003a"', '{"a":1,"a":2}', "{}"]),
    ),
    max_size=4,
)


@given(PAIRS)
def test_duplicate_keys_are_found_among_colons(pairs: list[tuple[str, str]]) -> None:
    """No mixture of colons and escapes hides a key that stands twice."""
    text = "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
    assert read_quickly(text) == read_exactly(text)
