"""One record of the log or one line of the trace: `/operators/log/{record_id}`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from aiohttp import web

from gateway.acts.look_up import look_up_record
from gateway.doors import lang_of
from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.facts import call_facts, changes_of, record_facts
from gateway.doors.consoles.operators.log import UNPROCESSABLE
from gateway.doors.consoles.operators.proof import read_proof
from gateway.doors.consoles.operators.rows import log_row
from gateway.doors.consoles.operators.searching import Found, Result, account_of
from gateway.doors.consoles.operators.views import IdentityView, PartView, RecordView
from gateway.ground.vault.personkeys import Part, PersonKeys
from gateway.ground.vault.sealing import Unsealable
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.ledger import reading
from gateway.records.ledger.canonical import PartDigest
from gateway.records.ledger.entries import Damaged
from gateway.records.ledger.types import IDENTITY, Record
from gateway.records.trace import store as trace
from gateway.records.trace.entries import DamagedLine
from gateway.records.trace.types import ClosedLine
from gateway.terms.ids import PersonId, is_id
from gateway.terms.refusal import Refusal


async def show_record(door: OperatorsDoor, request: web.Request) -> web.Response:
    """`GET /operators/log/{record_id}`; with `?reason=` it opens who stands behind the record, and tells them."""
    found = await _get(door, request.match_info["record_id"])
    view = await _view(door, request, found)
    if "reason" not in request.query or not view.may_open:
        return door.clerk.show(request, view)
    raw_reason = request.query["reason"]
    try:
        with door.looks.noting(door.looker(request, raw_reason), view.row.record_id) as looker:
            opened = await look_up_record(door.house, view.row.record_id, looker)
    except Refusal as refusal:
        if refusal.reason != "reason_required":
            raise
        return door.clerk.show(request, replace(view, needs_reason=True, reason=raw_reason), status=UNPROCESSABLE)
    except Unsealable:
        return door.clerk.show(request, replace(view, is_stuck=True))
    identities = [_identity(person_id, held) for person_id, held in opened.items()]
    return door.clerk.show(request, replace(view, identities=identities, is_opened=True))


async def _get(door: OperatorsDoor, record_id: str) -> Found:
    if not is_id(record_id, "lr", "tr"):
        raise Refusal("not_found")
    async with door.house.storage.read() as connection:
        found: Found | None = await reading.find_entry(connection, record_id)
        found = found or await trace.find(connection, record_id)
    if found is None:
        raise Refusal("not_found")
    return found


async def _view(door: OperatorsDoor, request: web.Request, found: Found) -> RecordView:
    lang = lang_of(request)
    names = await _names(door, found)
    row = log_row(found, names, door.catalogue, lang=lang)
    integrity = await door.read_integrity(lang)
    if isinstance(found, ClosedLine):
        return RecordView(row, call_facts(found, lang), integrity)
    if isinstance(found, Damaged | DamagedLine):
        return RecordView(row, (), integrity, is_damaged=True)
    parts = _parts(door, found)
    return RecordView(
        row,
        record_facts(found, lang),
        integrity,
        changes=await changes_of(door, found),
        proof=await read_proof(door, found),
        parts=parts,
        may_open=any(part.name == IDENTITY and not part.is_erased for part in parts),
    )


async def _names(door: OperatorsDoor, found: Found) -> Result:
    account_id = account_of(found)
    async with door.house.storage.read() as connection:
        known = await accounts.list_named(connection, [account_id] if account_id else [])
        return Result([found], {app.id: app for app in await apps.list_all(connection)}, known)


def _parts(door: OperatorsDoor, record: Record) -> list[PartView]:
    """Say which sealed parts there are and whom they concern, by id; none is opened."""
    keys = door.house.ledger.person_keys
    return [
        PartView(part.name, part.person_id, part.sealed_sha256.hex(), is_erased=_is_erased(keys, part))
        for part in record.part_digests
    ]


def _is_erased(keys: PersonKeys, part: PartDigest) -> bool:
    """Say whether the key of a part was destroyed on purpose; a key file that cannot be read says nothing of it."""
    try:
        return keys.is_destroyed(part.person_id, cast("Part", part.name))
    except (Unsealable, ValueError):
        return False


def _identity(person_id: PersonId, held: Mapping[str, Any]) -> IdentityView:
    return IdentityView(person_id, plain(str(held.get("name", ""))), plain(str(held.get("login", ""))))
