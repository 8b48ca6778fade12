"""A person, how they prove who they are, and a session, as the rest of the house sees them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.terms.ids import PersonId

SESSION_IDLE = timedelta(hours=12)
SESSION_WHOLE = timedelta(days=7)
PASSWORD_ACR = "urn:quyen:acr:password"
"""The authentication context class of a password proven to this gateway itself (RFC 9470, `acr`)."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody was last asked, where their provider does not say: too long ago for anyone who wants to know."""


class Role(StrEnum):
    """What a person may be here; one person may be several."""

    OWNER = "owner"
    FOLLOWER = "follower"
    GUARDIAN = "guardian"
    DEVELOPER = "developer"
    OPERATOR = "operator"


STAFF = frozenset({Role.DEVELOPER, Role.OPERATOR})
"""Roles that no provider gives: only an operator makes an identity theirs."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs in. `name` is what pages show."""

    id: PersonId
    login: str
    name: str
    roles: frozenset[Role]
    hashed_password: str | None
    created_at: datetime

    def has_role(self, role: Role) -> bool:
        """Say whether the person holds `role`."""
        return role in self.roles


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when someone proved who they are.

    Args:
        at: when they were asked: for the password now, at a provider when it says (`LONG_AGO` where it does not).
        acr: how strongly: `PASSWORD_ACR`, or the provider's own word, or None where it says none.
        issuer, subject: the identity that a provider proved; None after a password.
        sid: the provider's session, which its logout may name.
    """

    at: datetime
    acr: str | None = None
    issuer: str | None = None
    subject: str | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `authenticated_at`, `acr`, `issuer`, `subject` and `sid` are its `Proof`."""

    hashed_token: bytes
    person_id: PersonId
    authenticated_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    acr: str | None = None
    issuer: str | None = None
    subject: str | None = None
    sid: str | None = None

    @property
    def opened_at(self) -> datetime:
        """When it began here."""
        return self.ends_at - SESSION_WHOLE
