"""What stands round every page: where you are, who you are, which language, whom to complain to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

Lang = Literal["vi", "en"]
DEFAULT_LANG: Lang = "vi"


def choose_lang(raw_lang: str | None) -> Lang:
    """Return the language that `?lang=` names, else Vietnamese.

    No cookie remembers it and no header guesses it (R85: a fresh browser holds session and form cookies only), so links
    carry it: `Frame.link`.
    """
    return "en" if raw_lang == "en" else DEFAULT_LANG


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone to write to, as the operator's settings name them; shown as given.

    Args:
        name: a person or an authority.
        lines: address, opening hours, time to answer: a line each.
        email: empty when there is none.
    """

    name: str
    lines: Sequence[str] = ()
    email: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What is the same on every page of one gateway.

    Args:
        domain: host (and port, if not the scheme's own) of the public origin; stands beside the wordmark.
        protection: the data-protection contact (R79), or None while the operator has not set it.
        authority: whom people may complain to (R79), or None.
        has_ways: there is more than one way to sign in, and a page about them.
    """

    domain: str
    protection: Contact | None = None
    authority: Contact | None = None
    has_ways: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one answer.

    Args:
        site: the gateway.
        lang: the page's language.
        query: this very page's query (`request.query_string`), for the language switch.
        csrf_token: the form token that goes into every form of the page.
        visitor: display name of the one signed in; empty: nobody is.
        roles: what that person is here, in words of `Role`: which parts the page leads to.
    """

    site: Site
    lang: Lang
    query: str
    csrf_token: str
    visitor: str = ""
    roles: frozenset[str] = frozenset()

    def link(self, path: str) -> str:
        """Return an own path with the page's language kept; use it for every `Location` too."""
        return with_query(path, lang=None if self.lang == DEFAULT_LANG else self.lang)

    @property
    def other_lang(self) -> Lang:
        """The language that the switch leads to."""
        return "vi" if self.lang == "en" else "en"

    @property
    def switch_link(self) -> str:
        """This page in the other language: a query alone, so that no path an outsider chose ever becomes a link."""
        return with_query(f"?{self.query}", lang=self.other_lang)


class PageView(Protocol):
    """What a page is made of: a frozen dataclass that names its template (`<door>/<page>.html`)."""

    TEMPLATE: ClassVar[str]


def with_query(path: str, **changes: str | None) -> str:
    """Return the path with query keys set, or taken out where the value is None; other keys and the fragment stay."""
    parts = urlsplit(path)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in changes]
    added = [(key, value) for key, value in changes.items() if value is not None]
    return parts._replace(query=urlencode(kept + added)).geturl()
