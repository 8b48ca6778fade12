"""Tokens have the contract's form, are told apart by kind, and are stored only as a hash."""

import re
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ground.vault.tokens import hashed, is_token, is_well_formed, new_token
from gateway.terms.entropy import Entropy, SystemEntropy
from gateway.terms.ids import base62

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
CONTRACT = re.compile(r"^q(at|rt|ac)_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$")


class FixedEntropy:
    """Hands out the bytes it was given."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def token(self, length_bytes: int) -> bytes:
        """Return the bytes, whose length must be what is asked."""
        assert len(self._content) == length_bytes
        return self._content


def from_base62(text: str) -> int:
    """Read base62 by Horner's rule, apart from the code under test."""
    number = 0
    for digit in text:
        number = number * 62 + DIGITS.index(digit)
    return number


@given(content=st.binary(min_size=32, max_size=32), prefix=st.sampled_from(["qat", "qrt", "qac"]))
def test_token_holds_its_random_bytes_and_checksum(content: bytes, prefix: str) -> None:
    """Any 32 bytes come out as the contract's form and can be read back from it."""
    token = new_token(prefix, FixedEntropy(content))
    assert CONTRACT.match(token)
    assert from_base62(token[4:47]) == int.from_bytes(content)
    assert from_base62(token[47:]) == zlib.crc32(token[:47].encode())
    assert is_well_formed(token, prefix)


def test_known_token() -> None:
    """32 zero bytes give the token computed apart, so the form cannot drift."""
    assert new_token("qat", FixedEntropy(bytes(32))) == "qat_" + "0" * 43 + "0L392F"


def test_client_secret_has_its_own_prefix() -> None:
    """A client secret is `qcs_` and passes for no token."""
    secret = new_token("qcs", SystemEntropy())
    assert secret.startswith("qcs_")
    assert is_well_formed(secret, "qcs")
    assert not is_well_formed(secret, "qat")


def test_unknown_prefix_is_refused() -> None:
    """No token of a kind that nobody knows is made."""
    with pytest.raises(ValueError, match="prefix"):
        new_token("xyz", SystemEntropy())


@given(position=st.integers(0, 52), letter=st.sampled_from(DIGITS + "_-+/= \n.é٣"))
def test_any_single_change_breaks_the_form(position: int, letter: str) -> None:
    """One other character anywhere, look-alike digits of Unicode included, and the token is no longer well formed."""
    token = new_token("qrt", FixedEntropy(bytes(range(32))))
    changed = token[:position] + letter + token[position + 1 :]
    assert is_well_formed(changed, "qrt") == (changed == token)


@pytest.mark.parametrize("digits", [42, 44])
def test_another_length_is_refused_though_its_checksum_is_right(digits: int) -> None:
    """Whoever computes the checksum of a longer or shorter string still has no token."""
    body = "qat_" + "7" * digits
    assert not is_well_formed(body + base62(zlib.crc32(body.encode()), 6), "qat")
    assert is_well_formed("qat_" + "7" * 43 + base62(zlib.crc32(b"qat_" + b"7" * 43), 6), "qat")


@pytest.mark.parametrize("suffix", ["\n", " ", "0", "\x00"])
def test_nothing_may_follow_a_token(suffix: str) -> None:
    """What follows a token is not overlooked, a newline least of all."""
    assert not is_well_formed(new_token("qat", SystemEntropy()) + suffix, "qat")


def test_only_the_very_token_matches_its_hash(entropy: Entropy) -> None:
    """The stored hash answers to its token and to no other, and does not contain it."""
    token, other = new_token("qcs", entropy), new_token("qcs", entropy)
    assert is_token(token, hashed(token))
    assert not is_token(other, hashed(token))
    assert len(hashed(token)) == 32
    assert token.encode() not in hashed(token)


def test_hash_takes_any_text() -> None:
    """A lone surrogate in a header is a wrong token, not a crash."""
    assert not is_token("\ud800", hashed("qat_x"))
