"""What stands behind a consent that was brought in: evidence, day, and who brought it, for the person themself (R70).

It rests in the sealed part of the record that brought it; whoever may decide on the grant may read it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.doors.person.door import PersonDoor
from gateway.doors.person.own_grants import OwnGrant
from gateway.doors.person.views_grants import BroughtView
from gateway.ground.storage.storage import Connection
from gateway.ground.vault.personkeys import PersonKeys
from gateway.ground.vault.sealing import Unsealable
from gateway.ground.web.plain import LONGEST_TEXT, plain
from gateway.records.apps.types import Basis
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import EVIDENCE, Record
from gateway.terms.ids import AskId

_MOST = 100


async def read_brought(door: PersonDoor, own: OwnGrant) -> dict[AskId, BroughtView]:
    """Read it for each ask of a grant whose present permission was brought in."""
    wanted = {p.id: p.ask_id for p in own.grant.permissions if p.basis == Basis.IMPORTED}
    if not wanted:
        return {}
    search = reading.Search(grant_ids=[own.grant.id], kinds=[Kind.BROUGHT_IN])
    found: dict[AskId, BroughtView] = {}
    async with door.house.storage.read() as connection:
        for record in reversed(await reading.list_records(connection, search, _MOST)):
            asks = {wanted[each["id"]] for each in record.facts.get("permissions", ()) if each["id"] in wanted}
            views = await open_brought(connection, record, door.house.ledger.person_keys) if asks else {}
            found |= {ask_id: view for ask_id, view in views.items() if ask_id in asks}
    return found


async def open_brought(connection: Connection, record: Record, person_keys: PersonKeys) -> dict[AskId, BroughtView]:
    """Read a record that brought consents in, by ask; what was erased, or does not open, says when alone."""
    asks = [AskId(each["ask"]) for each in record.facts.get("permissions", ()) if each["current"]]
    said = await _open(connection, record, person_keys)
    return {ask_id: _view(record, said, ask_id) for ask_id in asks}


async def _open(connection: Connection, record: Record, person_keys: PersonKeys) -> Mapping[str, Any]:
    try:
        opened: Any = await reading.open_parts(connection, record, person_keys)
    except Unsealable:
        return {}
    said: Mapping[str, Any] = opened.get(EVIDENCE, {})
    return said


def _view(record: Record, said: Mapping[str, Any], ask_id: AskId) -> BroughtView:
    told = said.get("asks", {}).get(ask_id, {})
    return BroughtView(
        at=record.at,
        by=plain(said.get("entered_by", "")),
        evidence=plain(told.get("evidence", ""), LONGEST_TEXT),
        agreed_on=f"{date.fromisoformat(told['agreed_on']):%d/%m/%Y}" if told else "",
    )
