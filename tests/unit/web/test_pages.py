"""Every page is drawn in both languages: whole, with nothing inline, every form guarded, every value escaped."""

import re
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import UndefinedError

from gateway.acts.send_events import LONGEST
from gateway.ground.web.asks import AskView
from gateway.ground.web.frame import Lang, PageView
from tests.unit.web.drawing import ASSETS, PAGES, VIEWS, draw
from tests.unit.web.samples import CONSENT, FAILED, ORDERS, PHONE, PROFILE, SITE, frame
from tests.unit.web.samples_consoles import LOG
from tests.unit.web.samples_grants import GRANTS, ONE

LANGS: tuple[Lang, ...] = ("vi", "en")
VOID = {"meta", "link", "input", "br"}
TYPED_BY_OTHERS = {
    "account",
    "app_name",
    "asks",
    "by",
    "content",
    "login",
    "name",
    "purpose",
    "query",
    "refusal_effect",
    "text",
    "title",
}
HOSTILE = "<script>alert(1)</script>\"'&"


class Outline(HTMLParser):
    """Notes the tags of a page, and whether they close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[tuple[str, list[str]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and which form its field is in."""
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "form":
            self.forms.append((found.get("method") or "", []))
        if self.forms and "form" in self._open and found.get("name"):
            self.forms[-1][1].append(str(found["name"]))
        if tag not in VOID and tag not in {"path", "rect", "circle"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        if tag not in {"path", "rect", "circle"}:
            assert self._open.pop() == tag

    def list_values(self, name: str) -> list[str]:
        """Return every value of an attribute."""
        return [str(attributes[name]) for _tag, attributes in self.tags if name in attributes]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", VIEWS)
def test_page_is_whole(name: str, lang: Lang) -> None:
    """Tags close in order, ids are unique, there is one h1, and the title and the language are said."""
    page = draw(name, lang)
    outline = Outline(page)
    ids = outline.list_values("id")
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in outline.tags].count("h1") == 1
    assert f'<html lang="{lang}">' in page
    assert re.search(r"<title>\S[^<]* · Quyền</title>", page)


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_inline_or_foreign(name: str) -> None:
    """No style, no script, no handler, and nothing is loaded from elsewhere: the CSP has nothing to refuse (R19)."""
    for tag, attributes in Outline(draw(name)).tags:
        assert tag not in {"script", "style", "iframe", "img"}
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")]
        if tag == "link":
            assert str(attributes["href"]).startswith("/static/")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", VIEWS)
def test_every_form_that_acts_is_guarded(name: str, lang: Lang) -> None:
    """Each POST form carries the form token once; no GET form carries it, and in English it keeps the language."""
    for method, names in Outline(draw(name, lang)).forms:
        assert method in {"get", "post"}
        assert names.count("csrf_token") == (1 if method == "post" else 0)
        if method == "get":
            assert names.count("lang") == (1 if lang == "en" else 0)


@pytest.mark.parametrize("name", VIEWS)
def test_links_keep_the_language(name: str) -> None:
    """In English every own link and form carries `lang=en`; only the switch and links that a handler made do not."""
    given = {value for view in (VIEWS[name],) for value in list_texts(view)}
    for tag, attributes in Outline(draw(name, "en")).tags:
        target = str(attributes.get("href") or attributes.get("action") or "")
        if tag in {"a", "form"} and target.startswith("/") and target.replace("&amp;", "&") not in given:
            assert "lang=en" in target


