"""The only ways a grant changes: pure functions from a grant to a `Change`.

Each raises `Refusal` where the transition does not exist from that state; nothing is touched then.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.records.grants.types import ENDABLE_STATES, STANDING_STATES, Change, Grant, Permission, PermissionState
from gateway.terms.ids import AskId, PermissionId, PersonId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import Resources, in_common

_NARROWED_BY_NOBODY = frozenset({PermissionState.GRANTED, PermissionState.PENDING})
"""The states of an ask that no person narrowed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One ask of a decision: what it means today, for which resources it is, and whether the person ticked it."""

    ask_id: AskId
    scope: str
    scope_version: int
    purpose: str
    is_agreed: bool
    resources: Resources = None
    basis: str | None = None

    @property
    def meaning(self) -> tuple[int, str | None]:
        """As `Ask.meaning`."""
        return self.scope_version, self.basis


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to the asks named in it, as of `at`; agreed ones end at `ends_at`.

    `seen_at` is when the person last saw the screen: what someone narrowed after that raced with this decision, and the
    narrower of the two wins. Nobody here decided what a platform told of them, or what was brought in.
    """

    choices: tuple[Choice, ...]
    person_id: PersonId | None
    seen_at: datetime
    at: datetime
    ends_at: datetime


class BroughtIn(StrEnum):
    """What became of a consent that somebody brought in; `there`: it was brought in before."""

    GRANTED = "granted"
    PENDING = "pending"
    THERE = "there"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Brought:
    """A consent given elsewhere, `choice.is_agreed` where there is evidence of it; then it lasts until `ends_at`."""

    choice: Choice
    ends_at: datetime


def decide(grant: Grant, decision: Decision, new_id: Callable[[], PermissionId]) -> Change:
    """Replace the asks that the decision names: ticked ones are granted, unticked ones end or are refused.

    A ticked ask that is granted already, in the same meaning, keeps its row (other devices keep it) with the new end;
    a paused one is resumed by it. For other resources it is a new row in the place of that one, be they fewer or more.
    Anything that was over gets a new row with a new id. A decision that changes nothing is still a decision: version +
    1.
    """
    touched = [_decided(grant.find(choice.ask_id), choice, decision, new_id) for choice in decision.choices]
    return _change(grant, decision.at, [pair for pairs in touched for pair in pairs], may_be_empty=True)


def withdraw(grant: Grant, ask_ids: Collection[AskId] | None, at: datetime) -> Change:
    """End the standing permissions named (all, if None); what waits for its evidence never stood, and is refused."""
    chosen = _standing(grant, ask_ids, ENDABLE_STATES)
    return _change(grant, at, [(p, _taken_back(p, at)) for p in chosen])


def pause(grant: Grant, ask_ids: Collection[AskId] | None, at: datetime) -> Change:
    """Hold back the live permissions named (all, if None)."""
    chosen = [p for p in _standing(grant, ask_ids) if p.is_live(at)]
    return _change(grant, at, [(p, replace(p, state=PermissionState.PAUSED, changed_at=at)) for p in chosen])


def resume(grant: Grant, ask_ids: Collection[AskId] | None, at: datetime) -> Change:
    """Let the paused permissions named (all, if None) through again; an ended one never returns."""
    paused = [p for p in _standing(grant, ask_ids) if p.state is PermissionState.PAUSED and p.is_standing(at)]
    return _change(grant, at, [(p, replace(p, state=PermissionState.GRANTED, changed_at=at)) for p in paused])


def shorten(grant: Grant, ask_ids: Collection[AskId] | None, ends_at: datetime, at: datetime) -> Change:
    """Bring the end of the standing permissions named (all, if None) nearer, never further away."""
    later = [p for p in _standing(grant, ask_ids) if p.ends_at is not None and p.ends_at > ends_at]
    return _change(grant, at, [(p, replace(p, ends_at=ends_at, changed_at=at)) for p in later])


def lift(grant: Grant, ask_ids: Collection[AskId] | None, at: datetime, *, basis: str) -> Change:
    """Take refusals of asks on this basis back (all, if None): nothing is said of them any more."""
    chosen = [
        p
        for p in grant.permissions
        if p.state is PermissionState.REFUSED and p.basis == basis and (ask_ids is None or p.ask_id in ask_ids)
    ]
    return _change(grant, at, [(p, replace(p, is_current=False, ended_at=at, changed_at=at)) for p in chosen])


