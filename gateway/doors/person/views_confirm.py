"""What the page shows that asks before something is taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.doors.person.views import AccountView, AppView, AskView


@dataclass(frozen=True, slots=True)
class ConfirmWithdrawView:
    """The confirm page of a withdrawal: consequences, then equal buttons (R32). Posts `confirm=yes`.

    Where something goes on under a contract, `confirm=both` objects to that as well.

    Args:
        path: where both lead: `/permissions/{grant_id}`, or `/permissions` for everything.
        app: None when everything is to be withdrawn.
        account: None likewise.
        ask: the one ask, or None for the whole app.
        remaining: how many asks (or, for everything, apps) go on afterwards.
        ending: names of what ends.
        contracts: names of what goes on under a contract unless the reader objects.
    """

    TEMPLATE: ClassVar[str] = "person/confirm_withdraw.html"
    path: str
    ending: Sequence[str]
    app: AppView | None = None
    account: AccountView | None = None
    ask: AskView | None = None
    remaining: int = 0
    contracts: Sequence[str] = ()