def list_texts(value: Any) -> list[str]:
    """Return every text inside a view."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple | list):
        return [text for part in value for text in list_texts(part)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in list_texts(getattr(value, field.name))]
    return []


def poison(value: Any) -> Any:
    """Return the same view with every name and sentence hostile."""
    if isinstance(value, tuple):
        return tuple(poison(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: HOSTILE if field.name in TYPED_BY_OTHERS and isinstance(inner, str) else inner
            for field in fields(value)
            if (inner := poison(getattr(value, field.name))) is not None
        }
        return replace(value, **changed)
    return value


@pytest.mark.parametrize("name", VIEWS)
def test_hostile_text_stays_text(name: str) -> None:
    """A name or sentence full of markup is shown as it is and never becomes markup."""
    view: PageView = poison(VIEWS[name])
    page = PAGES.page(frame(visitor=HOSTILE), view)
    assert "<script" not in page
    assert "alert(1)&lt;/script&gt;" in page


def test_a_missing_value_is_an_error() -> None:
    """A template that names what its view does not hold fails at once, instead of leaving a hole in a legal text."""
    hole = SimpleNamespace(state="first", return_to="/", login="")
    with pytest.raises(UndefinedError, match="for_app"):
        PAGES.render("person/sign_in.html", "vi", frame=frame(), link=frame().link, view=hole)


def test_every_template_has_a_sample() -> None:
    """No page goes without the tests of this folder and of the journeys."""
    pages = {view.TEMPLATE for view in VIEWS.values()}
    drawn_by_others = {"base", "decide_base", "acts", "receipt_words", "rows", "states", "icons", "parts", "nav"}
    drawn_by_others |= {"damaged", "decided", "own_parts", "stops"}
    alone = {name for name in PAGES.list_templates() if name.split("/")[1].removesuffix(".html") not in drawn_by_others}
    assert alone == pages


def test_consent_shows_every_field() -> None:
    """The screen holds every field that a decision rests on, in words (R9)."""
    page = draw("consent")
    for text in (
        CONSENT.app.name,
        CONSENT.app.legal_name,
        CONSENT.app.domain,
        CONSENT.app.contact,
        "Đã xác minh",
        "03/11/2026",
        "Zalo OA",
        CONSENT.accounts[0].name,
        CONSENT.accounts[0].external_id,
        CONSENT.keeper.name,
        "đi vòng qua cổng",
        "TB-ZOA-014, bản 3, ngày 01/11/2026, tiếng Việt",
        CONSENT.request_id,
        "khởi kiện",
        "Rút lại thế nào",
        SITE.protection.name if SITE.protection else "",
        "quyen.example",
    ):
        assert text in page
    for ask in CONSENT.asks:
        for text in (ask.name, ask.purpose, ask.refusal_effect, ask.required_why, ask.sensitive_why, *ask.data_types):
            assert text in page
        for text in (ask.explanation, *ask.can, *ask.cannot):
            assert text in page
        assert all(f"{party.name}, {party.country}" in page for party in ask.recipients)


@pytest.mark.parametrize(
    "bases,heading",
    [
        (("own_consent", "own_consent"), "Dữ liệu của người khác – cần sự đồng ý của chính họ"),
        (("contract", "contract"), "Dữ liệu của người khác – theo hợp đồng với bạn"),
        (("own_consent", "contract"), "Dữ liệu của người khác – mỗi mục nói rõ căn cứ"),
    ],
)
def test_the_note_over_other_peoples_data_fits_what_it_rests_on(bases: tuple[str, str], heading: str) -> None:
    """Above asks that rest on a contract alone nothing says that each person is asked (R8)."""
    asks = (PROFILE, *(replace(PHONE, id=f"ask-{at}", basis=basis) for at, basis in enumerate(bases)))
    page = PAGES.page(frame(), replace(CONSENT, asks=asks))
    note = page.split('<div class="note note-others">')[1].split("</div>")[0]
    assert heading in note
    assert ("hợp đồng" in note) is ("contract" in bases)


def test_the_first_page_says_what_is_kept() -> None:
    """What waits for an app is kept, sealed, as long as it is tried; only what calls carry passes and is gone."""
    days = LONGEST // timedelta(days=1)
    assert days == 1
    assert "niêm kín, lâu nhất một ngày" in draw("first")
    assert "sealed, for a day at most" in draw("first", "en")


def test_consent_presets_nothing() -> None:
    """The first submit button is the one that decides nothing, refusing skips validation, and no box is ticked."""
    outline = Outline(draw("consent"))
    named = [(tag, attributes) for tag, attributes in outline.tags if "name" in attributes]
    buttons = [attributes for tag, attributes in named if tag == "button" and attributes["name"] == "decision"]
    assert [button["value"] for button in buttons] == ["stay", "refuse", "agree"]
    assert ["formnovalidate" in button for button in buttons] == [True, True, False]
    boxes = [attributes for tag, attributes in named if tag == "input" and attributes["name"] == "ask"]
    assert [box["value"] for box in boxes] == [ask.id for ask in CONSENT.asks]
    assert not [box for box in boxes if "checked" in box]


@pytest.mark.parametrize(
    "asks,is_said",
    [
        ((PROFILE, ORDERS), True),
        ((PROFILE, replace(PROFILE, id="more")), True),
        ((PROFILE,), False),
        ((ORDERS, PHONE), False),
    ],
)
@pytest.mark.parametrize("lang,words", [("vi", "cũng không được cấp"), ("en", "are not granted either")])
def test_the_bar_says_what_a_required_box_takes_with_it(
    asks: tuple[AskView, ...], lang: Lang, words: str, *, is_said: bool
) -> None:
    """Beside the button that agrees, and read out with it, stands what is lost; nothing where nothing could be."""
    page = PAGES.page(frame(lang), replace(CONSENT, asks=asks))
    bar = page.split('<div class="decide">')[1].split("</section>")[0]
    assert (words in bar, words in page) == (is_said, is_said)
    agree = re.findall(r'<button[^>]* value="agree"[^>]*>', bar)[0]
    assert ('aria-describedby="must"' in agree) is is_said


@pytest.mark.parametrize(
    "told_as,title",
    [
        ("", "Ứng dụng xin một mục chưa đăng ký"),
        ("nothing_asked", "Ứng dụng không xin mục nào"),
        ("several_platforms", "Ứng dụng xin trên nhiều nền tảng trong một yêu cầu"),
        ("platform_not_served", "Ứng dụng xin trên một nền tảng mà cổng này không phục vụ"),
        ("unknown_scope", "Ứng dụng xin một mục mà cổng này không có"),
        ("closed_scope", "Ứng dụng chưa được kiểm tra không được xin mục này"),
    ],
)
def test_an_error_of_several_meanings_is_told_as_the_one_it_is(told_as: str, title: str) -> None:
    """Title and heading name what happened; the code that the app's maker looks up stays."""
    page = PAGES.page(frame(visitor=""), replace(FAILED, status=400, code="invalid_scope", told_as=told_as))
    assert f"<h1>{title}</h1>" in page
    assert f"<title>{title} · Quyền</title>" in page
    assert "invalid_scope" in page


