"""Choosing records by their kind in the database, where the column that says it may have been changed."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, LargeBinary, and_, false, func, not_, or_

from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.tables import ledger_records

_ID_LENGTH = len("lr_") + 22
_LENGTH_BYTES = 4
_KIND_AT = 1 + 1 + 8 + _LENGTH_BYTES + _ID_LENGTH
"""Where a record's bytes say the kind, counted from 1: behind format, number and id (`canonical.py`)."""


def is_or_may_be(kinds: Collection[Kind]) -> ColumnElement[bool]:
    """Leave out a record only where column and bytes agree that it is of another kind.

    One of which they disagree, or say a kind that there is not, was changed: it is listed, and read as such.
    """
    return not_(or_(false(), *(_is(kind) for kind in Kind if kind not in kinds)))


def _is(kind: Kind) -> ColumnElement[bool]:
    said = len(kind.value).to_bytes(_LENGTH_BYTES) + kind.value.encode()
    at_its_place = func.substr(ledger_records.c.canonical, _KIND_AT, len(said), type_=LargeBinary)
    return and_(ledger_records.c.kind == kind.value, at_its_place == said)
