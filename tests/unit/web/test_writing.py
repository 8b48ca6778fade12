"""How times, numbers, links and QR codes are written."""

from datetime import UTC, date, datetime

import pytest

from gateway.ground.web import local
from gateway.ground.web.frame import choose_lang, with_query
from gateway.ground.web.qr import draw_qr
from tests.unit.web.drawing import PAGES
from tests.unit.web.samples import frame

LATE = datetime(2026, 11, 20, 17, 4, 5, tzinfo=UTC)


def test_times_are_hanoi_times() -> None:
    """UTC evening is the next day in Hanoi, in every form that a page uses (R53)."""
    assert local.write_time(LATE) == "21/11/2026 00:04"
    assert local.write_second(LATE) == "21/11/2026 00:04:05"
    assert local.write_clock(LATE) == "00:04:05"
    assert local.write_day(LATE) == "21/11/2026"
    assert local.write_day(date(2026, 1, 2)) == "02/01/2026"
    assert local.write_machine(LATE) == "2026-11-21T00:04:05+07:00"
    assert local.local_day(LATE) == date(2026, 11, 21)


def test_a_naive_time_is_a_bug() -> None:
    """A time without a zone is not guessed at."""
    with pytest.raises(ValueError, match="naive"):
        local.write_time(datetime(2026, 1, 1))


@pytest.mark.parametrize("year,day", [(1, 1), (1970, 1), (9000, 1), (9999, 31)])
def test_a_time_that_cannot_be_read_is_a_dash(year: int, day: int) -> None:
    """No year 9000, and no error where the calendar ends; a page has no `time` element for it."""
    aware = datetime(year, 12, day, 23, 59, tzinfo=UTC)
    forms = (local.write_time, local.write_second, local.write_clock, local.write_day)
    assert {write(aware) for write in forms} == {"–"}
    assert local.write_day(local.local_day(aware)) == "–"
    assert local.write_machine(aware) == ""
    macro = '{% from "web/parts.html" import time %}{{ time(at, at|time) }}'
    assert "<time" not in PAGES._environments["vi"].from_string(macro).render(at=aware)
    assert "<time datetime=" in PAGES._environments["vi"].from_string(macro).render(at=LATE)


@pytest.mark.parametrize(
    "number,written", [(0, "0"), (999, "999"), (1204, "1.204"), (48213000, "48.213.000"), (-1204, "-1.204")]
)
def test_numbers_have_dots(number: int, written: str) -> None:
    """Thousands are parted by dots."""
    assert local.write_number(number) == written


@pytest.mark.parametrize("raw,lang", [(None, "vi"), ("", "vi"), ("vi", "vi"), ("en", "en"), ("EN", "vi"), ("fr", "vi")])
def test_vietnamese_unless_english_is_asked_for(raw: str | None, lang: str) -> None:
    """Only `en` leaves Vietnamese."""
    assert choose_lang(raw) == lang


def test_links_carry_the_language() -> None:
    """English travels in the links, beside what is there already; Vietnamese needs nothing."""
    assert frame("vi").link("/permissions?x=1") == "/permissions?x=1"
    assert frame("en").link("/permissions?x=1#top") == "/permissions?x=1&lang=en#top"
    assert frame("en").link("/a?lang=vi") == "/a?lang=en"


def test_the_switch_keeps_the_page() -> None:
    """The switch changes the language of this very page and keeps its query; it is never more than a query."""
    assert frame("vi", query="q=a%20b&lang=vi").switch_link == "?q=a+b&lang=en"
    assert frame("en", query="lang=en").switch_link == "?lang=vi"
    assert frame("vi", query="//evil.example").switch_link.startswith("?")
    assert with_query("?a=1", a=None) == ""


def test_qr_is_an_inline_drawing() -> None:
    """One SVG element, nothing inline that the policy forbids; another text is another drawing."""
    drawing = draw_qr("https://quyen.example/receipts/verify?code=BN-7K2M-94QD")
    assert drawing.startswith("<svg ")
    assert drawing.endswith("</svg>")
    assert "style" not in drawing
    assert drawing != draw_qr("https://quyen.example/receipts/verify?code=BN-7K2M-94QE")
