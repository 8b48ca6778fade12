"""Consents that an operator brings in: a row as it comes by the socket, what of it does not fit, and the two commands.

`consent check` says of each row what is wrong with it, or what would become of it if its person is of age; `consent
import` asks for that and does it, for all of its rows or for none. A file comes in several of these, as it fits
(`docs/consent-import.md`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.acts.bring_in import NEW, Consent, Import, bring_in, foretell
from gateway.acts.decide import DURATIONS
from gateway.doors import is_about_people
from gateway.doors.admin.of_age import list_of_age, person_of
from gateway.ground.web.local import HANOI
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import store as apps
from gateway.records.apps.types import Ask, Basis
from gateway.records.apps.wording import Readable
from gateway.records.ledger.types import Actor
from gateway.terms.refusal import Refusal

if TYPE_CHECKING:
    from gateway.doors.admin.commands import AdminDoor
    from scopes import Catalogue

MOST_ROWS = 500
GUARDIAN_NEEDED = "guardian_needed"
"""What becomes of a row whose person the platform does not call of age: it is not brought in."""
LONGEST = max(DURATIONS.values())
PLAIN_ID = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]
Fault = dict[str, Any]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> date:
    """Read a day that stands as text; a number would be one of many things."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("a day is written 2026-01-05 or 05/01/2026")


