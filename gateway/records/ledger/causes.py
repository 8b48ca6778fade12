"""Why a grant is to be confirmed anew: what its record says, as facts and read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Record


class Cause(StrEnum):
    """What happened. The value is part of a record's bytes and never changes its meaning."""

    APP_CHANGED = "app_changed"
    STANDING_LAPSED = "standing_lapsed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Because:
    """A cause; with `APP_CHANGED` also which members of what the app says of itself are others now (RFC 7591)."""

    cause: Cause
    changed: Sequence[str] = ()

    def to_facts(self) -> dict[str, Any]:
        """Return the facts of a record."""
        return {"cause": self.cause.value} | ({"changed": list(self.changed)} if self.changed else {})

    @classmethod
    def of(cls, record: Record) -> Self | None:
        """Read it from a record; None for any other kind, and where an older record says none."""
        cause = record.facts.get("cause") if record.kind is Kind.RECONFIRM else None
        return None if cause is None else cls(Cause(cause), tuple(record.facts.get("changed", ())))