def bring_in(grant: Grant, brought: Iterable[Brought], at: datetime, new_id: Callable[[], PermissionId]) -> Change:
    """Take in consents that were given elsewhere, where the person said nothing here (`judge`)."""
    pairs: list[tuple[Permission | None, Permission]] = []
    for each in brought:
        outcome = judge(grant, each)
        if outcome not in {BroughtIn.GRANTED, BroughtIn.PENDING}:
            continue
        answer = Decision((each.choice,), None, seen_at=at, at=at, ends_at=each.ends_at)
        new = _new(each.choice, answer, PermissionState(outcome), new_id)
        pairs += [*_superseded(grant.find(each.choice.ask_id), at), (None, new)]
    return _change(grant, at, pairs)


def judge(grant: Grant | None, brought: Brought) -> BroughtIn:
    """Say what becomes of a consent that is brought in: it never stands over a word of the person's own (R71).

    What ended, of whichever basis, is over: only the person opens it again.
    """
    wanted = BroughtIn.GRANTED if brought.choice.is_agreed else BroughtIn.PENDING
    if grant is None:
        return wanted
    now = grant.find(brought.choice.ask_id)
    if grant.is_nothing_but_no:
        return BroughtIn.KEPT
    if now is None:
        return wanted
    if now.basis != brought.choice.basis or now.state not in _NARROWED_BY_NOBODY:
        return BroughtIn.KEPT
    has_waited = now.state is PermissionState.PENDING and brought.choice.is_agreed
    return wanted if has_waited else BroughtIn.THERE


def expire(grant: Grant, at: datetime) -> Change:
    """Write down that the time of permissions has run out. Verdicts knew it without this."""
    due = [p for p in grant.permissions if p.state in STANDING_STATES and not p.is_standing(at)]
    return _change(grant, at, [(p, _end(p, PermissionState.EXPIRED, p.ends_at or at)) for p in due])


def lapse(grant: Grant, at: datetime) -> Change:
    """What the decision rested on is gone: what stands waits to be confirmed anew, and nothing standing is refused.

    Nobody may decide for the account any more, or the app that was named became another (its keys, its addresses). The
    decisions are known, unlike those that `reconfirm` is about.
    """
    return _change(grant, at, [(p, _end(p, PermissionState.RECONFIRM, at)) for p in _standing(grant, None)])


def reconfirm(grant: Grant, at: datetime) -> Change:
    """Decisions on the grant were lost (the database was restored): what stands waits to be confirmed anew.

    Version + 1 although nothing may stand: the record says from where versions go on.
    """
    lost = [(p, _end(p, PermissionState.RECONFIRM, at)) for p in _standing(grant, None)]
    return _change(grant, at, lost, may_be_empty=True)


def bury(grant: Grant, permission_ids: Collection[PermissionId], at: datetime) -> Change:
    """End the standing permissions with these ids: the tombstone journal says that they ended before."""
    dead = [p for p in _standing(grant, None) if p.id in permission_ids]
    return _change(grant, at, [(p, _end(p, PermissionState.WITHDRAWN, at)) for p in dead])


def _decided(
    now: Permission | None, choice: Choice, decision: Decision, new_id: Callable[[], PermissionId]
) -> list[tuple[Permission | None, Permission]]:
    is_standing = now is not None and now.is_standing(decision.at)
    if not choice.is_agreed:
        if now is not None and is_standing:
            return [(now, _end(now, PermissionState.WITHDRAWN, decision.at))]
        if now is not None and now.state is PermissionState.REFUSED:
            return [(now, replace(_redecided(now, decision), resources=choice.resources, basis=choice.basis))]
        return [*_superseded(now, decision.at), (None, _new(choice, decision, PermissionState.REFUSED, new_id))]
    if now is not None and now.changed_at > decision.seen_at and now.state not in _NARROWED_BY_NOBODY:
        return []
    if now is not None and is_standing and now.meaning == choice.meaning:
        return _agreed_anew(now, choice, decision, new_id)
    return [*_superseded(now, decision.at), (None, _new(choice, decision, PermissionState.GRANTED, new_id))]


