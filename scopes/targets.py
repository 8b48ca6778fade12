"""Paths as they arrive: judged on the raw bytes, refused rather than normalised.

Two programs that disagree about a path are how a call reaches a route it has no scope for. So whatever a server, a
proxy or a URL library might fold is refused before it is matched: dot segments in any spelling, doubled slashes,
encoded slashes, backslashes and percent signs, control characters, bytes outside ASCII. In a parameter the encoded and
the raw form of sub-delims, `!`, `:` and `@` are one value.
"""

import re
from urllib.parse import quote, unquote

from scopes.refusals import TargetRefused

MAX_TARGET_CHARACTERS = 8192

_PATH = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*", re.ASCII)
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*", re.ASCII)
_TWICE_READ = re.compile(r"%(?:2f|5c|25)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parse_path(raw_path: str) -> list[str]:
    """Cut a raw path into decoded segments.

    Args:
        raw_path: as it stood in the request line, below the platform, without the query; checked by nobody yet.

    Returns:
        The segments after the leading slash; a trailing slash gives an empty last one.

    Raises:
        TargetRefused: `bad_target`.
    """
    if not raw_path.startswith("/") or len(raw_path) > MAX_TARGET_CHARACTERS:
        raise TargetRefused("bad_target", "the path is not absolute or too long")
    if _PATH.fullmatch(raw_path) is None:
        raise TargetRefused("bad_target", "the path holds a character that no path may hold")
    if "//" in raw_path or _TWICE_READ.search(raw_path):
        raise TargetRefused("bad_target", "the path holds a doubled or encoded slash, backslash or percent sign")
    segments = [decode_text(segment) for segment in raw_path[1:].split("/")]
    if any(segment.partition(";")[0].strip() in {".", ".."} for segment in segments):
        raise TargetRefused("bad_target", "the path holds a dot segment")
    return segments


def decode_text(text: str) -> str:
    """Percent-decode one part of a target whose characters were checked.

    Raises:
        TargetRefused: `bad_target` when the bytes are no UTF-8 or hold a control character.
    """
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise TargetRefused("bad_target", "the target holds bytes that are not UTF-8") from error
    if _CONTROL.search(decoded):
        raise TargetRefused("bad_target", "the target holds a control character")
    return decoded


def parse_query(raw_query: str) -> dict[str, str]:
    """Read `key=value` pairs, form-decoded; a key that stands twice is refused.

    Args:
        raw_query: without the question mark; empty for none.

    Raises:
        TargetRefused: `bad_target`.
    """
    if not raw_query:
        return {}
    if len(raw_query) > MAX_TARGET_CHARACTERS or _QUERY.fullmatch(raw_query) is None:
        raise TargetRefused("bad_target", "the query is too long or holds a character that no query may hold")
    found: dict[str, str] = {}
    for pair in raw_query.split("&"):
        raw_key, equals, raw_value = pair.partition("=")
        key = decode_text(raw_key.replace("+", " "))
        if not equals or not key or key in found:
            raise TargetRefused("bad_target", "a query key is empty, without a value, or stands twice")
        found[key] = decode_text(raw_value.replace("+", " "))
    return found


def encode_text(text: str) -> str:
    """Percent-encode a value for a path segment or a query; only unreserved characters stay."""
    return quote(text, safe="")
