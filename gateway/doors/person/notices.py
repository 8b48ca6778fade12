"""The exact text that someone saw when they decided, from the archive, for that person alone (R47)."""

from aiohttp import web

from gateway.doors import visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.views_records import NoticeView
from gateway.doors.person.words import language_name
from gateway.ground.web.frame import choose_lang
from gateway.records.ledger import notices, reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.records.people.types import Person
from gateway.terms.ids import PersonId
from gateway.terms.refusal import Refusal

_SHOWN = (Kind.DECIDED, Kind.RECONNECTED, Kind.REFUSED)
_BATCH = 200


async def show_notice(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/notices/{sha256}`: 404 for whoever made no decision that names it."""
    person, sha256 = visitor_of(request).person, request.match_info["sha256"]
    record = await _find_naming(door, person.id, sha256)
    async with door.house.storage.read() as connection:
        kept = await notices.find(connection, sha256) if record else None
    if record is None or kept is None:
        raise Refusal("not_found")
    lang = choose_lang(kept[0])
    return door.show(request, NoticeView(sha256, lang, language_name(lang), kept[1], record.at))


def notice_path(record: Record, reader: Person) -> str:
    """Return where the reader finds the text that a record names; empty where they were not the one who saw it.

    It also says which accounts that person may decide for, so it is for nobody else, not even for another holder of
    the account.
    """
    sha256 = record.facts.get("notice", "")
    return f"/permissions/notices/{sha256}" if sha256 and record.actor.id == reader.id else ""


async def _find_naming(door: PersonDoor, person_id: PersonId, sha256: str) -> Record | None:
    """Find the newest of the person's own decisions that names a text."""
    before: int | None = None
    while True:
        wanted = reading.Search(person_id=person_id, kinds=_SHOWN, before_seq=before)
        async with door.house.storage.read() as connection:
            records = await reading.list_records(connection, wanted, _BATCH)
        naming = (r for r in records if r.actor.id == person_id and r.facts.get("notice") == sha256)
        found = next(naming, None)
        if found is not None or not records:
            return found
        before = records[-1].seq
