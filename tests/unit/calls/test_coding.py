"""Content codings are undone by us, one at a time, within a bound."""

import gzip
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.doors.calls.coding import CodingRefused, decode_body

ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "identity": bytes}
LIMIT = 4096


@given(st.binary(max_size=LIMIT), st.sampled_from(sorted(ENCODERS)))
def test_each_coding_comes_back_as_it_was(body: bytes, coding: str) -> None:
    """Whatever was encoded is decoded to the same bytes."""
    assert decode_body(ENCODERS[coding](body), [coding], LIMIT) == body


def test_no_coding_is_identity() -> None:
    """An answer without the header is as it stands."""
    assert decode_body(b"{}", [], LIMIT) == b"{}"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity"])
def test_a_bomb_is_refused_at_the_bound(coding: str) -> None:
    """Fifty megabytes of zeros are never held."""
    body = b"\0" * (50 << 20) if coding != "identity" else b"\0" * (LIMIT + 1)
    with pytest.raises(CodingRefused, match="larger"):
        decode_body(ENCODERS[coding](body), [coding], LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_the_bound_itself_still_passes(coding: str) -> None:
    """A body of exactly the limit is no bomb."""
    assert len(decode_body(ENCODERS[coding](b"\0" * LIMIT), [coding], LIMIT)) == LIMIT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("spoil", [lambda body: body[:-1], lambda body: body + b"x", lambda _: b"{}", lambda _: b""])
def test_cut_trailing_or_other_bytes_are_refused(coding: str, spoil: object) -> None:
    """What the coding does not account for to the byte is not passed on."""
    assert callable(spoil)
    with pytest.raises(CodingRefused):
        decode_body(spoil(ENCODERS[coding](b'{"error":0}')), [coding], LIMIT)


def test_a_large_brotli_body_is_whole() -> None:
    """The decoder gives all of it at once as long as the bound is not reached."""
    body = bytes(range(256)) * 4096
    assert decode_body(brotli.compress(body), ["br"], len(body)) == body


@pytest.mark.parametrize("codings", [["gzip, gzip"], ["x-gzip"], ["zstd"], ["gzip", "gzip"], [""], ["gzip,identity"]])
def test_more_than_one_known_coding_is_refused(codings: list[str]) -> None:
    """Two codings, an alias, an unknown one, and a header that stands twice are refused."""
    with pytest.raises(CodingRefused):
        decode_body(gzip.compress(b"{}"), codings, LIMIT)


def test_two_members_in_a_row_are_refused() -> None:
    """Gzip allows a second member; two readers would disagree on whether it counts."""
    with pytest.raises(CodingRefused, match="followed"):
        decode_body(gzip.compress(b"{}") + gzip.compress(b"{}"), ["gzip"], LIMIT)
