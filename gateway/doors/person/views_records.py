"""What the people's pages show: who looked at my data, receipts, and their public check."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import ClassVar, Literal

from gateway.doors.person.views import AccountView, AppView, AskView, Choice
from gateway.doors.person.views_grants import BroughtView
from gateway.doors.person.views_stops import Stop
from gateway.ground.web.app_labels import AppLabel
from gateway.ground.web.frame import Lang
from gateway.ground.web.local import local_day
from gateway.records.ledger.causes import Because


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One look at a person's data: never the data itself (R58).

    Args:
        id: the trace line, or the record of the look.
        at: when.
        who: app, or operator with code.
        verb: `do` (a call; `thing` is what it did, in the catalogue's words) or `look_up` (an operator; `thing` is
            what was looked up).
        result: `passed`, `masked` (passed, some people covered), `blocked`, `cut` (stopped under way by an end),
            `failed` (the platform refused it or did not answer), `open` (under way, or its process died),
            `seen` (an operator's look-up); `damaged`: the line is not what was written, and says no more than its time.
        people: how many people it was about, or None.
        asks: names of the asks that it used, or wanted.
        data_types: what could pass by the catalogue, in words, whatever the answer held; none where nothing did.
        is_bare: what passed held ids or numbers at most.
        by: name of the grant-bound credential that it came by; "" where the app called itself.
        purpose, recipient: in words; "" where they do not apply.
        bases: the asks about other people that it used, each for its basis.
        by_evidence: how many of the people were in it by a consent that was brought in.
        shop: whose call it was, where the reader is a follower of the shop's who may have been in it; or "".
        note: why it was blocked or failed, the operator's reason.
        label: what stands beside the app's name; None of an operator.
        account: whose call it was, where the reader may decide for several accounts; or "".
    """

    id: str
    at: datetime
    who: str
    verb: Literal["do", "look_up"]
    thing: str
    result: Literal["passed", "masked", "blocked", "cut", "failed", "unknown", "open", "seen", "damaged"]
    people: int | None = None
    asks: Sequence[str] = ()
    data_types: Sequence[str] = ()
    purpose: str = ""
    recipient: str = ""
    note: str = ""
    by: str = ""
    is_bare: bool = False
    bases: Sequence[AskView] = ()
    by_evidence: int = 0
    shop: str = ""
    label: AppLabel | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class TraceView:
    """`GET /permissions/trace`: newest first, filtered by `?app=&account=&after=&outcome=`, paged by `&cursor=`.

    Args:
        rows: one page of lines.
        checked_at: when the gateway was last seen alive and its trace whole.
        apps, accounts, outcomes: options of the filters; no accounts where there is but one.
        after: the day typed, dd/mm/yyyy, kept even if wrong.
        is_shared: the reader is a follower of a shop, and may have been in calls of its apps.
        suspended: which of the apps are, and why.
        error: `bad_day`, `bad_outcome`, `bad_cursor` or ""; of the latter two nothing is listed.
        totals: of each day that the page may show a part of, how many lines it has.
        older, newer: own paths with cursors, or "".
    """

    TEMPLATE: ClassVar[str] = "person/trace.html"
    rows: Sequence[TraceRow]
    checked_at: datetime
    apps: Sequence[Choice] = ()
    outcomes: Sequence[Choice] = ()
    after: str = ""
    is_filtered: bool = False
    is_shared: bool = False
    suspended: Sequence[Stop] = ()
    error: str = ""
    older: str = ""
    newer: str = ""
    accounts: Sequence[Choice] = ()
    totals: Mapping[date, int] = field(default_factory=dict)

    @property
    def days(self) -> Iterator[tuple[date | None, list[TraceRow], int]]:
        """The rows under their local days, None where there is none to name; and how many lines each day has."""
        for day, found in groupby(self.rows, key=lambda row: local_day(row.at)):
            rows = list(found)
            yield day, rows, len(rows) if day is None else self.totals.get(day, len(rows))


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One receipt in the list.

    Args:
        event: `given`, `imported`, `reconnected` (nothing new was decided), `refused`, `objected`, `shortened`,
            `paused`, `resumed`, `lifted`, `reconfirm`, `withdrawn` or `expired`; `damaged` of one that is not as it
            was written, `unread` where its app or asks cannot be read.
        states: that of each item, as the record tells it.
        label: what stands beside the app's name.
    """

    code: str
    at: datetime
    event: str
    app_name: str
    account_name: str
    states: Sequence[str] = ()
    label: AppLabel | None = None


@dataclass(frozen=True, slots=True)
class ReceiptsView:
    """`GET /permissions/receipts`: newest first; `kept_days`: at least how long their evidence is kept."""

    TEMPLATE: ClassVar[str] = "person/receipts.html"
    rows: Sequence[ReceiptLine]
    kept_days: int
    older: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """One decision on a receipt: the ask's words as they were shown, and the state decided.

    `only`, `about_others`, `basis` and what goes with them, `explanation`, `can` and `cannot` are as in `AskView`; the
    basis is the one that was decided on.
    """

    name: str
    purpose: str
    kept_days: int | None
    state: str
    only: Sequence[str] | None = None
    only_name: str = ""
    basis: str = ""
    agreement: str = ""
    agreed_on: str = ""
    brought: BroughtView | None = None
    about_others: bool = True
    data_types: Sequence[str] = ()
    explanation: str = ""
    can: Sequence[str] = ()
    cannot: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What makes a receipt checkable without trusting us.

    Args:
        log_index: number of the record.
        log_size: size of the tree that the checkpoint signs.
        leaf_hash: hex.
        checkpoint: the signed note, whole, lines and all.
        key_name: whose key signed it.
    """

    log_index: int
    log_size: int
    leaf_hash: str
    checkpoint: str
    key_name: str


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """`GET /permissions/receipts/{code}`: one sheet of A4 (R43 to R45).

    Args:
        event: see `ReceiptLine`.
        person: who decided, by name.
        starts_at, ends_at: validity; the start alone is None where the consent was given before; both are None on a
            receipt where nothing is in force.
        recipients: "name, country" of each.
        notice: "TB-ZOA-014, bản 3", the text that was shown; "" where none was, as with a withdrawal.
        verify_url: absolute; also what the QR code holds.
        json_path: own path of the signed JSON, or "".
        notice_path: own path of the very text, or "" where the reader is not who saw it.
        shop: of what is known about a person: the account whose follower they are; else "".
        is_own: with `shop`: that person decided, and not the platform or the gateway.
        because: why it is to be confirmed anew, where it is about that.
        told_by: the platform at which they took it back themselves; "" where it was anybody else.
        erased: what the app may hold and is to erase then, by name.
        is_told: with `erased`: it has an address at which it was told.
    """

    TEMPLATE: ClassVar[str] = "person/receipt.html"
    code: str
    event: str
    at: datetime
    person: str
    account: AccountView
    app: AppView
    items: Sequence[ReceiptItem]
    recipients: Sequence[str]
    notice: str
    verify_url: str
    proof: Proof
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    json_path: str = ""
    notice_path: str = ""
    shop: str = ""
    is_own: bool = False
    because: Because | None = None
    told_by: str = ""
    erased: Sequence[str] = ()
    is_told: bool = False

    @property
    def states(self) -> Sequence[str]:
        """That of each item."""
        return [item.state for item in self.items]


