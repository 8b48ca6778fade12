"""Undoing an answer's content coding ourselves, within a bound: what is not plainly one known coding is refused.

Measured: clients that decode "for convenience" pass `gzip, gzip`, `x-gzip` and unknown codings on undecoded, and a
megabyte of zeros is a kilobyte on the wire.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence

import brotli  # type: ignore[import-untyped]

ACCEPTED = "gzip, deflate, br"

_GZIP, _ZLIB = 31, 15


class CodingRefused(ValueError):
    """The body is not what its Content-Encoding says, or larger than allowed."""


def decode_body(body: bytes, codings: Sequence[str], limit_bytes: int) -> bytes:
    """Undo the coding of a whole body.

    Args:
        body: as it came.
        codings: the values of Content-Encoding, one for each time the header stood.
        limit_bytes: bound of the plain body.

    Raises:
        CodingRefused: more than one coding, an unknown one, cut or trailing bytes, too large.
    """
    if len(codings) > 1:
        raise CodingRefused("content-encoding stands twice")
    coding = codings[0].strip().lower() if codings else "identity"
    decode = _DECODERS.get(coding)
    if decode is None:
        raise CodingRefused("an unknown coding")
    plain = decode(body, limit_bytes)
    if len(plain) > limit_bytes:
        raise CodingRefused("larger than allowed")
    return plain


def _inflate(body: bytes, limit_bytes: int, *, window_bits: int) -> bytes:
    inflater = zlib.decompressobj(window_bits)
    try:
        plain = inflater.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise CodingRefused("not in the coding it names") from error
    if len(plain) <= limit_bytes and (not inflater.eof or inflater.unused_data):
        raise CodingRefused("cut short, or followed by something else")
    return plain


def _unbrotli(body: bytes, limit_bytes: int) -> bytes:
    decompressor = brotli.Decompressor()
    try:
        plain = decompressor.process(body, output_buffer_limit=limit_bytes + 1)
    except brotli.error as error:
        raise CodingRefused("not in the coding it names") from error
    if len(plain) <= limit_bytes and not decompressor.is_finished():
        raise CodingRefused("cut short")
    return bytes(plain)


_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "identity": lambda body, _: body,
    "gzip": lambda body, limit_bytes: _inflate(body, limit_bytes, window_bits=_GZIP),
    "deflate": lambda body, limit_bytes: _inflate(body, limit_bytes, window_bits=_ZLIB),
    "br": _unbrotli,
}
