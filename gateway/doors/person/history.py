"""The history of a grant, told from the grant log: what happened, when, by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.doors import lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.flash import single_ask_name
from gateway.doors.person.notices import notice_path
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.reasons import read_reason
from gateway.doors.person.receipt_codes import receipt_code
from gateway.doors.person.told import DAMAGED, SIGNS, sentence
from gateway.doors.person.views_grants import HistoryEvent
from gateway.doors.person.words import actor_name, words
from gateway.ground.web.frame import Lang
from gateway.records.ledger import reading
from gateway.records.ledger.causes import Because
from gateway.records.ledger.entries import Damaged, Entry
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.people import store as people
from gateway.records.people.types import Person
from gateway.terms.ids import AskId, PersonId, RecordId

MOST_EVENTS = 200
_OF_APP = (Kind.APP_SUSPENDED, Kind.APP_RESUMED)
"""What happens to an app and is of weight for each of its grants."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """When an ask came into its state, None where the log does not say; and who did it, by name, "" for the reader."""

    at: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class Story:
    """What the log tells about a grant.

    Args:
        events: newest first.
        receipt_codes: newest first.
        changes: of each ask that which brought it into its present state.
    """

    events: Sequence[HistoryEvent]
    receipt_codes: Sequence[str]
    changes: Mapping[AskId, StateChange]


async def read_story(door: PersonDoor, request: web.Request, own: OwnGrant) -> Story:
    """Read a grant's records and tell them to the visitor."""
    reader = visitor_of(request).person
    async with door.house.storage.read() as connection:
        entries = await reading.list_of_grant(connection, own.grant.id, reader.id, MOST_EVENTS)
        since = own.grant.created_at
        of_app = await reading.list_of_app(connection, own.app.id, _OF_APP, since=since, limit=MOST_EVENTS)
        told = sorted([*entries, *of_app], key=lambda entry: entry.seq, reverse=True)
        records = [entry for entry in told if isinstance(entry, Record)]
        actors = frozenset(PersonId(r.actor.id) for r in records if r.actor.is_named)
        known = await people.list_named(connection, actors)
    lang = lang_of(request)
    names = {record.record_id: _actor_name(record, known, reader, lang=lang) for record in records}
    reasons = {record.record_id: await read_reason(door, record) for record in of_app}
    events = [
        _damaged(entry, lang)
        if isinstance(entry, Damaged)
        else HistoryEvent(
            act=SIGNS[entry.kind],
            at=entry.at,
            text=_text(entry, single_ask_name(door, entry, own, lang=lang), lang),
            by=names[entry.record_id] or words(lang)("Bạn"),
            version=entry.version,
            receipt_code=receipt_code(entry),
            notice_path=notice_path(entry, reader),
            because=Because.of(entry),
            reason=reasons.get(entry.record_id, ""),
        )
        for entry in told
    ]
    unknown = dict.fromkeys((each.ask_id for each in own.grant.permissions), StateChange(None, _unknown(lang)))
    codes = [event.receipt_code for event in events if event.receipt_code]
    return Story(events, codes, _changes(entries, names, unknown))


def _changes(
    entries: Sequence[Entry], names: Mapping[RecordId, str], unknown: Mapping[AskId, StateChange]
) -> dict[AskId, StateChange]:
    """Find what brought each ask into its state; a nearer end did not, and sharing again goes back to the consent.

    A record that was changed may have been about any ask: what stood before it says nothing of what stands.
    """
    found: dict[AskId, StateChange] = {}
    given: dict[AskId, StateChange] = {}
    for entry in reversed(entries):
        if isinstance(entry, Damaged):
            found, given = dict(unknown), dict(unknown)
        elif entry.kind is not Kind.SHORTENED:
            change = StateChange(entry.at, names[entry.record_id])
            asks = [AskId(fact["ask"]) for fact in entry.facts.get("permissions", [])]
            if entry.kind in {Kind.DECIDED, Kind.BROUGHT_IN}:
                given |= dict.fromkeys(asks, change)
            found |= {ask: given.get(ask, change) if entry.kind is Kind.RESUMED else change for ask in asks}
    return found


def _damaged(entry: Damaged, lang: Lang) -> HistoryEvent:
    _ = words(lang)
    return HistoryEvent(DAMAGED, entry.at, _("Bản ghi bị sửa, không đọc được"), _unknown(lang))


def _unknown(lang: Lang) -> str:
    _ = words(lang)
    return _("Không rõ ai")


def _actor_name(record: Record, known: Mapping[PersonId, Person], reader: Person, *, lang: Lang) -> str:
    """Name who acted; empty for the reader."""
    if record.actor.id == reader.id:
        return ""
    return actor_name(record, known.get(PersonId(record.actor.id)), lang)


def _text(record: Record, ask_name: str, lang: Lang) -> str:
    told = sentence(record.kind, lang)
    return f"{told} “{ask_name}”" if ask_name else told
