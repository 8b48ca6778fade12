"""A statement on SQLite goes to the connection's thread once; a long answer as often as it must."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.ground.storage.one_trip import FIRST_ROWS, OneTripConnection, connect


class Counting(OneTripConnection):
    """Counts its trips."""

    trips = 0

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self.trips += 1
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Counting]:
    """Yield a connection to a table of some rows."""
    opened = connect(str(tmp_path / "a.db"), check_same_thread=False, isolation_level=None)
    opened.__class__ = Counting
    async with opened:
        assert isinstance(opened, Counting)
        await opened.cursor().execute("CREATE TABLE things (n INTEGER)")
        await opened.cursor().executemany("INSERT INTO things VALUES (?)", [(n,) for n in range(2 * FIRST_ROWS)])
        opened.trips = 0
        yield opened


@pytest.mark.parametrize("count,trips", [(0, 1), (1, 1), (FIRST_ROWS - 1, 1), (FIRST_ROWS, 2), (2 * FIRST_ROWS, 2)])
async def test_a_small_answer_is_one_trip(connection: Counting, count: int, trips: int) -> None:
    """Executed, fetched and closed; a longer one is fetched in one more."""
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT n FROM things ORDER BY n LIMIT ?", (count,))
        assert await cursor.fetchall() == [(n,) for n in range(count)]
        assert await cursor.fetchall() == []
    assert connection.trips == trips


async def test_a_change_is_one_trip(connection: Counting) -> None:
    """It says how many rows it changed, and has none to fetch."""
    async with connection.cursor() as cursor:
        await cursor.execute("UPDATE things SET n = 0 WHERE n < 3")
        assert (cursor.rowcount, cursor.description, await cursor.fetchone()) == (3, None, None)
    assert connection.trips == 1


async def test_rows_are_taken_as_they_are_wanted(connection: Counting) -> None:
    """One by one and by the dozen, without loss at the seam; a new statement on the cursor begins anew."""
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT n FROM things ORDER BY n")
        taken = [await cursor.fetchone()]
        while some := await cursor.fetchmany(100):
            taken += some
        assert taken == [(n,) for n in range(2 * FIRST_ROWS)]
        assert await cursor.fetchone() is None
        await cursor.execute("SELECT n FROM things ORDER BY n")
        await cursor.execute("SELECT 'b'")
        assert await cursor.fetchmany(5) == [("b",)]


async def test_a_cursor_left_in_the_middle_holds_nothing(connection: Counting) -> None:
    """Closed, its statement is at its end: the table can be dropped."""
    cursor = connection.cursor()
    await cursor.execute("SELECT n FROM things")
    await cursor.close()
    await connection.cursor().execute("DROP TABLE things")
    assert connection.trips == 3
