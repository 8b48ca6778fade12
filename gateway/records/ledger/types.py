"""What an act hands to the log, and what the log hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from gateway.records.ledger.canonical import CanonicalRecord, PartDigest
from gateway.records.ledger.kinds import Kind
from gateway.terms.ids import AccountId, AppId, GrantId, PersonId, RecordId


class ActorKind(StrEnum):
    """In which capacity someone acted."""

    PERSON = "person"
    OPERATOR = "operator"
    APP = "app"
    PLATFORM = "platform"
    SYSTEM = "system"
    COMMAND_LINE = "command-line"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a person's, operator's or app's id; the gateway itself; or who holds its machine's command line.

    A platform, by its slug, where it told what somebody had decided there.
    """

    kind: ActorKind
    id: str

    @classmethod
    def system(cls) -> "Actor":
        """Return the gateway itself."""
        return cls(ActorKind.SYSTEM, "quyen")

    @classmethod
    def command_line(cls) -> "Actor":
        """Return whoever may run `quyen` on the gateway's machine: an operator, whom nothing tells apart."""
        return cls(ActorKind.COMMAND_LINE, "quyen")

    @property
    def is_named(self) -> bool:
        """Whether the id says who it was."""
        return self.kind not in {ActorKind.SYSTEM, ActorKind.COMMAND_LINE}


IDENTITY: Final = "identity"
EVIDENCE: Final = "evidence"


@dataclass(frozen=True, slots=True)
class Part:
    """One sealed part of a record's payload: whom it concerns, and under which of their two keys it rests."""

    name: Literal["identity", "evidence"]
    person_id: PersonId
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it has a place in the log.

    `facts` hold no personal data: ids, states, ask names, times as microseconds, hashes. `parts` hold the personal
    rest; each name is `identity` or `evidence`.
    """

    kind: Kind
    at: datetime
    actor: Actor
    facts: Mapping[str, Any]
    grant_id: GrantId | None = None
    version: int = 0
    app_id: AppId | None = None
    account_id: AccountId | None = None
    request_id: str = ""
    parts: tuple[Part, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Checked:
    """What verification said when the gateway started: when, of how many records, and each fault in one line.

    `following` counts what else does not hold in the tree and its checkpoints, which follows from the faults named.
    """

    at: datetime
    size: int
    faults: tuple[str, ...]
    following: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a record stands, and the signed checkpoint that closed its batch (None while the log may not sign)."""

    seq: int
    record_id: RecordId
    size: int
    root: bytes
    note: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is read back. `facts` is parsed; parts are opened apart, each by the key of its person."""

    seq: int
    record_id: RecordId
    kind: Kind
    at: datetime
    grant_id: GrantId | None
    version: int
    app_id: AppId | None
    account_id: AccountId | None
    actor: Actor
    request_id: str
    facts: Mapping[str, Any]
    canonical: bytes
    leaf_hash: bytes

    @property
    def part_digests(self) -> tuple[PartDigest, ...]:
        """What the record says of its sealed parts."""
        return CanonicalRecord.decode(self.canonical).parts
