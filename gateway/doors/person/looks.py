"""Operators' looks at a person, in that person's own trace: who, when, why, in the words that were given (R55)."""

from datetime import datetime

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_records import TraceRow
from gateway.doors.person.words import words
from gateway.ground.vault.sealing import Unsealable
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.records.ledger import reading, timeline
from gateway.records.ledger.types import EVIDENCE, IDENTITY, Record
from gateway.records.people.types import Person


async def list_looks(
    door: PersonDoor, person: Person, limit: int | None, *, since: datetime | None, before: timeline.Moment | None
) -> list[Record]:
    """List the looks at a person, newest first."""
    async with door.house.storage.read() as connection:
        return await timeline.list_looks(connection, person.id, limit, since=since, before=before)


async def look_row(door: PersonDoor, look: Record, lang: Lang) -> TraceRow:
    """Tell one look; a part that was changed says nothing but that it was."""
    _ = words(lang)
    changed = ""
    try:
        async with door.house.storage.read() as connection:
            opened = await reading.open_parts(connection, look, door.house.ledger.person_keys)
    except Unsealable:
        opened, changed = {}, _("Bản ghi bị sửa, không đọc được")
    who, told = opened.get(IDENTITY), opened.get(EVIDENCE)
    login = plain(str(who["login"])) if isinstance(who, dict) else look.actor.id
    reason = plain(str(told["reason"]), LONGEST_TEXT) if isinstance(told, dict) else ""
    return TraceRow(
        id=look.record_id,
        at=look.at,
        who=_("Người vận hành %(login)s") % {"login": login},
        verb="look_up",
        thing=_("tên bạn ở một bản ghi") if look.facts.get("how") == "record" else _("các bản ghi về bạn"),
        result="seen",
        note=_("Lý do: %(reason)s") % {"reason": reason} if reason else changed,
    )
