"""Checking a receipt: for anyone, without signing in; it says whether a receipt is genuine and never what it holds.

A pasted receipt is judged by itself; whether the record that the gateway keeps still agrees with it is said apart.
"""

from dataclasses import replace

from aiohttp import web

from gateway.doors import VISITOR, lang_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.receipt_check import LONGEST_CODE, Genuine, Unreadable, find_genuine, read_given
from gateway.doors.person.receipt_codes import EVENTS, record_id_of
from gateway.doors.person.receipt_view import proof_of
from gateway.doors.person.views_records import VerifyView
from gateway.ground.web.csrf import form_token
from gateway.ground.web.frame import Lang
from gateway.ground.web.queries import check_query
from gateway.records.ledger import reading
from gateway.records.ledger.attestation import Attestation, Attested, find_attestation
from gateway.records.ledger.canonical import CanonicalRecord, NotCanonical
from gateway.records.ledger.entries import Damaged
from gateway.records.ledger.kinds import Kind
from gateway.terms.instants import moment_of


async def show_verify(door: PersonDoor, request: web.Request) -> web.Response:
    """`GET /receipts/verify?code=`."""
    check_query(request)
    code = request.query.get("code", "").strip()[:LONGEST_CODE]
    view = await _check_code(door, code, lang_of(request)) if code else VerifyView()
    return await _answer(door, request, view)


async def verify(door: PersonDoor, request: web.Request) -> web.Response:
    """`POST /receipts/verify`: the signed JSON, pasted whole."""
    await door.recognise(request)
    is_known = VISITOR in request
    secret = None if is_known else door.form_cookie.find(request) or ""
    form = await door.read_form(request, secret=secret, is_typed=False)
    return await _answer(door, request, await _check_json(door, form.get_one("receipt"), lang_of(request)))


async def _check_code(door: PersonDoor, code: str, lang: Lang) -> VerifyView:
    """Judge the bytes that are kept under a code: of a receipt that nobody shows, they are all there is."""
    record_id = record_id_of(code)
    async with door.house.storage.read() as connection:
        entry = await reading.find_entry(connection, record_id)
        if entry is None:
            return VerifyView("unknown", code)
        is_changed = isinstance(entry, Damaged)
        canonical = entry.unverified_bytes if isinstance(entry, Damaged) else entry.canonical
        try:
            record = CanonicalRecord.decode(canonical)
        except NotCanonical:
            return VerifyView("record_changed", code, is_record_changed=True)
        key = door.house.ledger.verifier_key
        attestation = await find_attestation(connection, canonical, seq=record.seq, key=key)
    proven = attestation.state is Attested.HOLDS if is_changed else attestation.state is not Attested.BROKEN
    if not proven or record.record_id != record_id:
        return VerifyView("record_changed", code, is_record_changed=True)
    if record.kind not in EVENTS:
        return VerifyView("unknown", code)
    return replace(_genuine(door, code, record, attestation, lang=lang), is_record_changed=is_changed)


async def _check_json(door: PersonDoor, raw_receipt: str, lang: Lang) -> VerifyView:
    try:
        given = read_given(raw_receipt)
    except Unreadable:
        return VerifyView("unreadable")
    genuine = find_genuine(door, given)
    if genuine is None:
        kept = await _check_code(door, given.code, lang)
        is_known = kept.state != "unknown"
        return VerifyView("altered" if is_known else "foreign", given.code, is_record_changed=kept.is_record_changed)
    kept_now = await _attest_kept(door, genuine)
    attestation = kept_now or genuine.attestation  # one from before the log's signature may be signed by now
    view = _genuine(door, given.code, genuine.record, attestation, lang=lang)
    return replace(view, is_record_changed=kept_now is None)


async def _attest_kept(door: PersonDoor, genuine: Genuine) -> Attestation | None:
    """Say how the record that is kept of a genuine receipt stands in the log; None if it no longer agrees with it."""
    key, seq = door.house.ledger.verifier_key, genuine.record.seq
    async with door.house.storage.read() as connection:
        kept = await reading.find(connection, genuine.record.record_id)
        if kept is None or kept.canonical != genuine.canonical:
            return None
        attestation = await find_attestation(connection, kept.canonical, seq=seq, key=key)
    return None if attestation.state is Attested.BROKEN else attestation


def _genuine(
    door: PersonDoor, code: str, record: CanonicalRecord, attestation: Attestation, *, lang: Lang
) -> VerifyView:
    return VerifyView(
        state="genuine" if attestation.proof else "unsigned",
        code=code,
        at=moment_of(record.at_us),
        event=EVENTS[Kind(record.kind)],
        proof=proof_of(door, record.seq, attestation, lang=lang),
    )


async def _answer(door: PersonDoor, request: web.Request, view: VerifyView) -> web.Response:
    await door.recognise(request)
    if VISITOR in request:
        return door.show(request, view)
    secret = door.form_cookie.find_or_make(request, door.house.entropy)
    response = door.show(request, view, csrf_token=form_token(secret))
    door.form_cookie.set(response, secret)
    return response
