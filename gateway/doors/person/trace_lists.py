"""Calls and looks as one list, newest first, and how many of them a day has that a page shows a part of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.looks import list_looks
from gateway.doors.person.trace_query import TraceQuery
from gateway.ground.web.local import HANOI, local_day
from gateway.records.ledger.types import Record
from gateway.records.people.types import Person
from gateway.records.trace import store as trace
from gateway.records.trace.entries import Entry

PAGE = 50
Row = Entry | Record


async def list_rows(door: PersonDoor, person: Person, asked: TraceQuery, wanted: trace.Filter) -> list[Row]:
    """List the newest of both, one more at least than a page holds if there are; looks only where they can be meant."""
    limit = PAGE + 1
    async with door.house.storage.read() as connection:
        lines = await trace.list_lines(connection, wanted, limit)
    before = wanted.before
    looks = [] if asked.is_of_calls else await list_looks(door, person, limit, since=wanted.since, before=before)
    return sorted([*lines, *looks], key=_moment, reverse=True)


async def count_cut_days(
    door: PersonDoor, person: Person, asked: TraceQuery, wanted: trace.Filter, *, found: Sequence[Row]
) -> dict[date, int]:
    """Count, whole, the days of which a page may hold a part: its first where it is not the first, and its last."""
    page = found[:PAGE]
    cut = [*([page[0]] if page and asked.before else []), *([page[-1]] if len(found) > PAGE else [])]
    days = {day for row in cut if (day := local_day(row.at)) is not None}
    return {day: await _count(door, person, asked, wanted, day=day) for day in days}


async def _count(door: PersonDoor, person: Person, asked: TraceQuery, wanted: trace.Filter, *, day: date) -> int:
    since, until = (_start_of(each) for each in (day, day + timedelta(days=1)))
    async with door.house.storage.read() as connection:
        calls = await trace.count_lines(connection, replace(wanted, since=since, until=until, before=None))
    looks = [] if asked.is_of_calls else await list_looks(door, person, None, since=since, before=(until, ""))
    return calls + len(looks)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), HANOI).astimezone(UTC)


def _moment(found: Row) -> tuple[datetime, str]:
    """Return the place of a row; at one moment calls (`tr_`) stand before looks (`lr_`), which cursors rest on."""
    if isinstance(found, Record):
        return (found.at, "lr_")
    return (found.at, "tr_")
