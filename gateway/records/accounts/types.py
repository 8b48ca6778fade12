"""Accounts, connections and standings, as the rest of the house sees them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.terms.ids import GATEWAYS_OWN, AccountId, ConnectionId, PersonId, StandingId, UpstreamAppId

STANDING_LASTS = timedelta(days=90)
LINK_ATTEMPT_LASTS = timedelta(minutes=10)
SELF = "self"
"""The role of whoever is the person whose account it is."""


class ConnectionState(StrEnum):
    """Whether the platform still takes the gateway's credential for the account."""

    LIVE = "live"
    LOST = "lost"


NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When a standing lapses that is proven by each sign-in: a person's for their own profile."""


@dataclass(frozen=True, slots=True)
class Account:
    """One thing on a platform; `external_id` is the platform's own id for it.

    A person's own profile has a `parent_id`: the account that sees them, such as the OA that they follow. The platform
    names them to that account alone, so their `external_id` is the pair `parent/them` (`profile_name`).
    """

    id: AccountId
    platform: str
    external_id: str
    name: str
    linked_at: datetime
    parent_id: AccountId | None = None

    @property
    def parent_external_id(self) -> str:
        """The platform's own id for the account above, of a profile."""
        return self.external_id.partition("/")[0]

    @property
    def subject_id(self) -> str:
        """By which the account above knows the person whose profile this is."""
        return self.external_id.partition("/")[2]


def profile_name(parent_external_id: str, subject_id: str) -> str:
    """Name the profile of a person whom an account knows by `subject_id`."""
    return f"{parent_external_id}/{subject_id}"


@dataclass(frozen=True, slots=True)
class Connection:
    """The gateway's own link to an account through one upstream app.

    `sealed_credential` is opened by the vault for the place (connections, id, sealed_credential); `generation` counts
    renewals, so that a renewal that lost the race is seen. `upstream_app` is its id at the platform; `brought_id` says
    which one that an app brought it is. `linked_at` is when somebody linked it last; None where nobody knows any more.
    """

    id: ConnectionId
    account_id: AccountId
    upstream_app: str
    state: ConnectionState
    lost_reason: str | None
    sealed_credential: bytes
    generation: int
    credential_expires_at: datetime | None
    changed_at: datetime
    brought_id: UpstreamAppId = GATEWAYS_OWN
    linked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """This person may decide for this account, until `lapses_at`, because of `proven_how` at `proven_at`."""

    id: StandingId
    account_id: AccountId
    person_id: PersonId
    role: str
    proven_how: str
    proven_at: datetime
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class ProfilePair:
    """One person under two ids: as an account knows them, and as they sign in at the platform through its app."""

    account_id: AccountId
    login_subject: str
    subject_id: str
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class LinkAttempt:
    """A journey to a platform and back. Its `state` value is known only by hash; the verifier is sealed.

    `unverified_wanted_id`: the account that is to be linked again, as a form named it; None where any is meant.
    """

    hashed_state: bytes
    person_id: PersonId
    platform: str
    sealed_verifier: bytes
    return_to: str
    expires_at: datetime
    brought_id: UpstreamAppId = GATEWAYS_OWN
    unverified_wanted_id: str | None = None
