"""Choosing records by kind or grant in the database, where the column that says it may have been changed."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, LargeBinary, and_, false, func, not_, or_

from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.tables import ledger_records
from gateway.terms.ids import GrantId

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


def _is(kind: Kind) -> ColumnElement[bool]:
    return and_(ledger_records.c.kind == kind.value, _says(kind.value, _KIND_AT))


def _says(text: str, place: int) -> ColumnElement[bool]:
    said = len(text).to_bytes(_LENGTH_BYTES) + text.encode()
    return func.substr(ledger_records.c.canonical, place, len(said), type_=LargeBinary) == said
