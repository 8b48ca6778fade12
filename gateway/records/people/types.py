"""A person and a session, as the rest of the house sees them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.terms.ids import PersonId

SESSION_IDLE = timedelta(hours=12)
SESSION_WHOLE = timedelta(days=7)
PASSWORD_ACR = "urn:quyen:acr:password"
"""The authentication context class of a password proven to this gateway itself (RFC 9470, `acr`)."""


class Role(StrEnum):
    """What a person may be here; one person may be several."""

    OWNER = "owner"
    FOLLOWER = "follower"
    GUARDIAN = "guardian"
    DEVELOPER = "developer"
    OPERATOR = "operator"


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
class Session:
    """A signed-in browser. `authenticated_at` is when the person last proved who they are; `acr` says how, or None."""

    hashed_token: bytes
    person_id: PersonId
    authenticated_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    acr: str | None = None
