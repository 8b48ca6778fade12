"""Tampering with a database past the gateway, inside a transaction that is rolled back: verification sees it whole."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, LargeBinary, Table, and_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.acts import House
from gateway.acts.verify_log import verify_log
from gateway.ground.storage.schema import Instant
from gateway.records.grants.tables import grants, permissions
from gateway.records.ledger.findings import Finding
from gateway.records.ledger.tables import (
    ledger_checkpoints,
    ledger_head,
    ledger_nodes,
    ledger_parts,
    ledger_records,
    notices,
)
from tests.contract.steps import keys_of
from tests.stand_ins.clock import START

TABLES = (ledger_records, ledger_parts, ledger_nodes, ledger_checkpoints, ledger_head, notices, grants, permissions)
COLUMNS = [column for table in TABLES for column in table.c]


@dataclass(frozen=True, slots=True)
class Peek:
    """What `verify_log` reads through: the tampering connection instead of a fresh snapshot."""

    connection: AsyncConnection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield the connection."""
        yield self.connection


@dataclass(frozen=True, slots=True)
class Target:
    """A house with a history, and a way into its database that obeys no foreign key."""

    house: House
    engine: AsyncEngine

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is never committed."""
        async with self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection

    async def verified(self, connection: AsyncConnection, **changes: Any) -> Finding:
        """Verify what stands in the transaction."""
        key, house = self.house.ledger.verifier_key, self.house
        assert key is not None
        given: dict[str, Any] = {"person_keys": keys_of(house), "checkpoints": house.ledger.path, **changes}
        return await verify_log(
            Peek(connection),  # type: ignore[arg-type]
            given.get("key", key),
            given["person_keys"],
            checkpoints=given["checkpoints"],
        )


async def list_rows(connection: AsyncConnection, table: Table) -> list[Mapping[str, Any]]:
    """Read a table in the order of its key, rows that are current after those that are not."""
    rows = await connection.execute(select(table).order_by(*table.primary_key.columns))
    return sorted((dict(row) for row in rows.mappings()), key=lambda row: row.get("is_current", True))


async def change(connection: AsyncConnection, column: "Column[Any]", row: Mapping[str, Any], value: Any) -> None:
    """Write another value into one column of one row."""
    table = column.table
    assert isinstance(table, Table)
    known = and_(*[key == row[key.name] for key in table.primary_key.columns])
    assert (await connection.execute(update(table).where(known).values({column.name: value}))).rowcount == 1


async def change_raw(connection: AsyncConnection, column: "Column[Any]", row: Mapping[str, Any], word: str) -> None:
    """Write text into a column of any type, as SQLite lets one."""
    table = column.table
    assert isinstance(table, Table)
    known = and_(*[key == row[key.name] for key in table.primary_key.columns])
    where = known.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    await connection.execute(text(f"UPDATE {table.name} SET {column.name} = '{word}' WHERE {where}"))  # noqa: S608


OTHER: dict[type, Callable[[Any], Any]] = {
    str: lambda value: f"{value}x",
    bytes: lambda value: bytes([value[0] ^ 1]) + value[1:],
    bool: lambda value: not value,
    int: lambda value: value + 1,
    datetime: lambda value: value + timedelta(microseconds=1),
    list: lambda value: [*value, "00" * 32],
}
FIRST: dict[type, Any] = {Instant: START, LargeBinary: b"x", Integer: 7, BigInteger: 7, Boolean: True, JSON: []}


def other_value(column: "Column[Any]", value: Any) -> Any:
    """Return a value of the column's type that is not the one it has."""
    if value is None:
        return next((first for kind, first in FIRST.items() if isinstance(column.type, kind)), "x")
    return OTHER[type(value)](value)


def name_of(column: "Column[Any]") -> str:
    """Name a column for a test's id."""
    return str(column)
