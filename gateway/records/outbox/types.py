"""An app's endpoint, its signing keys, and a notice or a copy of an event on its way."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from gateway.terms.ids import GATEWAYS_OWN, AppId, GrantId, PermissionId, UpstreamAppId


class Event(StrEnum):
    """What a notice is about: its CloudEvents `type`. A value never changes its meaning."""

    WITHDRAWN = "quyen.grant.withdrawn"
    PAUSED = "quyen.grant.paused"
    RESUMED = "quyen.grant.resumed"
    SHORTENED = "quyen.grant.shortened"
    NARROWED = "quyen.grant.narrowed"
    RENEWED = "quyen.grant.renewed"
    EXPIRED = "quyen.grant.expired"
    RECONFIRM = "quyen.grant.reconfirm"
    TEST = "quyen.endpoint.test"


class EndpointState(StrEnum):
    """Whether notices are sent there."""

    LIVE = "live"
    GONE = "gone"
    """It answered 410; nothing is sent until the developer sets it again."""


class NoticeState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    QUEUED = "queued"
    """A copy of an event that waits in its grant's lane."""
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    """A later version of the same grant arrived, which tells all that this one told."""
    GIVEN_UP = "given_up"
    GONE = "gone"
    """There was no live endpoint to send it to."""
    VOID = "void"
    """What the copy of an event rested on ended before it was sent; it was destroyed."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an app hears of changes."""

    app_id: AppId
    url: str
    state: EndpointState
    changed_at: datetime

    def is_live_at(self, url: str) -> bool:
        """Say whether notices go to this address already."""
        return self.url == url and self.state is EndpointState.LIVE


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What an app's notices are signed with: an HMAC secret and an Ed25519 seed, each sealed for its own place."""

    id: str
    app_id: AppId
    number: int
    sealed_secret: bytes = field(repr=False)
    sealed_seed: bytes = field(repr=False)
    public_key: str
    last4: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to an app. `id` is its `webhook-id`: the same for every try, so that a receiver knows it again.

    `event` is an `Event`, or the type of a platform's event: then it has no `version`, and its body is in its copy.
    `outcome` is the last try's: the answer's status as digits, or a word for why there was none.
    """

    id: str
    app_id: AppId
    grant_id: GrantId | None
    version: int | None
    event: str
    body: bytes = field(repr=False)
    state: NoticeState
    tries: int
    next_try_at: datetime
    leased_until: datetime | None
    outcome: str
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Errand:
    """A notice that someone took on, until its lease ends, and where it goes."""

    notice: Notice
    endpoint: Endpoint
    keys: tuple[SigningKey, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """An event on its way to one app: filtered, sealed for its grant, destroyed when it is over (I6).

    Args:
        number: its place in the grant's lane.
        rests_on: the permissions under which it was kept; it goes out under no other (I4).
        sealed: opened by `copies.open_copy`.
        event: its CloudEvents type.
        created_at: when the platform told it.
        brought_id: through which upstream app it came; it goes out to an app that uses that one alone (ADR 0040).
    """

    id: str
    grant_id: GrantId
    number: int
    rests_on: frozenset[PermissionId]
    sealed: bytes = field(repr=False)
    event: str
    created_at: datetime
    brought_id: UpstreamAppId = GATEWAYS_OWN


@dataclass(frozen=True, slots=True)
class Lane:
    """The next copies of one grant, oldest first, that someone took on until the lease ends, and where they go."""

    grant_id: GrantId
    app_id: AppId
    leased_until: datetime
    endpoint: Endpoint
    keys: tuple[SigningKey, ...]
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended: the answer's status, or a word for why there was none; and the wait that it asked for."""

    status: int | None
    why: str = ""
    wish_seconds: int = 0

    @property
    def is_taken(self) -> bool:
        """Say whether the receiver took it: 2xx alone; a redirect is none."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def outcome(self) -> str:
        """How the delivery log names it."""
        return self.why if self.status is None else str(self.status)


def address_facts(url: str) -> dict[str, str]:
    """Write an address down for the grant log: its host in words, the whole as a hash, for a path may hold a key."""
    return {"host": urlsplit(url).hostname or "", "url_sha256": hashlib.sha256(url.encode()).hexdigest()}
