"""What a new request of the same app still has to ask: the difference to what stands, and what was refused lately."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from gateway.records.grants.types import Grant, PermissionState
from gateway.terms.ids import AskId, PermissionId, PersonId
from gateway.terms.instants import microseconds
from gateway.terms.resources import Resources, covers, in_common, in_words


def list_kept(
    grant: Grant | None,
    meanings: Mapping[AskId, tuple[int, str | None]],
    seen_at: datetime,
    *,
    narrowed_to: Mapping[AskId, frozenset[str]],
) -> frozenset[AskId]:
    """Return which asks stood when the screen was seen and need no new decision: they are listed, not asked.

    An ask that means something else today is asked again, and so is one that stands for other resources than
    are wanted now; for all of these and more it stands. One decided after the screen was seen raced with it:
    the person did not see that it stands, so nothing may rest on it.

    Args:
        grant: the standing decision; None where there is none, or it is not clear which.
        meanings: the asks of the request, each with what it means today (`Ask.meaning`).
        seen_at: when the person saw the screen.
        narrowed_to: the asks that are wanted for some resources only.
    """
    return frozenset(
        p.ask_id
        for p in (grant.permissions if grant else ())
        if p.is_standing(seen_at)
        and p.decided_at <= seen_at
        and meanings.get(p.ask_id) == p.meaning
        and covers(p.resources, narrowed_to.get(p.ask_id))
    )


def end_beside(grant: Grant, kept: Collection[AskId], *, lasts: timedelta | None, at: datetime) -> datetime:
    """Return when what is agreed to at `at` ends: never after the last of what stands beside it (ADR 0019).

    Without `lasts` it ends exactly with that; where nothing stands, there is no time then.
    """
    standing = [p.ends_at for p in grant.permissions if p.ask_id in kept and p.ends_at is not None]
    if not standing:
        return at + (lasts or timedelta())
    return max(standing) if lasts is None else min(max(standing), at + lasts)


def list_reached(
    grant: Grant, ask_ids: Collection[AskId], now: datetime, *, narrowed_to: Mapping[AskId, frozenset[str]]
) -> dict[PermissionId, Resources]:
    """Return what the tokens of a request reach: the asks given that stand, each for no more than was wanted."""
    given = [p for p in grant.permissions if p.is_standing(now) and p.ask_id in ask_ids]
    reached = {p.id: in_common(p.resources, narrowed_to.get(p.ask_id)) for p in given}
    return {permission_id: resources for permission_id, resources in reached.items() if resources != frozenset()}


def reached_facts(grant: Grant, reached: Mapping[PermissionId, Resources]) -> list[dict[str, str | int | None]]:
    """Write down for the log which asks are gone on with where nothing is newly decided: until when, for what."""
    return [
        {
            "ask": p.ask_id,
            "state": p.state.value,
            "ends_at": None if p.ends_at is None else microseconds(p.ends_at),
            "resources": in_words(reached[p.id]),
        }
        for p in sorted(grant.permissions, key=lambda each: each.ask_id)
        if p.id in reached
    ]


def list_refused(
    grant: Grant, earlier: Mapping[AskId, datetime], person_id: PersonId, since: datetime
) -> dict[AskId, datetime]:
    """Return what this person refused lately, and when: by the grant's rows, else by what was given to no account.

    Whoever else may decide for the account has refused nothing: they are asked as anyone is.
    """
    rows = {
        p.ask_id: p.decided_at
        for p in grant.permissions
        if p.state is PermissionState.REFUSED and p.decided_by == person_id and p.decided_at > since
    }
    decided = {p.ask_id for p in grant.permissions}
    return {ask_id: at for ask_id, at in earlier.items() if ask_id not in decided} | rows
