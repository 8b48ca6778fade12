"""The two languages: no text goes without English, and no translation loses or adds a value or a tag."""

import re
from collections.abc import Iterator

import pytest

from gateway.ground.web.catalogue import load_catalogue
from gateway.ground.web.messages import GATEWAY, list_texts, list_untranslated, read_catalogue

PLACE = re.compile(r"%\((\w+)\)s")
TAG = re.compile(r"</?[a-z]+|&nbsp;")


def list_pairs() -> Iterator[tuple[str, str]]:
    """Yield each source text with each of its English forms."""
    for entry in read_catalogue():
        if entry.id:
            source = entry.id if isinstance(entry.id, str) else entry.id[0]
            forms = [entry.string] if isinstance(entry.string, str) else list(entry.string or ())
            yield from ((source, form) for form in forms)


def test_every_text_has_english() -> None:
    """Each text of a template or a module stands in the catalogue, under its context, with English."""
    known = {(entry.id, entry.context) for entry in read_catalogue()}
    used = {(text, context) for _path, text, context in list_texts()}
    assert {item for item in used if item not in known} == set()
    assert list_untranslated(read_catalogue()) == []


def test_no_english_is_left_over() -> None:
    """The catalogue holds nothing that no page says; `python -m gateway.ground.web.messages` brings it up to date."""
    used = {text for _path, text, _context in list_texts()}
    assert {entry.id for entry in read_catalogue() if entry.id and entry.id not in used} == set()


def test_the_search_for_texts_finds_every_door() -> None:
    """The extraction really reads the templates of every door, and sentences with plurals and context."""
    found = list(list_texts())
    folders = {path.split("/templates/")[0] for path, _text, _context in found}
    assert {"doors/person", "doors/consoles/operators", "doors/consoles/developers", "ground/web"} <= folders
    assert any(isinstance(text, tuple) for _path, text, _context in found)
    assert any(context for _path, _text, context in found)
    assert (GATEWAY / "ground" / "web").is_dir()


@pytest.mark.parametrize("pattern", [PLACE, TAG])
def test_translations_keep_values_and_tags(pattern: re.Pattern[str]) -> None:
    """A translation names the same values and holds the same tags as its source."""
    odd = [
        (source, form)
        for source, form in list_pairs()
        if "&nbsp;" not in source and sorted(pattern.findall(source)) != sorted(pattern.findall(form))
    ]
    assert odd == []


def test_texts_keep_the_house_words() -> None:
    """No page begs, hurries, blames or cheers, in either language."""
    banned = re.compile(
        r"vui lòng|rất tiếc|chấp nhận và tiếp tục|để sau|bỏ qua|bạn sẽ mất|please|sorry|revoke|oops|!", re.IGNORECASE
    )
    assert [text for pair in list_pairs() for text in pair if banned.search(text)] == []


def test_vietnamese_is_the_source_itself() -> None:
    """Vietnamese needs no catalogue; English comes from the committed one, with its plurals."""
    text = "%(num)s mục"
    assert load_catalogue("vi").gettext("Quản lý quyền") == "Quản lý quyền"
    assert load_catalogue("en").gettext("Quản lý quyền") == "Manage permissions"
    assert [load_catalogue("en").ngettext(text, text, number) for number in (1, 2)] == ["%(num)s item", "%(num)s items"]
