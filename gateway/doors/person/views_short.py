"""What the people's pages show, part four: the faces of a request that ask nothing item by item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.doors.person.views import AccountView, AppView
from gateway.doors.person.views_consent import KeptAsk, Notice


@dataclass(frozen=True, slots=True)
class ShortView:
    """`GET /consent/{request_id}` with nothing left to decide: one press lets the app go on with what stands.

    The form posts to the same path: `account`, `seen`, `decision` = `agree`, `refuse` or `stay`, `csrf_token`;
    `choose` as on `ConsentView`.

    Args:
        account: whose the standing decision is.
        standing: the asks of the request that stand, each with its end.
        seen: the version of the grant that this is drawn from.
        may_choose: another account may be chosen.
        by_device: as on `ConsentView`: what goes on is a device, and nobody is sent back by this browser.
        upstream_app: as on `ConsentView`.
        error: as on `ConsentView`.
    """

    TEMPLATE: ClassVar[str] = "person/consent_short.html"
    request_id: str
    app: AppView
    account: AccountView
    standing: Sequence[KeptAsk]
    notice: Notice
    expires_at: datetime
    seen: int
    may_choose: bool = False
    by_device: bool = False
    upstream_app: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class CoolDownView:
    """`GET /consent/{request_id}` for what was refused lately: no asks on it (R17).

    The form posts to the same path: `decision` = `refuse` or `look`, `csrf_token`.

    Args:
        refused_at: the newest of those refusals.
    """

    TEMPLATE: ClassVar[str] = "person/cool_down.html"
    request_id: str
    app: AppView
    refused_at: datetime
    notice: Notice
    expires_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class ChooseAccountView:
    """`GET /consent/{request_id}` where what is asked depends on the account.

    The form posts to the same path: `account`, `decision` = `choose` or `refuse`, `csrf_token`.
    """

    TEMPLATE: ClassVar[str] = "person/choose_account.html"
    request_id: str
    app: AppView
    accounts: Sequence[AccountView]
    notice: Notice
    expires_at: datetime
    error: str = ""
