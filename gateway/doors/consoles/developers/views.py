"""What the developers' pages show: my apps, and one app.

Every view is a frozen value, filled by a handler and drawn by the template that it names: ready words in the page's
language, aware datetimes, ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

AppState = Literal["reviewed", "unreviewed", "suspended"]


@dataclass(frozen=True, slots=True)
class AppLine:
    """One app in the list.

    Args:
        id: leads to `/developers/{id}`.
        state: `reviewed`, `unreviewed`, `suspended`.
        live_grants: how many accounts have granted it something that is in force.
    """

    id: str
    name: str
    domain: str
    state: AppState
    asks: int
    live_grants: int


@dataclass(frozen=True, slots=True)
class AppsView:
    """`GET /developers`: the apps of the one signed in; may be empty."""

    TEMPLATE: ClassVar[str] = "developers/apps.html"
    apps: Sequence[AppLine]


@dataclass(frozen=True, slots=True)
class AskCounts:
    """One ask of the app, and how people decided about it. Counts of accounts, never who (I10).

    Args:
        id: the app's slug.
        scope: as on the wire, with `#purpose` where the app has several asks on the scope.
        purpose: the words that people see.
        agreed, refused, withdrawn: decisions so far.
    """

    id: str
    scope: str
    purpose: str
    required: bool
    agreed: int
    refused: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One client secret, by its last 4 characters; `ended_at` is set once it no longer counts."""

    name: str
    last_4: str
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppPageView:
    """`GET /developers/{id}`: one app as it stands in the register.

    Args:
        client_id: public.
        redirect_uris: exactly as registered.
        dialect: platform whose own OAuth the app speaks, in words, or "".
        keys: newest first; empty for a public client.
        is_public: has no secret by nature.
    """

    TEMPLATE: ClassVar[str] = "developers/app.html"
    name: str
    legal_name: str
    domain: str
    state: AppState
    client_id: str
    redirect_uris: Sequence[str]
    asks: Sequence[AskCounts]
    keys: Sequence[KeyLine]
    is_public: bool = False
    dialect: str = ""
