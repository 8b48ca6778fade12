"""An upload as form data: one part with one file, whose declared type, name and leading bytes say the same kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints

from scopes.formats import FORMATS
from scopes.media import read_media_type
from scopes.refusals import BodyRefused

LEADING_BYTES = 16
"""How much of a file must be there, if it has so much, before its kind is judged; no signature is longer."""

UNTOLD = "application/octet-stream"
"""What a part calls a file of which it says no kind: then the name says it, and the bytes are held to that."""

_LINE = re.compile(r"([A-Za-z-]{1,40}):[ \t]*([^\r\n]*)")
_DISPOSITION = re.compile(r'form-data((?:[ \t]*;[ \t]*[a-z]+="[^"\\]*")*)')
_PARAMETER = re.compile(r'([a-z]+)="([^"\\]*)"')
_LENGTH = re.compile(r"[0-9]{1,12}")
_PART_HEADERS = frozenset({"content-disposition", "content-type", "content-length", "content-transfer-encoding"})
_NOT_IN_TEXT = bytes({*range(32)} - {*b"\t\n\r"})

Hex = Annotated[str, StringConstraints(pattern=rf"^([0-9a-f]{{2}}){{1,{LEADING_BYTES}}}$")]


class FileKind(BaseModel):
    """A kind of file that is taken.

    Args:
        media_type: what the part must call itself, and is called upstream.
        extensions: how its name must end, in lower case, without the dot.
        starts_with: in hexadecimal; the file starts with one of these. None: it is text, and has no control characters.
        limit_bytes: of the file itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    media_type: str
    extensions: tuple[str, ...] = Field(min_length=1)
    starts_with: tuple[Hex, ...] = ()
    limit_bytes: PositiveInt

    @cached_property
    def signatures(self) -> tuple[bytes, ...]:
        """The leading bytes of which a file has one."""
        return tuple(bytes.fromhex(one) for one in self.starts_with)

    def is_text_only(self, chunk: bytes) -> bool:
        """Whether a part of the file may stand in a file of this kind; only text is held to anything."""
        return bool(self.signatures) or len(chunk.translate(None, _NOT_IN_TEXT)) == len(chunk)


@dataclass(frozen=True, slots=True)
class Part:
    """The one part, its headers checked: what kind of file it says it is, its name, its length where it says that."""

    kind: FileKind
    file_name: str
    length: int | None


class UploadRule(BaseModel):
    """What a route takes as form data.

    Args:
        part: the name of the one part.
        kinds: the kinds of file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str = "file"
    kinds: tuple[FileKind, ...] = Field(min_length=1)

    def read_headers(self, raw_headers: bytes) -> Part:
        """Read the part's headers, without the empty line after them.

        Raises:
            BodyRefused: `bad_body` for what is not form data of one file; `unsupported_media` for a kind not listed.
        """
        headers = _parse_lines(raw_headers)
        name, file_name = _parse_disposition(headers.get("content-disposition", ""))
        if name != self.part or FORMATS["file_name"].fullmatch(file_name) is None:
            raise BodyRefused("bad_body", f"the one part is {self.part}, a file with a plain name")
        length = headers.get("content-length")
        if headers.get("content-transfer-encoding", "binary").lower() != "binary":
            raise BodyRefused("unsupported_media", "a file is sent as it is, without an encoding")
        if length is not None and _LENGTH.fullmatch(length) is None:
            raise BodyRefused("bad_body", "the part's length is malformed")
        raw_type = headers.get("content-type", UNTOLD)  # clients that do not know a type leave it out, or say this one
        declared = read_media_type(raw_type, is_text=False)
        return Part(self._find_kind(declared, file_name), file_name, None if length is None else int(length))

    def check_leading(self, kind: FileKind, leading: bytes) -> None:
        """Hold the first bytes of a file, `LEADING_BYTES` or all of it, to its declared kind.

        Raises:
            BodyRefused: `unsupported_media`.
        """
        others = [each for one in self.kinds if one is not kind for each in one.signatures]
        is_kind = leading.startswith(kind.signatures) if kind.signatures else not leading.startswith(tuple(others))
        if not leading or not is_kind:
            raise BodyRefused("unsupported_media", "the file is not of the kind that it is declared as")

    def _find_kind(self, declared: str | None, file_name: str) -> FileKind:
        extension = file_name.rpartition(".")[2].lower() if "." in file_name else ""
        for kind in self.kinds:
            if declared in {kind.media_type, UNTOLD} and extension in kind.extensions:
                return kind
        raise BodyRefused("unsupported_media", "the part's type and the end of its name are no kind that is taken")


def _parse_lines(raw_headers: bytes) -> Mapping[str, str]:
    try:
        lines = raw_headers.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise BodyRefused("bad_body", "the part's headers are not UTF-8") from error
    headers: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        name = found[1].lower() if found else ""
        if found is None or name in headers or name not in _PART_HEADERS:
            raise BodyRefused("bad_body", "the part has a header that is malformed, unknown or stands twice")
        headers[name] = found[2].strip(" \t")
    return headers


def _parse_disposition(disposition: str) -> tuple[str, str]:
    found = _DISPOSITION.fullmatch(disposition)
    pairs = _PARAMETER.findall(found[1]) if found else []
    parameters = dict(pairs)
    if len(pairs) != len(parameters) or parameters.keys() != {"name", "filename"}:
        raise BodyRefused("bad_body", "the part says its name and the file's, each once, in quotes")
    return parameters["name"], parameters["filename"]
