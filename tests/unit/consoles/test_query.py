"""The query language: terms by column, mended queries that can be read, times and words as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.doors.consoles.operators.folding import fold
from gateway.doors.consoles.operators.meaning import Vocabulary, read_meaning
from gateway.doors.consoles.operators.query import KEYS, LONGEST_QUERY, BadQuery, parse_query, quoted
from gateway.records.ledger.kinds import Kind
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AppId

NAMES = Vocabulary({AppId("so"): ("so", "so ban hang")}, {Kind.DECIDED: ("decided",)}, {Outcome.PASSED: ("call",)}, {})
PIECES = (*'ab:"  \t', "app:", "after:", "đ", "\x00", "ap:", "outcome:", "person:")
TYPED = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def terms(raw_query: str) -> list[tuple[str, str]]:
    """Return key and value of each term."""
    return [(term.key, term.value) for term in parse_query(raw_query).terms]


@pytest.mark.parametrize(
    "raw_query,expected",
    [
        ("", []),
        ("   ", []),
        ("abc", [("", "abc")]),
        ('"a b"', [("", "a b")]),
        ("APP:Sổ", [("app", "Sổ")]),
        ('app:"Sổ bán hàng" action:call x', [("app", "Sổ bán hàng"), ("action", "call"), ("", "x")]),
        ('after:"2026-11-20 10:42"', [("after", "2026-11-20 10:42")]),
        ("12:30", [("", "12:30")]),
        ("app:a:b", [("app", "a:b")]),
        ("a' OR 1=1 --", [("", "a'"), ("", "OR"), ("", "1=1"), ("", "--")]),
        ("So\u031b\u0309", [("", "Sở")]),
    ],
)
def test_a_query_is_read_into_terms(raw_query: str, expected: list[tuple[str, str]]) -> None:
    """Keys without case, values in quotation marks or not, in composed form; a time of day is no key."""
    assert terms(raw_query) == expected


@given(TYPED)
def test_what_is_offered_instead_can_be_read(raw_query: str) -> None:
    """Whatever is typed, it is read, or its mended form is."""
    try:
        parse_query(raw_query)
    except BadQuery as bad:
        error = bad.error
    else:
        return
    assert 1 <= error.column <= len(unicodedata.normalize("NFC", raw_query)) + 1
    parse_query(error.mended)


@given(st.sampled_from(KEYS[:2]), st.text(min_size=1, max_size=30))
def test_a_quoted_value_comes_back(key: str, value: str) -> None:
    """A value written by `quoted` is read as itself, unless it holds what nobody types."""
    plain = unicodedata.normalize("NFC", value).replace('"', "")
    if plain.strip() and not any(unicodedata.category(sign) in {"Cc", "Cs", "Cn", "Co"} for sign in plain):
        assert terms(f"{key}:{quoted(plain)}") == [(key, plain.strip())]


def test_a_query_has_an_end() -> None:
    """A query that is too long is told so and not mended."""
    with pytest.raises(BadQuery) as caught:
        parse_query("a" * (LONGEST_QUERY + 1))
    assert (caught.value.error.column, caught.value.error.mended) == (LONGEST_QUERY + 1, "")


@pytest.mark.parametrize("typed", ["2026-11-20", "20/11/2026"])
def test_a_day_is_hanois(typed: str) -> None:
    """A day begins at midnight in Hanoi, which is 17:00 of the day before in UTC."""
    wanted = read_meaning(parse_query(f"after:{typed} before:{typed}"), NAMES)
    assert wanted.log is not None
    assert wanted.trace is not None
    assert wanted.log.since == wanted.log.until == wanted.trace.since == wanted.trace.until
    assert str(wanted.log.since) == "2026-11-19 17:00:00+00:00"


@pytest.mark.parametrize("typed", ["hom-nay", "2026-13-01", "31/02/2026", "2026", "0001-01-01", "10:30"])
def test_a_time_that_is_none_is_told(typed: str) -> None:
    """What is no time, and a time before time, are errors; the mended query does without."""
    query = parse_query(f"x after:{typed}")
    with pytest.raises(BadQuery) as caught:
        read_meaning(query, NAMES)
    assert (caught.value.error.column, caught.value.error.mended) == (3, "x")


def test_the_narrowest_times_win() -> None:
    """Of several bounds the narrowest holds."""
    query = parse_query("after:2026-11-01 after:2026-11-03 before:2026-11-09 before:2026-11-07")
    wanted = read_meaning(query, NAMES)
    assert wanted.log is not None
    assert (str(wanted.log.since)[:10], str(wanted.log.until)[:10]) == ("2026-11-02", "2026-11-06")


def test_every_term_must_hold() -> None:
    """Each word is a condition of its own, in both sources; a source that is not wanted is not asked."""
    wanted = read_meaning(parse_query("so app:ban action:decided"), NAMES)
    assert wanted.log is not None
    assert [(list(each.app_ids), list(each.kinds)) for each in wanted.log.matching] == [
        (["so"], []),
        (["so"], []),
        ([], [Kind.DECIDED]),
    ]
    assert read_meaning(parse_query("source:log"), NAMES).trace is None
    assert read_meaning(parse_query("source:trace"), NAMES).log is None
    both = read_meaning(parse_query("source:trace source:log app:so after:2026-11-01"), NAMES)
    assert (both.log, both.trace) == (None, None)


@pytest.mark.parametrize(
    "left,right",
    [
        ("Đồng Ý", "dong y"),
        ("ĐƠN HÀNG", "đơn  hàng"),
        ("Sở", "So\u031b\u0309"),
        ("ＡＰＰ", "app"),
        ("Straße", "STRASSE"),
    ],
)
def test_folding_joins_what_people_take_for_one_word(left: str, right: str) -> None:
    """Case, diacritics, `đ`, width and composition make no difference."""
    assert fold(left) == fold(right)


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    """What is folded stays as it is, so a folded name is found by its own fold."""
    assert fold(fold(text)) == fold(text)
