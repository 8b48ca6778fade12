r"""Reading JSON as one thing only: what two honest parsers could understand differently is refused.

Used for request bodies, Zalo's `data` parameter and answers that say that they failed. Refused: anything but UTF-8
without a byte order mark, more than one value, duplicate keys (also where one is spelled with escapes), lone
surrogates, numbers that are not JSON or larger than any double, depth over 32. Integers keep every digit; other
numbers stay as written (`Raw`).

Duplicate keys: a decoder keeps the last one, so a document that held one encodes to fewer colons than it came with.
Every structural colon and every colon inside a string survives encoding, unless a string spelled one as an escape
(`\u003a`); only then the slow exact reader decides. orjson does this in half the time of msgspec, and refuses depth
over 254 by itself; but it rounds big numbers, so nothing that it read is used.
"""

import json
from collections.abc import Iterable

import msgspec
import orjson

MAX_DEPTH = 32

_DECODER = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))
_ENCODER = msgspec.json.Encoder()


class NotStrict(ValueError):
    """The bytes are not one strict JSON value; the text says why, without quoting them."""


def parse(raw: bytes) -> object:
    """Decode one JSON value from bytes that nobody checked yet.

    Returns:
        dict, list, str, int, bool, None, or `msgspec.Raw` for a number with a fraction or exponent.

    Raises:
        NotStrict: for every reason that the module names.
    """
    check(raw)
    try:
        value: object = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise NotStrict("not one JSON value in UTF-8") from error
    _check_depth(value, MAX_DEPTH)
    return value


def check(raw: bytes) -> None:
    """Check that the bytes are one JSON value that every honest parser reads alike, without reading it for anybody.

    Raises:
        NotStrict: for every reason that the module names, but depth up to 254.
    """
    try:
        colons = orjson.dumps(orjson.loads(raw)).count(b":")
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise NotStrict("not one JSON value in UTF-8, or nested too deeply") from error
    if b"\\u003" in raw:
        json.loads(raw, object_pairs_hook=_check_unique, parse_int=str, parse_float=str)
    elif raw.count(b":") != colons:
        raise NotStrict("duplicate key")


def encode(value: object) -> bytes:
    """Write a value that `parse` returned; the shortest form, integers and other numbers digit for digit."""
    return _ENCODER.encode(value)


def _check_depth(value: object, levels: int) -> None:
    """Refuse a value with more than `levels` containers inside each other."""
    row = [value] if isinstance(value, dict | list) else []
    while row:
        if levels <= 0:
            raise NotStrict("nested too deeply")
        levels -= 1
        row = [inner for outer in row for inner in _members(outer) if type(inner) is dict or type(inner) is list]


def _members(container: object) -> Iterable[object]:
    if isinstance(container, dict):
        return container.values()
    return container if isinstance(container, list) else ()


def _check_unique(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise NotStrict("duplicate key")
