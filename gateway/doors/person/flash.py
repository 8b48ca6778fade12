"""What was done a moment ago, said on the page after it: found by the record's id, never taken from the address."""

from collections.abc import Sequence

from aiohttp import web

from gateway.doors import ask_views, lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import about_reader
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.receipt_codes import receipt_code
from gateway.doors.person.to_people import list_to_people
from gateway.doors.person.views_grants import ActDone
from gateway.ground.web.frame import Lang
from gateway.records.apps.types import Basis
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record

SO_BEFORE = "before"
"""What stands in `?done=` where nothing was left to do."""
OBJECT = "object"
ACTS = {
    Kind.DECIDED: "agree",
    Kind.RECONNECTED: "none",
    Kind.REFUSED: "refuse",
    Kind.WITHDRAWN: "withdraw",
    Kind.PAUSED: "pause",
    Kind.RESUMED: "resume",
    Kind.SHORTENED: "shorten",
    Kind.OBJECTION_LIFTED: "lift",
}


async def find_done(door: PersonDoor, request: web.Request, own: Sequence[OwnGrant]) -> ActDone | None:
    """Find the act that `?done=` names, if it is about one of the person's grants."""
    record_id = request.query.get("done", "")
    if not record_id:
        return None
    if record_id == SO_BEFORE:
        return ActDone("none", door.now())
    async with door.house.storage.read() as connection:
        record = await reading.find(connection, record_id)
    about = next((each for each in own if record and each.grant.id == record.grant_id), None)
    if record is None or about is None or record.kind not in ACTS:
        return None
    act = OBJECT if _is_objection(door, record, about) else ACTS[record.kind]
    is_last = about.account.parent_id is not None and act == ACTS[Kind.WITHDRAWN] and not about.grant.live(door.now())
    name = "" if is_last else single_ask_name(door, record, about, lang=lang_of(request))
    return ActDone(act, record.at, name, receipt_code(record))


def _is_objection(door: PersonDoor, record: Record, own: OwnGrant) -> bool:
    """Say whether a no was one to what goes on under a contract."""
    asks = {fact["ask"] for fact in record.facts.get("permissions", [])}
    contracts = {ask.id for ask in own.asks if ask.basis is Basis.CONTRACT}
    contracts |= list_to_people(door.catalogue, own.asks, own.account.platform)
    return record.kind is Kind.REFUSED and own.account.parent_id is not None and asks <= contracts


async def has_unlinked(door: PersonDoor, request: web.Request) -> bool:
    """Say whether `?done=` names the record of an account that the person took away."""
    record_id = request.query.get("done", "")
    if not record_id:
        return False
    async with door.house.storage.read() as connection:
        record = await reading.find(connection, record_id)
    return record is not None and record.kind is Kind.UNLINKED and record.actor.id == visitor_of(request).person.id


def single_ask_name(door: PersonDoor, record: Record, own: OwnGrant, *, lang: Lang) -> str:
    """Name the one ask that a record is about; empty where it is about several, or about all that there is."""
    touched = {fact["ask"] for fact in record.facts.get("permissions", [])}
    if len(touched) != 1 or (len(own.grant.permissions) == 1 and not _is_objection(door, record, own)):
        return ""
    views = [about_reader(each, own.account) for each in ask_views(door.catalogue, list(own.asks), lang)]
    return next((view.name for view in views if view.id in touched), "")