@pytest.mark.parametrize(
    "told_as,title",
    [
        ("", "Cổng không tìm thấy yêu cầu này"),
        ("expired", "Yêu cầu đã hết hạn"),
        ("decided", "Yêu cầu này đã được quyết"),
    ],
)
def test_a_pushed_request_that_is_over_says_where_to_go_on(told_as: str, title: str) -> None:
    """Used, expired or unknown, in words for people, with what to do next."""
    page = PAGES.page(frame(visitor=""), replace(FAILED, status=400, code="invalid_request_uri", told_as=told_as))
    assert f"<h1>{title}</h1>" in page
    assert ("Mở lại ứng dụng và bấm nối từ đó." in page) is (told_as != "decided")
    assert ("Quản lý quyền." in page) is (told_as == "decided")
    assert "Cổng không làm được việc này" not in page


@pytest.mark.parametrize(
    "lang,title,way",
    [
        ("vi", "Người vận hành cổng đã đình chỉ ứng dụng này", "vẫn xem và rút lại được trong Quản lý quyền"),
        ("en", "An operator of the gateway suspended this app", "see and withdraw what you agreed to"),
    ],
)
def test_an_app_that_an_operator_stopped_is_told_so(lang: Lang, title: str, way: str) -> None:
    """Whoever comes by its link hears who stopped it, and what is left to them; trying again is no advice here."""
    page = PAGES.page(frame(lang, visitor=""), replace(FAILED, status=403, code="app_suspended"))
    assert f"<h1>{title}</h1>" in page
    assert way in page
    assert "thử lại từ đó" not in page


