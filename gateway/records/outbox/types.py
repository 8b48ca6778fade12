"""An app's endpoint, its signing keys, and a notice on its way."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from gateway.terms.ids import AppId, GrantId


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
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    """A later version of the same grant arrived, which tells all that this one told."""
    GIVEN_UP = "given_up"
    GONE = "gone"
    """There was no live endpoint to send it to."""


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

    `outcome` is the last try's: the answer's status as digits, or a word for why there was none.
    """

    id: str
    app_id: AppId
    grant_id: GrantId | None
    version: int
    event: Event
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


def address_facts(url: str) -> dict[str, str]:
    """Write an address down for the grant log: its host in words, the whole as a hash, for a path may hold a key."""
    return {"host": urlsplit(url).hostname or "", "url_sha256": hashlib.sha256(url.encode()).hexdigest()}
