"""A receipt as signed JSON: the facts of the sheet, the record's own bytes with their proof, a signature over it all.

The signature is a signed note (C2SP) over the receipt in canonical JSON, by a key that follows from the master key. A
stranger who holds the two public keys can check it without us, and one changed letter shows.
"""

from base64 import b64encode
from typing import Any

import orjson

from gateway.doors import ask_views, host_of
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.from_records import about_reader
from gateway.doors.person.receipt_keys import list_receipt_keys, receipt_signer
from gateway.doors.person.receipt_sheet import Item, Sheet
from gateway.doors.person.receipt_view import verify_url
from gateway.doors.person.views import AskView
from gateway.ground.web.frame import Lang
from gateway.ground.web.plain import plain
from gateway.records.accounts.types import Account
from gateway.records.apps.types import Ask, Basis
from gateway.records.ledger.attestation import Attestation
from gateway.records.ledger.canonical import Json, NotCanonical, canonical_json
from gateway.records.ledger.causes import Because
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.note import InvalidNote, open_note
from gateway.records.ledger.types import ActorKind, Record

SCHEMA = "quyen-receipt/1"


def write_receipt(door: PersonDoor, sheet: Sheet, lang: Lang, *, attestation: Attestation) -> bytes:
    """Write a receipt and sign it."""
    receipt = {**_facts(door, sheet, lang), "proof": _proof(door, sheet.record, attestation)}
    signer = receipt_signer(door.house.vault, door.public_url)
    signature = signer.sign(_signed_text(receipt)).rstrip("\n")
    key = signer.verifier_key.text()
    return orjson.dumps({"receipt": receipt, "signature": signature, "verifier_key": key}, option=orjson.OPT_INDENT_2)


def is_signed(door: PersonDoor, receipt: Json, signature: str) -> bool:
    """Tell whether this gateway signed exactly this receipt, under its present master key or one before."""
    try:
        note = _signed_text(receipt) + "\n" + signature + "\n"
        open_note(note, list_receipt_keys(door.house.vault, door.public_url))
    except (InvalidNote, NotCanonical):
        return False
    return True


def _signed_text(receipt: Json) -> str:
    return canonical_json(receipt).decode() + "\n"


def _facts(door: PersonDoor, sheet: Sheet, lang: Lang) -> dict[str, Any]:
    record, app, account, person = sheet.record, sheet.app, sheet.account, sheet.person
    shown = ask_views(door.catalogue, [item.ask for item in sheet.items], lang)
    views = {view.id: about_reader(view, sheet.account) for view in shown}
    return {
        "schema": SCHEMA,
        "receipt_id": sheet.code,
        "record_id": record.record_id,
        "event": sheet.event,
        "because": _because_facts(sheet.because),
        "created_at": record.at.isoformat(),
        "language": lang,
        "jurisdiction": "VN",
        "collection_method": _method_of(record),
        "grant_id": record.grant_id or "",
        "version": record.version,
        "person": {"id": record.actor.id, "name": plain(person.name) if person else ""},
        "account": _account_facts(account.platform, account.external_id, plain(account.name)) if account else None,
        "shop": _shop_facts(account) if account else None,
        "controller": {
            "app": plain(app.name),
            "client_id": app.id,
            "registered_by": app.origin.value,
            "verified_at": app.reviewed_at.isoformat() if app.reviewed_at else None,
            "returns_to": sorted({host_of(each) for each in app.redirect_uris}),
            "name": plain(app.legal_entity),
            "address": plain(app.address),
            "contact": plain(app.contact),
            "country": app.country,
        },
        "notice": {"language": record.facts.get("language", ""), "sha256": sheet.notice},
        "items": [_item_facts(item, views[item.ask.id]) for item in sheet.items],
        "erasure": _erasure_facts(sheet),
        "withdrawal_url": f"{door.public_url}/permissions",
        "verify_url": verify_url(door, sheet.code),
    }


def _erasure_facts(sheet: Sheet) -> dict[str, Any] | None:
    """Say under which asks the app is to erase what it holds, where a platform told it, and if it has an address."""
    asks = [ask.id for ask in sheet.erased]
    return {"asks": asks, "is_told": bool(sheet.record.facts.get("is_told"))} if asks else None


def _because_facts(because: Because | None) -> dict[str, Any] | None:
    return {"cause": because.cause.value, "changed": list(because.changed)} if because else None


def _method_of(record: Record) -> str:
    """Say how it came about: on our pages, at the platform, or from a file of consents that were given before."""
    if record.kind is Kind.BROUGHT_IN:
        return "import"
    return "platform" if record.actor.kind is ActorKind.PLATFORM else "web"


def _shop_facts(profile: Account) -> dict[str, str] | None:
    """Name the shop whose follower the decision is about, which controls with the app; None of any other account."""
    if profile.parent_id is None:
        return None
    return _account_facts(profile.platform, profile.parent_external_id, plain(profile.name))


def _account_facts(platform: str, external_id: str, name: str) -> dict[str, str]:
    return {"platform": platform, "external_id": external_id, "name": name}


def _item_facts(item: Item, view: AskView) -> dict[str, Any]:
    return {
        "ask": item.ask.id,
        "scope": item.ask.scope,
        "purpose": item.ask.purpose,
        "purpose_text": view.purpose,
        "name": view.name,
        "data_types": list(view.data_types),
        "is_required": item.ask.is_required,
        "is_sensitive": bool(view.sensitive_why),
        "retention_days": item.ask.retention_days,
        "recipients": [{"name": each.name, "country": each.country} for each in view.recipients],
        "refusal_effect": view.refusal_effect,
        "basis": item.ask.basis,
        "agreement": _agreement_facts(item.ask),
        **_brought_facts(item),
        "decision": item.state,
        "resources": None if item.resources is None else sorted(item.resources),
        "valid_until": item.ends_at.isoformat() if item.ends_at else None,
    }


def _brought_facts(item: Item) -> dict[str, str]:
    """Say what a consent that was brought in rests on; of any other nothing."""
    told = item.brought
    return {} if told is None else {"evidence": told.evidence, "agreed_on": told.agreed_on, "entered_by": told.by}


def _agreement_facts(ask: Ask) -> dict[str, str] | None:
    agreement = ask.agreement if ask.basis is Basis.CONTRACT else None
    return {"number": agreement.number, "dated": agreement.dated.isoformat()} if agreement else None


def _proof(door: PersonDoor, record: Record, attestation: Attestation) -> dict[str, Any]:
    """Return what `docs/verify.py --receipt` checks against the log's own key; `state` says if it was signed."""
    proof, key = attestation.proof, door.house.ledger.verifier_key
    path = {"index": proof.index, "size": proof.size, "hashes": [each.hex() for each in proof.hashes]} if proof else {}
    content = b64encode(record.canonical).decode()
    return {
        "state": "signed" if proof else "unsigned",
        "record": {"seq": record.seq, "record_id": record.record_id, "bytes": content},
        "proof": path,
        "checkpoint": proof.note if proof else None,
        "verifier_key": key.text() if key else None,
    }
