"""What the operators' pages show: the grant log, one record, exports.

Every view is a frozen value, filled by a handler and drawn by the template that it names: ready words in the page's
language, aware datetimes, ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from gateway.ground.web.app_labels import AppLabel
from gateway.records.ledger.causes import Because


@dataclass(frozen=True, slots=True)
class Integrity:
    """What the head of the log says about the log itself.

    Args:
        state: what the check at the start found: `whole`; `broken` (nothing is signed any more); `unknown` (none yet).
        size: how many records there are now.
        signed_size: how many of them the newest checkpoint signs.
        checked_at: or None with `unknown`.
        checked_size: how many records were checked then.
        faults: what does not hold, by record, in the page's language; `quyen log verify` has each in its own words.
        fault_count: how many there are.
        following: how much more does not hold in the tree, which follows from these.
    """

    state: Literal["whole", "broken", "unknown"]
    size: int
    signed_size: int = 0
    checked_at: datetime | None = None
    checked_size: int = 0
    faults: Sequence[str] = ()
    fault_count: int = 0
    following: int = 0

    @property
    def unsigned(self) -> int:
        """How many records at the end no checkpoint signs yet."""
        return max(self.size - self.signed_size, 0)


@dataclass(frozen=True, slots=True)
class LogRow:
    """One record of the log, or one line of the trace.

    Args:
        source: `log` or `trace`; with `record_id` they become `tr[data-source][data-record]`.
        act: chooses the glyph: `agree`, `refuse`, `withdraw`, `pause`, `resume`, `shorten`, `expire`, `reconfirm`,
            `link`, `lost`, `suspend`, `look_up`, `export`, `damaged`, and of calls `call`, `blocked`, `failed`, `cut`;
            any other shows a sheet.
        title: the event in words, "Đồng ý 4/6 mục".
        app: name, or "".
        account: its name where it is an organisation's, else its id, or who acted.
        asks: ask ids, as text.
        reason: why a call was refused, cut or failed; its code.
        seq: its number in the log; None for the trace.
        label: what stands beside the app's name.
        because: why a grant is to be confirmed anew, where the record says it.
    """

    source: Literal["log", "trace"]
    record_id: str
    at: datetime
    act: str
    title: str
    app: str
    account: str
    asks: str
    reason: str = ""
    seq: int | None = None
    label: AppLabel | None = None
    because: Because | None = None


@dataclass(frozen=True, slots=True)
class QueryError:
    """Where a query is wrong.

    Args:
        column: counted from 1.
        found: the text there.
        mended: a query that works, or "".
        allowed: the values that may stand there; empty where they are no short list.
    """

    column: int
    found: str
    mended: str = ""
    allowed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LogView:
    """`GET /operators/log?q=&cursor=&reason=`.

    Args:
        query: as typed.
        integrity: shown beside the title.
        rows: one page, newest first.
        error: the query cannot be read; then `rows` is empty.
        needs_reason: the query looks a person up and no reason came with it; then nothing was searched (R55).
        reason: as typed.
        older, newest: own paths with cursors, or "".
        keys: the query language's keys, for the hint.
        values: of the keys that take one of a list: key and values.
    """

    TEMPLATE: ClassVar[str] = "operators/log.html"
    query: str
    integrity: Integrity
    rows: Sequence[LogRow]
    error: QueryError | None = None
    needs_reason: bool = False
    reason: str = ""
    older: str = ""
    newest: str = ""
    keys: Sequence[str] = (
        "app:",
        "action:",
        "person:",
        "after:",
        "before:",
        "outcome:",
        "source:",
        "grant:",
        "account:",
        "ask:",
    )
    values: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True, slots=True)
class ExportView:
    """`GET /operators/log/export` before a file can go out.

    Args:
        query, chosen, reason: as typed.
        formats: what there is to choose from.
        error, needs_reason, has_bad_format: why none went out.
    """

    TEMPLATE: ClassVar[str] = "operators/export.html"
    query: str
    formats: Sequence[str]
    chosen: str = ""
    reason: str = ""
    error: QueryError | None = None
    needs_reason: bool = False
    has_bad_format: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One ask of a record: its state before ("" if there was none) and after."""

    ask: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ProofView:
    """Where a record stands in the log.

    Args:
        state: `holds` (its bytes lead to the signed root), `broken` (they do not), `unsigned` (no checkpoint since).
        index: of the leaf, from 0.
        leaf_hash: hex.
        size: of the tree that the checkpoint signs.
        checkpoint: the signed note, whole.
    """

    state: Literal["holds", "broken", "unsigned"]
    index: int
    leaf_hash: str
    size: int = 0
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class PartView:
    """One sealed part of a record: `identity` or `evidence`, whose it is, SHA-256 of the sealed bytes."""

    name: str
    person_id: str
    sealed_hash: str
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class IdentityView:
    """Someone behind a record, opened for a reason that they will read."""

    person_id: str
    name: str
    login: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """`GET /operators/log/{record_id}`: everything about one record that an operator may see.

    Args:
        row: the line as in the list.
        facts: pairs of label and value, both in words.
        integrity: of the whole log.
        changes: for each ask, before and after.
        proof: None for a trace line, and for a record that was changed.
        parts: the sealed parts, by id only.
        may_open: there is an identity that can be opened for a reason.
        needs_reason: it was to be opened, without a reason.
        reason: as typed.
        is_opened, identities: what was opened.
        is_stuck: it was to be opened, and a key of these people is lost or damaged.
        is_damaged: the record is not what was written; nothing of it is shown.
    """

    TEMPLATE: ClassVar[str] = "operators/record.html"
    row: LogRow
    facts: Sequence[tuple[str, str]]
    integrity: Integrity
    changes: Sequence[Change] = ()
    proof: ProofView | None = None
    parts: Sequence[PartView] = ()
    may_open: bool = False
    needs_reason: bool = False
    reason: str = ""
    is_opened: bool = False
    is_stuck: bool = False
    identities: Sequence[IdentityView] = ()
    is_damaged: bool = False
