"""What the people's pages show: the consent screen and what stands round it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from gateway.doors.person.views import AccountView, AppView, AskView, Duration
from gateway.records.ledger.causes import Because
from gateway.terms.ids import AskId


@dataclass(frozen=True, slots=True)
class Notice:
    """The text that is shown, as it is archived (R16, R47): its code, version and date; `language` in words."""

    code: str
    version: int
    dated: datetime
    language: str


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who runs this gateway, and in which of the two modes (`QUYEN_MODE`, docs/configuration.md)."""

    name: str
    mode: Literal["platform", "business"]


@dataclass(frozen=True, slots=True)
class KeptAsk:
    """An ask decided before that this request leaves as it was: its name, its state, and the day that goes with it.

    `on` is until when it stands; None where the state alone is told. `only`: as in `AskView`. `by` is who agreed to
    what stands, by name; "" is the reader: another admin of the account may have. None: it was brought in.
    """

    name: str
    state: str
    on: datetime | None = None
    only: Sequence[str] | None = None
    only_name: str = ""
    by: str | None = ""


@dataclass(frozen=True, slots=True)
class Anew:
    """What ended an agreement of before; `because` is None where the record does not say."""

    at: datetime
    because: Because | None


@dataclass(frozen=True, slots=True)
class ConsentView:
    """`GET /consent/{request_id}`: one app asks; a person decides, item by item.

    The form posts to the same path: `account`, `ask` (one for each tick), `duration`, `decision` = `agree`, `refuse` or
    `stay` (hidden, first: Enter in a checkbox), `seen`, `csrf_token`. A small form beside it, `decision` = `choose`,
    goes back to the question for which account.

    Args:
        request_id: the authorize request; its reference on the page.
        app: who asks, from the register.
        platform: name for people of the platform that all asks are of, "Zalo OA".
        accounts: those the person may decide for. None: the page says that linking comes after the decision. One: its
            radio is preselected. Several: none is.
        asks: in the register's order; the page splits them by whose data they are about.
        durations: shortest first; the first is preselected.
        keeper: who runs the gateway.
        notice: which text this is.
        expires_at: until when this request can be answered.
        standing: asks of the request that stand, each with its end; they go on and have no box.
        kept: other asks decided before, which this request leaves alone. One of these two lists makes this the
            difference screen (R18).
        refused: the boxes that this person refused lately, by id, each with the day of it.
        leaving: on the whole screen: the asks that stand, by id, each with its end; unticked they end.
        replaced: what stands for other resources than its box is about, by id: an agreement to the box replaces it.
        account_named: the one account that the app asks about, by its id on the platform; or "".
        seen: the version of the grant that this is drawn from, or None where no grant is meant yet.
        may_choose: another account may be chosen.
        picks_account: the app wants the person to choose: no account is preselected, be it the only one.
        by_device: asked from a device; nobody is sent back to the app by this browser.
        reconsider: opened from Quản lý quyền by the person, not by the app; the decision returns there.
        shop: the account whose follower decides about data of their own; "" where an account's own people decide.
        upstream_app: the id of the app's own app at the platform, through which accounts are linked for it; or "".
        anew: why asks that were agreed to before are asked again, and since when; None where none is.
        error: `no_account` (agreed without choosing one), `unknown_ask`, `unknown_duration`, `outdated`; of a choice
            made before linking that does not count: `not_linked`, `decided_before`; or "".
        lost: with these two, the boxes that had been ticked, by name.
    """

    TEMPLATE: ClassVar[str] = "person/consent.html"
    request_id: str
    app: AppView
    platform: str
    accounts: Sequence[AccountView]
    asks: Sequence[AskView]
    durations: Sequence[Duration]
    keeper: Keeper
    notice: Notice
    expires_at: datetime
    standing: Sequence[KeptAsk] = ()
    kept: Sequence[KeptAsk] = ()
    leaving: Mapping[AskId, datetime] = field(default_factory=dict)
    refused: Mapping[AskId, datetime] = field(default_factory=dict)
    replaced: Mapping[AskId, KeptAsk] = field(default_factory=dict)
    account_named: str = ""
    seen: int | None = None
    may_choose: bool = False
    picks_account: bool = False
    by_device: bool = False
    reconsider: bool = False
    shop: str = ""
    upstream_app: str = ""
    anew: Anew | None = None
    error: str = ""
    lost: Sequence[str] = ()

    @property
    def is_difference(self) -> bool:
        """Whether something was decided before."""
        return bool(self.standing or self.kept or self.replaced)

    @property
    def is_more(self) -> bool:
        """Whether the app has something already that this adds to; refusals, ends and what is decided anew are none."""
        if self.leaving:
            return False
        return bool(self.standing or self.replaced) or any(each.state in {"granted", "paused"} for each in self.kept)

    @property
    def may_lose_ticks(self) -> bool:
        """Whether some boxes may be ticked in vain: one is required, and others stand beside it, required or not."""
        return len(self.asks) > 1 and any(ask.required for ask in self.asks)

    @property
    def own_asks(self) -> Sequence[AskView]:
        """The asks about the account itself."""
        return [ask for ask in self.asks if not ask.about_others]

    @property
    def others_asks(self) -> Sequence[AskView]:
        """The asks about other people."""
        return [ask for ask in self.asks if ask.about_others]

    @property
    def others_basis(self) -> str:
        """What the asks about other people rest on: the one basis of all of them, or `both`.

        What is done for those people rests on nobody's word; it is named only where nothing else is about them.
        """
        found = {ask.basis for ask in self.others_asks} - {"serves"} or {"serves"}
        return found.pop() if len(found) == 1 else "both"


@dataclass(frozen=True, slots=True)
class ConfirmAccountView:
    """`/consent/{request_id}` after linking: for which account (second POST: `account`, `decision`, `csrf_token`).

    Args:
        agreed: the asks that the person has chosen, to be read once more.
        accounts: those just linked; preselected only if single.
        ends_at: when the chosen duration ends.
    """

    TEMPLATE: ClassVar[str] = "person/confirm_account.html"
    request_id: str
    app: AppView
    accounts: Sequence[AccountView]
    agreed: Sequence[AskView]
    ends_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class RequestEndedView:
    """`/consent/{request_id}` with 410 or 409: it ran out, or it was decided before.

    Args:
        state: `expired` or `decided`.
        app: who had asked.
        at: when it ran out, or when it was decided.
        grant_id: with `decided`: where the decision can be seen and changed; "" if nothing was ever granted.
    """

    TEMPLATE: ClassVar[str] = "person/request_ended.html"
    state: Literal["expired", "decided"]
    app: AppView
    at: datetime
    grant_id: str = ""
