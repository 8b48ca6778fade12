"""The codes that people carry from a device to a browser."""

import pytest

from gateway.records.requests.user_codes import LETTERS, new_user_code, parse_user_code, show_user_code
from tests.stand_ins.entropy import SeededEntropy


def test_codes_are_drawn_from_letters_that_survive_a_keyboard() -> None:
    """Eight of eighteen consonants, all of them used, in every place; no vowel, no digit, neither D nor W (Telex)."""
    entropy = SeededEntropy()
    drawn = [new_user_code(entropy) for _ in range(400)]
    assert len(set(drawn)) == 400
    assert {len(code) for code in drawn} == {8}
    for place in range(8):
        assert {code[place] for code in drawn} == set(LETTERS)
    assert not set(LETTERS) & set("AEIOUYDW0123456789")


@pytest.mark.parametrize("typed", ["BCFG-HJKL", "bcfghjkl", " bcfg hjkl ", "b.c.f.g–h_j_k_l", "ＢＣＦＧ－ＨＪＫＬ"])
def test_req_147_case_dashes_and_width_do_not_matter(typed: str) -> None:
    """However it is typed, it is one code."""
    assert parse_user_code(typed) == "BCFGHJKL"
    assert show_user_code("BCFGHJKL") == "BCFG-HJKL"


@pytest.mark.parametrize(
    "typed", ["", "BCFG", "BCFGHJKLM", "ABCFGHJK", "BCFGHJK1", "đCFGHJKL", "\x00" * 8, "-" * 200 + "BCFGHJKL"]
)
def test_what_can_be_no_code(typed: str) -> None:
    """Another length or letter is none, nor is a long text with one in it."""
    assert parse_user_code(typed) is None
