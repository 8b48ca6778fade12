"""A receipt for the eye: the line in the list and the sheet of paper."""

from dataclasses import replace

from gateway.doors import app_label, ask_views
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import about_reader, account_view, app_view, platform_name
from gateway.doors.person.notices import notice_path
from gateway.doors.person.receipt_codes import receipt_code, receipt_code_of
from gateway.doors.person.receipt_sheet import Item, Sheet
from gateway.doors.person.told import DAMAGED
from gateway.doors.person.views import AccountView, AskView
from gateway.doors.person.views_records import Proof, ReceiptItem, ReceiptLine, ReceiptView
from gateway.doors.person.words import actor_name, words
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.ledger.attestation import Attestation
from gateway.records.ledger.entries import Damaged
from gateway.records.ledger.types import ActorKind, Record
from gateway.records.people.types import Person

_DIGEST_SHOWN = 16
_WITH_AN_END = ("given", "imported", "reconnected", "resumed", "shortened")


def damaged_line(entry: Damaged) -> ReceiptLine:
    """Show in the list that there is a record which is not what was written."""
    return ReceiptLine(receipt_code_of(entry.record_id), entry.at, DAMAGED, "–", "–")


def unread_line(record: Record) -> ReceiptLine:
    """Show in the list that there is a receipt, of an app or asks whose rows in the register are damaged."""
    return ReceiptLine(receipt_code(record), record.at, "unread", "–", "–")


def receipt_line(sheet: Sheet) -> ReceiptLine:
    """Show a receipt in the list."""
    return ReceiptLine(
        code=sheet.code,
        at=sheet.record.at,
        event=sheet.shown_event,
        app_name=plain(sheet.app.name),
        account_name=plain(sheet.account.name) if sheet.account else "–",
        states=sheet.states,
        label=app_label(sheet.app),
    )


def receipt_view(
    door: PersonDoor, sheet: Sheet, lang: Lang, *, reader: Person, attestation: Attestation
) -> ReceiptView:
    """Show a receipt as one sheet of A4."""
    asks = [item.ask for item in sheet.items]
    shown = ask_views(door.catalogue, asks, lang, resources=sheet.resources)
    views = {view.id: about_reader(view, sheet.account) for view in shown}
    ends_at = sheet.ends_at if sheet.event in _WITH_AN_END else None
    return ReceiptView(
        code=sheet.code,
        event=sheet.shown_event,
        at=sheet.record.at,
        person=actor_name(sheet.record, sheet.person, lang),
        account=_account(door, sheet, lang),
        app=app_view(sheet.app),
        items=[replace(_item(views[item.ask.id], item), state=sheet.state_of(item)) for item in sheet.items],
        recipients=list(dict.fromkeys(f"{r.name}, {r.country}" for view in views.values() for r in view.recipients)),
        notice=f"SHA-256 {sheet.notice[:_DIGEST_SHOWN]}…" if sheet.notice else "",
        verify_url=verify_url(door, sheet.code),
        proof=proof_of(door, sheet.record.seq, attestation, lang=lang),
        starts_at=sheet.record.at if ends_at and sheet.event == "given" else None,
        ends_at=ends_at,
        json_path=f"/permissions/receipts/{sheet.code}.json",
        notice_path=notice_path(sheet.record, reader),
        shop=plain(sheet.account.name) if sheet.account and sheet.account.parent_id else "",
        is_own=sheet.record.actor.kind is ActorKind.PERSON,
        because=sheet.because,
        told_by=_teller(door, sheet, lang),
        erased=[view.name for view in _erased_views(door, sheet, lang)],
        is_told=bool(sheet.record.facts.get("is_told")),
    )


def _teller(door: PersonDoor, sheet: Sheet, lang: Lang) -> str:
    """Name the platform at whose word it was; "" of anybody else's."""
    actor = sheet.record.actor
    return platform_name(door.catalogue, actor.id, lang) if actor.kind is ActorKind.PLATFORM else ""


def _erased_views(door: PersonDoor, sheet: Sheet, lang: Lang) -> list[AskView]:
    return [about_reader(view, sheet.account) for view in ask_views(door.catalogue, [*sheet.erased], lang)]


def proof_of(door: PersonDoor, seq: int, attestation: Attestation, *, lang: Lang) -> Proof:
    """Show what proves that a record stands in the signed log; of one past the last signature, that none does yet."""
    key, proof = door.house.ledger.verifier_key, attestation.proof
    if proof is None or key is None:
        _ = words(lang)
        unsigned = _("Bản ghi là thật, chưa được ký: nhật ký chưa ký đến bản ghi này.")
        return Proof(seq, seq, attestation.leaf_hash.hex(), unsigned, "–")
    return Proof(seq, proof.size, attestation.leaf_hash.hex(), proof.note, key.text())


def verify_url(door: PersonDoor, code: str) -> str:
    """Return where anyone can check a receipt."""
    return f"{door.public_url}/receipts/verify?code={code}"


def _item(view: AskView, item: Item) -> ReceiptItem:
    return ReceiptItem(
        name=view.name,
        purpose=view.purpose,
        kept_days=view.kept_days,
        state=item.state,
        only=view.only,
        only_name=view.only_name,
        basis=view.basis if item.ask.basis else "",
        agreement=view.agreement,
        agreed_on=view.agreed_on,
        brought=item.brought,
        about_others=view.about_others,
        data_types=view.data_types,
        explanation=view.explanation,
        can=view.can,
        cannot=view.cannot,
    )


def _account(door: PersonDoor, sheet: Sheet, lang: Lang) -> AccountView:
    if sheet.account is None:
        return AccountView("", words(lang)("chưa nối tài khoản"), "–", "–")
    return account_view(door.catalogue, sheet.account, lang)
