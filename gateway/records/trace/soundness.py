"""What each column of a trace line can have been given, asked of the database itself.

SQLite holds anything in any column, and its JSON functions fail on what is no JSON; PostgreSQL holds to the types, but
not to what we write in them. Each question here has an answer for everything that can stand there.
"""

from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    LargeBinary,
    String,
    TableValuedAlias,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    true,
    type_coerce,
)

from gateway.ground.storage.schema import Instant, Words
from gateway.terms.instants import EARLIEST, LATEST

MOST: Final = 2**31 - 1
"""What a column of whole numbers holds on PostgreSQL."""
_OUTSIDE: Final = "[^ -~]"
_WORDS: Final = r'^\[("[^"\\]*"(, "[^"\\]*")*)?\]$'


def is_sound(column: Column[Any], *, on_sqlite: bool) -> ColumnElement[bool]:
    """Tell whether a column that is not null holds what its type says: printable ASCII, words, a time, a count."""
    if isinstance(column.type, Words):
        return _is_words(column, on_sqlite=on_sqlite)
    if isinstance(column.type, String):
        return _is_text(column, on_sqlite=on_sqlite)
    least, most = (EARLIEST, LATEST) if isinstance(column.type, Instant) else (0, MOST)
    is_number = func.typeof(column) == "integer" if on_sqlite else true()
    return and_(is_number, column >= least, column <= most)


def unfold(column: Column[Any], *, on_sqlite: bool) -> TableValuedAlias:
    """Unfold a list of words, one row for each; what is no such list has none."""
    kind = Text if on_sqlite else JSON
    words = case((_is_words(column, on_sqlite=on_sqlite), cast(column, kind)), else_=cast(literal_column("'[]'"), kind))
    each = func.json_each if on_sqlite else func.json_array_elements_text
    return each(words).table_valued(Column("value", String), name="unfolded")


def _is_text(column: Column[Any], *, on_sqlite: bool) -> ColumnElement[bool]:
    text = type_coerce(column, Text)
    if not on_sqlite:
        return text.op("!~")(_OUTSIDE)
    has_no_nul = func.length(text) == func.length(cast(text, LargeBinary))
    return and_(func.typeof(text) == "text", has_no_nul, text.op("NOT GLOB")(f"*{_OUTSIDE}*"))


def _is_words(column: Column[Any], *, on_sqlite: bool) -> ColumnElement[bool]:
    """Tell whether it is a JSON list of nothing but texts, in the spelling of our writer; none needs an escape."""
    if not on_sqlite:
        written = cast(column, Text)
        return and_(written.op("!~")(_OUTSIDE), written.op("~")(_WORDS))
    raw = type_coerce(column, Text)
    joined = func.replace(raw, '", "', "")
    inside = func.substr(joined, len('["') + 1, func.length(joined) - len('[""]'))
    is_list = and_(joined.op("GLOB")('[[]"*"]'), inside.op("NOT GLOB")('*["\\]*'))
    return and_(_is_text(column, on_sqlite=True), or_(raw == "[]", is_list))
