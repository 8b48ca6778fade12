"""Form data of one file, read as it comes: bytes in, the file's bytes out, refused at the first thing that is off.

Not aiohttp's reader, which is made to understand much: it skips a preamble, takes a body that ends without its last
boundary, lets several parts and nested ones through and decodes what an encoding header asks for. Here one spelling is
the body, and what a platform could read differently does not reach it. Nothing is copied through either: what goes
upstream is framed anew (`uploading.py`).
"""

import re
from enum import Enum, auto

from gateway.terms.refusal import Refusal
from scopes import BodyRefused, Part, UploadRule
from scopes.uploads import LEADING_BYTES

LIMIT_PART_HEADERS = 2048

_TYPE = re.compile(
    r"multipart/form-data[ \t]*;[ \t]*boundary=(?:([0-9A-Za-z'+_.-]{1,70})|\"([0-9A-Za-z'()+_,./:=?-]{1,70})\")",
    re.IGNORECASE,
)


class _State(Enum):
    OPENING = auto()
    FILE = auto()
    ENDING = auto()


def read_boundary(content_type: str) -> bytes:
    """Read the boundary of form data.

    Raises:
        Refusal: `unsupported_media`: it is none, or says more than its boundary.
    """
    found = _TYPE.fullmatch(content_type)
    if found is None:
        raise Refusal("unsupported_media", "this route takes multipart/form-data with a plain boundary")
    return str(found[1] or found[2]).encode()


class PartReader:
    """Reads one body.

    Args:
        boundary: as the header said.
        rule: which file is taken.

    Attributes:
        part: what the part says of itself; None until its headers and leading bytes were read and agree.
        opening: how many bytes stood before the file.
        size: how many bytes of the file came so far.
        rest: what stood after the last boundary.
    """

    def __init__(self, boundary: bytes, rule: UploadRule) -> None:
        self.part: Part | None = None
        self.opening = self.size = 0
        self.rest = b""
        self._start, self.mark = b"--" + boundary + b"\r\n", b"\r\n--" + boundary
        self._rule = rule
        self._read: Part | None = None
        self._buffer = bytearray()
        self._state = _State.OPENING

    def feed(self, chunk: bytes) -> bytes:
        """Take what came; return what of it is the file's.

        Raises:
            Refusal: `bad_body`, `unsupported_media`, `too_large`; what was returned before may be half a file.
        """
        self._buffer += chunk
        try:
            if self._state is _State.OPENING:
                self._read_opening()
            found = self._read_file() if self._state is _State.FILE else b""
        except BodyRefused as refused:
            raise Refusal(refused.code, refused.detail) from refused
        if self._state is _State.ENDING and not b"--\r\n".startswith(self._buffer):
            raise Refusal("bad_body", "after the file comes the last boundary, and nothing else")
        return found

    def finish(self) -> None:
        """Check, at the end of the body, that it was whole.

        Raises:
            Refusal: `bad_body`.
        """
        if self._state is not _State.ENDING or len(self._buffer) not in {2, 4}:
            raise Refusal("bad_body", "the body ends before its last boundary")
        if self._read is not None and self._read.length not in {None, self.size}:
            raise Refusal("bad_body", "the file has another length than its part says")
        self.rest = bytes(self._buffer[2:])

    def _read_opening(self) -> None:
        if not self._start.startswith(self._buffer[: len(self._start)]):
            raise BodyRefused("bad_body", "the body starts with its boundary")
        end = self._buffer.find(b"\r\n\r\n", len(self._start) - 2)
        if end > LIMIT_PART_HEADERS or (end < 0 and len(self._buffer) > LIMIT_PART_HEADERS):
            raise BodyRefused("bad_body", "the part's headers are too long")
        if end < 0:
            return
        self._read = self._rule.read_headers(bytes(self._buffer[len(self._start) : end]))
        self.opening = end + 4
        del self._buffer[: self.opening]
        self._state = _State.FILE

    def _read_file(self) -> bytes:
        at = self._buffer.find(self.mark)
        is_last = at >= 0
        end = at if is_last else max(len(self._buffer) - len(self.mark) + 1, 0)
        if self.part is None and not is_last and end < LEADING_BYTES:
            return b""
        found = bytes(self._buffer[:end])
        self._check(found)
        del self._buffer[: end + len(self.mark) if is_last else end]
        if is_last:
            self._state = _State.ENDING
        return found

    def _check(self, found: bytes) -> None:
        read = self._read
        if read is None:
            raise AssertionError("a file before its headers")
        if self.part is None:
            self._rule.check_leading(read.kind, found[:LEADING_BYTES])
            self.part = read
        self.size += len(found)
        if self.size > read.kind.limit_bytes:
            raise BodyRefused("too_large", f"the file is larger than {read.kind.limit_bytes} bytes")
        if not read.kind.is_text_only(found):
            raise BodyRefused("unsupported_media", "the file is not the text that it is declared as")
