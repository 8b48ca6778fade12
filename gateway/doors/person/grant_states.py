"""In which state a permission and a whole grant are for people: by the clock, not by what was written down last."""

from datetime import datetime

from gateway.records.grants.types import STANDING_STATES, Grant, Permission, PermissionState

_WEIGHT = ("granted", "paused", "pending", "reconfirm", "withdrawn", "expired", "refused")


def state_of(permission: Permission, now: datetime) -> str:
    """Return the state of one ask; what ran out is expired, whether or not a record says so yet."""
    if permission.state in STANDING_STATES and not permission.is_standing(now):
        return PermissionState.EXPIRED.value
    return permission.state.value


def changed_at(permission: Permission, now: datetime) -> datetime:
    """Return when it came into that state; what is in force has been since it was agreed to.

    Sharing again and a nearer end touch the row and leave the consent as it was given.
    """
    if permission.state in STANDING_STATES and permission.ends_at is not None and permission.ends_at <= now:
        return permission.ends_at
    return permission.decided_at if permission.state is PermissionState.GRANTED else permission.changed_at


def state_of_grant(grant: Grant, now: datetime) -> str:
    """Return the state of the whole: that of the ask that lets most through; all refused before the first decision."""
    states = {state_of(permission, now) for permission in grant.permissions}
    return next((state for state in _WEIGHT if state in states), PermissionState.REFUSED.value)