Day = Annotated[date, BeforeValidator(_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConsentRow(_Strict):
    """One row: this person agreed to this ask of this app, as this evidence says; without any it waits for it.

    `ends_at` is the last day on which it holds; `duration` counts from when it is brought in. One of the two stands.
    Platforms are those whose people can sign in as themselves: what is brought in must be theirs to take back (I9).
    """

    platform: Literal["zalo"]
    account: PLAIN_ID
    person: PLAIN_ID
    app: PLAIN_ID
    ask: PLAIN_ID
    evidence: Readable = Field("", max_length=200, repr=False)
    agreed_at: Day
    ends_at: Day | None = None
    duration: Literal["P1D", "P30D", "P90D", "P180D", "P365D"] | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What stands once in a file."""
        return self.platform, self.account, self.person, self.app, self.ask


class ConsentRows(_Strict):
    """`consent check`, `consent import`: some rows of a file, the file's own id, and who brings it in (R70)."""

    file: str = Field(pattern=r"^im_[0-9A-Za-z]{22}$")
    by: Readable = Field(min_length=2, max_length=200)
    rows: list[ConsentRow] = Field(min_length=1, max_length=MOST_ROWS)


async def check_consents(door: "AdminDoor", given: ConsentRows) -> dict[str, Any]:
    """`consent check`."""
    faults, consents = await _read(door, given.rows)
    if faults:
        return {"faults": faults, "outcomes": []}
    return {"faults": [], "outcomes": [each.value for each in await foretell(door.house, consents)]}


async def import_consents(door: "AdminDoor", given: ConsentRows) -> dict[str, Any]:
    """`consent import`: nothing becomes granted of whom the platform does not call of age now.

    Raises:
        Refusal: `bad_arguments`: a row does not fit; `connection_lost`, `platform_refused`: the platform refuses the
            shop. None was brought in.
        Unavailable: as the act says.
    """
    faults, consents = await _read(door, given.rows)
    if faults:
        told = (f"rows.{each['row']}.{each['column']}: {each['fault']}" for each in faults)
        raise Refusal("bad_arguments", "; ".join(told))
    foretold = await foretell(door.house, consents)
    new = [place for place, outcome in enumerate(foretold) if outcome in NEW]
    opening = [consents[place] for place in new if consents[place].evidence]
    of_age = await list_of_age(door.house, door.desk, door.catalogue, opening)
    chosen = [place for place in new if not consents[place].evidence or person_of(consents[place]) in of_age]
    source = Import(given.file, given.by)
    done = await bring_in(door.house, [consents[place] for place in chosen], source, Actor.command_line())
    outcomes = dict(enumerate(foretold)) | dict.fromkeys(new, GUARDIAN_NEEDED) | dict(zip(chosen, done, strict=True))
    return {"outcomes": list(outcomes.values())}


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows name, looked up once for all of them."""

    accounts: Mapping[tuple[str, str], Account | None]
    asks: Mapping[str, Mapping[str, Ask] | None]
    now: datetime
    catalogue: "Catalogue"

    @property
    def today(self) -> date:
        """The day it is, where the rows' days are."""
        return self.now.astimezone(HANOI).date()


async def _read(door: "AdminDoor", rows: Sequence[ConsentRow]) -> tuple[list[Fault], list[Consent]]:
    """Return every fault of the rows, each by its place and column; or, where there is none, what they say."""
    known = await _look_up(door, rows)
    faults: list[Fault] = []
    consents: list[Consent] = []
    seen: set[tuple[str, ...]] = set()
    for place, row in enumerate(rows):
        said = list(_list_faults(row, known))
        if row.key in seen:
            said.append(("person", "this person, app and ask stand twice"))
        seen.add(row.key)
        faults += [{"row": place, "column": column, "fault": fault} for column, fault in said]
        consents += [] if said else [_consent(row, known)]
    return faults, consents


async def _look_up(door: "AdminDoor", rows: Sequence[ConsentRow]) -> _Known:
    named: set[tuple[str, str]] = {(row.platform, row.account) for row in rows}
    async with door.house.storage.read() as connection:
        found = {each: await accounts.find_external(connection, *each) for each in named}
        asks: dict[str, Mapping[str, Ask] | None] = {}
        for app_id in {row.app for row in rows}:
            app = await apps.find(connection, app_id)
            asks[app_id] = None if app is None else {ask.id: ask for ask in await apps.list_asks(connection, app.id)}
    return _Known(found, asks, door.house.clock.now(), door.catalogue)


def _list_faults(row: ConsentRow, known: _Known) -> Iterator[tuple[str, str]]:
    account = known.accounts[row.platform, row.account]
    if account is None or account.parent_id is not None:
        yield "account", f"no account {row.account} of {row.platform} was ever linked here"
    yield from _list_faults_of_ask(row, known)
    yield from _list_faults_of_days(row, known.today)


def _list_faults_of_ask(row: ConsentRow, known: _Known) -> Iterator[tuple[str, str]]:
    asks = known.asks[row.app]
    if asks is None:
        yield "app", f"there is no app {row.app}"
        return
    ask = asks.get(row.ask)
    if ask is None:
        yield "ask", f"the app has no ask {row.ask}"
    elif ask.platform != row.platform:
        yield "ask", f"it is about {ask.platform}, and not {row.platform}"
    elif not is_about_people(known.catalogue, ask.scope):
        yield "ask", "it is not about people: the account itself agrees to it"
    elif ask.basis is Basis.CONTRACT:
        yield "ask", "it rests on a contract: nobody agrees to it"


def _list_faults_of_days(row: ConsentRow, today: date) -> Iterator[tuple[str, str]]:
    if row.agreed_at > today:
        yield "agreed_at", "a day in the future"
    if (row.ends_at is None) is (row.duration is None):
        yield "ends_at", "either this or duration says how long it holds"
    elif row.ends_at is None:
        return
    elif row.ends_at < today:
        yield "ends_at", "a day in the past"
    elif row.ends_at - today > LONGEST:
        yield "ends_at", f"later than {LONGEST.days} days from today"


def _consent(row: ConsentRow, known: _Known) -> Consent:
    account, asks = known.accounts[row.platform, row.account], known.asks[row.app]
    if account is None or asks is None:
        raise AssertionError("a row without a fault names what there is")
    return Consent(account, row.person, asks[row.ask], row.agreed_at, _end_of(row, known.now), row.evidence)


def _end_of(row: ConsentRow, now: datetime) -> datetime:
    """Return when it ends: with its last day in Vietnam, and never later than the longest that anybody may agree to."""
    if row.ends_at is None:
        return now + DURATIONS[row.duration or ""]
    midnight = datetime.combine(row.ends_at + timedelta(days=1), time(), HANOI)
    return min(midnight.astimezone(now.tzinfo), now + LONGEST)
