"""What the page of a grant's credentials shows: making one, each that there is, and the secret this once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from gateway.doors.person.views import AccountView, AppView, AskView

Making = Literal["open", "sign_in", "full", "nothing", "staff"]


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """One credential.

    Args:
        state: `live`, `paused` (all that it reaches is, or its app is suspended), `ended`.
        made_by: name of who made it; "" is the reader ("Bạn").
    """

    id: str
    name: str
    last4: str
    state: Literal["live", "paused", "ended"]
    made_at: datetime
    made_by: str
    last_used_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeView:
    """A credential that was just made, with its secret."""

    id: str
    name: str
    raw_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CredentialsView:
    """`GET /permissions/{grant_id}/credentials`.

    Forms post to the same path: `action=make` with `name`, `action=end` with `credential`; `csrf_token`.

    Args:
        id: the grant.
        asks: what a new one would open.
        making: whether one can be made, or why not: `sign_in` (the sign-in is too long ago), `full` (too many live),
            `nothing` (nothing of the grant is live), `staff`.
        sign_in: where to prove oneself again.
        token_url: where a credential is exchanged, as the app's clients know it.
        made: shown this once.
        name: what was typed, if it was refused.
    """

    TEMPLATE: ClassVar[str] = "person/credentials.html"
    id: str
    app: AppView
    account: AccountView
    rows: Sequence[CredentialRow]
    asks: Sequence[AskView]
    making: Making
    sign_in: str
    token_url: str
    made: MadeView | None = None
    name: str = ""
    is_bad_name: bool = False
