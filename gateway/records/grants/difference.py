"""What a new request of the same app still has to ask: the difference to what stands, and what was refused lately."""

from collections.abc import Mapping
from datetime import datetime

from gateway.records.grants.types import Grant, PermissionState
from gateway.terms.ids import AskId, PersonId


def list_kept(grant: Grant | None, versions: Mapping[AskId, int], seen_at: datetime) -> frozenset[AskId]:
    """Return which asks stood when the screen was seen and need no new decision: they are listed, not asked.

    An ask whose scope means something else today is asked again. One decided after the screen was seen raced with it:
    the person did not see that it stands, so nothing may rest on it.

    Args:
        grant: the standing decision; None where there is none, or it is not clear which.
        versions: the asks of the request, each with the version of its scope today.
        seen_at: when the person saw the screen.
    """
    return frozenset(
        p.ask_id
        for p in (grant.permissions if grant else ())
        if p.is_standing(seen_at) and p.decided_at <= seen_at and versions.get(p.ask_id) == p.scope_version
    )


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
