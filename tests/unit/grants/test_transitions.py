"""Every transition of a grant, from every state that a permission can be in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count, product

import pytest

from gateway.records.grants import transitions
from gateway.records.grants.transitions import Choice, Decision
from gateway.records.grants.types import Change, Grant, Permission, PermissionState
from gateway.terms.ids import AccountId, AppId, AskId, GrantId, PermissionId, PersonId
from gateway.terms.refusal import Refusal
from gateway.terms.resources import covers
from tests.stand_ins.clock import START

State = PermissionState
ASK = AskId("crm_phone")
DAY = timedelta(days=1)
LATER = START + timedelta(days=30)
OWNER = PersonId("ps_owner")


def permission(state: State, *, ends_at: object = LATER, **changes: object) -> Permission:
    """Return a permission in a state; a refused one has no end."""
    fields = {
        "id": PermissionId("pm_old"),
        "ask_id": ASK,
        "scope": "zalo.follower.phone.read",
        "scope_version": 1,
        "purpose": "crm",
        "state": state,
        "decided_by": OWNER,
        "decided_at": START - DAY,
        "changed_at": START - DAY,
        "ends_at": None if state is State.REFUSED else ends_at,
        "ended_at": None if state in {State.GRANTED, State.PAUSED, State.REFUSED} else START - DAY,
        "is_current": True,
    }
    return Permission(**{**fields, **changes})  # type: ignore[arg-type]


def grant(*permissions: Permission) -> Grant:
    """Return a grant at version 4 that holds these."""
    return Grant(GrantId("gr_1"), AccountId("ac_1"), AppId("app_1"), 4, START - DAY, permissions)


def decision(*, agreed: bool, version: int = 1, seen_at: object = START) -> Decision:
    """Return an answer about the one ask."""
    choice = Choice(ASK, "zalo.follower.phone.read", version, "crm", agreed)
    return Decision((choice,), OWNER, seen_at=seen_at, at=START, ends_at=START + DAY)  # type: ignore[arg-type]


def new_ids() -> Callable[[], PermissionId]:
    """Return a source of ids that tells them apart from old ones."""
    numbers = count(1)
    return lambda: PermissionId(f"pm_new{next(numbers)}")


def decided(before: Permission | None, answer: Decision) -> Change:
    """Decide on a grant that holds `before`."""
    return transitions.decide(grant(*([before] if before else [])), answer, new_ids())


def only(change: Change) -> Permission:
    """Return the one current permission after a change."""
    assert len(change.grant.permissions) == 1
    return change.grant.permissions[0]


AGREED_TO_A_NEW_ROW = [None, State.REFUSED, State.WITHDRAWN, State.EXPIRED, State.RECONFIRM]


@pytest.mark.parametrize("state", AGREED_TO_A_NEW_ROW)
def test_agreeing_to_what_does_not_stand_makes_a_new_permission(state: State | None) -> None:
    """Ended never turns live again: agreement after an end is a new row with a new id (I4)."""
    change = decided(None if state is None else permission(state), decision(agreed=True))
    assert only(change).id == "pm_new1"
    assert only(change).state is State.GRANTED
    assert only(change).ends_at == START + DAY
    assert change.ended == change.stopped == frozenset()
    assert change.grant.version == 5
    assert [each.is_current for each in change.changed] == ([] if state is None else [False])


@pytest.mark.parametrize("state", [State.GRANTED, State.PAUSED])
def test_agreeing_again_keeps_the_row_with_the_new_end(state: State) -> None:
    """Other devices keep what is agreed to again, and a pause is lifted by agreeing."""
    change = decided(permission(state), decision(agreed=True))
    assert only(change) == replace(
        permission(state), state=State.GRANTED, decided_at=START, changed_at=START, ends_at=START + DAY
    )
    assert change.stopped == {"pm_old"}
    assert change.ended == frozenset()


def test_agreeing_for_longer_narrows_nothing() -> None:
    """Calls under way are not cut when the time grows."""
    change = decided(permission(State.GRANTED, ends_at=START + timedelta(hours=1)), decision(agreed=True))
    assert change.stopped == frozenset()


def test_a_changed_meaning_of_the_scope_ends_the_old_row() -> None:
    """Agreeing to version 2 never lets tokens for version 1 carry on."""
    change = decided(permission(State.GRANTED), decision(agreed=True, version=2))
    assert only(change).id == "pm_new1"
    assert change.ended == change.stopped == {"pm_old"}
    assert change.changed[0].state is State.EXPIRED
    assert not change.changed[0].is_current


@pytest.mark.parametrize("state", [State.GRANTED, State.PAUSED])
def test_leaving_unticked_what_stands_ends_it(state: State) -> None:
    """A decision replaces the asks that it names."""
    change = decided(permission(state), decision(agreed=False))
    assert only(change) == replace(permission(state), state=State.WITHDRAWN, ended_at=START, changed_at=START)
    assert change.ended == change.stopped == {"pm_old"}


@pytest.mark.parametrize("state", [None, State.WITHDRAWN, State.EXPIRED, State.RECONFIRM])
def test_leaving_unticked_what_does_not_stand_is_a_refusal(state: State | None) -> None:
    """A refusal is a record of its own, beside what was over."""
    change = decided(None if state is None else permission(state), decision(agreed=False))
    assert (only(change).state, only(change).id, only(change).ends_at) == (State.REFUSED, "pm_new1", None)


def test_refusing_again_moves_the_time_of_the_refusal() -> None:
    """One row says that it is refused, and when last."""
    change = decided(permission(State.REFUSED), decision(agreed=False))
    assert only(change) == replace(permission(State.REFUSED), decided_at=START, changed_at=START)


def test_time_that_ran_out_unrecorded_is_over() -> None:
    """A granted row past its end does not come alive by agreeing: it gets a successor."""
    change = decided(permission(State.GRANTED, ends_at=START - DAY), decision(agreed=True))
    assert only(change).id == "pm_new1"
    assert change.ended == {"pm_old"}


@pytest.mark.parametrize("state", [State.REFUSED, State.WITHDRAWN, State.PAUSED, State.EXPIRED])
def test_what_someone_narrowed_after_the_screen_was_seen_stays_narrow(state: State) -> None:
    """Of two decisions that race the narrower wins."""
    raced = permission(state, changed_at=START - timedelta(seconds=1))
    change = decided(raced, decision(agreed=True, seen_at=START - timedelta(minutes=5)))
    assert only(change) == raced
    assert change.changed == change.added == ()


def test_of_two_ends_that_race_the_nearer_wins() -> None:
    """A shorter time chosen meanwhile is not lengthened by someone who did not see it."""
    soon = START + timedelta(hours=1)
    raced = permission(State.GRANTED, ends_at=soon, changed_at=START - timedelta(seconds=1))
    change = decided(raced, decision(agreed=True, seen_at=START - timedelta(minutes=5)))
    assert only(change).ends_at == soon


def test_a_decision_that_changes_nothing_is_still_a_decision() -> None:
    """Each acknowledged decision has a version and so a record (I2)."""
    change = transitions.decide(grant(), replace(decision(agreed=False), choices=()), new_ids())
    assert change.grant.version == 5


Move = Callable[[Grant], Change]
MOVES: dict[str, Move] = {
    "withdraw": lambda each: transitions.withdraw(each, None, START),
    "pause": lambda each: transitions.pause(each, None, START),
    "resume": lambda each: transitions.resume(each, None, START),
    "shorten": lambda each: transitions.shorten(each, None, START + DAY, START),
    "lapse": lambda each: transitions.lapse(each, START),
    "bury": lambda each: transitions.bury(each, {PermissionId("pm_old")}, START),
    "expire": lambda each: transitions.expire(each, LATER),
}
TABLE = {
    ("withdraw", State.GRANTED): State.WITHDRAWN,
    ("withdraw", State.PAUSED): State.WITHDRAWN,
    ("withdraw", State.PENDING): State.REFUSED,
    ("pause", State.GRANTED): State.PAUSED,
    ("resume", State.PAUSED): State.GRANTED,
    ("shorten", State.GRANTED): State.GRANTED,
    ("shorten", State.PAUSED): State.PAUSED,
    ("lapse", State.GRANTED): State.RECONFIRM,
    ("lapse", State.PAUSED): State.RECONFIRM,
    ("bury", State.GRANTED): State.WITHDRAWN,
    ("bury", State.PAUSED): State.WITHDRAWN,
    ("expire", State.GRANTED): State.EXPIRED,
    ("expire", State.PAUSED): State.EXPIRED,
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("state", State)
def test_a_transition_exists_from_these_states_and_no_other(name: str, state: State) -> None:
    """The whole table: what is not in it is refused and changes nothing."""
    if (name, state) not in TABLE:
        with pytest.raises(Refusal, match="nothing_to_change"):
            MOVES[name](grant(permission(state)))
        return
    change = MOVES[name](grant(permission(state)))
    assert only(change).state is TABLE[name, state]
    assert change.grant.version == 5
    let_through = state is not State.PENDING
    is_end = TABLE[name, state] not in {State.GRANTED, State.PAUSED}
    assert change.ended == ({"pm_old"} if is_end and let_through else frozenset())
    assert change.stopped == (frozenset() if name == "resume" or not let_through else {"pm_old"})


def test_a_transition_touches_only_the_asks_that_it_names() -> None:
    """Withdrawing one ask leaves its neighbour as it was."""
    other = replace(permission(State.GRANTED), id=PermissionId("pm_other"), ask_id=AskId("order_send"))
    change = transitions.withdraw(grant(permission(State.GRANTED), other), {ASK}, START)
    assert change.grant.find(AskId("order_send")) == other
    assert change.ended == {"pm_old"}


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_nothing_is_paused_or_resumed_after_its_time(name: str) -> None:
    """A paused permission whose time ran out meanwhile does not come back."""
    state = State.GRANTED if name == "pause" else State.PAUSED
    with pytest.raises(Refusal, match="nothing_to_change"):
        MOVES[name](grant(permission(state, ends_at=START)))


def test_time_is_never_made_longer_by_shortening() -> None:
    """Shorten knows one direction."""
    with pytest.raises(Refusal, match="nothing_to_change"):
        transitions.shorten(grant(permission(State.GRANTED)), None, LATER + DAY, START)


def test_live_is_granted_and_in_time() -> None:
    """Only what is granted and has time left lets something through."""
    states = [permission(state) for state in State]
    assert [each.state for each in grant(*states).live(START)] == [State.GRANTED]
    assert grant(permission(State.GRANTED)).live(LATER) == ()


SOME = [None, frozenset("a"), frozenset("b"), frozenset("ab"), frozenset("bc")]


@pytest.mark.parametrize("state", [State.GRANTED, State.PAUSED, State.REFUSED, State.WITHDRAWN, None])
@pytest.mark.parametrize("is_raced", [False, True])
def test_no_decision_gives_more_resources_than_was_seen(*, is_raced: bool, state: State | None) -> None:
    """From every list to every list: what stands after is within what was agreed to, in a race within both lists.

    A permission that stands never changes its list: another list is another row, and the one before is over.
    """
    for held, wanted in product(SOME, SOME):
        changed_at = START - DAY if is_raced else START - 3 * DAY
        old = permission(state, resources=held, changed_at=changed_at) if state else None
        answer = decision(agreed=True, seen_at=START - 2 * DAY)
        answer = replace(answer, choices=(replace(answer.choices[0], resources=wanted),))
        change = decided(old, answer)
        after = only(change) if change.grant.permissions else None
        if after is not None and after.state is State.GRANTED and after != old:
            assert covers(wanted, after.resources)
            assert not (is_raced and old) or covers(held, after.resources)
        if old is not None and after is not None and after.id == old.id and after.is_standing(START):
            assert after.resources == held
        if old is not None and state is State.GRANTED and after is not None and after.id != old.id:
            assert old.id in change.ended
