"""Receipts: one for each decision made in the person's name or about their grants; on paper and as signed JSON."""

from aiohttp import web

from gateway.doors import lang_of, visitor_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.own_pages import check_is_theirs
from gateway.doors.person.receipt_codes import EVENTS, record_id_of
from gateway.doors.person.receipt_json import write_receipt
from gateway.doors.person.receipt_sheet import Sheet, read_sheets
from gateway.doors.person.receipt_view import damaged_line, receipt_line, receipt_view, unread_line
from gateway.doors.person.views_records import ReceiptsView
from gateway.ground.storage.failures import Unreadable
from gateway.ground.storage.rows import list_readable
from gateway.ground.web.cursors import read_number, write_number
from gateway.ground.web.frame import with_query
from gateway.ground.web.responses import page_headers
from gateway.records.accounts import store as accounts
from gateway.records.grants import store as grants
from gateway.records.ledger import reading
from gateway.records.ledger.attestation import Attestation, Attested, find_attestation
from gateway.records.ledger.entries import Damaged, Entry
from gateway.records.ledger.types import Record
from gateway.terms.ids import GrantId, PersonId, RecordId
from gateway.terms.refusal import Refusal

PAGE = 50
_JSON = ".json"
_PATH = "/permissions/receipts"


async def show_receipts(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/receipts`: newest first, paged by `&cursor=`."""
    person, before = visitor_of(request).person, read_number(request.query.get("cursor", ""))
    entries = await _list_own_entries(door, person.id, before_seq=before)
    check_is_theirs(visitor_of(request), has_something=bool(entries or before))
    shown = entries[:PAGE]
    sheets = await _read_each(door, [entry for entry in shown if isinstance(entry, Record)])
    lines = {entry.seq: damaged_line(entry) if isinstance(entry, Damaged) else unread_line(entry) for entry in shown}
    lines |= {sheet.record.seq: receipt_line(sheet) for sheet in sheets}
    older = write_number(shown[-1].seq) if len(entries) > PAGE else None
    here = f"{_PATH}?{request.query_string}"
    view = ReceiptsView(
        rows=[lines[entry.seq] for entry in shown],
        kept_days=door.retention_days,
        older=with_query(here, cursor=older) if older else "",
        newer=with_query(here, cursor=None) if before else "",
    )
    return door.show(request, view)


async def show_receipt(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /permissions/receipts/{code}`: the sheet, or with `.json` or `Accept: application/json` the signed JSON."""
    code, reader = request.match_info["code"], visitor_of(request).person
    sheet = await _get_own_sheet(door, reader.id, code.removesuffix(_JSON))
    attestation = await _get_attestation(door, sheet)
    if not code.endswith(_JSON) and request.headers.get("Accept") != "application/json":
        view = receipt_view(door, sheet, lang_of(request), reader=reader, attestation=attestation)
        return door.show(request, view)
    body = write_receipt(door, sheet, lang_of(request), attestation=attestation)
    headers = page_headers(is_https=door.is_https) | {"Vary": "Accept"}
    return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)


async def _read_each(door: PersonDoor, records: list[Record]) -> list[Sheet]:
    """Read the sheets of those whose app and asks can be read."""
    try:
        return await read_sheets(door, records)
    except Unreadable:
        by_id = {record.record_id: record for record in records}

        async def read(record_id: RecordId) -> Sheet:
            return (await read_sheets(door, [by_id[record_id]]))[0]

        return await list_readable(by_id, read, kind="receipt")


async def _get_own_sheet(door: PersonDoor, person_id: PersonId, code: str) -> Sheet:
    """Return the sheet of a record in the person's own name, or about a grant they may decide on.

    Raises:
        Unreadable: what it names of the register is damaged.
        Refusal: `not_found`; `record_changed`, to anyone, as the public check says it of any code.
    """
    own = await _list_grant_ids(door, person_id)
    async with door.house.storage.read() as connection:
        record = await reading.find_entry(connection, record_id_of(code))
    if isinstance(record, Damaged):
        raise Refusal("record_changed")
    if record is None or record.kind not in EVENTS or not (record.actor.id == person_id or record.grant_id in own):
        raise Refusal("not_found")
    return (await read_sheets(door, [record]))[0]


async def _get_attestation(door: PersonDoor, sheet: Sheet) -> Attestation:
    """Return how the record of a sheet stands in the log.

    Raises:
        Refusal: `record_changed`: it does not lead to what was signed, so nobody is given a receipt of it.
    """
    record, key = sheet.record, door.house.ledger.verifier_key
    async with door.house.storage.read() as connection:
        attestation = await find_attestation(connection, record.canonical, seq=record.seq, key=key)
    if attestation.state is Attested.BROKEN:
        raise Refusal("record_changed")
    return attestation


async def _list_own_entries(door: PersonDoor, person_id: PersonId, *, before_seq: int | None) -> list[Entry]:
    """List what has a receipt, by the person or about their grants, one more than a page.

    A record that was changed is listed if it may have been a decision, and any of grant, actor and sealed part still
    says that it is theirs.
    """
    own, kinds = await _list_grant_ids(door, person_id), tuple(EVENTS)
    by_grant = reading.Search(grant_ids=own, kinds=kinds, before_seq=before_seq)
    by_person = reading.Search(person_id=person_id, kinds=kinds, before_seq=before_seq)
    async with door.house.storage.read() as connection:
        found = await reading.list_entries(connection, by_grant, PAGE + 1)
        found += await reading.list_entries(connection, by_person, PAGE + 1)
    once = {entry.seq: entry for entry in found}
    return [once[seq] for seq in sorted(once, reverse=True)][: PAGE + 1]


async def _list_grant_ids(door: PersonDoor, person_id: PersonId) -> list[GrantId]:
    async with door.house.storage.read() as connection:
        held = await accounts.list_held(connection, person_id, door.now())
        return await grants.list_ids_of_accounts(connection, [account.id for account, _ in held])
