"""Budgets: the platform never gets more than it takes, and no app's rush takes another's share."""

from collections import deque
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authority import budgets
from gateway.authority.budgets import NEWCOMERS, Budget, Budgets
from tests.stand_ins.clock import ManualClock

MINUTE = Budget(160, 60)
ONE_CALL = st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.01, 0.4, 1.0, 7.3, 30.0]))


def rush(spent: Budgets, app_id: str, budget: Budget = MINUTE) -> int:
    """Call until the first no; return how many passed."""
    passed = 0
    while spent.take("zalo", app_id, budget).is_granted:
        passed += 1
    return passed


def test_a_lone_app_leaves_an_eighth_for_one_that_comes() -> None:
    """It gets all the rest; the next app begins at once, within what was kept."""
    spent = Budgets(ManualClock())
    assert rush(spent, "a") == 140
    assert rush(spent, "b") == 20
    assert rush(spent, "c") == 0


def test_what_an_app_has_not_used_of_its_share_is_there_when_it_comes() -> None:
    """Two apps: the one that rushes stops where the other's half begins, and the other gets that half."""
    spent = Budgets(ManualClock())
    assert spent.take("zalo", "b", MINUTE).is_granted
    assert rush(spent, "a") == 70
    assert rush(spent, "b") == 69


def test_what_is_told_is_so() -> None:
    """As many as are told to be left pass, one after the other, and the next one when it is told to."""
    clock = ManualClock()
    spent = Budgets(clock)
    first = spent.take("zalo", "a", MINUTE)
    assert (first.left, first.resets_seconds) == (139, 61)
    assert rush(spent, "a") == 139
    refused = spent.take("zalo", "a", MINUTE)
    assert (refused.left, refused.is_granted) == (0, False)
    clock.advance(timedelta(seconds=refused.resets_seconds - 1))
    assert not spent.take("zalo", "a", MINUTE).is_granted
    clock.advance(timedelta(seconds=1))
    assert spent.take("zalo", "a", MINUTE).is_granted


def test_each_key_has_its_own() -> None:
    """What one account used up, another account still has."""
    spent = Budgets(ManualClock())
    rush(spent, "a")
    assert spent.take("kiotviet/ac_2", "a", MINUTE).is_granted
    assert spent.take("zalo", "a", Budget(5, 60)).is_granted


def test_idle_keys_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays within its bound, and a key in use is kept."""
    monkeypatch.setattr(budgets, "MOST_KEYS", 3)
    clock = ManualClock()
    spent = Budgets(clock)
    for number in range(3):
        spent.take(f"kiotviet/{number}", "a", MINUTE)
    clock.advance(timedelta(seconds=70))
    rush(spent, "b")
    spent.take("kiotviet/new", "a", MINUTE)
    assert len(spent) == 2
    for name in ("newer", "newest"):
        spent.take(f"kiotviet/{name}", "a", MINUTE)
    assert len(spent) == 4
    assert not spent.take("zalo", "b", MINUTE).is_granted


@settings(max_examples=150, deadline=None)
@given(calls=st.lists(ONE_CALL, min_size=1, max_size=400), size=st.integers(1, 40))
def test_no_window_holds_more_than_the_budget(calls: list[tuple[str, float]], size: int) -> None:
    """However apps call: in any 60 seconds the platform sees at most the budget, and an app within its share passes."""
    clock, budget = ManualClock(), Budget(size, 60)
    spent, sent = Budgets(clock), deque[tuple[float, str]]()
    for app_id, wait in calls:
        clock.advance(timedelta(seconds=wait))
        now = clock.boottime()
        allowance = spent.take("zalo", app_id, budget)
        while sent and sent[0][0] <= now - 62:
            sent.popleft()
        apps = {app_id, *(each for _, each in sent)}
        own = sum(each == app_id for _, each in sent)
        if own < (size - size // NEWCOMERS) // len(apps) and len(sent) < size:
            assert allowance.is_granted
        if allowance.is_granted:
            sent.append((now, app_id))
        assert sum(at > now - 60 for at, _ in sent) <= size
