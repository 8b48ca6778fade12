"""What the developers' pages show: my apps, and one app.

Every view is a frozen value, filled by a handler and drawn by the template that it names: ready words in the page's
language, aware datetimes, ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from gateway.ground.web.asks import AskView
from gateway.records.grants.types import AskTally

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
class AskLine:
    """One ask of the app, and how accounts decided about it. Counts, never who (I10).

    Args:
        ask: exactly what the consent screen shows.
        wire_name: `scope#purpose`, its unambiguous name in a `scope` parameter.
        tally: where every permission that was ever given or refused stands now.
        unlinked_refusals: refusals by people who had no account linked yet; they make no permission.
    """

    ask: AskView
    wire_name: str
    tally: AskTally
    unlinked_refusals: int = 0

    @property
    def refused(self) -> int:
        """Every refusal."""
        return self.tally.refused + self.unlinked_refusals


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One client secret, by its last 4 characters; `ended_at` is set once it no longer counts."""

    last_4: str
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppPageView:
    """`GET /developers/{client_id}`: one app as it stands in the register.

    Args:
        legal_name, address, contact, country, domain: who stands behind it.
        reviewed_at: when an operator checked that, or None.
        client_id: public.
        redirect_uris: exactly as registered.
        may_refresh: gets refresh tokens.
        may_use_devices: asks from devices without a browser.
        keys: newest first; empty for a public client.
        is_public: has no secret by nature.
        own_keys: ids of the public keys by which it proves itself; then it has no secret either.
        must_push: its authorization requests come by PAR only.
        binds_tokens: it gets no bearer tokens.
        dialect: platform whose own OAuth the app speaks, in words, or "".
        upstreams: its own apps at platforms, through which its calls go there, in words.
        suspended_because: the operator's words, or "".
        was_restored: it was suspended before the database was restored, which lost the words.
    """

    TEMPLATE: ClassVar[str] = "developers/app.html"
    name: str
    legal_name: str
    address: str
    contact: str
    country: str
    domain: str
    state: AppState
    registered_at: datetime
    client_id: str
    redirect_uris: Sequence[str]
    asks: Sequence[AskLine]
    keys: Sequence[KeyLine]
    reviewed_at: datetime | None = None
    may_refresh: bool = False
    may_use_devices: bool = False
    is_public: bool = False
    own_keys: Sequence[str] = ()
    must_push: bool = False
    binds_tokens: bool = False
    dialect: str = ""
    upstreams: Sequence[str] = ()
    suspended_because: str = ""
    was_restored: bool = False
