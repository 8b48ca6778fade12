"""What an app may be told of a change to a grant: its own asks, as they stand and stood. Nobody's name, no reason."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.records.grants.types import STANDING_STATES, Change, Grant, Permission, PermissionState
from gateway.terms.ids import AskId
from gateway.terms.instants import write_instant
from gateway.terms.resources import Resources

_UNTOLD = frozenset({PermissionState.REFUSED, PermissionState.PENDING})
"""The states that say nothing to the app, as it never held anything by them."""
WANTED = {PermissionState.GRANTED: "use", PermissionState.PAUSED: "hold"}
"""What the app is to do under an ask in that state; in any other state it stops."""
ERASE = "erase"
"""What it is to do once the person took back, at the platform itself, all that apps may have of them."""


def tell_asks(change: Change, given: Collection[AskId], *, is_own: bool) -> list[dict[str, Any]]:
    """Tell every ask that was ever granted, as it stands after the change; those that changed also as before.

    The whole grant stands in each, so that of two notices the later is enough. An ask that was only ever refused is
    not there: the app was never told of a decision on it.

    Args:
        change: what was done.
        given: the asks that were granted at any time before it, also those whose last answer is a refusal by now.
        is_own: the grant is of a person's own profile, where the first yes to an ask is not told (ADR 0031).

    Returns:
        Empty where the grant gives what it gave, and where nothing was given before: of its first yes the app hears by
        its code.
    """
    before, after = _by_ask(change.before), _by_ask(change.grant.permissions)
    known = [ask for ask in sorted(after) if ask in given or _was_given(after[ask])]
    heard = given if is_own or not given else known
    is_news = any(_gives(before.get(ask)) != _gives(after[ask]) for ask in known if ask in heard)
    return [_told(before.get(ask), after[ask]) for ask in known] if is_news else []


def tell_erasure(change: Change, held: Collection[AskId]) -> list[dict[str, Any]]:
    """Tell every ask under which the app may hold something of a person who took all of it back: it is to be erased.

    Args:
        change: of the grant of their profile.
        held: the asks that were granted at any time before it, and those under which data passed by a contract until
            now: of these the app is told although they never agreed to them.

    Returns:
        Empty where the app never could have got anything.
    """
    before, after = _by_ask(change.before), _by_ask(change.grant.permissions)
    given = [ask for ask in sorted(after) if ask in held or _was_given(before.get(ask)) or _was_given(after[ask])]
    told = [_told(before.get(ask), after[ask]) for ask in given]
    return [each if after[each["ask"]].state in STANDING_STATES else {**each, "wanted": ERASE} for each in told]


def tell_state(grant: Grant, now: datetime) -> list[dict[str, Any]]:
    """Tell how every ask that was given stands now; one that was refused last, or waits for evidence, is not there."""
    shown = [_as_of(permission, now) for permission in grant.permissions]
    return [_told(each, each) for each in sorted(shown, key=_ask_of) if each.state not in _UNTOLD]


def _as_of(permission: Permission, now: datetime) -> Permission:
    """Return a permission whose time has run out as expired, whether or not that is written down yet."""
    is_over = permission.state in STANDING_STATES and not permission.is_standing(now)
    return replace(permission, state=PermissionState.EXPIRED) if is_over else permission


def _ask_of(permission: Permission) -> AskId:
    return permission.ask_id


def _told(before: Permission | None, after: Permission) -> dict[str, Any]:
    named = {"ask": after.ask_id, "scope": after.scope, "purpose": after.purpose}
    now, then = _standing(after), None if before is None else _standing(before)
    entry = {**named, **now, "wanted": WANTED.get(after.state, "stop")}
    return entry if now == then else {**entry, "before": then}


def _gives(permission: Permission | None) -> dict[str, Any] | None:
    return _standing(permission) if permission is not None and permission.state in STANDING_STATES else None


def _standing(permission: Permission) -> dict[str, Any]:
    ends_at = permission.ends_at if permission.state in STANDING_STATES else None
    written = ends_at and write_instant(ends_at)
    return {"state": permission.state.value, "ends_at": written, **_resources(permission.resources)}


def _resources(resources: Resources) -> dict[str, Any]:
    return {} if resources is None else {"resources": sorted(resources)}


def _by_ask(permissions: Iterable[Permission]) -> dict[AskId, Permission]:
    """Return what an app may know of each ask: not that one waits for its evidence."""
    return {each.ask_id: each for each in permissions if each.state is not PermissionState.PENDING}


def _was_given(permission: Permission | None) -> bool:
    return permission is not None and permission.state not in _UNTOLD
