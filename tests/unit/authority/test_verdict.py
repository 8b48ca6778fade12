"""The verdict: a table of what is true and what is wanted, in the codes of docs/errors.md."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.authority.facts import Reach, TokenFacts
from gateway.authority.verdict import Wanted, check_token, is_still, judge, list_live
from gateway.records.apps.types import AppState
from gateway.records.grants.types import PermissionState
from gateway.terms.ids import AccountId, AppId, AskId, FamilyId, GrantId, PermissionId
from gateway.terms.refusal import Refusal
from tests.stand_ins.clock import START

State = PermissionState
LATER = START + timedelta(days=1)
NAME, PHONE, SEND = "zalo.follower.name.read", "zalo.follower.phone.read", "zalo.message.send"


def reach(
    ask: str, scope: str, purpose: str = "crm", *, state: State = State.GRANTED, ends_at: datetime | None = LATER
) -> Reach:
    """Return one permission that a token reaches."""
    return Reach(PermissionId(f"pm_{ask}"), AskId(ask), scope, purpose, state, ends_at)


def facts(*reached: Reach, **changes: Any) -> TokenFacts:
    """Return the facts of a token that is well in every other way."""
    well = TokenFacts(
        app_id=AppId("app_1"),
        app_state=AppState.ACTIVE,
        app_dialect=None,
        app_addresses=None,
        grant_id=GrantId("gr_1"),
        account_id=AccountId("ac_1"),
        platform="zalo",
        external_id="4000000000000001",
        family_id=FamilyId("fa_1"),
        parent_hash=None,
        has_kept_answer=False,
        jkt=None,
        created_at=START,
        expires_at=LATER,
        is_ended=False,
        standing_lapses_at=LATER,
        reach=reached,
    )
    return replace(well, **changes)


def wanted(*opened_by: str, fields: tuple[str, ...] = (), purpose: str | None = None, platform: str = "zalo") -> Wanted:
    """Return what a call needs."""
    return Wanted(platform, frozenset(opened_by), frozenset(fields), purpose)


def fresh(asked: Wanted, seconds: int, *scopes: str) -> Wanted:
    """Return a call whose scopes (default: those that open it) want a sign-in of so many seconds ago."""
    return replace(asked, fresh_seconds=dict.fromkeys(scopes or asked.opened_by, seconds))


CRM_NAME, CRM_PHONE = reach("crm_name", NAME), reach("crm_phone", PHONE)
LOYALTY_PHONE = reach("loyalty_phone", PHONE, "loyalty")
ORDER_SEND = reach("order_send", SEND, "order")

PASSES = {
    "one of several scopes opens the route": (facts(CRM_NAME), wanted(NAME, SEND), {"crm_name"}, {NAME}),
    "a field's scope is named with it": (
        facts(CRM_NAME, CRM_PHONE),
        wanted(NAME, fields=(PHONE,)),
        {"crm_name", "crm_phone"},
        {NAME, PHONE},
    ),
    "a field whose scope is missing is left out": (
        facts(CRM_NAME),
        wanted(NAME, fields=(PHONE,)),
        {"crm_name"},
        {NAME},
    ),
    "what the route does not name is not used": (facts(CRM_NAME, ORDER_SEND), wanted(NAME), {"crm_name"}, {NAME}),
    "asks of two purposes on two scopes need no purpose": (
        facts(CRM_NAME, ORDER_SEND),
        wanted(NAME, fields=(SEND,)),
        {"crm_name", "order_send"},
        {NAME, SEND},
    ),
    "a purpose picks its ask": (
        facts(CRM_PHONE, LOYALTY_PHONE),
        wanted(PHONE, purpose="loyalty"),
        {"loyalty_phone"},
        {PHONE},
    ),
    "a purpose closes fields of other purposes": (
        facts(CRM_NAME, LOYALTY_PHONE),
        wanted(NAME, fields=(PHONE,), purpose="crm"),
        {"crm_name"},
        {NAME},
    ),
    "of two asks on a scope only the live one counts": (
        facts(CRM_PHONE, reach("loyalty_phone", PHONE, "loyalty", state=State.PAUSED)),
        wanted(PHONE),
        {"crm_phone"},
        {PHONE},
    ),
    "of two asks on a scope the one in time counts": (
        facts(CRM_PHONE, reach("loyalty_phone", PHONE, "loyalty", ends_at=START)),
        wanted(PHONE),
        {"crm_phone"},
        {PHONE},
    ),
    "a sign-in that is just recent enough": (
        facts(CRM_NAME, authenticated_at=START - timedelta(seconds=60)),
        fresh(wanted(NAME), 60),
        {"crm_name"},
        {NAME},
    ),
    "a field whose sign-in is too old is left out": (
        facts(CRM_NAME, CRM_PHONE, authenticated_at=START - timedelta(seconds=61)),
        fresh(wanted(NAME, fields=(PHONE,)), 60, PHONE),
        {"crm_name"},
        {NAME},
    ),
    "another scope opens it without a recent sign-in": (
        facts(CRM_NAME, ORDER_SEND),
        fresh(wanted(NAME, SEND), 60, SEND),
        {"crm_name"},
        {NAME},
    ),
}


@pytest.mark.parametrize("case", PASSES)
def test_what_passes_rests_on_just_these_asks(case: str) -> None:
    """Scopes, asks and permissions of the verdict are those that the call uses."""
    known, asked, asks, scopes = PASSES[case]
    verdict = judge(known, asked, START)
    assert verdict.facts is known
    assert set(verdict.ask_ids) == asks
    assert list(verdict.ask_ids) == sorted(verdict.ask_ids)
    assert verdict.open_scopes == scopes
    assert verdict.permission_ids == {f"pm_{ask}" for ask in asks}


REFUSED: dict[str, tuple[TokenFacts | None, Wanted, str, dict[str, object]]] = {
    "an unknown token": (None, wanted(NAME), "invalid_token", {}),
    "an ended token": (facts(CRM_NAME, is_ended=True), wanted(NAME), "invalid_token", {}),
    "a token that ran out": (facts(CRM_NAME, expires_at=START), wanted(NAME), "invalid_token", {}),
    "a token for another platform": (facts(CRM_NAME), wanted(NAME, platform="kiotviet"), "invalid_token", {}),
    "a suspended app": (facts(CRM_NAME, app_state=AppState.SUSPENDED), wanted(NAME), "app_suspended", {}),
    "nothing granted": (facts(), wanted(NAME), "insufficient_scope", {"scopes": [NAME]}),
    "another scope granted": (facts(ORDER_SEND), wanted(PHONE, NAME), "insufficient_scope", {"scopes": [NAME, PHONE]}),
    "only a field's scope granted": (
        facts(CRM_PHONE),
        wanted(NAME, fields=(PHONE,)),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "a permission that ran out": (
        facts(reach("crm_name", NAME, ends_at=START)),
        wanted(NAME),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "a permission without an end": (
        facts(reach("crm_name", NAME, ends_at=None)),
        wanted(NAME),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "nobody has standing": (
        facts(CRM_NAME, standing_lapses_at=None),
        wanted(NAME),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "the last standing lapsed": (
        facts(CRM_NAME, standing_lapses_at=START),
        wanted(NAME),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "two live asks on a scope of the route": (
        facts(CRM_PHONE, LOYALTY_PHONE),
        wanted(PHONE),
        "purpose_required",
        {"purposes": ["crm", "loyalty"]},
    ),
    "two live asks on a scope of a field": (
        facts(CRM_NAME, CRM_PHONE, LOYALTY_PHONE),
        wanted(NAME, fields=(PHONE,)),
        "purpose_required",
        {"purposes": ["crm", "loyalty"]},
    ),
    "a purpose that nothing was granted for": (
        facts(CRM_NAME),
        wanted(NAME, purpose="x"),
        "purpose_not_granted",
        {"ask_ids": ()},
    ),
    "a purpose of which the ask ended": (
        facts(CRM_NAME, reach("b", NAME, "order", state=State.WITHDRAWN)),
        wanted(NAME, purpose="order"),
        "purpose_not_granted",
        {"ask_ids": ("b",)},
    ),
    "a purpose with a field alone": (
        facts(CRM_NAME, LOYALTY_PHONE),
        wanted(NAME, fields=(PHONE,), purpose="loyalty"),
        "purpose_not_granted",
        {"ask_ids": ()},
    ),
    "paused": (
        facts(reach("crm_name", NAME, state=State.PAUSED)),
        wanted(NAME),
        "paused",
        {"ask_ids": ("crm_name",)},
    ),
    "paused, and another ended": (
        facts(reach("a", NAME, state=State.PAUSED), reach("b", NAME, "order", state=State.WITHDRAWN)),
        wanted(NAME),
        "paused",
        {"ask_ids": ("a",)},
    ),
    "paused for the purpose asked": (
        facts(reach("a", NAME, state=State.PAUSED), reach("b", NAME, "order")),
        wanted(NAME, purpose="crm"),
        "paused",
        {"ask_ids": ("a",)},
    ),
    "paused for another purpose than asked": (
        facts(reach("a", NAME, state=State.PAUSED)),
        wanted(NAME, purpose="order"),
        "purpose_not_granted",
        {"ask_ids": ()},
    ),
    "paused and run out": (
        facts(reach("a", NAME, state=State.PAUSED, ends_at=START)),
        wanted(NAME),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "a sign-in that is too old": (
        facts(CRM_NAME, authenticated_at=START - timedelta(seconds=61)),
        fresh(wanted(NAME), 60),
        "insufficient_user_authentication",
        {"max_age": 60, "ask_ids": ("crm_name",)},
    ),
    "nobody signed in": (
        facts(CRM_NAME),
        fresh(wanted(NAME), 60),
        "insufficient_user_authentication",
        {"max_age": 60, "ask_ids": ("crm_name",)},
    ),
    "an old sign-in for a field, the route never granted": (
        facts(CRM_PHONE),
        fresh(wanted(NAME, fields=(PHONE,)), 60, PHONE),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
    "a field paused, the route never granted": (
        facts(reach("a", PHONE, state=State.PAUSED)),
        wanted(NAME, fields=(PHONE,)),
        "insufficient_scope",
        {"scopes": [NAME]},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_pass_is_refused_for_its_reason(case: str) -> None:
    """Each reason, with what the answer may say beside it."""
    known, asked, reason, told = REFUSED[case]
    with pytest.raises(Refusal) as caught:
        judge(known, asked, START)
    assert (caught.value.reason, caught.value.facts) == (reason, told)


def test_every_reason_is_in_the_table() -> None:
    """The reasons that the verdict may give are those of the contract, no more and no less."""
    assert {reason for _, _, reason, _ in REFUSED.values()} == {
        "invalid_token",
        "app_suspended",
        "insufficient_scope",
        "purpose_required",
        "purpose_not_granted",
        "paused",
        "insufficient_user_authentication",
    }


@pytest.mark.parametrize("state", State)
def test_only_what_is_granted_is_live(state: State) -> None:
    """No other state lets anything through."""
    known = facts(reach("crm_name", NAME, state=state))
    assert bool(list_live(known, START)) is (state is State.GRANTED)


ENDS: dict[str, TokenFacts | None] = {
    "unknown": None,
    "ended": facts(CRM_NAME, CRM_PHONE, is_ended=True),
    "run out": facts(CRM_NAME, CRM_PHONE, expires_at=START),
    "suspended": facts(CRM_NAME, CRM_PHONE, app_state=AppState.SUSPENDED),
    "no standing": facts(CRM_NAME, CRM_PHONE, standing_lapses_at=START),
    "one paused": facts(CRM_NAME, reach("crm_phone", PHONE, state=State.PAUSED)),
    "one gone": facts(CRM_NAME),
    "one granted anew": facts(CRM_NAME, replace(CRM_PHONE, id=PermissionId("pm_new"))),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_last_check_sees_every_end(case: str) -> None:
    """Whatever ended since the verdict stops the call before its first byte (I1)."""
    verdict = judge(facts(CRM_NAME, CRM_PHONE), wanted(NAME, fields=(PHONE,)), START)
    assert not is_still(verdict, ENDS[case], START)


def test_the_last_check_lets_the_rest_go_on() -> None:
    """Unchanged, or with more granted and something unused ended, the call goes on."""
    verdict = judge(facts(CRM_NAME), wanted(NAME), START)
    assert is_still(verdict, facts(CRM_NAME), START)
    assert is_still(verdict, facts(CRM_NAME, reach("order_send", SEND, "order", state=State.WITHDRAWN)), START)
    assert not is_still(verdict, facts(CRM_NAME), LATER)


def test_a_token_that_is_well_is_returned_as_it_is() -> None:
    """`check_token` looks and changes nothing."""
    known = facts()
    assert check_token(known, START) is known


reaches = st.builds(
    reach,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([NAME, PHONE]),
    st.sampled_from(["crm", "loyalty"]),
    state=st.sampled_from(State),
    ends_at=st.sampled_from([None, START, LATER]),
)


@given(st.lists(reaches, max_size=4), st.sampled_from([None, "crm", "loyalty"]), st.booleans())
def test_no_verdict_rests_on_what_is_not_live(held: list[Reach], purpose: str | None, is_lapsed: bool) -> None:  # noqa: FBT001
    """Whatever is true: what passes is granted, in time, named by the route, of the purpose asked, and unambiguous."""
    known = facts(*held, standing_lapses_at=START if is_lapsed else LATER)
    try:
        verdict = judge(known, wanted(NAME, fields=(PHONE,), purpose=purpose), START)
    except Refusal:
        return
    assert not is_lapsed
    used = [each for each in held if each.id in verdict.permission_ids and each.is_live(START)]
    assert {each.scope for each in used} >= verdict.open_scopes >= {NAME}
    assert purpose is None or all(each.purpose == purpose for each in used if each.ask_id in verdict.ask_ids)
    if purpose is None:
        assert len([each for each in held if each.is_live(START)]) == len(verdict.open_scopes)


@pytest.mark.parametrize("ended,ran_out,suspended", list(product([False, True], repeat=3)))
def test_a_token_is_checked_in_a_fixed_order(ended: bool, ran_out: bool, suspended: bool) -> None:  # noqa: FBT001
    """A dead token of a suspended app is `invalid_token`: who holds it learns nothing about the app."""
    known = facts(
        is_ended=ended,
        expires_at=START if ran_out else LATER,
        app_state=AppState.SUSPENDED if suspended else AppState.ACTIVE,
    )
    if not (ended or ran_out or suspended):
        assert check_token(known, START) is known
        return
    with pytest.raises(Refusal, match="invalid_token" if ended or ran_out else "app_suspended"):
        check_token(known, START)


HERE, THERE = frozenset({"!here"}), frozenset({"!there"})
IN_HERE = replace(CRM_NAME, resources=HERE)


def about(asked: Wanted, **named: frozenset[str]) -> Wanted:
    """Return a call that names these resources, by the last word but one of the scope."""
    return replace(asked, named={f"zalo.follower.{name}.read": ids for name, ids in named.items()})


@pytest.mark.parametrize("named", [{}, {"name": frozenset()}, {"name": THERE}, {"name": HERE | THERE}, {"phone": HERE}])
def test_other_resources_are_refused(named: dict[str, frozenset[str]]) -> None:
    """None named, another, another beside: the ask that stands for others is told."""
    with pytest.raises(Refusal, match="resource_not_granted") as refused:
        judge(facts(IN_HERE), about(wanted(NAME), **named), START)
    assert refused.value.facts["ask_ids"] == ("crm_name",)


def test_its_own_resources_pass_and_so_does_what_is_not_narrowed() -> None:
    """By name; an ask for all needs no name."""
    assert judge(facts(IN_HERE), about(wanted(NAME), name=HERE), START).ask_ids == ("crm_name",)
    assert judge(facts(CRM_NAME), about(wanted(NAME), name=THERE), START).ask_ids == ("crm_name",)


def test_a_field_of_other_resources_is_withheld() -> None:
    """The route opens by another ask; what its fields would show of other resources does not."""
    phone = replace(CRM_PHONE, resources=HERE)
    verdict = judge(facts(CRM_NAME, phone), about(wanted(NAME, fields=(PHONE,)), name=THERE, phone=THERE), START)
    assert verdict.open_scopes == frozenset({NAME})
    assert verdict.ask_ids == ("crm_name",)


def test_what_was_not_read_yet_is_judged_later() -> None:
    """Before the body is read nothing is refused for its resources; afterwards it is."""
    early = replace(wanted(NAME), named=None)
    assert judge(facts(IN_HERE), early, START).ask_ids == ("crm_name",)


def test_a_paused_ask_for_other_resources_is_told_as_paused() -> None:
    """Only what lets something through now can be for other resources."""
    with pytest.raises(Refusal, match="paused"):
        judge(facts(replace(IN_HERE, state=State.PAUSED)), wanted(NAME), START)
