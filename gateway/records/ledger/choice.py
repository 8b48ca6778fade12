"""Choosing records by kind or grant in the database, where the column that says it may have been changed."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, ColumnElement, LargeBinary, and_, false, func, literal, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.tables import ledger_records
from gateway.terms.ids import AskId, GrantId

_ID_LENGTH = len("lr_") + 22
_LENGTH_BYTES = 4
_NUMBER_BYTES = 8
_KIND_AT = 1 + 1 + 8 + _LENGTH_BYTES + _ID_LENGTH
"""Where a record's bytes say the kind, counted from 1: behind format, number and id (`canonical.py`)."""


def is_or_may_be(kinds: Collection[Kind]) -> ColumnElement[bool]:
    """Leave out a record only where column and bytes agree that it is of another kind.

    One of which they disagree, or say a kind that there is not, was changed: it is listed, and read as such.
    """
    return not_(or_(false(), *(_is(kind) for kind in Kind if kind not in kinds)))


def was_moved_from(grant_id: GrantId) -> ColumnElement[bool]:
    """Choose records that were about a grant by their bytes, whatever their kind, and by the column are not."""
    kinds = {len(kind.value) for kind in Kind}
    places = [_KIND_AT + _LENGTH_BYTES + kind + _NUMBER_BYTES for kind in kinds]  # behind kind and time
    named = or_(false(), *(_says(grant_id, place) for place in places))
    return and_(ledger_records.c.grant_id.is_distinct_from(grant_id), named)


def names_ask(ask_id: AskId) -> ColumnElement[bool]:
    """Choose records whose facts name an ask: of a permission, or in the list of what was refused without a grant."""
    name = json.dumps(ask_id, ensure_ascii=False)
    spelled = [f'"ask":{name}', *(f"{before}{name}{after}" for before in "[," for after in ",]")]
    return or_(*(_holds(ledger_records.c.canonical, literal(each.encode())) for each in spelled))


class _holds(FunctionElement[bool]):  # noqa: N801 - reads as the condition that it is
    """Whether bytes stand in others: `instr` on SQLite, `position` on PostgreSQL, which read no NUL as an end."""

    type = Boolean()
    inherit_cache = True


@compiles(_holds)
def _in_standard_sql(element: _holds, compiler: SQLCompiler, **named: Any) -> str:
    whole, part = (compiler.process(each, **named) for each in element.clauses)
    return f"(position({part} IN {whole}) > 0)"


@compiles(_holds, "sqlite")
def _in_sqlite(element: _holds, compiler: SQLCompiler, **named: Any) -> str:
    whole, part = (compiler.process(each, **named) for each in element.clauses)
    return f"(instr({whole}, {part}) > 0)"


def _is(kind: Kind) -> ColumnElement[bool]:
    return and_(ledger_records.c.kind == kind.value, _says(kind.value, _KIND_AT))


def _says(text: str, place: int) -> ColumnElement[bool]:
    said = len(text).to_bytes(_LENGTH_BYTES) + text.encode()
    return func.substr(ledger_records.c.canonical, place, len(said), type_=LargeBinary) == said
