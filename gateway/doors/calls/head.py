"""The head of a call as it arrived: judged on the raw bytes before anything is looked up, refused, never normalised.

What two programs could read differently is how a call reaches a route it has no scope for: absolute-form targets, a
header that stands twice, a length beside a transfer coding.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.terms.refusal import Refusal

LIMIT_HEAD_BYTES = 16 * 1024
LIMIT_TARGET_BYTES = 8190

_SINGLE = (
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "accept",
    "expect",
    "quyen-purpose",
    "x-request-id",
)
_TARGET = re.compile(r"/[!\"$-\[\]-~]*")  # printable ASCII without "#" and the backslash
_HOST = re.compile(r"(?:[0-9A-Za-z._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LENGTH = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Head:
    """A call's request line and headers, well formed; nothing in it is trusted.

    Args:
        method: as it stood in the request line.
        platform: the first path segment.
        raw_path: what follows it, undecoded, without the query.
        raw_query: after the question mark.
        headers: lower-case names, values in the order of arrival.
    """

    method: str
    platform: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, tuple[str, ...]]

    def find(self, name: str) -> str | None:
        """Find a header that stands at most once; None if it is not there."""
        values = self.headers.get(name, ())
        return values[0] if values else None

    @property
    def announces_body(self) -> bool:
        """Say whether the headers announce a body."""
        return "transfer-encoding" in self.headers or self.find("content-length") not in {None, "0"}


def parse_head(method: str, raw_target: str, raw_headers: Iterable[tuple[bytes, bytes]], *, version: str) -> Head:
    """Read a head.

    Raises:
        Refusal: `bad_target`: the target is too long or not in origin form, or the headers can be read in two ways.
    """
    if len(raw_target) > LIMIT_TARGET_BYTES:
        raise Refusal("bad_target", f"the target is longer than {LIMIT_TARGET_BYTES} bytes")
    if _TARGET.fullmatch(raw_target) is None:
        raise Refusal("bad_target", "the target must be a path of this origin")
    headers = _read_headers(raw_headers)
    _check_headers(headers, version)
    raw_path, _, raw_query = raw_target.partition("?")
    if "//" in raw_path:
        raise Refusal("bad_target", "the path holds a doubled slash")
    platform = raw_path[1:].partition("/")[0]
    return Head(method, platform, raw_path[len(platform) + 1 :] or "/", raw_query, headers)


def _read_headers(raw_headers: Iterable[tuple[bytes, bytes]]) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    size = 0
    for raw_name, raw_value in raw_headers:
        size += len(raw_name) + len(raw_value) + 4
        name = raw_name.decode("latin-1").lower()
        headers[name] = (*headers.get(name, ()), raw_value.decode("latin-1").strip(" \t"))
    if size > LIMIT_HEAD_BYTES:
        raise Refusal("bad_target", f"the headers are larger than {LIMIT_HEAD_BYTES} bytes")
    return headers


def _check_headers(headers: Mapping[str, tuple[str, ...]], version: str) -> None:
    twice = [name for name in _SINGLE if len(headers.get(name, ())) > 1]
    if twice:
        raise Refusal("bad_target", f"header {twice[0]} stands twice")
    if version not in {"1.0", "1.1"} or "upgrade" in headers:
        raise Refusal("bad_target", "only HTTP/1.1 is spoken here")
    if _HOST.fullmatch(headers.get("host", ("",))[0]) is None:
        raise Refusal("bad_target", "header host is missing or malformed")
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if length is not None and (coding is not None or _LENGTH.fullmatch(length[0]) is None):
        raise Refusal("bad_target", "the body's length is told twice or malformed")
    if coding is not None and (coding[0].lower() != "chunked" or version == "1.0"):
        raise Refusal("bad_target", "the only transfer coding here is chunked")
    if headers.get("expect", ("100-continue",))[0].lower() != "100-continue":
        raise Refusal("bad_target", "header expect asks for something unknown")
