"""Calls in flight: what is meant is cut once, before the cut returns, and nothing else."""

import pytest

from gateway.authority.in_flight import Call, CallsInFlight
from gateway.terms.ids import AccountId, AppId, FamilyId, PermissionId


def call(cuts: list[str], name: str, app: str, family: str, *permissions: str) -> Call:
    """Return a call that writes its name down when it is cut."""
    used = frozenset(PermissionId(each) for each in permissions)
    return Call(AppId(app), AccountId("ac_1"), FamilyId(family), name.encode(), used, lambda: cuts.append(name))


def test_each_cut_meets_its_own() -> None:
    """By permission, by family, by app; whoever was cut is not cut again."""
    calls, cuts = CallsInFlight(), list[str]()
    rows = [("a", "app_1", "fa_1", "pm_1"), ("b", "app_1", "fa_2", "pm_2"), ("c", "app_2", "fa_3", "pm_1")]
    with (
        calls.registered(call(cuts, *rows[0])) as first,
        calls.registered(call(cuts, *rows[1])),
        calls.registered(call(cuts, *rows[2])),
    ):
        assert len(calls) == 3
        assert calls.cut_permissions([]) == calls.cut_families([]) == 0
        assert calls.cut_permissions([PermissionId("pm_1"), PermissionId("pm_9")]) == 2
        assert sorted(cuts) == ["a", "c"]
        assert first.is_cut
        assert calls.cut_app(AppId("app_1")) == 1
        assert calls.cut_app(AppId("app_1")) == 0
        assert calls.cut_families([FamilyId("fa_3")]) == 0
    assert sorted(cuts) == ["a", "b", "c"]
    assert len(calls) == 0


def test_a_token_given_back_cuts_its_own_calls() -> None:
    """All of that token, none of another of the same family."""
    calls, cuts = CallsInFlight(), list[str]()
    rows = [(name, "app_1", "fa_1", "pm_1") for name in ("a", "a", "b")]
    with (
        calls.registered(call(cuts, *rows[0])) as first,
        calls.registered(call(cuts, *rows[1])),
        calls.registered(call(cuts, *rows[2])) as other,
    ):
        assert calls.cut_token(b"a") == 2
        assert calls.cut_token(b"nobody's") == 0
        assert (first.is_cut, other.is_cut, cuts) == (True, False, ["a", "a"])
        assert "b'a'" not in repr(first)


def test_a_call_that_is_over_is_not_cut() -> None:
    """Also when it ended by an error."""
    calls, cuts = CallsInFlight(), list[str]()
    with pytest.raises(ConnectionError), calls.registered(call(cuts, "a", "app_1", "fa_1", "pm_1")):
        raise ConnectionError
    assert calls.cut_app(AppId("app_1")) == 0
    assert cuts == []


def test_calls_that_look_alike_are_two() -> None:
    """Two calls of one token, at the same moment, are both cut."""
    calls, cuts = CallsInFlight(), list[str]()
    with (
        calls.registered(call(cuts, "a", "app_1", "fa_1", "pm_1")),
        calls.registered(call(cuts, "a", "app_1", "fa_1", "pm_1")),
    ):
        assert calls.cut_families([FamilyId("fa_1")]) == 2
