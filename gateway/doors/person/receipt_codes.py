"""The code on a receipt: the record's id with the letters that people look for."""

from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record
from gateway.terms.ids import RecordId

PREFIX = "BN-"
_ID_PREFIX = "lr_"
EVENTS = {
    Kind.DECIDED: "given",
    Kind.RECONNECTED: "reconnected",
    Kind.REFUSED: "refused",
    Kind.PAUSED: "paused",
    Kind.RESUMED: "resumed",
    Kind.SHORTENED: "shortened",
    Kind.OBJECTION_LIFTED: "lifted",
    Kind.BROUGHT_IN: "imported",
    Kind.RECONFIRM: "reconfirm",
    Kind.WITHDRAWN: "withdrawn",
    Kind.WITHDRAWN_AT_PLATFORM: "withdrawn",
    Kind.BURIED: "withdrawn",
    Kind.EXPIRED: "expired",
}
"""What a receipt is about, by the kind of its record; records of other kinds have none."""


def receipt_code(record: Record) -> str:
    """Return the code of a record's receipt; empty where it has none."""
    return receipt_code_of(record.record_id) if record.kind in EVENTS else ""


def receipt_code_of(record_id: str) -> str:
    """Write a record's id as the code of a receipt."""
    return PREFIX + record_id.removeprefix(_ID_PREFIX)


def record_id_of(code: str) -> RecordId:
    """Return the record that a code or a record id names; it may not exist."""
    typed = code.strip()
    return RecordId(_ID_PREFIX + typed.removeprefix(PREFIX) if typed.startswith(PREFIX) else typed)