def _agreed_anew(
    now: Permission, choice: Choice, decision: Decision, new_id: Callable[[], PermissionId]
) -> list[tuple[Permission | None, Permission]]:
    """Say what becomes of an ask that stands and is ticked; where its resources raced, what both let through stays."""
    extended, resources = _extended(now, decision), choice.resources
    if now.changed_at > decision.seen_at:
        resources = in_common(now.resources, resources)
    if resources == frozenset():
        return []
    if resources == now.resources:
        return [(now, extended)]
    new = _new(replace(choice, resources=resources), decision, PermissionState.GRANTED, new_id)
    return [*_superseded(now, decision.at), (None, replace(new, ends_at=extended.ends_at))]


def _redecided(now: Permission, decision: Decision) -> Permission:
    return replace(now, decided_by=decision.person_id, decided_at=decision.at, changed_at=decision.at)


def _extended(now: Permission, decision: Decision) -> Permission:
    raced = now.changed_at > decision.seen_at and now.ends_at is not None
    ends_at = min(now.ends_at, decision.ends_at) if raced and now.ends_at is not None else decision.ends_at
    return replace(_redecided(now, decision), state=PermissionState.GRANTED, ends_at=ends_at)


def _superseded(now: Permission | None, at: datetime) -> list[tuple[Permission | None, Permission]]:
    if now is None:
        return []
    over = _end(now, PermissionState.EXPIRED, at) if now.state in STANDING_STATES else now
    return [(now, replace(over, is_current=False))]


def _new(choice: Choice, decision: Decision, state: PermissionState, new_id: Callable[[], PermissionId]) -> Permission:
    return Permission(
        id=new_id(),
        ask_id=choice.ask_id,
        scope=choice.scope,
        scope_version=choice.scope_version,
        purpose=choice.purpose,
        state=state,
        decided_by=decision.person_id,
        decided_at=decision.at,
        changed_at=decision.at,
        ends_at=decision.ends_at if state is PermissionState.GRANTED else None,
        ended_at=None,
        is_current=True,
        resources=choice.resources,
        basis=choice.basis,
    )


def _taken_back(permission: Permission, at: datetime) -> Permission:
    if permission.state is PermissionState.PENDING:
        return replace(permission, state=PermissionState.REFUSED, changed_at=at)
    return _end(permission, PermissionState.WITHDRAWN, at)


def _end(permission: Permission, state: PermissionState, at: datetime) -> Permission:
    return replace(permission, state=state, ended_at=at, changed_at=at)


def _standing(
    grant: Grant, ask_ids: Collection[AskId] | None, states: Collection[PermissionState] = STANDING_STATES
) -> list[Permission]:
    """Return what still stands by its state, whether or not its time has run out."""
    return [p for p in grant.permissions if p.state in states and (ask_ids is None or p.ask_id in ask_ids)]


def _change(
    grant: Grant, at: datetime, pairs: Iterable[tuple[Permission | None, Permission]], *, may_be_empty: bool = False
) -> Change:
    moves = [(before, after) for before, after in pairs if before != after]
    if not moves and not may_be_empty:
        raise Refusal("nothing_to_change")
    after_by_id = {after.id: after for _, after in moves}
    kept = [after_by_id.pop(p.id, p) for p in grant.permissions]
    permissions = tuple(p for p in [*kept, *after_by_id.values()] if p.is_current)
    return Change(
        grant=replace(grant, version=grant.version + 1, permissions=permissions),
        at=at,
        before=grant.permissions,
        changed=tuple(after for before, after in moves if before is not None),
        added=tuple(after for before, after in moves if before is None),
        stopped=frozenset(after.id for before, after in moves if before is not None and _is_less(before, after)),
        ended=frozenset(
            after.id
            for before, after in moves
            if before is not None and before.state in STANDING_STATES and after.state not in STANDING_STATES
        ),
    )


def _is_less(before: Permission, after: Permission) -> bool:
    if before.state not in STANDING_STATES:
        return False
    is_shorter = before.ends_at is not None and after.ends_at is not None and after.ends_at < before.ends_at
    return after.state is not PermissionState.GRANTED or not after.is_current or is_shorter
