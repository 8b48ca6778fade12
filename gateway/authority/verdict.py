"""The verdict: a pure function from what is true and what is asked to what may pass.

`Refusal` reasons are the codes of docs/errors.md, "Calls".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.authority.facts import Reach, TokenFacts
from gateway.records.apps.types import AppState
from gateway.records.grants.types import PermissionState
from gateway.terms.ids import AskId, PermissionId
from gateway.terms.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call needs: platform and route, the scopes of which one opens it, those of its fields and query keys.

    `fresh_seconds` names the scopes that only a sign-in of so many seconds ago opens (RFC 9470). `named` are the
    resources that the call names, for each scope that may be narrowed to such; None: not all of it was read yet.
    """

    platform: str
    opened_by: frozenset[str]
    field_scopes: frozenset[str]
    purpose: str | None
    fresh_seconds: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[str, frozenset[str]] | None = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The call may pass: with these scopes for route and fields, resting on these permissions, one for each scope."""

    facts: TokenFacts
    open_scopes: frozenset[str]
    ask_ids: tuple[AskId, ...]
    permission_ids: frozenset[PermissionId]
    reach: tuple[Reach, ...] = ()


def check_token(facts: TokenFacts | None, now: datetime) -> TokenFacts:
    """Return the facts of a token that is alive at `now`.

    Raises:
        Refusal: `invalid_token` (unknown, ended, run out), `app_suspended`.
    """
    if facts is None or facts.is_ended or facts.expires_at <= now:
        raise Refusal("invalid_token")
    if facts.app_state is not AppState.ACTIVE:
        raise Refusal("app_suspended")
    return facts


def list_live(facts: TokenFacts, now: datetime) -> list[Reach]:
    """List what the token may use now: live permissions of an account for which somebody still has standing."""
    if facts.standing_lapses_at is None or facts.standing_lapses_at <= now:
        return []
    return [reach for reach in facts.reach if reach.is_live(now)]


def judge(facts: TokenFacts | None, wanted: Wanted, now: datetime) -> Verdict:
    """Judge one call.

    Raises:
        Refusal: `invalid_token`, `app_suspended`, `purpose_required`, `purpose_not_granted`, `paused`,
            `insufficient_user_authentication` (with `max_age`), `resource_not_granted` or `insufficient_scope` (with
            `scopes` that would open the route); nothing may pass.
    """
    known = check_token(facts, now)
    if known.platform != wanted.platform:
        raise Refusal("invalid_token", log_detail="the token is for another platform")
    named = wanted.opened_by | wanted.field_scopes
    usable = [reach for reach in list_live(known, now) if reach.scope in named]
    if wanted.purpose is None:
        _check_unambiguous(usable)
    else:
        usable = [reach for reach in usable if reach.purpose == wanted.purpose]
    stale = [reach for reach in usable if _is_stale(known, wanted.fresh_seconds.get(reach.scope), now)]
    outside = [reach for reach in usable if _is_outside(reach, wanted)]
    usable = [reach for reach in usable if reach not in stale and reach not in outside]
    if not any(reach.scope in wanted.opened_by for reach in usable):
        raise _elsewhere(outside, wanted) or _unproven(stale, wanted) or _closed(known, wanted, now)
    return Verdict(
        facts=known,
        open_scopes=frozenset(reach.scope for reach in usable),
        ask_ids=tuple(sorted(reach.ask_id for reach in usable)),
        permission_ids=frozenset(reach.id for reach in usable),
        reach=tuple(usable),
    )


def is_still(verdict: Verdict, facts: TokenFacts | None, now: datetime) -> bool:
    """Say whether everything that a verdict rested on still holds; the last check before bytes are written."""
    if facts is None or facts.is_ended or facts.expires_at <= now or facts.app_state is not AppState.ACTIVE:
        return False
    return verdict.permission_ids <= {reach.id for reach in list_live(facts, now)}


def _check_unambiguous(usable: Collection[Reach]) -> None:
    scopes = [reach.scope for reach in usable]
    if len(scopes) != len(set(scopes)):
        purposes = sorted({reach.purpose for reach in usable if scopes.count(reach.scope) > 1})
        raise Refusal("purpose_required", purposes=purposes)


def _is_stale(facts: TokenFacts, fresh_seconds: int | None, now: datetime) -> bool:
    """Say whether a scope wants a newer sign-in than the one that the family rests on."""
    if fresh_seconds is None:
        return False
    return facts.authenticated_at is None or now - facts.authenticated_at > timedelta(seconds=fresh_seconds)


def _is_outside(reach: Reach, wanted: Wanted) -> bool:
    """Say whether a call is about other resources than a permission is narrowed to; one that names none is."""
    if reach.resources is None or wanted.named is None:
        return False
    named = wanted.named.get(reach.scope)
    return not named or not named <= reach.resources


def _elsewhere(outside: Collection[Reach], wanted: Wanted) -> Refusal | None:
    """Refuse for the resources alone: for others the route is open."""
    asks = sorted(reach.ask_id for reach in outside if reach.scope in wanted.opened_by)
    return Refusal("resource_not_granted", ask_ids=tuple(asks)) if asks else None


def _unproven(stale: Collection[Reach], wanted: Wanted) -> Refusal | None:
    """Refuse for want of a newer sign-in alone: where one would open the route."""
    opening = [reach for reach in stale if reach.scope in wanted.opened_by]
    if not opening:
        return None
    max_age = max(wanted.fresh_seconds[reach.scope] for reach in opening)
    return Refusal(
        "insufficient_user_authentication", max_age=max_age, ask_ids=tuple(sorted(reach.ask_id for reach in opening))
    )


def _closed(facts: TokenFacts, wanted: Wanted, now: datetime) -> Refusal:
    opening = [reach for reach in facts.reach if reach.scope in wanted.opened_by]
    meant = [reach for reach in opening if wanted.purpose in (None, reach.purpose)]
    paused = [each for each in meant if each.state is PermissionState.PAUSED and each.ends_at and each.ends_at > now]
    if paused:
        return Refusal("paused", ask_ids=tuple(sorted(reach.ask_id for reach in paused)))
    if wanted.purpose is not None:
        return Refusal("purpose_not_granted", ask_ids=tuple(sorted(reach.ask_id for reach in meant)))
    return Refusal("insufficient_scope", scopes=sorted(wanted.opened_by))
