"""Grants and permissions as facts, straight from what is stored: what verification compares with the grant log.

No value is read by its column's type, so nothing that someone wrote past the gateway can hide behind an error.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.records.grants.tables import grants, permissions

Facts = dict[str, Any]

_NAMES = {"ask_id": "ask", "is_current": "current"}  # columns whose facts have another name
_BOOLEANS: dict[Any, bool] = {0: False, 1: True}


async def list_grants(connection: AsyncConnection) -> dict[str, Facts]:
    """List every grant's facts, by its id."""
    rows = (await connection.execute(as_stored(grants))).mappings()
    return {row["id"]: _renamed(row, {"account_id": "account", "app_id": "app"}, left_out="id") for row in rows}


async def list_permissions(connection: AsyncConnection) -> dict[str, dict[str, Facts]]:
    """List the facts of every permission, as `Permission.to_facts` has them, by grant and permission id."""
    found: dict[str, dict[str, Facts]] = defaultdict(dict)
    for row in (await connection.execute(as_stored(permissions))).mappings():
        facts = _renamed(row, _NAMES, left_out="grant_id")
        if facts["basis"] is None:  # as `Permission.to_facts` has it, and as all had it before there were any
            del facts["basis"]
        found[row["grant_id"]][row["id"]] = {**facts, "current": _BOOLEANS.get(facts["current"], facts["current"])}
    return found


def _renamed(row: Any, names: dict[str, str], *, left_out: str) -> Facts:
    return {names.get(name, name): value for name, value in row.items() if name != left_out}
