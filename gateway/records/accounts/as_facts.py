"""Standings and connections as facts: as records of the grant log tell them, and straight from what is stored.

What is stored is read by no column's type, so nothing that someone wrote past the gateway can hide behind an error.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ground.storage.schema import as_stored
from gateway.records.accounts.tables import connections, standings
from gateway.records.accounts.types import NEVER, Connection, Standing
from gateway.terms.instants import microseconds

Facts = dict[str, Any]

_ENDLESS_US = microseconds(NEVER)
_CONNECTION = {
    "id": "id",
    "account_id": "account",
    "brought_id": "brought",
    "upstream_app": "upstream_app",
    "state": "state",
    "lost_reason": "reason",
    "generation": "generation",
}
"""What the log tells of a connection, by column: its credential is renewed many times a day, without a record."""
_STANDING = {
    "id": "id",
    "account_id": "account",
    "person_id": "person",
    "role": "role",
    "proven_how": "how",
    "proven_at": "proven_at",
    "lapses_at": "lapses_at",
}


def standing_facts(standing: Standing) -> Facts:
    """Write a standing down for the grant log, whole; None as its end: it does not lapse."""
    times = {"proven_at": microseconds(standing.proven_at), "lapses_at": _end_of(microseconds(standing.lapses_at))}
    return {name: getattr(standing, column) for column, name in _STANDING.items()} | times


def connection_facts(link: Connection) -> Facts:
    """Write a connection down for the grant log, without its credential."""
    return {name: getattr(link, column) for column, name in _CONNECTION.items()} | {"state": link.state.value}


async def list_standings(connection: AsyncConnection) -> dict[str, Facts]:
    """List the facts of every standing, as `standing_facts` has them, by id."""
    rows = (await connection.execute(as_stored(standings))).mappings()
    return {row["id"]: _renamed(row, _STANDING) | {"lapses_at": _end_of(row["lapses_at"])} for row in rows}


async def list_connections(connection: AsyncConnection) -> dict[str, Facts]:
    """List the facts of every connection, as `connection_facts` has them, by id."""
    rows = (await connection.execute(as_stored(connections))).mappings()
    return {row["id"]: _renamed(row, _CONNECTION) for row in rows}


def _renamed(row: Any, names: dict[str, str]) -> Facts:
    return {name: row[column] for column, name in names.items()}


def _end_of(raw_lapses_at: Any) -> Any:
    """No number of the log is that large."""
    return None if raw_lapses_at == _ENDLESS_US else raw_lapses_at