@dataclass(frozen=True, slots=True)
class NoticeView:
    """`GET /permissions/notices/{sha256}`: the archived text of the page on which the reader decided.

    Args:
        sha256: of the text's UTF-8 bytes, in hex.
        lang, language: of the text; the latter in words.
        content: the text, as it is archived.
        decided_at: when the reader decided on it last.
    """

    TEMPLATE: ClassVar[str] = "person/notice.html"
    sha256: str
    lang: Lang
    language: str
    content: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class VerifyView:
    """`/receipts/verify`: anyone checks a receipt; `GET ?code=`, or POST `receipt` (the signed JSON) with `csrf_token`.

    Args:
        state: `first`; `genuine`; `unsigned` (genuine, past the last checkpoint); `altered` (the pasted receipt of a
            known code does not hold by itself); `record_changed` (asked by a code alone, of which the record that is
            kept proves nothing any more); `unknown` (no record has the code); `foreign` (pasted, and neither its
            signature nor its code is ours); `unreadable`.
        code: what was typed.
        at, event, proof: with `genuine` and `unsigned`; no name and no item is ever shown here.
        is_record_changed: the record that the gateway keeps is not what was written, or gone; said apart from `state`.
    """

    TEMPLATE: ClassVar[str] = "person/verify.html"
    state: Literal["first", "genuine", "unsigned", "altered", "record_changed", "unknown", "foreign", "unreadable"] = (
        "first"
    )
    code: str = ""
    at: datetime | None = None
    event: str = ""
    proof: Proof | None = None
    is_record_changed: bool = False
