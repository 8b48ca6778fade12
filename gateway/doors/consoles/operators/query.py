"""The query language: `key:value`, `key:"several words"`, words alone; everything must hold.

Here a query becomes terms; `meaning.py` says what they mean. What cannot be read is told by column, with a query beside
it that can.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from gateway.doors.consoles.operators.views import QueryError

KEYS = ("app", "action", "person", "after", "before", "outcome", "source", "grant", "account", "ask")
LONGEST_QUERY = 500
_MOST_FAULTS = 100
_SHOWN_SIGNS = 20
_TERM = re.compile(r'(?:(?P<key>[A-Za-z][A-Za-z_]*):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]*))')
_NOT_TYPED = frozenset({"Cc", "Cs", "Cn", "Co"})


class BadQuery(Exception):
    """The query cannot be read."""

    def __init__(self, error: QueryError) -> None:
        super().__init__(error.found)
        self.error = error


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: its key ("" for a word alone), its value, and where it stands in the query (from 0)."""

    key: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query that could be read: what was typed (in NFC), and its terms."""

    text: str
    terms: tuple[Term, ...]

    def find(self, key: str) -> Term | None:
        """Find the term of a key, the first if there are several."""
        return next((term for term in self.terms if term.key == key), None)

    def refuse(self, term: Term, instead: str = "", *, allowed: Sequence[str] = ()) -> BadQuery:
        """Return the error at a term; the mended query holds `instead` there, where any of `allowed` may stand."""
        bad = _bad(self.text, term.start, term.end, instead=instead)
        return BadQuery(replace(bad.error, allowed=tuple(allowed)))


def parse_query(raw_query: str) -> Query:
    """Read a query.

    Raises:
        BadQuery: an unknown key, a value that is missing, a quotation mark that is not closed, signs nobody types; the
            query that it offers instead can be read.
    """
    text = unicodedata.normalize("NFC", raw_query)
    if len(text) > LONGEST_QUERY:
        raise BadQuery(QueryError(LONGEST_QUERY + 1, text[LONGEST_QUERY : LONGEST_QUERY + 20]))
    try:
        return _parse(text)
    except BadQuery as bad:
        raise BadQuery(replace(bad.error, mended=_mended(bad.error.mended))) from None


def _parse(text: str) -> Query:
    for place, sign in enumerate(text):
        if unicodedata.category(sign) in _NOT_TYPED:
            raise _bad(text, place, place + 1)
    query = Query(text, tuple(_terms(text)))
    persons = [term for term in query.terms if term.key == "person"]
    if len(persons) > 1:
        raise query.refuse(persons[1])
    return query


def _mended(text: str) -> str:
    """Mend the faults behind the first one too, so that the link leads to a query that works."""
    for _ in range(_MOST_FAULTS):
        try:
            return _parse(text).text
        except BadQuery as bad:
            text = bad.error.mended
    return ""


def quoted(value: str) -> str:
    """Return a value as it stands in a query."""
    return f'"{value}"' if not value or re.search(r"[\s:]", value) else value


def _terms(text: str) -> list[Term]:
    terms: list[Term] = []
    place = len(text) - len(text.lstrip())
    while place < len(text):
        term = _term(text, place)
        terms.append(term)
        rest = text[term.end :]
        place = term.end + len(rest) - len(rest.lstrip())
    return terms


def _term(text: str, start: int) -> Term:
    found = _TERM.match(text, start)
    end = start if found is None else found.end()
    if found is None or end == start or text[end : end + 1] == '"':
        raise _unclosed(text, start, end)
    key, value = (found["key"] or "").lower(), found["quoted"] if found["bare"] is None else found["bare"]
    if key and key not in KEYS:
        close = get_close_matches(key, KEYS, n=1)
        instead = f"{close[0]}:{quoted(value)}" if close and value.strip() else quoted(found[0].replace('"', ""))
        raise _bad(text, start, end, instead=instead, shown=f"{found['key']}:")
    if not value.strip():
        raise _bad(text, start, end)
    return Term(key, value.strip(), start, end)


def _unclosed(text: str, start: int, mark: int) -> BadQuery:
    """Set the quotation apart from the word before it, and close it where the text ends."""
    before, inside = text[start:mark], text[mark + 1 :]
    is_closed = '"' in inside
    held = inside.strip()
    quotation = text[mark:] if is_closed else f'"{held}"' if held else ""
    gap = "" if not before or before.endswith(":") else " "
    shown = text[mark : mark + _SHOWN_SIGNS]
    return _bad(text, mark, len(text), instead=f"{before}{gap}{quotation}", shown=shown, since=start)


def _bad(  # noqa: PLR0913 - a place, and what to put there
    text: str, start: int, end: int, *, instead: str = "", shown: str | None = None, since: int | None = None
) -> BadQuery:
    parts = (text[: start if since is None else since].rstrip(), instead, text[end:].lstrip())
    mended = " ".join(part for part in parts if part)
    return BadQuery(QueryError(start + 1, text[start:end] if shown is None else shown, mended))
