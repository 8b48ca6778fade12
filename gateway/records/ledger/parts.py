"""The sealed parts of records, as they are stored, and what is not as their records say of them."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.records.ledger.canonical import PartDigest
from gateway.records.ledger.tables import ledger_parts

PartName = tuple[str, str]
"""Which part of a record, and whose: its name and the person."""


async def list_parts(connection: AsyncConnection, record_ids: Sequence[Any]) -> dict[str, list[RowMapping]]:
    """List the sealed parts of some records, by record; values as they are stored, trusted in nothing.

    What stands where an id belongs and is none, bytes or text that is no UTF-8, has no parts: it cannot be asked for.
    """
    asked = [record_id for record_id in record_ids if isinstance(record_id, str) and record_id.isprintable()]
    query = as_stored(ledger_parts).where(ledger_parts.c.record_id.in_(asked))
    found: dict[str, list[RowMapping]] = {record_id: [] for record_id in record_ids}
    for row in (await connection.execute(query.order_by(ledger_parts.c.name, ledger_parts.c.person_id))).mappings():
        found[row["record_id"]].append(row)
    return found


def find_faults(digests: Iterable[PartDigest], parts: Iterable[RowMapping]) -> dict[PartName, str]:
    """Find the parts that were added, taken away or changed: by their bytes alone, so that erased ones count too."""
    told = {(digest.name, digest.person_id): digest for digest in digests}
    named = {(part["name"], part["person_id"]): part["sealed"] for part in parts}
    faults = {place: f"a part, {place[0]}, that the record does not name" for place in named if place not in told}
    for place, digest in told.items():
        sealed = named.get(place)
        if place not in named:
            faults[place] = f"its {digest.name} part is missing"
        elif not isinstance(sealed, bytes) or hashlib.sha256(sealed).digest() != digest.sealed_sha256:
            faults[place] = f"its {digest.name} part was changed"
    return faults
