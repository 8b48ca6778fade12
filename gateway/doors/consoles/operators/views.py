"""What the operators' pages show: the grant log and one record.

Every view is a frozen value, filled by a handler and drawn by the template that it names: ready words in the page's
language, aware datetimes, ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Integrity:
    """What the head of the log says about the log itself.

    Args:
        state: `whole`; `broken` (nothing is signed any more); `unknown` (not checked yet).
        size: how many records.
        checked_at: or None with `unknown`.
    """

    state: Literal["whole", "broken", "unknown"]
    size: int
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """One record of the log, or one line of the trace.

    Args:
        source: `log` or `trace`; with `record_id` they become `tr[data-source][data-record]`.
        act: chooses the glyph: `agree`, `refuse`, `withdraw`, `pause`, `resume`, `shorten`, `expire`, `reconfirm`,
            `link`, `suspend`, `look_up`, `call`, `blocked`, `deliver`, `export`; any other shows a sheet.
        title: the event in words, "Đồng ý 4/6 mục".
        app: name, or "".
        account: name, or who acted.
        asks: ask ids, or a reason; as text.
        seq: its number in the log; None for the trace.
    """

    source: Literal["log", "trace"]
    record_id: str
    at: datetime
    act: str
    title: str
    app: str
    account: str
    asks: str
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class QueryError:
    """Where a query is wrong: `column` counts from 1, `found` is the text there, `mended` a query that works, or ""."""

    column: int
    found: str
    mended: str = ""


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
        exports: pairs of format and own path (`csv`, `/operators/log/export?format=csv&q=...`); empty hides the link.
        keys: the query language's keys, for the hint.
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
    exports: Sequence[tuple[str, str]] = ()
    keys: Sequence[str] = ("app:", "action:", "person:", "after:", "before:", "outcome:", "source:")


@dataclass(frozen=True, slots=True)
class RecordView:
    """`GET /operators/log/{record_id}`: everything about one record that an operator may see.

    Args:
        row: the line as in the list.
        facts: pairs of label and value, both in words.
        changes: for each ask: its id, its state before ("" if there was none), its state after.
        leaf_hash: hex; "" for a trace line.
        payload_hash: SHA-256 of the sealed payload, hex, or "".
        erased: the payload's key was destroyed; the facts that it held are gone.
        integrity: of the whole log.
        back: own path of the search it was opened from.
    """

    TEMPLATE: ClassVar[str] = "operators/record.html"
    row: LogRow
    facts: Sequence[tuple[str, str]]
    integrity: Integrity
    changes: Sequence[tuple[str, str, str]] = ()
    leaf_hash: str = ""
    payload_hash: str = ""
    erased: bool = False
    back: str = "/operators/log"
