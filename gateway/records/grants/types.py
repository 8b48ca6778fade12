"""Grants and permissions: typed states, never changed in place."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.terms.ids import AccountId, AppId, AskId, GrantId, PermissionId, PersonId
from gateway.terms.instants import microseconds
from gateway.terms.resources import Resources, in_words


class PermissionState(StrEnum):
    """The state of one ask inside a grant."""

    GRANTED = "granted"
    REFUSED = "refused"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RECONFIRM = "reconfirm"
    PENDING = "pending"
    """Somebody says that the person agreed, and has not shown it: nothing passes by it (R71)."""


STANDING_STATES = frozenset({PermissionState.GRANTED, PermissionState.PAUSED})
"""The states that can still let something through, now or after a resume; all others are over."""


ENDABLE_STATES = STANDING_STATES | {PermissionState.PENDING}
"""What a withdrawal ends: those, and what waits for its evidence, which could let something through one day."""

NOES = frozenset({PermissionState.REFUSED, PermissionState.WITHDRAWN})
"""The states in which somebody said no."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One ask inside a grant. An ended permission stays as it is; a new decision makes a new one with a new id.

    `resources` are those that it is narrowed to. While it stands they never change: other ones are another permission,
    so that no token reaches more than was decided when it came (ADR 0026). `basis` is the one that an ask about other
    people had when it was decided: another basis is another ask (ADR 0031). Nobody here decided what a platform told of
    somebody whom no person here is known to be (ADR 0038), nor what was brought in (ADR 0039).
    """

    id: PermissionId
    ask_id: AskId
    scope: str
    scope_version: int
    purpose: str
    state: PermissionState
    decided_by: PersonId | None
    decided_at: datetime
    changed_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    is_current: bool
    resources: Resources = None
    basis: str | None = None

    @property
    def meaning(self) -> tuple[int, str | None]:
        """What was decided on: as `Ask.meaning` was then."""
        return self.scope_version, self.basis

    def is_standing(self, now: datetime) -> bool:
        """Say whether the permission is granted or paused and its time has not run out."""
        return self.state in STANDING_STATES and self.ends_at is not None and self.ends_at > now

    def is_live(self, now: datetime) -> bool:
        """Say whether the permission lets something through now."""
        return self.state is PermissionState.GRANTED and self.is_standing(now)

    def to_facts(self) -> dict[str, str | int | bool | None]:
        """Write the permission down for the grant log, whole: the fold of the log is made of these."""
        return {
            "id": self.id,
            "ask": self.ask_id,
            "scope": self.scope,
            "scope_version": self.scope_version,
            "purpose": self.purpose,
            "state": self.state.value,
            "decided_by": self.decided_by,
            "decided_at": microseconds(self.decided_at),
            "changed_at": microseconds(self.changed_at),
            "ends_at": None if self.ends_at is None else microseconds(self.ends_at),
            "ended_at": None if self.ended_at is None else microseconds(self.ended_at),
            "current": self.is_current,
            "resources": in_words(self.resources),
            **({} if self.basis is None else {"basis": self.basis}),
        }


@dataclass(frozen=True, slots=True)
class Grant:
    """The standing decision of one account about one app; `permissions` are the current ones, one for each ask."""

    id: GrantId
    account_id: AccountId
    app_id: AppId
    version: int
    created_at: datetime
    permissions: tuple[Permission, ...]

    def find(self, ask_id: AskId) -> Permission | None:
        """Find the current permission for an ask."""
        return next((permission for permission in self.permissions if permission.ask_id == ask_id), None)

    def stands(self, ask_id: AskId, now: datetime) -> bool:
        """Say whether the permission for an ask is granted or paused, in time."""
        permission = self.find(ask_id)
        return permission is not None and permission.is_standing(now)

    def has_refused(self, ask_id: AskId) -> bool:
        """Say whether the last word on an ask is a no."""
        permission = self.find(ask_id)
        return permission is not None and permission.state in NOES

    @property
    def is_nothing_but_no(self) -> bool:
        """Say whether somebody said no, and stands by no yes: then no is their word on the whole app."""
        states = {permission.state for permission in self.permissions} - {PermissionState.PENDING}
        return bool(states) and states <= NOES

    def live(self, now: datetime) -> tuple[Permission, ...]:
        """Return what lets something through now."""
        return tuple(permission for permission in self.permissions if permission.is_live(now))


@dataclass(frozen=True, slots=True)
class Change:
    """What a transition did at `at`: the grant after it (version + 1), the rows it touched, what it ended or narrowed.

    `stopped` are the permissions that let through less than before (ended, paused, shortened): calls under them are
    cut. `ended` are those that never live again: they go to the tombstone journal. `before` are the grant's current
    permissions as they were.
    """

    grant: Grant
    at: datetime
    before: tuple[Permission, ...]
    changed: tuple[Permission, ...]
    added: tuple[Permission, ...]
    stopped: frozenset[PermissionId]
    ended: frozenset[PermissionId]

    @property
    def noes(self) -> dict[AskId, bool]:
        """Which of the asks that it touched are now a no."""
        touched = {permission.ask_id for permission in (*self.changed, *self.added)}
        return {ask_id: self.grant.has_refused(ask_id) for ask_id in sorted(touched)}


@dataclass(frozen=True, slots=True)
class HeldBy:
    """On one basis: how many permissions of an ask let something through now, and how many wait for evidence."""

    live: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class AskTally:
    """How often accounts gave one ask, and what became of it: `given` is the sum of all fields but `refused`.

    A permission counts once, where it stands now; a running one that is agreed to again, or a refusal that is repeated,
    stays the same permission.
    """

    live: int = 0
    paused: int = 0
    withdrawn: int = 0
    expired: int = 0
    reconfirm: int = 0
    refused: int = 0

    @property
    def given(self) -> int:
        """How many permissions were ever given."""
        return self.live + self.paused + self.withdrawn + self.expired + self.reconfirm