@pytest.mark.parametrize(
    "code",
    [
        "consent_required",
        "invalid_authorization_details",
        "invalid_target",
        "request_not_supported",
        "request_uri_not_supported",
        "unsupported_response_type",
    ],
)
def test_what_an_app_asks_wrongly_is_not_the_persons_to_try_again(code: str) -> None:
    """Whatever it is that the app got wrong, the person need do nothing, and trying again would not help."""
    text = PAGES.page(frame(visitor=""), replace(FAILED, status=400, code=code))
    assert "Ứng dụng gửi một yêu cầu sai" in text
    assert "Mở lại trang trước" not in text


def test_platform_mode_does_not_speak_of_going_round() -> None:
    """Where the platform runs the gateway there is no way round it, so the page does not say that there is."""
    assert "đi vòng qua cổng" not in draw("consent-one")


def test_marks_for_outside_tests() -> None:
    """The marks of the contract are there: grants and asks with their states, records with their source."""
    listed, one, log = (Outline(draw(name)).tags for name in ("permissions", "grant", "log"))
    marked = [(a["data-grant"], a["data-state"]) for _, a in listed if "data-grant" in a]
    assert marked == [(card.id, card.state) for card in GRANTS]
    asks = [(a["data-ask"], a["data-state"]) for _, a in one if "data-ask" in a]
    assert asks == [(row.ask.id, row.state) for row in ONE.rows]
    records = [(tag, a["data-source"], a["data-record"]) for tag, a in log if "data-record" in a]
    assert records == [("tr", row.source, row.record_id) for row in LOG.rows]


@pytest.mark.parametrize(
    "state,acts",
    [
        ("granted", ["withdraw", "pause"]),
        ("paused", ["withdraw", "resume"]),
        ("pending", ["withdraw", "reconsider"]),
        ("reconfirm", ["reconsider"]),
        ("refused", ["reconsider"]),
        ("withdrawn", ["reconsider"]),
        ("expired", ["reconsider"]),
    ],
)
def test_each_state_offers_its_acts(state: str, acts: list[str]) -> None:
    """What can be ended offers its end first; what has ended offers to look at it again; nothing asks for deletion."""
    row = replace(ONE.rows[0], state=state)
    page = PAGES.page(frame(), replace(ONE, rows=(row,), shorter=()))
    item = page.split("data-ask=")[1].split("</li>")[0]
    assert re.findall(r'name="action" value="(\w+)"', item) == acts
    assert "request_deletion" not in page


def test_every_field_to_type_in_is_drawn_as_one() -> None:
    """The stylesheet names each type of input that holds text: the browser's own is too small to press or read."""
    types = {found for name in VIEWS for found in re.findall(r'<input[^>]* type="(\w+)"', draw(name))}
    typed = types - {"hidden", "checkbox", "radio", "file"}
    rule = re.search(r"input:is\(([^)]*)\), select, textarea \{[^}]*min-height", ASSETS.read("quyen.css").decode())
    assert rule is not None
    assert {f'[type="{each}"]' for each in typed} - set(rule[1].split(", ")) == set()


def test_stylesheet_is_named_by_its_hash() -> None:
    """Every page asks for the stylesheet by the address under which it is served."""
    assert ASSETS.url("quyen.css") in draw("first")
    assert ASSETS.url("quyen.css") in {route.path for route in ASSETS.routes()}
