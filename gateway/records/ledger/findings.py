"""What verification finds: what does not hold, and what the log says that everything else must look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.ground.storage.schema import as_shown


@dataclass(frozen=True, slots=True)
class Bad:
    """Something that does not hold: at which record, if one can be named, and why.

    `follows` says that a record named elsewhere explains it: the tree over a changed record is another. Number, id and
    reason come from rows that nothing believes, and can always be shown.
    """

    seq: int | None
    record_id: str | None
    reason: str
    follows: bool = False

    def __post_init__(self) -> None:
        """Take what stands in a row of any type for what it can be."""
        object.__setattr__(self, "seq", self.seq if isinstance(self.seq, int) else None)
        object.__setattr__(self, "record_id", None if self.record_id is None else as_shown(self.record_id))
        object.__setattr__(self, "reason", as_shown(self.reason))


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a record says: the facts, and which record."""

    seq: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GrantFold:
    """What the log says a grant looks like, and each of its permissions by id; `seq` is the last record about it."""

    seq: int
    version: int
    app_id: str
    account_id: str
    created_at_us: int
    permissions: Mapping[str, Told]


@dataclass(slots=True)
class Finding:
    """What verification found: `bad` is empty when the log holds.

    `grants` and `notices` are the log's fold: what grants must look like, and when each text was first shown, in which
    language; `batches` is what records say of trace lines, by seq; `families` are those that a record ended, and
    `restored` is the newest restore, which ended all there were: facts of both are `ended_at`. `standings` goes by id,
    `connections` by account and id; `untold` are the accounts of which a record of an older program told neither.
    `unread` are
    the grants and accounts of which a record cannot be read any more, as its columns have them. `record_ids` and
    `times_us` go by index seq - 1. `changed_seqs` are the records whose bytes were changed: what follows from that in
    the tree is told, and laid at no other record's door. `signed_size` is up to which record a checkpoint signs.
    """

    size: int = 0
    signed_size: int = 0
    root: bytes = b""
    bad: list[Bad] = field(default_factory=list)
    grants: dict[str, GrantFold] = field(default_factory=dict)
    notices: dict[str, Told] = field(default_factory=dict)
    batches: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    families: dict[str, Told] = field(default_factory=dict)
    restored: Told | None = None
    standings: dict[str, Told] = field(default_factory=dict)
    connections: dict[str, dict[str, Told]] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    record_ids: list[str] = field(default_factory=list)
    times_us: list[int | None] = field(default_factory=list)
    changed_seqs: set[int] = field(default_factory=set)

    @property
    def is_ok(self) -> bool:
        """Say whether everything holds."""
        return not self.bad

    @property
    def unsigned(self) -> int:
        """How many records at the end are signed by no checkpoint yet: nothing bad, and nothing that proves them."""
        return self.size - self.signed_size

    def follow(self, seq: int | None, reason: str) -> None:
        """Note something bad in the tree up to `seq`: at that record, unless a changed one explains it."""
        explained = seq is not None and any(changed <= seq for changed in self.changed_seqs)
        if explained:
            self.bad.append(Bad(None, None, reason, follows=True))
        else:
            self.add(seq, reason)

    def add_about(self, whose: object, seq: int | None, reason: str) -> None:
        """Note that something of a grant or an account is not as the log says; an unread record of it explains that."""
        if whose in self.unread:
            self.bad.append(Bad(None, None, reason, follows=True))
        else:
            self.add(seq, reason)

    def add(self, seq: int | None, reason: str) -> None:
        """Note something bad at the record that stands at `seq`."""
        known = seq is not None and 0 < seq <= len(self.record_ids)
        self.bad.append(Bad(seq, self.record_ids[seq - 1] if seq is not None and known else None, reason))
