"""What a receipt says, gathered from the record and the register: the same facts for sheet, list and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.doors.person.brought import open_brought
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.receipt_codes import EVENTS, receipt_code
from gateway.doors.person.views_grants import BroughtView
from gateway.ground.storage.rows import reading
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.apps import store as apps
from gateway.records.apps.types import App, Ask, Basis
from gateway.records.grants.types import STANDING_STATES
from gateway.records.ledger.causes import Because
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.ids import AskId, PersonId
from gateway.terms.instants import moment_of
from gateway.terms.resources import Resources


@dataclass(frozen=True, slots=True)
class Item:
    """One ask on a receipt, the state that was decided, until when, and for which resources; what it was brought by."""

    ask: Ask
    state: str
    ends_at: datetime | None
    resources: Resources = None
    brought: BroughtView | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A receipt's facts.

    Args:
        account: None for a refusal before an account was linked.
        person: who decided; None for the gateway itself (an expiry) and for its operator's command line.
        erased: under which asks the app may hold something and was to erase it, at a platform's word.
    """

    record: Record
    app: App
    account: Account | None
    person: Person | None
    items: Sequence[Item]
    erased: Sequence[Ask] = ()

    @property
    def shown_event(self) -> str:
        """The same as `event` for people: a mere no to what rests on a contract is an objection."""
        is_objection = self.event == "refused" and {*self.states} == {"objected"}
        return "objected" if is_objection else self.event

    @property
    def states(self) -> Sequence[str]:
        """What was decided on each item, as people are told of it."""
        return [self.state_of(item) for item in self.items]

    def state_of(self, item: Item) -> str:
        """Tell what was decided on one."""
        is_theirs = self.account is not None and self.account.parent_id is not None
        is_objection = is_theirs and item.state == "refused" and item.ask.basis is Basis.CONTRACT
        return "objected" if is_objection else item.state

    @property
    def code(self) -> str:
        """The receipt's code."""
        return receipt_code(self.record)

    @property
    def event(self) -> str:
        """What it is about: one of the values of `EVENTS`."""
        return EVENTS[self.record.kind]

    @property
    def because(self) -> Because | None:
        """Why it is to be confirmed anew, where it is about that."""
        return Because.of(self.record)

    @property
    def notice(self) -> str:
        """SHA-256 of the text that was shown, in hex; empty where none was."""
        return str(self.record.facts.get("notice", ""))

    @property
    def resources(self) -> dict[AskId, Resources]:
        """For which resources each ask was decided."""
        return {item.ask.id: item.resources for item in self.items}

    @property
    def ends_at(self) -> datetime | None:
        """When the last of what can still let something through ends."""
        return max(
            (item.ends_at for item in self.items if item.state in STANDING_STATES and item.ends_at), default=None
        )


async def read_sheets(door: PersonDoor, records: Sequence[Record]) -> list[Sheet]:
    """Gather the facts of several records, each of a kind that has a receipt and about an app.

    Raises:
        Unreadable: a row of the register that one of them rests on is damaged.
    """
    sheets: list[Sheet] = []
    async with door.house.storage.read() as connection:
        actors = frozenset(PersonId(each.actor.id) for each in records if each.actor.is_named)
        known = await people.list_named(connection, actors)
        for record in records:
            app = await apps.find(connection, record.app_id or "")
            if app is None:
                raise AssertionError("a decision is about an app of the register")
            account = await accounts.find(connection, record.account_id) if record.account_id else None
            asks = {ask.id: ask for ask in await apps.list_asks(connection, app.id)}
            person = known.get(PersonId(record.actor.id))
            is_brought = record.kind is Kind.BROUGHT_IN
            brought = await open_brought(connection, record, door.house.ledger.person_keys) if is_brought else {}
            with reading(f"asks of {app.id}"):  # those that cannot be read are not among them
                items = [replace(item, brought=brought.get(item.ask.id)) for item in _items(record, asks)]
                erased = [asks[ask_id] for ask_id in record.facts.get("erase", ())]
            sheets.append(Sheet(record, app, account, person, items, erased))
    return sheets


def _items(record: Record, asks: Mapping[Any, Ask]) -> list[Item]:
    """Read the asks of a record; one that was replaced by a new decision is told by the new one alone."""
    facts, is_past = record.facts, record.kind is Kind.OBJECTION_LIFTED
    refused = [Item(asks[ask_id], "refused", None) for ask_id in facts.get("refused_asks", ())]
    decided = [
        Item(
            _as_decided(asks[fact["ask"]], fact.get("basis")),
            fact["state"],
            None if fact["ends_at"] is None else moment_of(fact["ends_at"]),
            _resources_of(fact),
        )
        for fact in facts.get("permissions", ())
        if fact["current"] or is_past
    ]
    reached = [
        Item(asks[fact["ask"]], fact["state"], moment_of(fact["ends_at"]), _resources_of(fact))
        for fact in facts.get("reached", ())
    ]
    places = {ask_id: place for place, ask_id in enumerate(asks)}
    return sorted(refused + decided + reached, key=lambda item: places[item.ask.id])


def _resources_of(fact: Mapping[str, Any]) -> Resources:
    return None if fact["resources"] is None else frozenset(fact["resources"].split())


def _as_decided(ask: Ask, basis: str | None) -> Ask:
    """Return an ask with the basis that it had when it was decided; a record from before there were any says none."""
    return replace(ask, basis=Basis(basis) if basis else None)
