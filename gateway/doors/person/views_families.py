"""What the page of a grant's families shows: each time the app was connected, and the form that ends it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from gateway.doors.person.views import AccountView, AppView


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """One family.

    Args:
        state: `live`, `paused` (nothing that it reaches passes now), `ended`.
        host: where its code went, or "" for a device that asked by a code of its own.
        begun_by: name of who decided then; "" is the reader ("Bạn").
        asks: names of what it reaches and still stands; empty where it ended.
        last_token_at: when the app got a token of it last; None: never, or too long ago to be known.
    """

    id: str
    state: Literal["live", "paused", "ended"]
    host: str
    begun_at: datetime
    begun_by: str
    asks: Sequence[str]
    last_token_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class FamiliesView:
    """`GET /permissions/{grant_id}/families`.

    Each form posts to the same path: `action=end` with `family`; `csrf_token`.

    Args:
        id: the grant.
        rows: those that can still be used, then those that ended last; each newest first.
        is_cut_off: there are more that can be used.
    """

    TEMPLATE: ClassVar[str] = "person/families.html"
    id: str
    app: AppView
    account: AccountView
    rows: Sequence[FamilyRow]
    is_cut_off: bool = False

    @property
    def live(self) -> Sequence[FamilyRow]:
        """Those that can be ended."""
        return [row for row in self.rows if row.state != "ended"]

    @property
    def ended(self) -> Sequence[FamilyRow]:
        """Those that ended."""
        return [row for row in self.rows if row.state == "ended"]
