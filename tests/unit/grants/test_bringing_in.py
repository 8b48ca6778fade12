"""Consents that are brought in, against every word that a person may have said before (R71)."""

from datetime import timedelta
from itertools import count

import pytest

from gateway.records.grants import transitions
from gateway.records.grants.telling import tell_asks, tell_state
from gateway.records.grants.transitions import Brought, BroughtIn, Choice, Decision
from gateway.records.grants.types import Change, Grant, Permission, PermissionState
from gateway.terms.ids import AccountId, AppId, AskId, GrantId, PermissionId, PersonId
from gateway.terms.refusal import Refusal
from tests.stand_ins.clock import START

State = PermissionState
ASK, OTHER = AskId("crm_phone"), AskId("crm_name")
DAY = timedelta(days=1)
END = START + 30 * DAY
SELF = PersonId("ps_self")


def held(state: State, *, ask_id: AskId = ASK, basis: str = "own_consent", by: PersonId | None = SELF) -> Permission:
    """Return what somebody said before."""
    ends_at = END if state in {State.GRANTED, State.PAUSED} else None
    fields = (PermissionId(f"pm_{ask_id}"), ask_id, "zalo.follower.phone.read", 1, "crm", state, by)
    return Permission(*fields, START - DAY, START - DAY, ends_at, None, is_current=True, basis=basis)


def imported(state: State) -> Permission:
    """Return what was brought in before, and perhaps moved since."""
    return held(state, basis="imported", by=None)


def grant(*permissions: Permission) -> Grant:
    """Return a profile's grant at version 4."""
    return Grant(GrantId("gr_1"), AccountId("ac_1"), AppId("app_1"), 4, START - DAY, permissions)


def brought(*, has_evidence: bool = True) -> Brought:
    """Return a consent to the one ask."""
    return Brought(Choice(ASK, "zalo.follower.phone.read", 1, "crm", has_evidence, basis="imported"), END)


def bring(before: Grant, *each: Brought) -> Change:
    """Bring some in."""
    numbers = count(1)
    return transitions.bring_in(before, each, START, lambda: PermissionId(f"pm_new{next(numbers)}"))


@pytest.mark.parametrize("has_evidence", [True, False])
def test_where_nothing_was_said_it_is_taken_in(*, has_evidence: bool) -> None:
    """With evidence it lasts until its end; without it stands there and lets nothing through; nobody decided here."""
    change = bring(grant(), brought(has_evidence=has_evidence))
    (new,) = change.grant.permissions
    assert (new.state, new.ends_at) == ((State.GRANTED, END) if has_evidence else (State.PENDING, None))
    assert (new.decided_by, new.decided_at, new.basis) == (None, START, "imported")
    assert new.is_live(START) is has_evidence
    assert (change.stopped, change.ended, change.grant.version) == (frozenset(), frozenset(), 5)
    assert tell_asks(change, frozenset(), is_own=True) == []
    assert len(tell_state(change.grant, START)) == has_evidence
    assert transitions.judge(None, brought(has_evidence=has_evidence)) == new.state.value


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("has_evidence", [True, False])
def test_a_person_s_own_word_is_kept(state: State, *, has_evidence: bool) -> None:
    """Whatever they decided themself, and whatever became of it: an import changes nothing."""
    before = grant(held(state))
    assert transitions.judge(before, brought(has_evidence=has_evidence)) is BroughtIn.KEPT
    with pytest.raises(Refusal, match="nothing_to_change"):
        bring(before, brought(has_evidence=has_evidence))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("has_evidence", [True, False])
def test_what_was_brought_in_is_not_brought_in_again(state: State, *, has_evidence: bool) -> None:
    """It is there; what waits gets its evidence; and what the person paused or took back, or what ended, is over."""
    outcome = transitions.judge(grant(imported(state)), brought(has_evidence=has_evidence))
    gains = state is State.PENDING and has_evidence
    is_there = state in {State.GRANTED, State.PENDING} and not gains
    assert outcome is (BroughtIn.GRANTED if gains else BroughtIn.THERE if is_there else BroughtIn.KEPT)


def test_evidence_that_comes_later_makes_a_new_permission() -> None:
    """What waited is past, and nothing ended by it."""
    change = bring(grant(imported(State.PENDING)), brought())
    assert [(each.id, each.state) for each in change.grant.permissions] == [("pm_new1", State.GRANTED)]
    assert [(each.id, each.state, each.is_current) for each in change.changed] == [(f"pm_{ASK}", State.PENDING, False)]
    assert change.ended == change.stopped == frozenset()


@pytest.mark.parametrize("said", [State.REFUSED, State.WITHDRAWN])
def test_no_to_the_app_is_no_to_all_of_it(said: State) -> None:
    """Who said no to one ask, and stands by no yes, gets no other one brought in; beside a yes it is taken in."""
    no = held(said, ask_id=OTHER)
    assert transitions.judge(grant(no), brought()) is BroughtIn.KEPT
    yes = held(State.GRANTED, ask_id=AskId("chat_read"))
    assert transitions.judge(grant(no, yes), brought()) is BroughtIn.GRANTED
    waiting = held(State.PENDING, ask_id=AskId("chat_read"), basis="imported", by=None)
    assert transitions.judge(grant(no, waiting), brought()) is BroughtIn.KEPT
    assert transitions.judge(grant(waiting), brought()) is BroughtIn.GRANTED


@pytest.mark.parametrize("state", [State.GRANTED, State.PENDING])
@pytest.mark.parametrize("agrees", [True, False])
def test_a_person_s_own_word_takes_its_place(state: State, *, agrees: bool) -> None:
    """Also where it was brought in while they looked at the screen: nobody narrowed anything meanwhile."""
    choice = Choice(ASK, "zalo.follower.phone.read", 1, "crm", agrees, basis="own_consent")
    answer = Decision((choice,), SELF, seen_at=START - 2 * DAY, at=START, ends_at=START + DAY)
    change = transitions.decide(grant(imported(state)), answer, lambda: PermissionId("pm_own"))
    (now,) = change.grant.permissions
    if agrees:
        assert (now.id, now.state, now.decided_by, now.basis) == ("pm_own", State.GRANTED, SELF, "own_consent")
    else:
        assert now.state is (State.WITHDRAWN if state is State.GRANTED else State.REFUSED)
    assert change.ended == ({f"pm_{ASK}"} if state is State.GRANTED else frozenset())
