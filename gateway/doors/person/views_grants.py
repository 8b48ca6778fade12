"""What the people's pages show: Quản lý quyền and one app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from gateway.doors.person.views import AccountView, AppView, AskView, Choice, Duration
from gateway.doors.person.views_contracts import ContractCard
from gateway.doors.person.views_stops import Stop
from gateway.ground.web.app_labels import AppLabel
from gateway.records.ledger.causes import Because

ENDED = frozenset({"refused", "withdrawn", "expired"})
UNCONFIRMED = "reconfirm"


@dataclass(frozen=True, slots=True)
class ActDone:
    """What was done a moment ago, said on the page that a 303 led to.

    Args:
        act: `withdraw`, `pause`, `resume`, `shorten`, `agree`, `refuse`, `object`, `lift`; `none` where it was so
            before.
        at: when it took effect.
        ask: the ask's name; "" for the whole app.
        receipt_code: the receipt's code, or "".
    """

    act: str
    at: datetime
    ask: str = ""
    receipt_code: str = ""


@dataclass(frozen=True, slots=True)
class GrantCard:
    """One app for one account, in the list.

    Args:
        id: the grant.
        app_id: one app may have a grant for each of several accounts.
        state: of the grant as a whole.
        marks: state of each ask, in the app's order.
        granted_at, ended_at: when it was given, and when refused, withdrawn or expired; None where it does not apply.
        expires_at: the latest end among its live asks.
        last_used_at, calls_30_days: from the trace; None of a person's own profile, of which calls are not counted: the
            trace does not say whom a call was about.
        label: what stands beside the app's name.
        stops: why nothing passes all the same; empty of what has ended.
        is_of_follower: the account is the reader's own profile, and bears the name of the shop that they follow.
    """

    id: str
    app_name: str
    account: AccountView
    state: str
    marks: Sequence[str]
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    app_id: str = ""
    last_used_at: datetime | None = None
    calls_30_days: int | None = 0
    label: AppLabel | None = None
    stops: Sequence[Stop] = ()
    is_of_follower: bool = False

    @property
    def live_count(self) -> int:
        """How many asks are in force."""
        return sum(mark == "granted" for mark in self.marks)

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it can be ended any more."""
        return self.state in ENDED

    @property
    def is_unconfirmed(self) -> bool:
        """Whether it waits to be confirmed or refused, and lets nothing through until then."""
        return self.state == UNCONFIRMED


@dataclass(frozen=True, slots=True)
class PermissionsView:
    """`GET /permissions`: every grant, current and past (R29, R42).

    Each form posts to `/permissions/{grant_id}` (`action`, `csrf_token`), "withdraw all" to `/permissions`.

    Args:
        grants: as filtered; the page splits them into current and ended.
        states, accounts: options of the filters `?state=` and `?account=`; the first is "all".
        is_filtered: so that an empty list says the right thing.
        contracts: what goes on about the reader without their consent, to object to.
        damaged: ids of what of the reader's cannot be read.
    """

    TEMPLATE: ClassVar[str] = "person/permissions.html"
    grants: Sequence[GrantCard]
    states: Sequence[Choice] = ()
    accounts: Sequence[Choice] = ()
    is_filtered: bool = False
    done: ActDone | None = None
    contracts: Sequence[ContractCard] = ()
    damaged: Sequence[str] = ()

    def count_apps(self, state: str) -> int:
        """Count the apps with a grant in this state, each once."""
        return len({grant.app_id for grant in self.grants if grant.state == state})

    @property
    def seeing(self) -> int:
        """How many apps something passes to: by consent, or under a contract."""
        agreed = {grant.app_id for grant in self.grants if grant.state == "granted" and not grant.stops}
        return len(agreed | {each.app_id for each in self.contracts if each.goes_on and not each.stops})

    @property
    def stopped(self) -> int:
        """How many apps something would pass to if nothing stopped it."""
        agreed = {grant.app_id for grant in self.grants if grant.state == "granted" and grant.stops}
        return len(agreed | {each.app_id for each in self.contracts if each.goes_on and each.stops})

    @property
    def going_on(self) -> int:
        """How many apps go on under a contract."""
        return len({each.app_id for each in self.contracts if each.goes_on})

    @property
    def current(self) -> Sequence[GrantCard]:
        """Grants of which something can still be ended."""
        return [grant for grant in self.grants if not grant.has_ended and not grant.is_unconfirmed]

    @property
    def unconfirmed(self) -> Sequence[GrantCard]:
        """Grants of which nothing passes until they are decided anew: there is nothing to take back."""
        return [grant for grant in self.grants if grant.is_unconfirmed]

    @property
    def ended(self) -> Sequence[GrantCard]:
        """Grants that ended, or were refused."""
        return [grant for grant in self.grants if grant.has_ended]


