"""A page as plain text: exactly what it says, for the archive of what people were shown (R47)."""

import re
from html.parser import HTMLParser

_SILENT = frozenset({"svg", "script", "style", "template"})
_LINES = frozenset(
    {
        "p",
        "div",
        "section",
        "fieldset",
        "legend",
        "ul",
        "ol",
        "li",
        "h1",
        "h2",
        "h3",
        "dl",
        "dt",
        "dd",
        "label",
        "select",
    }
    | {"option", "button", "form", "br", "table", "tr", "article", "aside"}
)
_SPACES = re.compile(r"\s+")
_VOID = frozenset({"br", "input", "img", "hr", "link", "meta"})


class _Main(HTMLParser):
    """Collects the words of `<main>`, with a sign for each box and button."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def _speaks(self) -> bool:
        return any(tag == "main" for tag, _ in self._open) and all(heard for _, heard in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _VOID:
            self._open.append((tag, tag not in _SILENT and given.get("aria-hidden") != "true"))
        if not self._speaks:
            return
        if tag in _LINES:
            self.pieces.append("\n")
        if tag == "input":
            self.pieces.append(_box(given))
        if tag == "button":
            self.pieces.append("[")
        if tag == "option":
            self.pieces.append("(x) " if "selected" in given else "( ) ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._speaks:
            self.pieces.append("]")
        if tag in _LINES and self._speaks:
            self.pieces.append("\n")
        while self._open and tag not in _VOID:
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._speaks:
            self.pieces.append(_SPACES.sub(" ", data))


def main_text(page: str) -> str:
    """Return the words of a page's `<main>`, a line for each block; boxes show whether they are ticked."""
    reader = _Main()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(line for line in lines if line) + "\n"


def _box(given: dict[str, str | None]) -> str:
    is_on = "checked" in given
    return {"checkbox": "[x] " if is_on else "[ ] ", "radio": "(x) " if is_on else "( ) "}.get(
        given.get("type") or "", ""
    )
