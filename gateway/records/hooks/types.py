"""Where a platform tells of one account, and what it was asked to tell there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.ground.vault.sealing import Place
from gateway.terms.ids import AccountId


@dataclass(frozen=True, slots=True)
class HookPoint:
    """One address, for one account, with the secret under which the platform signs there (sealed)."""

    id: str
    account_id: AccountId
    sealed_secret: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Registered:
    """An account's address with the platform's ids of what it tells there, by the events' names."""

    point: HookPoint
    upstream_ids: Mapping[str, str]


def secret_place(point_id: str) -> Place:
    """Return the place of a point's secret."""
    return Place("hook_points", point_id, "sealed_secret")