@dataclass(frozen=True, slots=True)
class PeopleCounts:
    """How many people agreed to an ask: by their own decision here, by evidence; and how many wait for that.

    `masks_minors`: the platform tells in its answers who is of age; whom it does not call so is masked there.
    """

    own: int = 0
    imported: int = 0
    pending: int = 0
    masks_minors: bool = False


@dataclass(frozen=True, slots=True)
class BroughtView:
    """A consent that was given elsewhere and brought in: nobody pressed anything here.

    Args:
        at: when it was brought in.
        by: by whom, in the operator's own words; "" where that cannot be read any more.
        evidence: what proves it; "" of one that waits for it, or where that cannot be read any more.
        agreed_on: the day of it, dd/mm/yyyy, or "".
    """

    at: datetime
    by: str = ""
    evidence: str = ""
    agreed_on: str = ""


@dataclass(frozen=True, slots=True)
class PermissionRow:
    """One ask inside a grant.

    Args:
        ask: its text.
        state: see `views`.
        changed_at: when it came into this state.
        changed_by: name of who did it; "" is the reader ("Bạn").
        ends_at: until when it is in force, while it is.
        calls_30_days, last_used_at: from the trace.
        blocked_calls: calls stopped since it was paused or ended.
        brought: where it was brought in.
        counts: on the account's own page: how many people it is about, by what lets their data pass; or None.
    """

    ask: AskView
    state: str
    changed_at: datetime
    changed_by: str = ""
    ends_at: datetime | None = None
    calls_30_days: int = 0
    last_used_at: datetime | None = None
    blocked_calls: int = 0
    brought: BroughtView | None = None
    counts: PeopleCounts | None = None


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One line of a grant's history.

    Args:
        act: `agree`, `refuse`, `withdraw`, `pause`, `resume`, `shorten`, `expire`, `reconfirm`, `suspend`, `look_up`,
            `link`, `note`; `damaged`: the record is not what was written.
        text: the event in words, "Tạm dừng “Xem nhãn”".
        by: who, and by which door, in words.
        version: of the grant after it; 0 where it changed nothing.
        receipt_code: or "".
        notice_path: own path of the text that the reader saw, or "".
        because: why it is to be confirmed anew, where the record says it.
        reason: in the operator's own words; or "".
    """

    act: str
    at: datetime
    text: str
    by: str
    version: int = 0
    receipt_code: str = ""
    notice_path: str = ""
    because: Because | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AppTold:
    """How far the signed notice to the app came: `heard`, `waiting` or `failed`, and when (R33)."""

    state: Literal["heard", "waiting", "failed"]
    at: datetime


@dataclass(frozen=True, slots=True)
class GrantView:
    """`GET /permissions/{grant_id}`: one app, item by item.

    Forms post to the same path: `action` = `withdraw`, `pause`, `resume`, `shorten`, `reconsider`; `ask` where it is
    about one ask; `duration` for shorten; `csrf_token`.

    Args:
        shorter: ends that lie before the present one; empty hides the form.
        receipts: codes, newest first.
        live_credentials: how many credentials of it are not over.
        families: how many families of it can still be used.
        shop: the account whose follower the reader is, where it is about the reader's own data; or "".
        contracts: with `shop`: what goes on under a contract and was not objected to.
        objected: with `shop`: how many asks under a contract the reader objects to.
        is_objection: nobody was asked to agree to anything here; all that was decided is what is objected to.
        invitation: where the account's followers can be asked; "" where nobody has to be, or can.
        follower: the id of the one follower to whom it is written, or "".
        unread: ids of asks whose words in the register are damaged.
        told: whether the app heard of the latest change that was to be told it; None where none was.
        stops: why nothing passes all the same; empty where it has ended.
    """

    TEMPLATE: ClassVar[str] = "person/grant.html"
    id: str
    app: AppView
    account: AccountView
    state: str
    rows: Sequence[PermissionRow]
    history: Sequence[HistoryEvent]
    shorter: Sequence[Duration] = ()
    receipts: Sequence[str] = ()
    expires_at: datetime | None = None
    done: ActDone | None = None
    told: AppTold | None = None
    live_credentials: int = 0
    families: int = 0
    shop: str = ""
    contracts: Sequence[AskView] = ()
    objected: int = 0
    is_objection: bool = False
    invitation: str = ""
    follower: str = ""
    unread: Sequence[str] = ()
    stops: Sequence[Stop] = ()

    @property
    def to_people(self) -> bool:
        """Whether it is about what the app does to the reader in the shop's name, without knowing anything of them."""
        return any(ask.basis == "to_people" for ask in (*self.contracts, *(row.ask for row in self.rows)))

    def count(self, state: str) -> int:
        """How many asks are in a state."""
        return sum(row.state == state for row in self.rows)
