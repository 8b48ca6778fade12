"""One search over grant log and trace: two lists in the order of time, merged, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge

from gateway.acts.look_up import Looker, look_up_person
from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.meaning import Wanted, read_meaning, vocabulary_of
from gateway.doors.consoles.operators.query import Query
from gateway.ground.web.cursors import read_moment, write_moment
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import SELF, Account
from gateway.records.apps import store as apps
from gateway.records.apps.types import App
from gateway.records.grants import store as grants
from gateway.records.ledger import timeline
from gateway.records.ledger.entries import Damaged, Entry
from gateway.records.trace import store as trace
from gateway.records.trace.entries import DamagedLine
from gateway.records.trace.entries import Entry as TraceEntry
from gateway.records.trace.types import ClosedLine
from gateway.terms.ids import AccountId, AppId
from gateway.terms.refusal import Refusal

Found = Entry | TraceEntry
_LOG, _TRACE = "log", "trace"
OF_ORGANISATIONS = frozenset({"zalo"})
"""Platforms whose accounts are organisations', so that their names are nobody's; other accounts stand as their id."""
_LONGEST_KEY = 40
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the moment, the source and the key (number, line id) of the last row seen.

    At one moment the log stands before the trace.
    """

    at: datetime
    source: str
    key: str

    @classmethod
    def parse(cls, raw_cursor: str) -> "Place | None":
        """Read a cursor; None for anything that is none, which shows the first page."""
        read = read_moment(raw_cursor)
        if read is None:
            return None
        source, _, key = read[1].partition(" ")
        is_known = key.isascii() and (key.isdigit() if source == _LOG else source == _TRACE)
        return cls(read[0], source, key) if is_known and len(key) <= _LONGEST_KEY else None

    def write(self) -> str:
        """Write it as a word for the address."""
        return write_moment(self.at, f"{self.source} {self.key}")

    @property
    def in_log(self) -> timeline.Place:
        """The same place, as the log's list knows it."""
        return (self.at, int(self.key) if self.source == _LOG else 0)

    @property
    def in_trace(self) -> tuple[datetime, str]:
        """The same place, as the trace's list knows it."""
        return (self.at, self.key) if self.source == _TRACE else (self.at + _INSTANT, "")


@dataclass(frozen=True, slots=True)
class Result:
    """One page of what was found, newest first, with the names that its rows need; `older` is a cursor or ""."""

    rows: list[Found]
    apps: Mapping[AppId, App]
    accounts: Mapping[AccountId, Account]
    older: str = ""


async def resolve(door: OperatorsDoor, query: Query, looker: Looker | None, *, purpose: str) -> Wanted:
    """Say what a query asks for; whoever looks a person up is recorded here, before anything is read.

    Records are the person's where they acted, where a part is sealed under their key, and where they are about nobody
    else: what was brought in, or taken back at the platform, no person did. The same look for the same purpose again
    within a few minutes is the one that stands in the log (ADR 0023).

    Raises:
        BadQuery: as `read_meaning` says, or nobody has that login.
        Refusal: `reason_required`: the query looks a person up and nobody said why.
    """
    async with door.house.storage.read() as connection:
        names = vocabulary_of(
            await apps.list_all(connection),
            door.catalogue,
            accounts=await accounts.list_linked(connection, OF_ORGANISATIONS),
            asks=await apps.list_asking(connection, [term.value for term in query.terms]),
        )
    wanted = read_meaning(query, names)
    if wanted.login is None:
        return wanted
    if looker is None:
        raise Refusal("reason_required")
    try:
        with door.looks.noting(looker, f"{purpose} {query.text}") as noted:
            person = await look_up_person(door.house, wanted.login.value, noted)
    except Refusal:
        raise query.refuse(wanted.login) from None
    async with door.house.storage.read() as connection:
        held = await accounts.list_held(connection, person.id, door.house.clock.now())
        theirs = await grants.list_of_accounts(connection, [account.id for account, _ in held])
    alone = {account.id for account, standing in held if standing.role == SELF}
    own = [grant.id for grant in theirs if grant.account_id in alone]
    return replace(
        wanted,
        log=wanted.log and replace(wanted.log, person_id=person.id, own_grant_ids=own),
        trace=wanted.trace and replace(wanted.trace, grant_ids=[grant.id for grant in theirs]),
    )


async def search(door: OperatorsDoor, wanted: Wanted, place: Place | None, *, limit: int) -> Result:
    """Read one page."""
    async with door.house.storage.read() as connection:
        entries: list[Entry] = []
        lines: list[TraceEntry] = []
        if wanted.log is not None:
            before = place.in_log if place else None
            entries = await timeline.list_by_time(connection, wanted.log, limit + 1, before=before)
        if wanted.trace is not None:
            narrowed = replace(wanted.trace, before=place.in_trace if place else None)
            lines = await trace.list_lines(connection, narrowed, limit + 1)
        found = list(merge(entries, lines, key=_moment, reverse=True))
        rows = found[:limit]
        known_apps = {app.id: app for app in await apps.list_all(connection)}
        known = await accounts.list_named(connection, {account for row in rows if (account := account_of(row))})
    older = _place_of(rows[-1]).write() if len(found) > limit else ""
    return Result(rows, known_apps, known, older)


def account_of(found: Found) -> AccountId | None:
    """Return the account that a row is about."""
    if isinstance(found, Damaged | DamagedLine):
        return None
    return found.line.account_id if isinstance(found, ClosedLine) else found.account_id


def _moment(found: Found) -> datetime:
    return found.at


def _place_of(found: Found) -> Place:
    if isinstance(found, ClosedLine | DamagedLine):
        return Place(found.at, _TRACE, found.id[:_LONGEST_KEY])
    return Place(found.at, _LOG, str(found.seq))
