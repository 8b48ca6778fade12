"""Checking a receipt: for anyone, without signing in; it says whether a receipt is genuine and never what it holds."""

from typing import Any, Literal

from aiohttp import web

from gateway.doors import VISITOR, lang_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.receipt_codes import EVENTS, record_id_of
from gateway.doors.person.receipt_json import is_signed
from gateway.doors.person.receipt_view import proof_of
from gateway.doors.person.views_records import VerifyView
from gateway.ground.web.csrf import form_token
from gateway.ground.web.frame import Lang
from gateway.records.ledger import reading
from gateway.records.ledger.attestation import Attested, find_attestation
from gateway.records.ledger.entries import Damaged
from scopes.strict_json import NotStrict, parse

LONGEST_CODE = 80


async def show_verify(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /receipts/verify?code=`."""
    code = request.query.get("code", "").strip()[:LONGEST_CODE]
    view = await _check_code(door, code, lang_of(request)) if code else VerifyView()
    return await _answer(door, request, view)


async def verify(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /receipts/verify`: the signed JSON, pasted whole."""
    await door.recognise(request)
    is_known = VISITOR in request
    form = await door.read_form(request, secret=None if is_known else door.form_cookie.find(request) or "")
    return await _answer(door, request, await _check_json(door, form.get_one("receipt"), lang_of(request)))


async def _check_code(door: PersonDoor, code: str, lang: Lang) -> VerifyView:
    async with door.house.storage.read() as connection:
        entry = await reading.find_entry(connection, record_id_of(code))
        if isinstance(entry, Damaged):
            return VerifyView("altered", code)
        if entry is None or entry.kind not in EVENTS:
            return VerifyView("unknown", code)
        attestation = await find_attestation(connection, entry, door.house.ledger.verifier_key)
    if attestation.state is Attested.BROKEN:
        return VerifyView("altered", code)
    state: Literal["genuine", "unsigned"] = "genuine" if attestation.proof else "unsigned"
    return VerifyView(state, code, entry.at, EVENTS[entry.kind], proof_of(door, entry, attestation, lang=lang))


async def _check_json(door: PersonDoor, raw_receipt: str, lang: Lang) -> VerifyView:
    try:
        given: Any = parse(raw_receipt.encode())
        receipt, signature, code = given["receipt"], given["signature"], given["receipt"]["receipt_id"]
    except (NotStrict, KeyError, TypeError):
        return VerifyView("unreadable")
    if not isinstance(signature, str) or not isinstance(code, str) or len(code) > LONGEST_CODE:
        return VerifyView("unreadable")
    found = await _check_code(door, code, lang)
    if found.proof is not None and not is_signed(door, receipt, signature):
        return VerifyView("altered", code)
    return found


async def _answer(door: PersonDoor, request: web.Request, view: VerifyView) -> web.Response:
    await door.recognise(request)
    if VISITOR in request:
        return door.show(request, view)
    secret = door.form_cookie.find_or_make(request, door.house.entropy)
    response = door.show(request, view, csrf_token=form_token(secret))
    door.form_cookie.set(response, secret)
    return response
