"""The one metadata of all tables, and the column types that mean the same on both databases."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    event,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.rows import UNREAD
from gateway.terms.instants import microseconds, moment_of
from gateway.terms.resources import in_words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def as_stored(table: Table, *names: str) -> Select[Any]:
    """Select a table's values as the database holds them, read by no type: for checks that trust no column.

    Of the columns named, or of all.
    """
    chosen = [table.c[name] for name in names] or table.c
    columns: list[Any] = [type_coerce(column, NullType()).label(column.name) for column in chosen]
    return select(*columns)


def as_shown(raw: object) -> str:
    """Write such a value for a page, a terminal or JSON: SQLite holds bytes, and text that is no UTF-8, anywhere."""
    text = raw if isinstance(raw, str) else repr(raw)
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class _Checked(TypeDecorator[Any]):
    """A column whose values have a form: one that has another is `Unreadable`, by the column's name."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = NullType
    cache_ok = True
    place = ""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read by the type, and say of what it cannot read where it stands."""
        read = super().result_processor(dialect, coltype)
        return None if read is None else _checked(read, self.place)


def _checked(read: Callable[[Any], Any], place: str) -> Callable[[Any], Any]:
    def checked(raw_value: Any) -> Any:
        try:  # no `with reading(place)`: this runs for each value of each row
            return read(raw_value)
        except UNREAD as error:
            raise Unreadable(place) from error

    return checked


@event.listens_for(Column, "after_parent_attach")
def _name_place(column: "Column[Any]", table: Any) -> None:
    if isinstance(column.type, _Checked):
        column.type.place = f"{table.name}.{column.name}"


class Json(_Checked):
    """JSON, as the database holds it."""

    impl = JSON(none_as_null=True)
    cache_ok = True


class Blob(_Checked):
    """Bytes; SQLite keeps any value in such a column."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what is no bytes."""
        if value is None or isinstance(value, bytes):
            return value
        raise ValueError("no bytes")


class Whole(_Checked):
    """A whole number; SQLite keeps any value in such a column."""

    impl = Integer
    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what is no number."""
        if value is None or isinstance(value, int):
            return value
        raise ValueError("no whole number")


class OneOf(_Checked):
    """A text that is one of an enumeration's values; read as a text."""

    impl = String
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse any other text, by one look: each call of the proxy reads a dozen."""
        known = {None: None} | {member.value: member.value for member in self.members}
        return _checked(known.__getitem__, self.place)


class Instant(_Checked):
    """An aware UTC datetime, stored as microseconds since 1970 (ADR 0003).

    SQLite has no time zone, PostgreSQL's timestamps pass through driver conversions; an integer is exact, ordered and
    the same bytes in the grant log on both.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn a datetime into microseconds; a naive one is a bug and raises TypeError."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn microseconds back into an aware datetime."""
        return None if value is None else moment_of(int(value))


class Words(_Checked):
    """A short list of words that is read and written whole, stored as a JSON array."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> list[str] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn the tuple into a JSON list."""
        return None if value is None else list(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn the JSON list back into a tuple."""
        return None if value is None else tuple(value)


class ResourceIds(_Checked):
    """To which resources something is narrowed, in their one spelling; null: it is not narrowed (`terms.resources`)."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write the set."""
        return in_words(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> frozenset[str] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read the set."""
        return None if value is None else frozenset(value.split())


class ResourcesById(_Checked):
    """Several narrowings, each under the id of what it narrows; null: nothing is narrowed."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, frozenset[str]] | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn the sets into JSON lists; a mapping that narrows nothing is null."""
        return {name: sorted(ids) for name, ids in sorted(value.items())} if value else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, frozenset[str]] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn the JSON lists back into sets."""
        return None if value is None else {name: frozenset(ids) for name, ids in value.items()}
