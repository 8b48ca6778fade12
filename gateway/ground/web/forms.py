"""Forms that browsers send, read once into something that cannot be changed or misread."""

import asyncio
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from unicodedata import category, normalize
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.terms.refusal import Refusal

FORM_TYPE = "application/x-www-form-urlencoded"
BODY_SECONDS = 20.0
LIMIT_BYTES = 64 * 1024
LIMIT_FIELDS = 200
LINE_BREAKS = frozenset("\r\n\t")


class Form(Mapping[str, tuple[str, ...]]):
    """The fields of one form, each with all its values, in NFC where people typed it; read-only."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, tuple[str, ...]]) -> None:
        self._fields = MappingProxyType(dict(fields))

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def list(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, for boxes; none is an empty tuple."""
        return self._fields.get(name, ())

    def find(self, name: str) -> str | None:
        """Return the value of a field that stands once, or None.

        Raises:
            Refusal: `bad_form`, if it stands twice: which one counts is never guessed.
        """
        values = self.list(name)
        if len(values) > 1:
            raise Refusal("bad_form", f"{name} stands more than once")
        return values[0] if values else None

    def get_one(self, name: str) -> str:
        """Return the value of a field that must stand exactly once.

        Raises:
            Refusal: `bad_form`.
        """
        value = self.find(name)
        if value is None:
            raise Refusal("bad_form", f"{name} is missing")
        return value


async def read_form(request: web.Request, *, limit_bytes: int = LIMIT_BYTES, is_typed: bool = True) -> Form:
    """Read a form, as `parse_form` says; its Content-Type is judged before a byte of the body.

    Raises:
        Refusal: `unsupported_media`, `too_large` or `bad_form`; the body may be half read, so the connection closes.
    """
    if request.content_type != FORM_TYPE or request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal("unsupported_media", f"a form is {FORM_TYPE}")
    if (request.charset or "utf-8").lower() != "utf-8":
        raise Refusal("unsupported_media", "a form is UTF-8")
    return parse_form(await read_body(request, limit_bytes), is_typed=is_typed)


def parse_form(body: bytes, *, is_typed: bool = True) -> Form:
    """Parse a form's bytes.

    Args:
        body: as it was sent.
        is_typed: people typed it, and one text has many spellings; what machines write stays as it is, byte for byte.

    Raises:
        Refusal: `bad_form`: not ASCII or UTF-8, too many fields, a control character.
    """
    if not body:
        return Form({})
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=LIMIT_FIELDS
        )
    except ValueError as error:
        raise Refusal("bad_form", "the form cannot be read", log_detail=type(error).__name__) from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        for text in (name, value):
            _check_signs(text)
        own, said = (normalize("NFC", text) if is_typed else text for text in (name, value))
        fields[own] = (*fields.get(own, ()), said)
    return Form(fields)


def _check_signs(text: str) -> None:
    """A control character other than a line break or tab is nothing that people type, or a database keeps."""
    if any(category(sign) == "Cc" and sign not in LINE_BREAKS for sign in text):
        raise Refusal("bad_form", "the form holds a control character")


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read a body within its bounds of size and time.

    Raises:
        Refusal: `too_large`, `bad_form` (too slow, broken off); it may be half read, so the connection closes.
    """
    if (request.content_length or 0) > limit_bytes:
        raise Refusal("too_large", f"a body has at most {limit_bytes} bytes")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_bounded(request, limit_bytes)
    except TimeoutError:
        raise Refusal("bad_form", f"a body arrives within {BODY_SECONDS:g} seconds") from None
    except (web.RequestPayloadError, OSError):
        raise Refusal("bad_form", "the body broke off") from None


async def _read_bounded(request: web.Request, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > limit_bytes:
            raise Refusal("too_large", f"a body has at most {limit_bytes} bytes")
    return bytes(body)
