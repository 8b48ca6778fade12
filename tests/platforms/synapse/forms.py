"""The forms of a page, as a person without a mouse finds them: what can be filled in, chosen and pressed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

_FREE = frozenset({"text", "password", "email", "search", "textarea"})
Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Control:
    """Something of a form that has a name; `kind` is the input's type, or the element's name."""

    name: str
    value: str
    kind: str

    def takes(self, name: str, value: str) -> bool:
        """Tell whether a person can make this control send `value`."""
        return self.name == name and (self.kind in _FREE or self.value == value)


@dataclass(frozen=True, slots=True)
class Form:
    """One form: where it goes, how, and what it holds."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    def takes(self, chosen: Fields) -> bool:
        """Tell whether all of this can be chosen here."""
        return all(any(control.takes(*pair) for control in self.controls) for pair in chosen)

    def filled(self, chosen: Fields) -> list[tuple[str, str]]:
        """Return what is sent: the hidden fields, and what was chosen."""
        hidden = [(one.name, one.value) for one in self.controls if one.kind == "hidden"]
        return [*(pair for pair in hidden if pair not in chosen), *chosen]


class FormReader(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a control of the newest one."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get").upper()))
        elif tag == "select":
            self._select = found.get("name", "")
        elif tag == "option":
            self._add(self._select, found, kind=tag)
        elif tag in {"input", "button", "textarea"}:
            self._add(found.get("name", ""), found, kind=found.get("type", "text") if tag == "input" else tag)

    def _add(self, name: str, found: dict[str, str], *, kind: str) -> None:
        if self.forms and name:
            self.forms[-1].controls.append(Control(name, found.get("value", ""), kind))
